"""What screening costs and what it loses: from many candidates to a batch of 8.

    python -m benchmarks.screening [--parts million,ratio,loss,fits] [--candidates 1000000] [--draws 10] [--looks 10000]

The truth is the physics prior with a smooth error, of nine elements; 529 observations. Parts, each in a process:
million  a stream of candidates, all of which may be proposed, to a batch: seconds and peak memory.
ratio    a batch from 10,000 against BoTorch's qLogNEHVI over the same pool in t-batches of 256, the same thread count.
loss     the batch through the short list against a greedy batch in which the acquisition saw every candidate.
fits     refit and rank with 2,000 and 20,000 observations; errors beside a subset of the data and gpytorch's SVGP.
Two objectives and four constraints, all modelled. A CPU second is what a second would be on a quiet core.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import resource
import time
from collections.abc import Callable, Iterator

import gpytorch
import numpy as np
import torch
from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
from botorch.acquisition.multi_objective.objective import IdentityMCMultiOutputObjective
from botorch.models import ModelListGP
from botorch.sampling.normal import SobolQMCNormalSampler
from numpy.typing import NDArray

import surrogates  # noqa: F401
from alloys.descriptors import prior_means
from alloys.goal import Goal
from alloys.reference.registry import from_solidus
from alloys.reference.solution import demixing_margin
from alloys.space import Space, Units
from surrogates.acquisition import choose_batch
from surrogates.criterion import Criterion
from surrogates.gp import GP, botorch_model
from surrogates.model import Surrogate
from surrogates.pareto import pareto_mask
from surrogates.picks import Batch
from surrogates.screen import Known, Settings
from surrogates.stream import Block

Floats = NDArray[np.float64]

SPACE = Space.build("Cr Hf Mo Nb Ta Ti V W Zr".split(), limits=[("Cr", 0.10, "Zr")])
STRENGTH = "specific_yield_strength_1300c"
GOAL = Goal.parse(
    [f"maximize {STRENGTH}", "maximize solidus"],
    [
        "freezing_range <= 300",
        "yield_strength_1300c >= 60",
        "bcc_fraction_1200c >= 0.99",
        "bcc_fraction_1300c >= 0.99",
    ],
)
REFERENCE = np.array([0.0, 1800.0])
OBSERVED = 529


def truth(units: Units) -> dict[str, Floats]:
    """What validation would answer, by property, shape ``(n,)``: some 60 K of smooth error and 1 K of noise."""
    fractions = SPACE.fractions(units)
    draw = np.random.default_rng(7)
    matrix = draw.normal(size=(SPACE.dimension, SPACE.dimension))
    error = 120 * np.einsum("ni,ij,nj->n", fractions, matrix + matrix.T, fractions)
    error += 30 * np.sin(20 * fractions @ draw.normal(size=SPACE.dimension)) + draw.normal(size=len(units))
    priors = prior_means(SPACE.elements, fractions)
    solidus = priors["solidus"] + error
    margins = {c: demixing_margin(SPACE.elements, fractions, c + 273.15) - 0.15 for c in (1200, 1300)}
    return {
        "solidus": solidus,
        "freezing_range": np.maximum(priors["freezing_range"] - 0.5 * error, 5.0),
        **from_solidus(SPACE.elements, fractions, solidus),
        **{f"bcc_fraction_{c}c": np.clip(1.0 + 1.5 * np.minimum(m, 0), 0.3, 1.0) for c, m in margins.items()},
    }


def observed(count: int = OBSERVED) -> tuple[Units, dict[str, Floats], Surrogate]:
    """Random observations and the surrogate of them."""
    units = np.unique(SPACE.sample(2 * count, np.random.default_rng(11)), axis=0)
    units = np.random.default_rng(12).permutation(units)[:count]
    values = truth(units)
    return units, values, Surrogate.fit(SPACE.elements, SPACE.fractions(units), values)


def batch_of(
    data: tuple[Units, dict[str, Floats], Surrogate], candidates: Iterator[Block], settings: Settings | None = None
) -> Batch:
    """The batch of 8."""
    units, values, surrogate = data
    return choose_batch(
        surrogate,
        GOAL,
        SPACE,
        observed=units,
        values=values,
        pending=units[:0],
        candidates=candidates,
        reference=REFERENCE,
        settings=settings,
    )


def stream(count: int, seed: int = 1) -> Iterator[Block]:
    """Random candidates, some thousand at a time."""
    rng = np.random.default_rng(seed)
    for start in range(0, count, 10_000):
        yield SPACE.sample(min(10_000, count - start), rng), "random"


def timed(work: Callable[[], Batch]) -> tuple[Batch, float, float]:
    """The batch, wall and processor seconds."""
    wall, processor = time.perf_counter(), time.process_time()
    batch = work()
    return batch, time.perf_counter() - wall, time.process_time() - processor


def million(candidates: int, draws: int, looks: int) -> None:
    """A batch from a long stream."""
    data = observed()
    batch, wall, processor = timed(lambda: batch_of(data, stream(candidates)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{candidates} candidates, {OBSERVED} observations: batch of {len(batch.picks)} in {wall:.1f} s")
    print(f"  {processor:.1f} CPU seconds, {peak:.2f} GiB peak; {dict(batch.counts)}")
    print("  lost:", {name: round(value, 3) for name, value in batch.lost.items()})


def direct(data: tuple[Units, dict[str, Floats], Surrogate], pool: Units, looks: int) -> tuple[float, float]:
    """Wall and processor seconds of BoTorch's acquisition over a pool, once; its models take our hyperparameters.

    Where it looks at a part of the pool, the time for the rows is scaled to all, that for its making is not.
    """
    units, values, surrogate = data
    inputs, asked = (
        surrogate.latent_inputs(surrogate.describe(SPACE.fractions(rows))) for rows in (units, pool[:looks])
    )
    names, models = [o.name for o in GOAL.objectives] + [c.name for c in GOAL.constraints], []
    for name in names:
        gp = surrogate.outputs[name].gp
        assert gp is not None
        model = botorch_model(inputs, (values[name] - values[name].mean()) / values[name].std())
        model.covar_module.take(gp.lengthscale)
        model.likelihood.noise = gp.noise
        models.append(model.eval())
    known = Known.of(GOAL, SPACE, units, values)
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


def ratio(candidates: int, draws: int, looks: int) -> None:
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
    once, once_processor = direct(data, pool, looks)
    print(f"  BoTorch, one look at the pool (at {looks} of it, scaled): {once:.1f} s, {once_processor:.1f} CPU seconds")
    times = [8 * once_processor / seconds for seconds in (processor, processor_all)]
    print(
        f"  8 picks take 8 looks; ratio in CPU seconds {times[0]:.0f}, with polish and check {times[1]:.0f}; ", end=""
    )
    print(f"one look against our whole choice {once_processor / processor:.0f}")


def joint(data: tuple[Units, dict[str, Floats], Surrogate], batches: list[Units]) -> list[float]:
    """Log acquisition of whole batches by the same samples."""
    units, values, surrogate = data
    known = Known.of(GOAL, SPACE, units, values)
    front = units[np.flatnonzero(known.feasible)[pareto_mask(known.front())]]
    described = surrogate.describe(SPACE.fractions(np.concatenate([*batches, front])))
    sizes = [len(batch) for batch in batches]
    criterion = Criterion.build(
        surrogate,
        GOAL,
        described,
        candidates=sum(sizes),
        waiting=0,
        reference=REFERENCE,
        samples=1024,
        seed=99,
        feasibility=False,
    )
    starts = np.cumsum([0, *sizes])
    return [criterion.joint(np.arange(a, b)) for a, b in itertools.pairwise(starts)]


def loss(candidates: int, draws: int, looks: int) -> None:
    """The short list's batch against one for which every candidate with a chance of 0.1 % to be feasible was scored."""
    data = observed()
    shares = []
    for draw in range(draws):
        units = SPACE.sample(10_000, np.random.default_rng(100 + draw))
        found = []
        for settings in (
            Settings(polish=0, check=0),
            Settings(polish=0, check=0, short_list=10_000, floor=0.001, share=1),
        ):
            batch, _, processor = timed(lambda s=settings, u=units: batch_of(data, iter([(u, "random")]), s))
            found.append((np.array([pick.units for pick in batch.picks]), processor, batch.counts["short_list"]))
        ours, best = joint(data, [found[0][0], found[1][0]])
        shares.append(float(np.exp(ours - best)))
        same = len({*map(tuple, found[0][0])} & {*map(tuple, found[1][0])})
        print(
            f"  pool {draw}: {shares[-1]:.2%} of the acquisition of exhaustive scoring ({found[1][2]} scored), "
            f"{same} of 8 the same; {found[0][1]:.1f} against {found[1][1]:.1f} CPU seconds",
            flush=True,
        )
    print(f"short list of {Settings().short_list}: {np.mean(shares):.2%} on average, {min(shares):.2%} at least")


