"""A surrogate on rows that it never saw: error, and whether its intervals hold, by the distance from what it learned.

The surrogate is the one that `alloyloop predict` fits, and its interval is that of what would be measured: the scatter
of measurements is in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.spatial.distance import cdist

from alloys.distances import places_of_inputs
from alloys.physics.base import Physics
from alloys.space import Floats, TableSpace
from alloys.splits.folds import Fold, Rows
from surrogates.model.calibration import HALF_WIDTH
from surrogates.model.surrogate import Surrogate

EDGES = (0.0, 2.0, 5.0, 10.0, 20.0, np.inf)
"""At.% between which distances from the nearest row that was learned from are told apart."""


@dataclass(frozen=True, slots=True)
class JudgedTable:
    """Designs and what was measured of them.

    Attributes:
        physics: what is known before any data; it knows ``name``.
        name: the property.
        space: the designs, ``n`` of them.
        values: shape ``(n,)``.
    """

    physics: Physics
    name: str
    space: TableSpace
    values: Floats

    @property
    def inputs(self) -> Floats:
        """Atomic fractions and variables, shape ``(n, d + v)``."""
        return self.space.inputs(np.arange(len(self.values))[:, None])

    def fit(self, rows: Rows, more: tuple[Floats, Floats] | None = None) -> Surrogate:
        """The surrogate of some rows, and of further inputs ``(m, d + v)`` with their values ``(m,)`` if given."""
        inputs, values = self.inputs[rows], self.values[rows]
        if more is not None:
            inputs, values = np.concatenate([inputs, more[0]]), np.concatenate([values, more[1]])
        space = self.space
        return Surrogate.fit(self.physics, space.elements, inputs, {self.name: values}, variables=space.variables)


@dataclass(frozen=True, slots=True)
class HeldPredictions:
    """What was predicted of ``m`` held rows.

    Attributes:
        means: shape ``(m,)``.
        stds: with the scatter of measurements, shape ``(m,)``.
        truths: shape ``(m,)``.
        constant: the mean of the rows that were learned from, of each, shape ``(m,)``: what a fool would say.
        distance: from the nearest of them, in at.%, shape ``(m,)``.
    """

    means: Floats
    stds: Floats
    truths: Floats
    constant: Floats
    distance: Floats

    @classmethod
    def together(cls, parts: Sequence[HeldPredictions]) -> HeldPredictions:
        """Several as one."""
        return cls(*map(np.concatenate, zip(*(part._columns() for part in parts), strict=True)))

    def _columns(self) -> tuple[Floats, ...]:
        return self.means, self.stds, self.truths, self.constant, self.distance

    def summary(self) -> dict[str, float]:
        """Numbers of held rows: error, that of the constant, share within the 90 % interval, half its width, distance.

        The interval is ``mean ± 1.645 std``. All but shares, counts and the distance are in the property's unit.
        """
        errors, base = self.means - self.truths, self.constant - self.truths
        return {
            "rows": len(errors),
            "rmse": float(np.sqrt(np.mean(errors**2))),
            "rmse_of_mean": float(np.sqrt(np.mean(base**2))),
            "bias": float(np.mean(errors)),
            "coverage_90": float(np.mean(np.abs(errors) <= HALF_WIDTH * self.stds)),
            "half_width_90": float(HALF_WIDTH * np.mean(self.stds)),
            "distance": float(np.median(self.distance)),
        }

    def by_distance(self) -> list[dict[str, float | None]]:
        """The same between the distances of `EDGES`; intervals without a row are left out."""
        found: list[dict[str, float | None]] = []
        for low, high in pairwise(EDGES):
            inside = (self.distance >= low) & (self.distance < high)
            if inside.any():
                part = HeldPredictions(*(column[inside] for column in self._columns()))
                found.append({"from": low, "to": high if np.isfinite(high) else None, **part.summary()})
        return found


def judge(table: JudgedTable, fold: Fold, more: tuple[Floats, Floats] | None = None) -> HeldPredictions:
    """Fits a surrogate to the rows that a fold lets it learn from, and asks it of the others.

    Args:
        table: the rows.
        fold: which are held out.
        more: inputs and values that are learned from beside them.
    """
    surrogate, inputs = table.fit(fold.learned_rows, more), table.inputs
    means, stds = surrogate.predict(inputs[fold.held_rows], noise=True)
    places = places_of_inputs(table.space, inputs)
    away = cdist(places[fold.held_rows], places[fold.learned_rows], "cityblock").min(axis=1)
    base = np.full(len(fold.held_rows), table.values[fold.learned_rows].mean())
    return HeldPredictions(means[table.name], stds[table.name], table.values[fold.held_rows], base, away)
