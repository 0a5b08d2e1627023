"""Fronts and hypervolumes, larger is better."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from botorch.utils.multi_objective.pareto import is_non_dominated
from numpy.typing import NDArray

from alloys.errors import InputError
from alloys.space import Floats
from surrogates.choosing.fronts import Fronts, fronts_of


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
    return float(Front(points, reference).fronts.volumes()[0])


@dataclass(frozen=True)
class Front:
    """What an improvement improves on; larger is better.

    Attributes:
        points: signed objectives of the feasible alloys, shape ``(k, m)``.
        reference: the hypervolume's signed reference point, shape ``(m,)``.
    """

    points: Floats
    reference: Floats

    @cached_property
    def fronts(self) -> Fronts:
        """The volume that the points dominate, as a single front above the reference."""
        above = self.points.reshape(-1, len(self.reference)) - self.reference
        above = above[pareto_mask(above)]
        scales = above.max(axis=0, initial=0.0)
        return fronts_of(above[None], np.ones((1, len(above)), dtype=np.bool_), np.where(scales > 0, scales, 1.0))

    def improvements(self, points: Floats) -> Floats:
        """Hypervolume that each of ``(..., m)`` points would add alone, shape ``(...)``.

        Raises:
            InputError: if the shapes do not fit together or a number is not finite.
        """
        flat = points.reshape(-1, points.shape[-1])
        _check(flat, self.reference)
        gains = self.fronts.gains((flat - self.reference)[None], np.ones((1, len(flat)), dtype=np.bool_))
        return np.asarray(gains[0].reshape(points.shape[:-1]))


def _check(points: Floats, reference: Floats) -> None:
    if points.ndim != 2 or reference.shape != (points.shape[1],):
        raise InputError(
            f"points of shape (n, m) and a reference of shape (m,) are needed, got {points.shape} and {reference.shape}"
        )
    if not (np.isfinite(points).all() and np.isfinite(reference).all()):
        raise InputError("points and reference must be finite numbers")
