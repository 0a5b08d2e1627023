"""How honest predictions of next batches are: campaigns, each batch predicted before it was validated.

    python -m benchmarks.coverage [--problems refractory,hardness,steel] [--seeds 5] [--iterations 10] [--tdb FILE]
        [--data ../shared/data] [--folder FOLDER]

``refractory`` is the default campaign. The other two are lists of published materials whose answers are looked up, with
a start of 20 that fills the list, then batches of 4: ``hardness`` has goal, physics and property of the configuration
and the refractory alloys of Borg et al. 2020 (one value an alloy, the mean), ``steel`` the fatigue strength of the 360
steels of NIMS (wt.%, heat treatment and inclusions as variables).

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
import csv
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alloys.composition import Composition
from alloys.design import Design
from alloys.properties import PROPERTIES
from benchmarks.mpea_campaign.playing import TABLES
from loop.campaign import Campaign
from loop.config.reading import load_config
from loop.config.schema import CampaignConfig
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


@dataclass(frozen=True)
class Listed:
    """A list of candidates whose answers are known.

    Attributes:
        property: what is asked, as large as can be.
        spec: what a configuration says of that, and of the space.
        values: of each candidate.
    """

    property: str
    spec: Mapping[str, Any]
    values: Mapping[Design, float]


def hardness(data: Path, folder: Path) -> Listed:
    """Refractory alloys, aluminium and chromium among them, under the goal of configs/hardness.yaml."""
    given = load_config(ROOT / "configs" / "hardness.yaml").model_dump(mode="json", by_alias=True)
    published = TABLES["hardness"](data)
    known = (*given["space"]["elements"], "Al", "Cr")
    values = {
        Design(Composition.parse(formula)): float(value)
        for formula, value in zip(published.formulas, published.values, strict=True)
        if set(Composition.parse(formula).elements) <= set(known)
    }
    path = _written(folder / "hardness.csv", ["formula"], ([str(design)] for design in values))
    kept = {key: given[key] for key in ("physics", "properties", "objectives", "constraints")}
    return Listed("hardness", {**kept, "space": {"kind": "table", "file": str(path)}}, values)


def steel(data: Path, folder: Path) -> Listed:
    """Steels in wt.%, with three temperatures, reduction ratio and inclusions beside the composition."""
    with (data / "steels" / "nims_fatigue.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    elements = ("C", "Si", "Mn", "P", "S", "Ni", "Cr", "Cu", "Mo")
    inputs = {
        "normalizing": "Normalized Temperature",
        "quenching": "Quenching Temperature",
        "tempering": "Temperaing Temperature",
        "reduction": "RR",
        **{f"inclusions_{kind.lower()}": f"d{kind}" for kind in "ABC"},
    }
    answers: dict[tuple[str, ...], list[float]] = {}
    for row in rows:
        key = (*(row[symbol] for symbol in elements), *(row[head] for head in inputs.values()))
        answers.setdefault(key, []).append(float(row["Fatigue Strength (10E7 Cycles)"]))
    path = _written(folder / "steel.csv", [*elements, *inputs], map(list, answers))
    amounts = {"elements": {symbol: symbol for symbol in elements}, "basis": "wt.%", "balance": "Fe"}
    spec = {
        "physics": "generic",
        "properties": {"fatigue_strength": {"unit": "MPa", "range": [0, 3000]}},
        "objectives": ["maximize fatigue_strength"],
        "space": {"kind": "table", "file": str(path), **amounts, "inputs": list(inputs)},
    }
    designs = CampaignConfig.model_validate({"name": "steel", **spec}).space.build().designs  # type: ignore[union-attr]
    values = {design: float(np.mean(told)) for design, told in zip(designs, answers.values(), strict=True)}
    return Listed("fatigue_strength", spec, values)


LISTS: dict[str, Callable[[Path, Path], Listed]] = {"hardness": hardness, "steel": steel}
START, BATCH = 20, 4


def played(listed: Listed, folder: Path, seed: int, batches: int) -> Found:
    """A campaign on a list, to its end at most, from a start that fills it; goes on with the one that is there."""
    document = {
        "name": "list",
        "seed": seed,
        "batch": BATCH,
        "iterations": batches,
        "start": {"validate": START, "from_table": 0.0},
        "validator": {"name": "external"},
        "cluster": {"executor": "local"},
        "tracking": {"enabled": False},
        "directory": str(folder),
        **listed.spec,
    }
    with Campaign.open(CampaignConfig.model_validate(document)) as made:
        while len(made.store.iterations()) <= batches:
            frame = made.suggest(BATCH if made.store.iterations() else START)
            if not len(frame):
                break  # nothing is left that holds the constraints
            asked = made.store.proposals(len(made.store.iterations()) - 1)
            answers = [listed.values[each.selection.candidate.design] for each in asked]
            made.observe(frame.assign(**{listed.property: answers}))
    return read(folder / "list" / "campaign.db")


def _written(path: Path, header: list[str], rows: Iterable[list[str]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([header, *rows])
    return path


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
    return name in PROPERTIES and PROPERTIES[name].unit == "mole fraction"


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", default=",".join(("refractory", *LISTS)))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--iterations", type=int, default=10)
    parser.add_argument("--tdb", type=Path)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    extra = [f"iterations={given.iterations}"]
    if given.tdb is not None:
        extra.append(f"validator.settings={{tdb: '{given.tdb.resolve()}'}}")
    with tempfile.TemporaryDirectory() as name:
        top = (given.folder or Path(name)).resolve()
        for problem in given.problems.split(","):
            folder, found = top / problem, []
            print(f"{problem}, nominal {NOMINAL:.0%}; database of CALPHAD: {given.tdb or 'the project’s own'}")
            for seed in range(given.seeds):
                if problem == "refractory":
                    found.append(campaign(folder / str(seed), seed, extra))
                else:
                    found.append(played(LISTS[problem](given.data, folder), folder / str(seed), seed, given.iterations))
                print(f"seed {seed}: {len(found[-1].told)} predictions of properties in next batches", flush=True)
            for text in report(found):
                print(text)


if __name__ == "__main__":
    main()
