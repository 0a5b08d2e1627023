"""What screening costs and what it loses: from many candidates to a batch of 8.

    python -m benchmarks.screening [--parts million,ratio,loss,fits,others,crossover] [--candidates 1000000]
                                   [--physics generic] [--draws 10] [--looks 10000] [--observations 2000,20000]

The truth is the physics prior with a smooth error, of nine elements; 529 observations. Parts, each in a process:
million  a stream of candidates, all of which may be proposed, to a batch: seconds and peak memory.
ratio    a batch from 10,000 against BoTorch's qLogNEHVI over the same pool in t-batches of 256, the same thread count.
loss     the batch through the short list against greedy batches in which the acquisition saw every candidate that the
         floor of feasibility lets pass, and every one with a chance of 0.1 % to be feasible.
fits     refit and rank with many observations.
others   errors of those beside a subset of the data and gpytorch's SVGP.
crossover  exact posteriors and ones through inducing points: errors, calibration and seconds by size.
Two objectives and four constraints, all modelled. A CPU second is what a second would be on a quiet core.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import resource
import time

import numpy as np
import torch
from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
from botorch.acquisition.multi_objective.objective import IdentityMCMultiOutputObjective
from botorch.models import ModelListGP, SingleTaskGP
from botorch.sampling.normal import SobolQMCNormalSampler
from gpytorch.kernels import MaternKernel
from numpy.typing import NDArray

import surrogates  # noqa: F401
from alloys.physics.registry import DEFAULT, get_physics
from alloys.space import Points
from benchmarks.common.synthetic import GOAL, OBSERVED, PROBLEM, REFERENCE, SPACE, batch_of, observed, stream, timed
from benchmarks.screening.fits import crossover, fits, others
from surrogates.choosing.criterion import AcquisitionSettings, Criterion
from surrogates.choosing.pareto import pareto_mask
from surrogates.choosing.screen import ObservedOutcomes, Settings
from surrogates.model.surrogate import Surrogate

Floats = NDArray[np.float64]


def million(given: argparse.Namespace) -> None:
    """A batch from a long stream."""
    data = observed(physics=get_physics(given.physics))
    batch, wall, processor = timed(lambda: batch_of(data, stream(given.candidates)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    told = f"{given.candidates} candidates, {OBSERVED} observations, {given.physics}"
    print(f"{told}: batch of {len(batch.picks)} in {wall:.1f} s")
    print(f"  {processor:.1f} CPU seconds, {peak:.2f} GiB peak; {dict(batch.counts)}")
    print("  lost:", {name: round(value, 3) for name, value in batch.lost.items()})


def direct(data: tuple[Points, dict[str, Floats], Surrogate], pool: Points, looks: int) -> tuple[float, float]:
    """Wall and processor seconds of BoTorch's acquisition over a pool, once; its models take our hyperparameters.

    Where it looks at a part of the pool, the time for the rows is scaled to all, that for its making is not.
    """
    points, values, surrogate = data
    inputs, asked = (
        surrogate.latent_inputs(surrogate.describe(SPACE.fractions(rows))) for rows in (points, pool[:looks])
    )
    names, models = [o.name for o in GOAL.objectives] + [c.name for c in GOAL.constraints], []
    for name in names:
        gp = surrogate.outputs[name].gp
        assert gp is not None
        targets = torch.tensor((values[name] - values[name].mean()) / values[name].std())[:, None]
        kernel = MaternKernel(nu=2.5, ard_num_dims=inputs.shape[1]).double()
        kernel.lengthscale = gp.lengthscale
        model = SingleTaskGP(torch.tensor(inputs), targets, covar_module=kernel, outcome_transform=None)
        model.likelihood.noise = gp.noise
        models.append(model.eval())
    known = ObservedOutcomes.of(PROBLEM, points, values)
    front = np.flatnonzero(known.feasible)[pareto_mask(known.front())]
    bounds = [(c.sign, (c.bound - values[c.name].mean()) / values[c.name].std()) for c in GOAL.constraints]
    slacks = [lambda Y, i=i, s=s, b=b: s * (b - Y[..., 2 + i]) for i, (s, b) in enumerate(bounds)]
    low = [(r - values[o.name].mean()) / values[o.name].std() for o, r in zip(GOAL.objectives, REFERENCE, strict=True)]
    wall, processor = time.perf_counter(), time.process_time()
    with torch.no_grad():
        function = qLogNoisyExpectedHypervolumeImprovement(
            ModelListGP(*models),
            torch.tensor(low, dtype=torch.float64),
            torch.tensor(inputs[front]),
            sampler=SobolQMCNormalSampler(torch.Size([Settings().samples]), seed=0),
            objective=IdentityMCMultiOutputObjective(outcomes=[0, 1]),
            constraints=slacks,
            prune_baseline=False,
        )
        making = time.perf_counter() - wall, time.process_time() - processor
        for part in torch.tensor(asked)[:, None].split(256):
            function(part)
    looking = time.perf_counter() - wall - making[0], time.process_time() - processor - making[1]
    return making[0] + looking[0] * len(pool) / looks, making[1] + looking[1] * len(pool) / looks


def ratio(given: argparse.Namespace) -> None:
    """Ours against BoTorch's over 10,000."""
    data = observed()
    pool = SPACE.sample(10_000, np.random.default_rng(2))
    whole = Settings(check=0, polish=0)
    _, wall, processor = timed(lambda: batch_of(data, iter([(pool, "random")]), whole))
    print(
        f"10000 candidates: short list and greedy batch of 8 in {wall:.2f} s, {processor:.2f} CPU seconds", flush=True
    )
    _, wall_all, processor_all = timed(lambda: batch_of(data, iter([(pool, "random")])))
    print(f"  with polish and the check of what was lost {wall_all:.2f} s, {processor_all:.2f} CPU seconds", flush=True)
    once, once_processor = direct(data, pool, given.looks)
    print(f"  BoTorch, one look at the pool (at {given.looks} of it, scaled): ", end="")
    print(f"{once:.1f} s, {once_processor:.1f} CPU seconds")
    times = [8 * once_processor / seconds for seconds in (processor, processor_all)]
    print(
        f"  8 picks take 8 looks; ratio in CPU seconds {times[0]:.0f}, with polish and check {times[1]:.0f}; ", end=""
    )
    print(f"one look against our whole choice {once_processor / processor:.0f}")


