"""BoTorch's acquisition functions over a finite table of alloys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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
from alloys.space import Floats
from surrogates.choosing.screen import optimistic
from surrogates.choosing.table import TableModel, build_table
from surrogates.model.features import Described
from surrogates.model.surrogate import Surrogate

Indices = NDArray[np.int64]

_BLOCK = 64

# BoTorch 0.17 and later compile a C++ kernel with -march=native into the user's cache when a compiler is at
# hand. That takes a minute, writes outside the project, and makes results depend on the machine: keep the
# Python path.
if hasattr(multi_objective_logei, "_load_attempted"):
    multi_objective_logei._load_attempted = True


@dataclass(frozen=True, slots=True)
class AcquisitionSettings:
    """How an acquisition function is taken.

    Attributes:
        reference: signed reference point, shape ``(objectives,)``.
        samples: quasi Monte Carlo samples; a power of two.
        seed: their seed.
        feasibility: whether the chance of finding anything feasible is wanted instead of improvement.
    """

    reference: Floats
    samples: int
    seed: int
    feasibility: bool = False

    def sampler(self) -> SobolQMCNormalSampler:
        """The same samples every time."""
        return SobolQMCNormalSampler(sample_shape=torch.Size([self.samples]), seed=self.seed)


class Criterion:
    """The logarithm of an acquisition function for candidates of a table, given alloys that are waited for.

    Rows of the table are the candidates, then pending alloys, then the feasible incumbents.

    Attributes:
        function: BoTorch's, of rows as it sees them.
    """

    function: Callable[[Tensor], Tensor]

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
        settings: AcquisitionSettings,
        *,
        candidates: int,
        waiting: int,
    ) -> Criterion:
        """Builds the table and the acquisition function for it.

        Args:
            surrogate: the models.
            problem: objectives and constraints.
            described: candidates, pending alloys and incumbents, in this order.
            settings: how it is taken.
            candidates: number of the first.
            waiting: number of the second.
        """
        hopes, reference = optimistic(surrogate, problem, described, 1.0), settings.reference
        scales = np.maximum(hopes.max(axis=0) - np.minimum(hopes.min(axis=0), reference), 1e-6)
        validated = len(described) - candidates - waiting
        model = TableModel(build_table(surrogate, problem, described, reference, scales, validated))
        incumbents = torch.arange(candidates + waiting, len(described), dtype=torch.float64)[:, None]
        count = len(problem.goal.objectives)
        slacks = [_slack(column) for column in range(count, model.num_outputs)]

        def make(rows: Tensor) -> Callable[[Tensor], Tensor]:
            common = {"sampler": settings.sampler(), "X_pending": rows if len(rows) else None}
            if settings.feasibility:
                return qLogProbabilityOfFeasibility(model, slacks, **common)  # type: ignore[no-any-return]
            return _improving(model, incumbents, count, common | {"constraints": slacks or None})

        return cls(make, range(candidates, candidates + waiting))

    def wait_for(self, rows: Sequence[int]) -> None:
        """Counts these rows as chosen, besides the pending ones."""
        chosen = torch.tensor([*self._pending, *rows], dtype=torch.float64)[:, None]
        self.function = self._make(chosen)

    def values(self, rows: Indices) -> Floats:
        """Log acquisition of each row, shape ``(len(rows),)``."""
        points = torch.tensor(rows, dtype=torch.float64)[:, None, None]
        with torch.no_grad():
            blocks = [self.function(points[i : i + _BLOCK]) for i in range(0, len(points), _BLOCK)]
        return np.asarray(torch.nan_to_num(torch.cat(blocks), nan=-1e30, neginf=-1e30, posinf=1e30).numpy())

    def joint(self, rows: Indices) -> float:
        """Log acquisition of these rows together, none of them waited for."""
        with torch.no_grad():
            return float(self.function(torch.tensor(rows, dtype=torch.float64)[None, :, None]))


def _first(samples: Tensor, X: Tensor | None = None) -> Tensor:
    return samples[..., 0]


def _slack(column: int) -> Callable[[Tensor], Tensor]:
    def slack(samples: Tensor) -> Tensor:
        return samples[..., column]

    return slack


def _improving(
    model: TableModel, incumbents: Tensor, objectives: int, common: Mapping[str, Any]
) -> Callable[[Tensor], Tensor]:
    if objectives > 1:
        return qLogNoisyExpectedHypervolumeImprovement(  # type: ignore[no-any-return]
            model,
            torch.zeros(objectives, dtype=torch.float64),
            incumbents,
            objective=IdentityMCMultiOutputObjective(outcomes=list(range(objectives))),
            cache_root=False,
            **common,
        )
    single = {"objective": GenericMCObjective(_first), **common}
    if not len(incumbents):
        return qLogExpectedImprovement(model, best_f=0.0, **single)  # type: ignore[no-any-return]
    return qLogNoisyExpectedImprovement(  # type: ignore[no-any-return]
        model, incumbents, prune_baseline=False, cache_root=False, incremental=True, **single
    )