def svgp(x: Floats, y: Floats, unseen: Floats, epochs: int) -> Floats:
    """Means by gpytorch's SVGP, 512 inducing points, Adam over batches of 1,024."""
    torch.manual_seed(0)
    kernel = botorch_model(x[:2], y[:2]).covar_module
    points = torch.tensor(x[np.linspace(0, len(x) - 1, 512).round().astype(np.int64)])

    class Model(gpytorch.models.ApproximateGP):  # type: ignore[misc]
        def __init__(self) -> None:
            spread = gpytorch.variational.CholeskyVariationalDistribution(512)
            super().__init__(gpytorch.variational.VariationalStrategy(self, points, spread))
            self.mean_module, self.covar_module = gpytorch.means.ConstantMean(), kernel

        def forward(self, rows: torch.Tensor) -> gpytorch.distributions.MultivariateNormal:
            return gpytorch.distributions.MultivariateNormal(self.mean_module(rows), self.covar_module(rows))

    model, likelihood = Model().double(), gpytorch.likelihoods.GaussianLikelihood().double()
    objective = gpytorch.mlls.VariationalELBO(likelihood, model, num_data=len(x))
    optimiser = torch.optim.Adam([*model.parameters(), *likelihood.parameters()], lr=0.02)
    inputs, targets = torch.tensor(x), torch.tensor(y)
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(1024):
            optimiser.zero_grad()
            value = -objective(model(inputs[rows]), targets[rows])
            value.backward()
            optimiser.step()
    model.eval()
    with torch.no_grad():
        return np.asarray(model(torch.tensor(unseen)).mean.numpy())


