"""BoTorch used directly: a Gaussian process for each unknown output, constrained qLogNEHVI, greedy over a pool.

References:
    Daulton, Balandat & Bakshy, NeurIPS 34 (2021), parallel Bayesian optimisation of noisy hypervolume; Ament et al.,
    NeurIPS 36 (2023), the log of expected improvements; BoTorch's documentation of `optimize_acqf_discrete`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import torch
from botorch import fit_gpytorch_mll
from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
from botorch.acquisition.multi_objective.objective import GenericMCMultiOutputObjective
from botorch.models import ModelListGP, SingleTaskGP
from botorch.models.transforms.input import ChainedInputTransform, FilterFeatures, Normalize
from botorch.models.transforms.outcome import Standardize
from botorch.optim import optimize_acqf_discrete
from botorch.sampling.normal import SobolQMCNormalSampler
from gpytorch.mlls import ExactMarginalLogLikelihood, SumMarginalLogLikelihood

import surrogates  # noqa: F401  (what BoTorch needs before it is imported)
from alloys.goal import Constraint
from alloys.physics import linear
from alloys.physics.elements import column
from alloys.space import Bools, Floats, Points
from benchmarks.efficiency.problem import Problem
from benchmarks.efficiency.protocol import History

Describe = Callable[[tuple[str, ...], Floats], Floats]

POOL = 2000
SAMPLES = 128
T_BATCH = 64


def bare(elements: tuple[str, ...], fractions: Floats) -> Floats:
    """Atomic fractions, as they are."""
    return fractions


def physics(elements: tuple[str, ...], fractions: Floats) -> Floats:
    """Descriptors that the field uses, shape ``(n, 16)``.

    Mean and spread over atoms of radius, valence electrons, melting point, shear and bulk modulus and
    electronegativity; size mismatch, Miedema's mixing enthalpy, ideal entropy, and the logarithm of Omega.
    """
    means, spreads = [], []
    for name in ("radius", "vec", "melting_point", "shear_modulus", "bulk_modulus", "electronegativity"):
        values = column(elements, name)
        mean = fractions @ values
        means.append(mean)
        spreads.append(np.sqrt(np.maximum(fractions @ values**2 - mean**2, 0.0)))
    rest = [
        linear.size_mismatch(elements, fractions),
        linear.mixing_enthalpy(elements, fractions),
        linear.mixing_entropy(fractions),
        np.log10(np.maximum(linear.omega(elements, fractions), 1e-6)),
    ]
    return np.column_stack([*means, *spreads, *rest])


def both(elements: tuple[str, ...], fractions: Floats) -> Floats:
    """The descriptors of `physics` beside the fractions, shape ``(n, 16 + d)``: predicts best with few data."""
    return np.concatenate([physics(elements, fractions), fractions], axis=1)


class BoTorch:
    """qLogNEHVI over random compositions and the neighbours of the incumbents.

    Args:
        problem: what is asked.
        q: alloys in a batch.
        seed: of everything random.
        name: the method's.
        describe: what the Gaussian processes see.
        pool: random compositions beside the neighbours.
    """

    def __init__(
        self, problem: Problem, q: int, seed: int, name: str, describe: Describe = bare, pool: int = POOL
    ) -> None:
        self.name = name
        self._problem, self._q, self._seed, self._describe, self._pool = problem, q, seed, describe, pool

    def propose(self, history: History) -> Points:
        """The batch, shape ``(q, d)``."""
        rng = np.random.default_rng([self._seed, 2, history.batch])
        candidates = self._candidates(history, rng)
        known = ~history.failed(self._problem.validated)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.manual_seed(self._seed * 1000 + history.batch)
            return self._best(history, known, candidates)

    def _candidates(self, history: History, rng: np.random.Generator) -> Points:
        problem = self._problem
        near = [problem.space.neighbours(row) for row in problem.incumbents(history)]
        rows = [problem.sample(self._pool, rng, history.points), *near]
        return problem.fresh(np.concatenate(rows), history.points)

    def inputs(self, points: Points) -> torch.Tensor:
        """What the models see, then the objectives that the composition alone decides: they are not modelled."""
        fractions = self._problem.space.fractions(points)
        closed = self._problem.closed(points)
        known = [closed[o.name] for o in self._problem.goal.objectives if o.name in closed]
        return torch.tensor(np.column_stack([self._describe(self._problem.space.elements, fractions), *known]))

    def _best(self, history: History, known: Bools, candidates: Points) -> Points:
        goal = self._problem.goal
        x = self.inputs(history.points[known])
        seen = x.shape[1] - sum(o.name not in self._problem.validated for o in goal.objectives)
        table = np.column_stack([history.values[name][known] for name in self._problem.validated])
        model = _fitted(x, torch.tensor(table), seen)
        objective, reference = self.objective(history, known, seen)
        acquisition = qLogNoisyExpectedHypervolumeImprovement(
            model=model,
            ref_point=reference,
            X_baseline=x,
            sampler=SobolQMCNormalSampler(torch.Size([SAMPLES]), seed=self._seed * 1000 + history.batch),
            objective=objective,
            constraints=self.constraints(table),
            prune_baseline=True,
        )
        choices = self.inputs(candidates)
        found, _ = optimize_acqf_discrete(
            acquisition, self._q, choices, max_batch_size=T_BATCH, return_acq_values=False
        )
        rows = [int((choices == row).all(dim=1).nonzero()[0]) for row in found]
        return candidates[rows]

    def objective(self, history: History, known: Bools, seen: int) -> tuple[GenericMCMultiOutputObjective, list[float]]:
        """Signed objectives in their standard deviations, and the reference point likewise."""
        goal = self._problem.goal
        points = self._problem.points(history.values)[known]
        spread = torch.tensor(np.maximum(points.std(axis=0), 1e-9))
        signs = torch.tensor([float(o.sign) for o in goal.objectives]) / spread
        closed = [o.name for o in goal.objectives if o.name not in self._problem.validated]

        def of(samples: torch.Tensor, X: torch.Tensor) -> torch.Tensor:
            columns = []
            for o in goal.objectives:
                if o.name in self._problem.validated:
                    columns.append(samples[..., self._problem.validated.index(o.name)])
                else:
                    columns.append(X[..., seen + closed.index(o.name)].expand(samples.shape[:-1]))
            return torch.stack(columns, dim=-1) * signs

        reference = torch.tensor(self._problem.reference()) / spread
        return GenericMCMultiOutputObjective(of), reference.tolist()

    def constraints(self, table: Floats) -> list[Callable[[torch.Tensor], torch.Tensor]]:
        """Of samples: negative where a constraint that only validation answers holds, in standard deviations."""
        goal = self._problem.goal

        def of(constraint: Constraint) -> Callable[[torch.Tensor], torch.Tensor]:
            j = self._problem.validated.index(constraint.name)
            scale = constraint.sign / max(float(table[:, j].std()), 1e-9)
            return lambda y: scale * (constraint.bound - y[..., j])

        return [of(constraint) for constraint in goal.constraints if constraint.name in self._problem.validated]


def _fitted(x: torch.Tensor, y: torch.Tensor, seen: int) -> ModelListGP:
    """One `SingleTaskGP` for each column, with BoTorch's own priors, on the first ``seen`` inputs."""
    models = []
    for j in range(y.shape[1]):
        chosen = FilterFeatures(feature_indices=torch.arange(seen))
        scaled = ChainedInputTransform(chosen=chosen, scaled=Normalize(d=seen))
        models.append(SingleTaskGP(x, y[:, j : j + 1], input_transform=scaled, outcome_transform=Standardize(m=1)))
    model = ModelListGP(*models)
    fit_gpytorch_mll(SumMarginalLogLikelihood(model.likelihood, model, ExactMarginalLogLikelihood))
    return model