def joint(data: tuple[Points, dict[str, Floats], Surrogate], batches: list[Points]) -> list[float]:
    """Log expected gains of whole batches by the same samples."""
    points, values, surrogate = data
    known = ObservedOutcomes.of(PROBLEM, points, values)
    front = points[np.flatnonzero(known.feasible)[pareto_mask(known.front())]]
    described = surrogate.describe(SPACE.fractions(np.concatenate([*batches, front])))
    sizes = [len(batch) for batch in batches]
    criterion = Criterion.build(
        surrogate,
        PROBLEM,
        described,
        AcquisitionSettings(REFERENCE, samples=1024, seed=99),
        candidates=sum(sizes),
        waiting=0,
    )
    starts, totals = np.cumsum([0, *sizes]), []
    for a, b in itertools.pairwise(starts):
        gains = []
        for row in range(a, b):
            criterion.wait_for(range(a, row))
            gains.append(criterion.values(np.array([row]))[0])
        totals.append(float(np.logaddexp.reduce(gains)))
    return totals


WAYS = {
    "short list": Settings(polish=0, check=0),
    "short list, floor 0.1": Settings(polish=0, check=0, floor=0.1),
    "everything above the floor": Settings(polish=0, check=0, short_list=10_000, share=1),
    "everything": Settings(polish=0, check=0, short_list=10_000, share=1, floor=0.001),
}
"""Of choosing a batch, the last one exhaustive."""


def loss(given: argparse.Namespace) -> None:
    """The short list's batch against those for which every candidate was scored."""
    data = observed()
    shares: dict[str, list[float]] = {way: [] for way in WAYS}
    for draw in range(given.draws):
        points = SPACE.sample(10_000, np.random.default_rng(100 + draw))
        batches, seconds, scored = [], [], []
        for settings in WAYS.values():
            batch, _, processor = timed(lambda s=settings, u=points: batch_of(data, iter([(u, "random")]), s))
            batches.append(np.array([pick.point for pick in batch.picks]))
            seconds.append(f"{processor:.1f}")
            scored.append(str(batch.counts["short_list"]))
        values = joint(data, batches)
        for way, value in zip(WAYS, values, strict=True):
            shares[way].append(float(np.exp(value - values[-1])))
        found = "; ".join(f"{way} {part[-1]:.2%}" for way, part in shares.items())
        print(f"  pool {draw}: {found}; scored {', '.join(scored)}; CPU seconds {', '.join(seconds)}", flush=True)
    for way, part in shares.items():
        print(f"{way}: {np.mean(part):.2%} of the acquisition of everything on average, {min(part):.2%} at least")
    same = np.array(shares["short list"]) / np.array(shares["everything above the floor"])
    print(f"short list against everything above the floor: {same.mean():.2%} on average, {same.min():.2%} at least")


PARTS = {"million": million, "ratio": ratio, "loss": loss, "fits": fits, "others": others, "crossover": crossover}


def main() -> None:
    """Runs the parts one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--physics", default=DEFAULT, help="the bundle of the part million")
    parser.add_argument("--candidates", type=int, default=1_000_000)
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--looks", type=int, default=10_000, help="rows BoTorch looks at; its time is scaled to 10,000")
    parser.add_argument("--observations", default="2000,20000", help="sizes of fits and others")
    given = parser.parse_args()
    spawn = multiprocessing.get_context("spawn")
    for part in given.parts.split(","):
        process = spawn.Process(target=PARTS[part], args=(given,))
        process.start()
        process.join()
        if process.exitcode:
            raise SystemExit(f"{part} ended with {process.exitcode}")
