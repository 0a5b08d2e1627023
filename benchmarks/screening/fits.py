"""Models of many observations: what refit and rank take, and from which size on which kind of model is better."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

import gpytorch
import numpy as np
import torch
from botorch.models.utils.gpytorch_modules import get_covar_module_with_dim_scaled_prior
from numpy.typing import NDArray

from alloys.physics.refractory import BUNDLE
from alloys.space import Points
from benchmarks.common.synthetic import SPACE, batch_of, observed, stream, timed, truth
from surrogates.model.calibration import score
from surrogates.model.features import Described, Scaling
from surrogates.model.gp import GP
from surrogates.model.learning.kept import Hyper
from surrogates.model.learning.most_probable import learn
from surrogates.model.sparse import LEARN_ON, SparseGP, fit_gp
from surrogates.model.warps import warp_of

Floats = NDArray[np.float64]
T = TypeVar("T")

SIZES = (500, 1000, 2000, 3000, 5000)
INDUCING = (512, 1024, 2048)
ASKED = 2_000


def svgp(x: Floats, y: Floats, unseen: Floats, epochs: int) -> Floats:
    """Means by gpytorch's SVGP, 512 inducing points, Adam over batches of 1,024."""
    torch.manual_seed(0)
    kernel = get_covar_module_with_dim_scaled_prior(ard_num_dims=x.shape[1], use_rbf_kernel=False).double()
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


def fits(given: argparse.Namespace) -> None:
    """Refit and rank at sizes."""
    for count in map(int, given.observations.split(",")):
        wall, processor = time.perf_counter(), time.process_time()
        data = observed(count)
        fit = time.perf_counter() - wall, time.process_time() - processor
        _, wall, processor = timed(lambda d=data: batch_of(d, stream(5_000)))
        print(f"{count} observations, {len(data[2].names)} models: refit {fit[0]:.1f} s ({fit[1]:.1f} CPU), ", end="")
        print(f"rank 5000 {wall:.1f} s ({processor:.1f} CPU); {data[2].notes[-1]}", flush=True)


def others(given: argparse.Namespace) -> None:
    """Errors in the solidus of unseen alloys: ours, the same hyperparameters on a subset, and SVGP."""
    unseen = SPACE.sample(ASKED, np.random.default_rng(77))
    for count in map(int, given.observations.split(",")):
        (x, y), (asked, wanted) = targets("solidus", count, unseen)
        shift, scale = float(y.mean()), float(y.std())
        gp, note = fit_gp(x, y, shift, scale)
        subset = GP.condition(x[:LEARN_ON], y[:LEARN_ON], shift, scale, (gp.constant, gp.lengthscale, gp.noise))
        epochs = max(5, 200_000 // count)
        variational, seconds = clocked(partial(svgp, x, (y - shift) / scale, asked, epochs))
        errors = {
            f"ours: {note}": gp.predict(asked)[0],
            f"subset of {LEARN_ON}": subset.predict(asked)[0],
            f"SVGP, {epochs} epochs, {seconds:.0f} CPU seconds": shift + scale * variational,
        }
        for name, mean in errors.items():
            print(f"  root mean square error {np.sqrt(np.mean((mean - wanted) ** 2)):6.2f} K: {name}", flush=True)


def crossover(given: argparse.Namespace) -> None:
    """At each size the exact posterior beside those through inducing points, by the same hyperparameters."""
    unseen = SPACE.sample(ASKED, np.random.default_rng(77))
    for name in ("solidus", "bcc_fraction_1200c"):
        print(f"{name}; CPU seconds to learn (on {LEARN_ON}), to condition and to predict {ASKED}")
        print("       n  posterior          RMSE     NLL cover     learn   cond.    rank", flush=True)
        for count in (*SIZES, 20_000):
            known, asked = targets(name, count, unseen)
            for line in compared(*known, *asked):
                print(line, flush=True)


def targets(name: str, count: int, unseen: Points) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    """Scaled inputs and residuals, as the surrogate models them, of random observations and of unseen alloys."""
    points = np.unique(SPACE.sample(2 * count, np.random.default_rng(11)), axis=0)
    points = np.random.default_rng(12).permutation(points)[:count]
    described = [Described.of(BUNDLE, SPACE.elements, SPACE.fractions(rows)) for rows in (points, unseen)]
    scaling = Scaling.fit(described[0].raw())
    found = []
    for rows, seen in zip((points, unseen), described, strict=True):
        prior = seen.prior_means().get(name, 0.0)
        found.append((scaling.apply(seen.raw()), warp_of(name).forward(truth(rows)[name]) - prior))
    return found[0], found[1]


def compared(x: Floats, y: Floats, asked: Floats, wanted: Floats) -> Iterator[str]:
    """A line for each way to condition; predictions are scored as those of a noisy answer."""
    count, shift, scale = len(x), float(y.mean()), float(y.std())
    some = np.linspace(0, count - 1, min(LEARN_ON, count)).round().astype(np.int64)
    hyper, learning = clocked(lambda: learn(x[some], (y[some] - shift) / scale))
    for points in (0, *INDUCING):
        if points >= count or (points == 0 and count > max(SIZES)):
            continue
        gp, conditioning = clocked(lambda m=points: condition(x, y, shift, scale, hyper, m))
        (mean, std), ranking = clocked(lambda g=gp: g.predict(asked))
        found = score(mean, np.sqrt(std**2 + scale**2 * gp.noise), wanted)
        words = f"{points} inducing" if points else "exact"
        yield (
            f"{count:8d}  {words:14s} {found.rmse:8.3g} {found.nll:7.3f} {found.coverage:5.1%}   "
            f"{learning:7.1f} {conditioning:7.2f} {ranking:7.2f}"
        )


def condition(x: Floats, y: Floats, shift: float, scale: float, hyper: Hyper, points: int) -> GP:
    """An exact posterior, or one through as many inducing points."""
    if points:
        return SparseGP.condition(x, y, shift, scale, hyper, count=points)
    return GP.condition(x, y, shift, scale, hyper)


def clocked(work: Callable[[], T]) -> tuple[T, float]:
    """What the work returns, and its processor seconds."""
    start = time.process_time()
    return work(), time.process_time() - start