def fits(candidates: int, draws: int, looks: int) -> None:
    """Refit and rank at sizes, then other ways to fit as many."""
    for count in (2_000, 20_000):
        wall, processor = time.perf_counter(), time.process_time()
        data = observed(count)
        fit = time.perf_counter() - wall, time.process_time() - processor
        _, wall, processor = timed(lambda d=data: batch_of(d, stream(5_000)))
        print(f"{count} observations, {len(data[2].names)} models: refit {fit[0]:.1f} s ({fit[1]:.1f} CPU), ", end="")
        print(f"rank 5000 {wall:.1f} s ({processor:.1f} CPU); {data[2].notes[-1]}", flush=True)
        others(data)


def others(data: tuple[Units, dict[str, Floats], Surrogate]) -> None:
    """Errors in the solidus of unseen alloys: ours, the same hyperparameters on a subset, and SVGP."""
    units, _, surrogate = data
    gp = surrogate.outputs["solidus"].gp
    assert gp is not None
    unseen = SPACE.sample(2_000, np.random.default_rng(77))
    described = [surrogate.describe(SPACE.fractions(rows)) for rows in (units, unseen)]
    x, asked = (surrogate.latent_inputs(rows) for rows in described)
    y, wanted = (
        truth(rows)["solidus"] - seen.prior_means()["solidus"]
        for rows, seen in zip((units, unseen), described, strict=True)
    )
    subset = GP.condition(x[:384], y[:384], gp.shift, gp.scale, (gp.constant, gp.lengthscale, gp.noise))
    start = time.process_time()
    epochs = max(5, 200_000 // len(x))
    variational = gp.shift + gp.scale * svgp(x, (y - gp.shift) / gp.scale, asked, epochs)
    seconds = time.process_time() - start
    errors = {
        "ours": gp.predict(asked)[0],
        "subset of 384": subset.predict(asked)[0],
        f"SVGP, {epochs} epochs, {seconds:.0f} CPU seconds for this one model": variational,
    }
    for name, mean in errors.items():
        print(f"  solidus, root mean square error {np.sqrt(np.mean((mean - wanted) ** 2)):6.2f} K: {name}", flush=True)


PARTS = {"million": million, "ratio": ratio, "loss": loss, "fits": fits}


def main() -> None:
    """Runs the parts one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--candidates", type=int, default=1_000_000)
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--looks", type=int, default=10_000, help="rows BoTorch looks at; its time is scaled to 10,000")
    given = parser.parse_args()
    spawn = multiprocessing.get_context("spawn")
    for part in given.parts.split(","):
        process = spawn.Process(target=PARTS[part], args=(given.candidates, given.draws, given.looks))
        process.start()
        process.join()
        if process.exitcode:
            raise SystemExit(f"{part} ended with {process.exitcode}")


if __name__ == "__main__":
    main()
