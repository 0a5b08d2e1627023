"""What choosing a batch costs: CPU seconds by step, for several numbers of objectives, and BoTorch beside it.

    python -m benchmarks.screening.choice [--objectives 2,3,4,6] [--observations 104] [--front 50] [--botorch 2,3]

The elements, closed forms and models are those of the default campaign; the answers are its physics with a smooth
error. Its constraints are wider, so that as many observations as wanted make up the front: no other observation is
better. A campaign begins with them, trains its generator and chooses 8, by the code that ``alloyloop run`` runs.

With ``--botorch``, qLogNEHVI stands beside it: the time to build it, as for each pick and each look at a pick's
neighbours, and to look once at a short list of 512, over the same posterior. A batch needs at least 8 of each.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import yaml
from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
from botorch.acquisition.multi_objective.objective import IdentityMCMultiOutputObjective
from botorch.models.model import Model
from botorch.posteriors.gpytorch import GPyTorchPosterior
from botorch.sampling.normal import SobolQMCNormalSampler
from gpytorch.distributions import MultitaskMultivariateNormal, MultivariateNormal

from alloys.problem import Problem
from alloys.space import Floats, Points
from benchmarks.common.synthetic import SPACE, truth
from loop.campaign import Campaign
from loop.choose import steps
from loop.choose.choosing import choose_batch
from loop.choose.fitting import fit_surrogate
from loop.choose.proposal import ProposalJob
from loop.choose.training import train_generator
from loop.config.assembly import build_problem
from loop.config.reading import load_config
from loop.view import View
from surrogates.choosing.pareto import pareto_mask
from surrogates.choosing.screen import ObservedOutcomes, Settings
from surrogates.choosing.table import Table, build_table
from tests.support.processes import CONFIG

OBJECTIVES = {
    2: ("maximize specific_yield_strength_1300c", "maximize ductility_index"),
    3: ("minimize density", "maximize solidus", "minimize price"),
    4: ("minimize density", "maximize solidus", "minimize price", "maximize specific_yield_strength_1300c"),
    6: (
        "minimize density",
        "maximize solidus",
        "minimize price",
        "maximize specific_yield_strength_1300c",
        "maximize ductility_index",
        "minimize freezing_range",
    ),
}
CONSTRAINTS = ("density <= 11", "solidus >= 1900", "freezing_range <= 500", "bcc_fraction_1300c >= 0.6")
MEASURED = {"solidus": "K", "freezing_range": "K", "bcc_fraction_1300c": "mole fraction"}
MEASURED |= {"specific_yield_strength_1300c": "MPa·cm3/g"}
POOL = 40_000


@cache
def pool() -> tuple[Points, dict[str, Floats]]:
    """Random alloys and what would be measured of them."""
    points = np.unique(SPACE.sample(POOL, np.random.default_rng(3)), axis=0)
    return points, {name: column for name, column in truth(points).items() if name in MEASURED}


def observations(problem: Problem, count: int, front: int) -> tuple[Points, dict[str, Floats]]:
    """Alloys of which ``front`` make up the front, and their values."""
    points, values = pool()
    known = ObservedOutcomes.of(problem, points, values)
    left = np.flatnonzero(known.feasible)
    while True:
        best = left[pareto_mask(known.objectives[left])]
        if len(best) >= front or len(best) == len(left):
            break
        left = np.setdiff1d(left, best)
    rng = np.random.default_rng(4)
    best = rng.permutation(best)[:front]
    others = np.setdiff1d(rng.permutation(len(points))[: 20 * count], best)
    beaten = [row for row in others if not known.feasible[row] or _beaten(known.objectives, row, best)]
    rows = np.concatenate([best, np.array(beaten[: count - len(best)], dtype=np.int64)])
    return points[rows], {name: column[rows] for name, column in values.items()}


def _beaten(objectives: Floats, row: int, best: Floats) -> bool:
    return bool((objectives[best] >= objectives[row]).all(axis=1).any())


def campaign(folder: Path, objectives: int, count: int, front: int) -> Campaign:
    """One that begins with these observations."""
    document = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    document |= {"objectives": list(OBJECTIVES[objectives]), "constraints": list(CONSTRAINTS), "name": f"n{objectives}"}
    document |= {"directory": str(folder), "cluster": {"executor": "local"}, "tracking": {"enabled": False}}
    del document["reference_point"], document["start"]
    path = folder / f"{objectives}.yaml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    problem = build_problem(load_config(path, []))
    points, values = observations(problem, count, front)
    table = pd.DataFrame({"formula": [str(SPACE.design(row).composition) for row in points], **values})
    table.to_csv(folder / f"{objectives}.csv", index=False)
    columns = {name: {"column": name, "unit": unit} for name, unit in MEASURED.items()}
    document["data"] = [{"file": str(folder / f"{objectives}.csv"), "formula": "formula", "properties": columns}]
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return Campaign.open(load_config(path, []))


def stages(work: Callable[[Callable[[str], None]], object]) -> dict[str, float]:
    """CPU seconds of each kind of step that work tells."""
    marks: list[tuple[str, float]] = []
    work(lambda text: marks.append((text, time.process_time())))
    marks.append(("", time.process_time()))
    found: dict[str, float] = {}
    for (text, begun), (_, ended) in itertools.pairwise(marks):
        name = text.split(",")[0].split(" of ")[0].rstrip(" 0123456789")
        found[name] = found.get(name, 0.0) + ended - begun
    return found


def ours(view: View) -> tuple[dict[str, float], tuple[str, ...]]:
    """CPU seconds of training and of each step of the choice, and its notes."""
    known = steps.known_compositions(view, [])
    begun = time.process_time()
    model = train_generator(steps.training_job(view, known, 1, "cvae", {}))
    found, notes = {"training": time.process_time() - begun}, []
    job = ProposalJob(view, known, ((model, view.config.generator.proposals),), 1, 8)
    found |= stages(lambda tell: notes.append(choose_batch(job, tell).notes["screening"]["notes"]))
    return found, tuple(notes[0])


class Gaussian(Model):  # type: ignore[misc]
    """A table's latents and closed forms by row numbers, one output for each column."""

    def __init__(self, table: Table) -> None:
        super().__init__()
        self._means, self._covariances, self._variances = [], [], []
        for column in table.columns:
            exact = column.closed is not None
            mean = column.closed if exact else table.means[:, column.latent]
            covariance = 1e-6 * np.eye(len(mean)) if exact else table.covariances[column.latent]
            self._means.append(torch.tensor(column.sign * (mean - column.shift) / column.scale))
            self._covariances.append(torch.tensor(covariance / column.scale**2))
            self._variances.append(float(self._covariances[-1].diagonal().max()))

    @property
    def num_outputs(self) -> int:
        return len(self._means)

    @property
    def batch_shape(self) -> torch.Size:
        return torch.Size()

    def posterior(self, X: torch.Tensor, *_: object, **__: object) -> GPyTorchPosterior:
        rows = X[..., 0].long()
        jitter = 1e-6 * torch.eye(rows.shape[-1], dtype=torch.float64)
        normals = [
            MultivariateNormal(mean[rows], covariance[rows[..., :, None], rows[..., None, :]] + scale * jitter)
            for mean, covariance, scale in zip(self._means, self._covariances, self._variances, strict=True)
        ]
        return GPyTorchPosterior(MultitaskMultivariateNormal.from_independent_mvns(normals))


