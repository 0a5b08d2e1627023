"""BoTorch's acquisition functions over a finite table of alloys."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from botorch.acquisition.logei import (
    qLogExpectedImprovement,
    qLogNoisyExpectedImprovement,
    qLogProbabilityOfFeasibility,
)
from botorch.acquisition.multi_objective import logei as multi_objective_logei
from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
from botorch.acquisition.multi_objective.objective import IdentityMCMultiOutputObjective
from botorch.acquisition.objective import GenericMCObjective
from botorch.sampling.normal import SobolQMCNormalSampler
from numpy.typing import NDArray
from torch import Tensor

from alloys.problem import Problem
from surrogates.choosing.screen import optimistic
from surrogates.choosing.table import TableModel, build_table
from surrogates.model.features import Described
from surrogates.model.surrogate import Surrogate

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

_BLOCK = 64

# BoTorch 0.17 and later compile a C++ kernel with -march=native into the user's cache when a compiler is at
# hand. That takes a minute, writes outside the project, and makes results depend on the machine: keep the
# Python path.
if hasattr(multi_objective_logei, "_load_attempted"):
    multi_objective_logei._load_attempted = True


class Criterion:
    """The logarithm of an acquisition function for candidates of a table, given alloys that are waited for.

    Rows of the table are the candidates, then pending alloys, then the feasible incumbents.
    """

    def __init__(self, make: Callable[[Tensor], Callable[[Tensor], Tensor]], pending: Sequence[int]) -> None:
        """Takes what makes an acquisition function from waiting rows, and the pending rows."""
        self._make = make
        self._pending = list(pending)
        self.wait_for([])

    @classmethod
    def build(
        cls,
        surrogate: Surrogate,
        problem: Problem,
        described: Described,
        *,
        candidates: int,
        waiting: int,
        reference: Floats,
        samples: int,
        seed: int,
        feasibility: bool,
    ) -> Criterion:
        """Builds the table and the acquisition function for it.

        Args:
            surrogate: the models.
            problem: objectives and constraints.
            described: candidates, pending alloys and incumbents, in this order.
            candidates: number of the first.
            waiting: number of the second.
            reference: signed reference point, shape ``(objectives,)``.
            samples: quasi Monte Carlo samples.
            seed: their seed.
            feasibility: whether the chance of finding anything feasible is wanted instead of improvement.
        """
        hopes = optimistic(surrogate, problem, described, 1.0)
        scales = np.maximum(hopes.max(axis=0) - np.minimum(hopes.min(axis=0), reference), 1e-6)
        validated = len(described) - candidates - waiting
        model = TableModel(build_table(surrogate, problem, described, reference, scales, validated))
        incumbents = torch.arange(candidates + waiting, len(described), dtype=torch.float64)[:, None]
        count = len(problem.goal.objectives)
        slacks = [_slack(column) for column in range(count, model.num_outputs)]

        def make(rows: Tensor) -> Callable[[Tensor], Tensor]:
            sampler = SobolQMCNormalSampler(sample_shape=torch.Size([samples]), seed=seed)
            if feasibility:
                return _feasible(model, slacks, sampler, rows)
            return _improving(model, slacks, sampler, rows, incumbents, count)

        return cls(make, range(candidates, candidates + waiting))

    def wait_for(self, rows: Sequence[int]) -> None:
        """Counts these rows as chosen, besides the pending ones."""
        chosen = torch.tensor([*self._pending, *rows], dtype=torch.float64)[:, None]
        self._function = self._make(chosen)

    def values(self, rows: Indices) -> Floats:
        """Log acquisition of each row, shape ``(len(rows),)``."""
        points = torch.tensor(rows, dtype=torch.float64)[:, None, None]
        with torch.no_grad():
            blocks = [self._function(points[i : i + _BLOCK]) for i in range(0, len(points), _BLOCK)]
        return np.asarray(torch.nan_to_num(torch.cat(blocks), nan=-1e30, neginf=-1e30, posinf=1e30).numpy())

    def joint(self, rows: Indices) -> float:
        """Log acquisition of these rows together, none of them waited for."""
        with torch.no_grad():
            return float(self._function(torch.tensor(rows, dtype=torch.float64)[None, :, None]))


def _first(samples: Tensor, X: Tensor | None = None) -> Tensor:
    return samples[..., 0]


def _slack(column: int) -> Callable[[Tensor], Tensor]:
    def slack(samples: Tensor) -> Tensor:
        return samples[..., column]

    return slack


def _feasible(
    model: TableModel, slacks: list[Callable[[Tensor], Tensor]], sampler: SobolQMCNormalSampler, rows: Tensor
) -> Callable[[Tensor], Tensor]:
    waiting = rows if len(rows) else None
    return qLogProbabilityOfFeasibility(  # type: ignore[no-any-return]
        model, slacks, sampler=sampler, X_pending=waiting
    )


def _improving(
    model: TableModel,
    slacks: list[Callable[[Tensor], Tensor]],
    sampler: SobolQMCNormalSampler,
    rows: Tensor,
    incumbents: Tensor,
    objectives: int,
) -> Callable[[Tensor], Tensor]:
    waiting = rows if len(rows) else None
    if objectives == 1 and not len(incumbents):
        return qLogExpectedImprovement(  # type: ignore[no-any-return]
            model,
            best_f=0.0,
            sampler=sampler,
            objective=GenericMCObjective(_first),
            constraints=slacks or None,
            X_pending=waiting,
        )
    if objectives == 1:
        return qLogNoisyExpectedImprovement(  # type: ignore[no-any-return]
            model,
            incumbents,
            sampler=sampler,
            objective=GenericMCObjective(_first),
            constraints=slacks or None,
            X_pending=waiting,
            prune_baseline=False,
            cache_root=False,
            incremental=True,
        )
    return qLogNoisyExpectedHypervolumeImprovement(  # type: ignore[no-any-return]
        model,
        torch.zeros(objectives, dtype=torch.float64),
        incumbents,
        sampler=sampler,
        objective=IdentityMCMultiOutputObjective(outcomes=list(range(objectives))),
        constraints=slacks or None,
        X_pending=waiting,
        cache_root=False,
    )
