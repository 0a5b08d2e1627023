"""With one objective the criterion is the log expected improvement, constraints and pending alloys included.

The same posterior is given to BoTorch's own acquisition functions as a plain Gaussian, on the properties' own scales.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from botorch.acquisition.analytic import LogConstrainedExpectedImprovement
from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
from botorch.acquisition.multi_objective.objective import GenericMCMultiOutputObjective
from botorch.sampling.normal import IIDNormalSampler

from alloys.problem import Problem
from alloys.space import Points
from surrogates.choosing.criterion import AcquisitionSettings, Criterion
from surrogates.choosing.screen import ObservedOutcomes, optimistic
from surrogates.model.features import Described
from surrogates.model.surrogate import Surrogate
from tests.surrogates.helpers import BUNDLE, SPACE, pool, truth, wanted

BOUND, BEST = 200.0, 2400.0
PROBLEM = wanted(["maximize solidus"], [f"freezing_range <= {BOUND:g}"])
NAMES = ("solidus", "freezing_range")
CANDIDATES = 10


@cache
def _surrogate() -> Surrogate:
    points = pool()[:20]
    values = truth(points)
    return Surrogate.fit(BUNDLE, SPACE.elements, SPACE.fractions(points), {name: values[name] for name in NAMES})


@cache
def _promising() -> Points:
    """Unseen alloys that may be better than `BEST` and may hold the constraint: the candidates, then one more."""
    unseen = pool()[40:400]
    means, stds = _surrogate().predict(SPACE.fractions(unseen))
    hopeless = means["freezing_range"] - stds["freezing_range"] > BOUND
    order = np.argsort(np.where(hopeless, 0.0, -means["solidus"] - stds["solidus"]))
    return unseen[order[: CANDIDATES + 1]]


@cache
def _described(incumbents: bool) -> Described:
    """Candidates, one alloy that is waited for, and the best alloys known if they are wanted."""
    known = ObservedOutcomes.of(PROBLEM, pool()[:20], truth(pool()[:20]))
    best = np.flatnonzero(known.feasible)[np.argsort(-known.front()[:, 0])[:3]]
    points = np.concatenate([_promising(), pool()[best] if incumbents else pool()[:0]])
    return _surrogate().describe(SPACE.fractions(points))


def _ours(incumbents: bool, waiting: bool, problem: Problem = PROBLEM) -> tuple[Criterion, float]:
    """The criterion, and a unit of the solidus, K, for BoTorch's models."""
    described = _described(incumbents)
    rows = np.arange(len(described)) if waiting else np.delete(np.arange(len(described)), CANDIDATES)
    described = described.take(rows)
    criterion = Criterion.build(
        _surrogate(),
        problem,
        described,
        AcquisitionSettings(np.array([BEST]), samples=4096, seed=0),
        candidates=CANDIDATES,
        waiting=int(waiting),
    )
    hopes = optimistic(_surrogate(), problem, described, 1.0)
    return criterion, float(hopes.max() - min(hopes.min(), BEST))


def _same_posterior(described: Described, unit: float) -> Any:
    """The joint posterior of solidus less `BEST` and of freezing range less `BOUND`, in units, as a BoTorch model."""
    from botorch.models.model import Model
    from botorch.posteriors.gpytorch import GPyTorchPosterior
    from gpytorch.distributions import MultitaskMultivariateNormal, MultivariateNormal

    inputs, priors = _surrogate().latent_inputs(described), described.prior_means()
    joints = [_surrogate().outputs[name].joint(inputs, priors) for name in NAMES]
    means = [torch.tensor((mean - shift) / unit) for (mean, _), shift in zip(joints, (BEST, BOUND), strict=True)]
    covariances = [torch.tensor(covariance / unit**2) for _, covariance in joints]

    class Same(Model):  # type: ignore[misc]
        num_outputs = 2
        batch_shape = torch.Size()

        def posterior(self, X: torch.Tensor, *_: object, **__: object) -> GPyTorchPosterior:
            rows = X[..., 0].long()
            normals = [
                MultivariateNormal(mean[rows], covariance[rows[..., :, None], rows[..., None, :]])
                for mean, covariance in zip(means, covariances, strict=True)
            ]
            return GPyTorchPosterior(MultitaskMultivariateNormal.from_independent_mvns(normals))

    return Same()


def _rows(*numbers: int) -> torch.Tensor:
    return torch.tensor(numbers, dtype=torch.float64)[:, None]


def _agree(ours: np.ndarray, theirs: np.ndarray, unit: float) -> None:
    """Improvements agree to some per cent; those of less than a thousandth of the best are too rare to sample."""
    ours, theirs = np.exp(ours), unit * np.exp(theirs)
    assert ours.argmax() == theirs.argmax()
    assert (theirs > 0.1 * theirs.max()).sum() >= 2
    np.testing.assert_allclose(ours, theirs, rtol=0.08, atol=1e-3 * theirs.max())


@pytest.mark.parametrize("constrained", [True, False])
def test_without_incumbents_it_is_the_analytic_expected_improvement(constrained: bool) -> None:
    problem = PROBLEM if constrained else wanted(["maximize solidus"])
    criterion, unit = _ours(incumbents=False, waiting=False, problem=problem)
    limits = {1: (None, 0.0)} if constrained else {1: (None, 1e9)}
    exact = LogConstrainedExpectedImprovement(_same_posterior(_described(False), unit), 0.0, 0, limits)
    with torch.no_grad():
        theirs = exact(_rows(*range(CANDIDATES))[:, None]).numpy()
    _agree(criterion.values(np.arange(CANDIDATES)), theirs, unit)


@pytest.mark.parametrize("waiting", [False, True])
def test_with_incumbents_it_is_botorchs_noisy_hypervolume_improvement_beside_a_constant(waiting: bool) -> None:
    criterion, unit = _ours(incumbents=True, waiting=waiting)

    def beside_one(samples: torch.Tensor, X: object = None) -> torch.Tensor:
        return torch.stack([samples[..., 0], torch.ones_like(samples[..., 0])], dim=-1)

    theirs = qLogNoisyExpectedHypervolumeImprovement(
        _same_posterior(_described(True), unit),
        torch.zeros(2, dtype=torch.float64),
        _rows(*range(CANDIDATES + 1, CANDIDATES + 4)),
        sampler=IIDNormalSampler(torch.Size([8192]), seed=1),
        objective=GenericMCMultiOutputObjective(beside_one),
        constraints=[lambda samples: samples[..., 1]],
        X_pending=_rows(CANDIDATES) if waiting else None,
        cache_root=False,
    )
    with torch.no_grad():
        values = theirs(_rows(*range(CANDIDATES))[:, None]).numpy()
    _agree(criterion.values(np.arange(CANDIDATES)), values, unit)


def test_an_alloy_that_is_waited_for_is_worth_little_more() -> None:
    criterion, _ = _ours(incumbents=True, waiting=False)
    before = criterion.values(np.arange(CANDIDATES))
    best = int(before.argmax())
    criterion.wait_for([best])
    after = criterion.values(np.arange(CANDIDATES))
    assert after[best] < before[best] - 3
    assert (after <= before + 0.05).all()
