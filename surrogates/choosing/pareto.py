"""Fronts and hypervolumes, larger is better."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from botorch.utils.multi_objective.box_decompositions.dominated import DominatedPartitioning
from botorch.utils.multi_objective.box_decompositions.non_dominated import FastNondominatedPartitioning
from botorch.utils.multi_objective.pareto import is_non_dominated
from numpy.typing import NDArray

from alloys.errors import InputError
from alloys.space import Floats

_BLOCK = 1_000_000


def pareto_mask(points: Floats) -> NDArray[np.bool_]:
    """Which of the ``(n, m)`` points no other point dominates, shape ``(n,)``; equal points all stay."""
    if len(points) == 0:
        return np.zeros(0, dtype=np.bool_)
    return np.asarray(is_non_dominated(torch.tensor(points, dtype=torch.float64), deduplicate=False).numpy())


def hypervolume(points: Floats, reference: Floats) -> float:
    """Volume that ``(n, m)`` points dominate above the reference ``(m,)``.

    Raises:
        InputError: if the shapes do not fit together or a number is not finite.
    """
    _check(points, reference)
    above = points[(points > reference).all(axis=1)] if len(points) else points
    if len(above) == 0:
        return 0.0
    if points.shape[1] == 1:
        return float((above[:, 0] - reference[0]).max())
    boxes = DominatedPartitioning(
        ref_point=torch.tensor(reference, dtype=torch.float64), Y=torch.tensor(above, dtype=torch.float64)
    )
    return float(boxes.compute_hypervolume())


@dataclass(frozen=True, slots=True)
class Front:
    """What an improvement improves on; larger is better.

    Attributes:
        points: signed objectives of the feasible alloys, shape ``(k, m)``.
        reference: the hypervolume's signed reference point, shape ``(m,)``.
    """

    points: Floats
    reference: Floats

    def joined(self, points: Floats) -> Front:
        """The same with more points, shape ``(j, m)``."""
        return Front(np.concatenate([self.points.reshape(-1, len(self.reference)), points]), self.reference)

    def improvements(self, points: Floats) -> Floats:
        """Hypervolume that each of ``(..., m)`` points would add alone, shape ``(...)``.

        Raises:
            InputError: if the shapes do not fit together or a number is not finite.
        """
        flat = points.reshape(-1, points.shape[-1])
        _check(flat, self.reference)
        if flat.shape[1] == 1:
            best = max([float(self.reference[0]), *(float(value) for value in self.points[:, 0])])
            return np.maximum(points[..., 0] - best, 0.0)
        lower, upper = self._free_cells()
        added = np.zeros(len(flat))
        step = max(1, _BLOCK // max(1, lower.size))
        for start in range(0, len(flat), step):
            block = flat[start : start + step, None, :]
            volumes = np.clip(np.minimum(block, upper) - lower, 0.0, None).prod(axis=2)
            added[start : start + step] = volumes.sum(axis=1)
        return added.reshape(points.shape[:-1])

    def _free_cells(self) -> tuple[Floats, Floats]:
        boxes = FastNondominatedPartitioning(
            ref_point=torch.tensor(self.reference, dtype=torch.float64),
            Y=torch.tensor(self.points.reshape(-1, len(self.reference)), dtype=torch.float64),
        )
        lower, upper = boxes.get_hypercell_bounds()
        return lower.numpy(), upper.numpy()


def _check(points: Floats, reference: Floats) -> None:
    if points.ndim != 2 or reference.shape != (points.shape[1],):
        raise InputError(
            f"points of shape (n, m) and a reference of shape (m,) are needed, got {points.shape} and {reference.shape}"
        )
    if not (np.isfinite(points).all() and np.isfinite(reference).all()):
        raise InputError("points and reference must be finite numbers")