def botorchs(view: View, candidates: int = 512) -> tuple[float, float]:
    """CPU seconds to build qLogNEHVI with seven waiting alloys, and to look at a short list once."""
    surrogate, problem = fit_surrogate(view), view.problem
    measured = view.in_space([row.design for row in view.rows])
    values = {name: np.array([row.confirmed.get(name, np.nan) for row in view.rows]) for name in problem.validated}
    known = ObservedOutcomes.of(problem, measured, values)
    front = measured[np.flatnonzero(known.feasible)[pareto_mask(known.front())]]
    everything = np.concatenate([pool()[0][:candidates], front])
    described = surrogate.describe(problem.space.inputs(everything))
    model = Gaussian(build_table(surrogate, problem, described, view.reference_point(), len(front)))
    count, rows = len(problem.goal.objectives), torch.arange(len(everything), dtype=torch.float64)[:, None]
    begun = time.process_time()
    with torch.no_grad():
        function = qLogNoisyExpectedHypervolumeImprovement(
            model,
            torch.zeros(count, dtype=torch.float64),
            rows[candidates:],
            sampler=SobolQMCNormalSampler(torch.Size([Settings().samples]), seed=0),
            objective=IdentityMCMultiOutputObjective(outcomes=list(range(count))),
            constraints=[lambda samples, k=k: samples[..., k] for k in range(count, model.num_outputs)],
            X_pending=rows[:7],
            cache_root=False,
        )
        built = time.process_time() - begun
        for part in rows[:candidates, None].split(64):
            function(part)
    return built, time.process_time() - begun - built


def one(objectives: int, given: argparse.Namespace, compared: bool) -> None:
    """Prints the figures of one campaign."""
    with (
        tempfile.TemporaryDirectory() as name,
        campaign(Path(name), objectives, given.observations, given.front) as opened,
    ):
        view = opened.view()
        feasible = [view.goal.signed_objectives(row.confirmed) for row in view.rows if row.feasible]
        size = int(pareto_mask(np.array(feasible)).sum())
        found, notes = ours(view)
        rough = "".join(f"; {note}" for note in notes if "directions" in note)
        print(f"{objectives} objectives, {len(view.rows)} observations, {size} on the front: ", end="")
        print(f"{sum(found.values()):.1f} CPU s{rough}")
        print("  " + ", ".join(f"{step} {seconds:.2f}" for step, seconds in found.items()), flush=True)
        if compared:
            built, looked = botorchs(view)
            choosing = [s for step, s in found.items() if step.startswith(("pick", "moving", "checking"))]
            print(
                f"  qLogNEHVI: built in {built:.1f}, one look at 512 {looked:.1f}; 8 picks and 24 moves need ", end=""
            )
            print(f"{32 * built:.0f} for building alone, {32 * built / sum(choosing):.0f} times ours", flush=True)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objectives", default="2,3,4,6")
    parser.add_argument("--observations", type=int, default=104)
    parser.add_argument("--front", type=int, default=50)
    parser.add_argument("--botorch", default="2,3")
    given = parser.parse_args()
    torch.set_num_threads(1)
    for objectives in map(int, given.objectives.split(",")):
        one(objectives, given, str(objectives) in given.botorch.split(","))


if __name__ == "__main__":
    main()
