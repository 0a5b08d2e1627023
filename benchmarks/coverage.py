"""How honest the predictions of next batches are: the default campaign, each batch predicted before it was validated.

    python -m benchmarks.coverage [--seeds 5] [--iterations 10] [--tdb FILE] [--folder FOLDER]

For each property, over all batches after the start: the coverage of nominal 90 % intervals (mean and 1.645 standard
deviations to each side, in the property's unit), the negative log likelihood in nats, sharpness (mean standard
deviation), the root mean square error, and z, the root mean square of errors in standard deviations. Beside it what
leaving one out said before each batch was chosen, on the model's scale, averaged over the iterations.

Phase fractions are told apart: most are exactly 1, where an interval that reaches 1 covers them, so their coverage is
high by nature; "below 1" counts those whose truth is less. Together is every pair of an alloy and a property.

``--folder`` keeps the campaigns, and goes on with those that are there; ``--tdb`` lets another database answer.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alloys.properties import PROPERTIES
from loop.store import CampaignStore
from loop.view import view_of
from surrogates.model.calibration import NOMINAL, score
from tests.support.processes import CONFIG, ROOT, run

Floats = NDArray[np.float64]

LOO = ("coverage", "nll", "sharpness")


@dataclass(frozen=True)
class Told:
    """One property of one alloy: what was predicted, and what was found."""

    name: str
    iteration: int
    mean: float
    std: float
    truth: float


@dataclass(frozen=True)
class Found:
    """What one campaign leaves: predictions of its batches, and leave-one-out scores by iteration and property."""

    told: tuple[Told, ...]
    left_out: tuple[dict[str, dict[str, float]], ...]


def campaign(folder: Path, seed: int, extra: Sequence[str]) -> Found:
    """Runs the default campaign in a folder, or goes on with it, and reads what it predicted."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = ("cluster.executor=local", "tracking.enabled=false", *extra)
    finished = run(folder, CONFIG, "--seed", str(seed), *(word for text in settings for word in ("--set", text)))
    if finished.status != 0:
        raise RuntimeError((folder / "run.log").read_text())
    return read(folder / "campaigns" / "refractory" / "campaign.db")


def read(database: Path) -> Found:
    """What a campaign's database says of its predictions."""
    with CampaignStore.open(database) as store:
        view = view_of(store)
        told = [
            Told(name, row.iteration, row.prediction.means[name], row.prediction.stds[name], row.values[name])
            for row in view.rows
            if row.prediction is not None and row.iteration is not None
            for name in view.problem.validated
            if name in row.prediction.means and name in row.values
        ]
        left_out = [iteration.notes.calibration for iteration in store.iterations()]
    return Found(tuple(told), tuple(entry for entry in left_out if entry))


def columns(told: Sequence[Told]) -> tuple[Floats, Floats, Floats]:
    """Means, standard deviations and truths, each of shape ``(n,)``."""
    table = np.array([(one.mean, one.std, one.truth) for one in told], dtype=np.float64).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2]


def line(label: str, told: Sequence[Told], *, own_unit: bool = True) -> str:
    """One row of the table, of at least one prediction; likelihood and widths only where all have one unit."""
    means, stds, truth = columns(told)
    found = score(means, stds, truth)
    z = float(np.sqrt((((truth - means) / stds) ** 2).mean()))
    text = f"{label:<32} {found.count:>6} {found.coverage:>8.1%} {found.verdict:<15} {z:>6.2f}"
    return text + (f" {found.nll:>8.2f} {found.sharpness:>9.3g} {found.rmse:>9.3g}" if own_unit else "")


def left_out(name: str, found: Sequence[Found]) -> str:
    """Mean leave-one-out scores of a property over seeds and iterations."""
    entries = [entry[name] for one in found for entry in one.left_out if name in entry]
    means = [np.mean([entry[key] for entry in entries]) if entries else np.nan for key in LOO]
    return f" | {means[0]:>8.1%} {means[1]:>8.2f} {means[2]:>9.3g}"


def report(found: Sequence[Found]) -> Iterator[str]:
    """The table, line by line."""
    told = [each for one in found for each in one.told]
    names = sorted({one.name for one in told}, key=lambda name: (_bounded(name), name))
    numbers = f"{'z':>6} {'NLL':>8} {'sharpness':>9} {'RMSE':>9}"
    yield f"{'property':<32} {'count':>6} {'coverage':>8} {'verdict':<15} {numbers} | left out: coverage, NLL, width"
    for name in names:
        own = [one for one in told if one.name == name]
        yield line(name, own) + left_out(name, found)
        below = [one for one in own if one.truth < 1.0]
        if _bounded(name) and below:
            yield line(f"  of it, below 1 ({len(below) / len(own):.0%})", below)
    plain = [one for one in told if not _bounded(one.name)]
    yield line("together, without phase fractions", plain, own_unit=False)
    yield line("together", told, own_unit=False)
    yield "by iteration, without phase fractions:"
    for index in sorted({one.iteration for one in plain}):
        yield line(f"  {index}", [one for one in plain if one.iteration == index], own_unit=False)


def _bounded(name: str) -> bool:
    return PROPERTIES[name].unit == "mole fraction"


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--iterations", type=int, default=10)
    parser.add_argument("--tdb", type=Path)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    extra = [f"iterations={given.iterations}"]
    if given.tdb is not None:
        extra.append(f"validator.settings={{tdb: '{given.tdb.resolve()}'}}")
    print(f"{ROOT.name}/configs/refractory.yaml, database: {given.tdb or 'the project’s own'}; nominal {NOMINAL:.0%}")
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder = (given.folder or Path(name)).resolve()
        for seed in range(given.seeds):
            found.append(campaign(folder / str(seed), seed, extra))
            print(f"seed {seed}: {len(found[-1].told)} predictions of properties in next batches", flush=True)
    for text in report(found):
        print(text)


if __name__ == "__main__":
    main()
