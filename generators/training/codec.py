"""The border between numpy and torch: compositions and conditions as arrays in, tensors out, and back.

A composition of ``k`` elements becomes two parts:

- **presence**, ``(d,)`` of 0 and 1: which elements there are, exact zeros included;
- **amounts**: what each present element has above its lower bound, as centred log-ratios of
  ``v_i = u_i - lower_i + 1/2`` over the present elements. Any real vector maps back to amounts at or above
  the lower bounds that sum to the whole: a cell of half a unit around each grid point, nothing clipped
  away. Upper bounds, numbers of elements and conditional limits are left to rejection: what is drawn is the
  model's distribution restricted to the space.

References:
    Aitchison, J. & Shen, S. M. (1980). Logistic-normal distributions. Biometrika 67, 261.
    Aitchison, J. (1982). The statistical analysis of compositional data. J. R. Stat. Soc. B 44, 139.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from alloys.errors import InputError
from alloys.space import AlloySpace, Bools, Floats, Points

REACH = 4.0
"""Conditions are held within this many standard deviations of the training mean; nothing is learned further."""


@dataclass(frozen=True, slots=True)
class EncodedRows:
    """Rows as float32 tensors.

    Attributes:
        presence: 0 or 1, shape ``(n, d)``.
        amounts: centred log-ratios of the present elements, 0 elsewhere, shape ``(n, d)``.
        values: standardised conditions, 0 where unknown, shape ``(n, p)``.
        known: 1 where a condition is known, shape ``(n, p)``.
    """

    presence: Tensor
    amounts: Tensor
    values: Tensor
    known: Tensor

    def take(self, rows: Tensor) -> EncodedRows:
        """The rows of those indices."""
        return EncodedRows(self.presence[rows], self.amounts[rows], self.values[rows], self.known[rows])

    def to(self, device: torch.device) -> EncodedRows:
        """The same on a device."""
        parts = (self.presence, self.amounts, self.values, self.known)
        return EncodedRows(*(part.to(device) for part in parts))

    def hide(self, share: float, rng: torch.Generator) -> EncodedRows:
        """Hides known conditions at random; ``share`` of them on average.

        The share of a row is ``U**(1/share - 1)`` with uniform U, whose mean is ``share`` and which reaches
        both 0 and 1, so rows with everything and rows with nothing both occur.
        """
        if share <= 0:
            return self
        n, p = self.known.shape
        rate = torch.rand((n, 1), generator=rng, dtype=torch.float32) ** (1 / share - 1)
        keep = (torch.rand((n, p), generator=rng, dtype=torch.float32) >= rate).to(self.known)
        return EncodedRows(self.presence, self.amounts, self.values * keep, self.known * keep)


@dataclass(frozen=True, slots=True)
class ConditionScale:
    """Means and standard deviations of the training conditions, each of shape ``(p,)``.

    A column that was never known, or never varied, teaches nothing: its ``usable`` is false and it is
    treated as missing ever after.
    """

    mean: Floats
    std: Floats
    usable: Bools

    @classmethod
    def of(cls, conditions: Floats) -> ConditionScale:
        """Statistics of conditions of shape ``(n, p)``, NaN left out."""
        known = ~np.isnan(conditions)
        count = np.maximum(known.sum(axis=0), 1)
        mean = np.where(known, conditions, 0.0).sum(axis=0) / count
        std = np.sqrt((np.where(known, conditions - mean, 0.0) ** 2).sum(axis=0) / count)
        usable = std > 1e-9 * np.maximum(1.0, np.abs(mean))
        return cls(mean, np.where(usable, std, 1.0), usable)

    def to_json(self) -> dict[str, Any]:
        """A plain document."""
        return {"mean": self.mean.tolist(), "std": self.std.tolist(), "usable": self.usable.tolist()}

    @classmethod
    def from_json(cls, document: dict[str, Any], width: int) -> ConditionScale:
        """Reads what `to_json` wrote.

        Raises:
            InputError: if it is something else or of another width.
        """
        try:
            mean = np.array(document["mean"], dtype=np.float64)
            std = np.array(document["std"], dtype=np.float64)
            usable = np.array(document["usable"], dtype=np.bool_)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise InputError(f"the weights do not describe the conditions' scale: {error!r}") from error
        if {mean.shape, std.shape, usable.shape} != {(width,)} or not (std > 0).all():
            raise InputError(f"the weights' scale does not fit {width} properties")
        if not (np.isfinite(mean).all() and np.isfinite(std).all()):
            raise InputError(f"the weights' scale must be finite, got {mean.tolist()} and {std.tolist()}")
        return cls(mean, std, usable)


class Codec:
    """Translates rows of one space and its named conditions."""

    def __init__(self, space: AlloySpace, properties: Sequence[str]) -> None:
        if len(set(properties)) != len(properties):
            raise InputError(f"properties must be distinct, got {list(properties)}")
        self.space = space
        self.properties = tuple(properties)
        self._lower = np.array(space.lower, dtype=np.float64)

    # -- checks ------------------------------------------------------------------------------------

    def check_points(self, points: Points) -> Points:
        """The same rows as int64, shape ``(n, d)``.

        Raises:
            InputError: for another shape or dtype, no rows, or a row outside the space, with the rule it
                breaks.
        """
        rows = np.asarray(points)
        d = self.space.dimension
        if rows.ndim != 2 or rows.shape[1] != d:
            names = ", ".join(self.space.elements)
            raise InputError(f"compositions must have {d} columns ({names}), got shape {rows.shape}")
        if not np.issubdtype(rows.dtype, np.integer):
            raise InputError(f"compositions must be whole steps of the grid, got dtype {rows.dtype}")
        if not len(rows):
            raise InputError("training needs at least one composition, got none")
        rows = rows.astype(np.int64)
        outside = np.flatnonzero(~self.space.contains(rows))
        if len(outside):
            why = "; ".join(self.space.broken_rules(rows[outside[0]]))
            raise InputError(f"{len(outside)} compositions are not in the space; row {outside[0]}: {why}")
        return rows

    def check_conditions(self, conditions: Floats, rows: int | None = None) -> Floats:
        """The same as float64, shape ``(n, p)``; NaN means unknown.

        Raises:
            InputError: for another shape, infinite values, or another number of rows than asked.
        """
        try:
            values = np.asarray(conditions, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise InputError(f"conditions must be numbers, NaN where unknown: {error}") from error
        p = len(self.properties)
        if values.ndim != 2 or values.shape[1] != p:
            names = ", ".join(self.properties)
            raise InputError(f"conditions must have {p} columns ({names}), got shape {values.shape}")
        if rows is not None and len(values) != rows:
            raise InputError(f"each composition needs one row of conditions, got {len(values)} for {rows}")
        infinite = np.flatnonzero(np.isinf(values).any(axis=0))
        if len(infinite):
            names = ", ".join(self.properties[i] for i in infinite)
            raise InputError(f"conditions must be finite or NaN, got infinite values of {names}")
        return values

    # -- in ----------------------------------------------------------------------------------------

    def encode(self, points: Points, conditions: Floats, scale: ConditionScale) -> EncodedRows:
        """Rows as tensors; ``points`` ``(n, d)``, ``conditions`` ``(n, p)``."""
        present = points > 0
        logs = np.log(np.where(present, points - self._lower + 0.5, 1.0))
        centre = logs.sum(axis=1, keepdims=True) / present.sum(axis=1, keepdims=True)
        amounts = np.where(present, logs - centre, 0.0)
        values, known = self.standardise(conditions, scale)
        return EncodedRows(_tensor(present), _tensor(amounts), values, known)

    def standardise(self, conditions: Floats, scale: ConditionScale) -> tuple[Tensor, Tensor]:
        """Standardised values, 0 where unknown, and what is known (1 or 0); each ``(n, p)``."""
        known = ~np.isnan(conditions) & scale.usable
        values = np.clip((np.where(known, conditions, scale.mean) - scale.mean) / scale.std, -REACH, REACH)
        return _tensor(np.where(known, values, 0.0)), _tensor(known)

    # -- out ---------------------------------------------------------------------------------------

    def decode(self, presence: Tensor, amounts: Tensor) -> Points:
        """Grid points of presences and log-ratios, each ``(n, d)``; rows may lie outside the space.

        Amounts are rounded to the grid so that the sum is exact and no present element falls below its
        lower bound. Where bounds make that impossible the row is left as it is, for `AlloySpace.contains` to
        refuse.
        """
        present = presence.detach().cpu().numpy() > 0.5
        real_amounts = np.nan_to_num(amounts.detach().cpu().numpy().astype(np.float64), posinf=1e3, neginf=-1e3)
        raw = np.where(present, real_amounts, -np.inf)
        top = np.where(present.any(axis=1), raw.max(axis=1), 0.0)
        weights = np.exp(raw - top[:, None])
        share = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-300)
        low = np.where(present, self._lower, 0.0)
        rest = self.space.total - low.sum(axis=1, keepdims=True)
        real = low + share * (rest + present.sum(axis=1, keepdims=True) / 2) - 0.5 * present
        return self._round(real, present)

    def _round(self, real: Floats, present: Bools) -> Points:
        """Nearest points whose sum is the whole, moving one step at a time where it hurts least."""
        low = np.where(present, self._lower, 0).astype(np.int64)
        high = np.where(present, np.array(self.space.upper), 0)
        points = np.maximum(np.rint(real).astype(np.int64), low)
        missing = self.space.total - points.sum(axis=1)
        rows = np.flatnonzero(missing)
        for _ in range(self.space.dimension):
            now, there, sign = points[rows], present[rows], np.sign(missing[rows])[:, None]
            room = np.where(sign > 0, there & (now < high[rows]), now > low[rows])
            best = np.where(room, sign * (real[rows] - now), -np.inf).argmax(axis=1)
            # without room a row stays as it is, now and later
            movable = room[np.arange(len(rows)), best]
            rows, best, sign = rows[movable], best[movable], sign[movable, 0]
            points[rows, best] += sign
            missing[rows] -= sign
            rows = rows[missing[rows] != 0]
            if not len(rows):
                break
        return points


def relaxed_fractions(presence: Tensor, amounts: Tensor, lower: Tensor, total: int) -> Tensor:
    """What `Codec.decode` rounds, where gradients pass: atomic fractions, ``(n, d)``; 0 where nothing is present.

    Args:
        presence: 0 or 1, or between them, shape ``(n, d)``.
        amounts: log-ratios, shape ``(n, d)``; beyond 20 they count as 20.
        lower: lower bounds in steps of the grid, shape ``(d,)``.
        total: steps in the whole.
    """
    low = presence * lower
    weight = amounts.clamp(-20.0, 20.0).exp() * presence
    share = weight / weight.sum(dim=1, keepdim=True).clamp_min(1e-6)
    rest = total - low.sum(dim=1, keepdim=True) + presence.sum(dim=1, keepdim=True) / 2
    return (low + share * rest - presence / 2) / total


def _tensor(values: NDArray[Any]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))
