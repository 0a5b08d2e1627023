"""The border between numpy and torch: compositions and conditions as arrays in, tensors out, and back.

A composition of ``k`` elements becomes two parts:

- **presence**, of 0 and 1: which elements there are, exact zeros included;
- **amounts**: what each present element has above its lower bound, as centred log-ratios of
  ``v_i = u_i - lower_i + 1/2`` over the present elements. Any real vector maps back to amounts at or above
  the lower bounds that sum to the whole: a cell of half a unit around each grid point, nothing clipped
  away. Upper bounds, numbers of elements and conditional limits are left to rejection: what is drawn is the
  model's distribution restricted to the space.

Variables beside the composition are further columns. A number or an ordered category has a presence, whether it is
chosen, and an amount: where it lies on its scale, in units of the standard deviation of an even distribution, above
the mean log-ratio of the elements. So only differences of amounts mean anything, as those of a composition alone, and
a family need not know which columns are which. A category is an indicator for each of its values, in columns of
presence that have no amounts. Read back, a number is the nearest value, a category the one whose presence is largest,
and conditions between variables decide what is chosen: no row is lost.

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
from alloys.space import Bools, Floats, GridSpace, Points
from alloys.space.variables import NOT_CHOSEN, Variable, Variables, unit_interval

REACH = 4.0
"""Conditions are held within this many standard deviations of the training mean; nothing is learned further."""

EVEN = 12.0**0.5
"""The length of an interval in standard deviations of an even distribution on it."""

RANGE = 0.5
"""Where amounts are fractions, a number's whole scale counts as so much of the composition."""


@dataclass(frozen=True, slots=True)
class EncodedRows:
    """Rows as float32 tensors.

    Attributes:
        presence: 0 or 1, shape ``(n, a + i)``: of the columns of amounts, then indicators of categories.
        amounts: centred log-ratios of the present elements and places of the chosen numbers, 0 elsewhere, shape
            ``(n, a)``, ``a`` elements and numbers.
        values: standardised conditions, 0 where unknown, shape ``(n, p)``.
        known: 1 where a condition is known, shape ``(n, p)``.
    """

    presence: Tensor
    amounts: Tensor
    values: Tensor
    known: Tensor

    @property
    def counted(self) -> Tensor:
        """Which amounts mean something: 1 where present, shape ``(n, a)``."""
        return self.presence[:, : self.amounts.shape[1]]

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
    """Translates rows of one space and its named conditions.

    Attributes:
        space: the space.
        properties: the conditions' columns.
        variables: columns of the variables beside the composition.
        widths: how many columns presence and amounts have.
    """

    def __init__(self, space: GridSpace, properties: Sequence[str]) -> None:
        if len(set(properties)) != len(properties):
            raise InputError(f"properties must be distinct, got {list(properties)}")
        self.space = space
        self.properties = tuple(properties)
        self.variables = VariableColumns(space.variables)
        amounts = space.alloys.dimension + len(self.variables.numbers)
        self.widths = (amounts + self.variables.indicators, amounts)
        self._lower = np.array(space.alloys.lower, dtype=np.float64)

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
            names = ", ".join(self.space.columns)
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
        steps, places = np.split(points, [len(self._lower)], axis=1)
        present = steps > 0
        logs = np.log(np.where(present, steps - self._lower + 0.5, 1.0))
        centre = logs.sum(axis=1, keepdims=True) / present.sum(axis=1, keepdims=True)
        chosen, numbers = self.variables.encode(places)
        presence = np.concatenate([present, chosen], axis=1)
        amounts = np.concatenate([np.where(present, logs - centre, 0.0), numbers], axis=1)
        values, known = self.standardise(conditions, scale)
        return EncodedRows(_tensor(presence), _tensor(amounts), values, known)

    def standardise(self, conditions: Floats, scale: ConditionScale) -> tuple[Tensor, Tensor]:
        """Standardised values, 0 where unknown, and what is known (1 or 0); each ``(n, p)``."""
        known = ~np.isnan(conditions) & scale.usable
        values = np.clip((np.where(known, conditions, scale.mean) - scale.mean) / scale.std, -REACH, REACH)
        return _tensor(np.where(known, values, 0.0)), _tensor(known)

    # -- out ---------------------------------------------------------------------------------------

    def decode(self, presence: Tensor, amounts: Tensor) -> Points:
        """Points of presences and amounts, shapes as `widths` says; rows may lie outside the space.

        An element is present where its presence is above one half. Amounts are rounded to the grid so that the sum is
        exact and no present element falls below its lower bound. Where bounds make that impossible the row is left as
        it is, for `AlloySpace.contains` to refuse. Variables are always as they should be.
        """
        d = len(self._lower)
        chance = presence.detach().cpu().numpy()
        present = chance[:, :d] > 0.5
        numbers = np.nan_to_num(amounts.detach().cpu().numpy().astype(np.float64), posinf=1e3, neginf=-1e3)
        points = self._steps(present, numbers[:, :d])
        if not len(self.space.variables):
            return points
        centre = np.where(present, numbers[:, :d], 0.0).sum(axis=1) / np.maximum(present.sum(axis=1), 1)
        places = self.variables.decode(chance[:, self.widths[1] :], numbers[:, d:] - centre[:, None])
        return np.concatenate([points, places], axis=1)

    def _steps(self, present: Bools, amounts: Floats) -> Points:
        """Whole steps of log-ratios of the present elements, shapes ``(n, d)``."""
        raw = np.where(present, amounts, -np.inf)
        top = np.where(present.any(axis=1), raw.max(axis=1), 0.0)
        weights = np.exp(raw - top[:, None])
        share = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-300)
        low = np.where(present, self._lower, 0.0)
        rest = self.space.alloys.total - low.sum(axis=1, keepdims=True)
        real = low + share * (rest + present.sum(axis=1, keepdims=True) / 2) - 0.5 * present
        return self._round(real, present)

    def _round(self, real: Floats, present: Bools) -> Points:
        """Nearest points whose sum is the whole, moving one step at a time where it hurts least."""
        low = np.where(present, self._lower, 0).astype(np.int64)
        high = np.where(present, np.array(self.space.alloys.upper), 0)
        points = np.maximum(np.rint(real).astype(np.int64), low)
        missing = self.space.alloys.total - points.sum(axis=1)
        rows = np.flatnonzero(missing)
        for _ in range(len(self._lower)):
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

    # -- as fractions ------------------------------------------------------------------------------

    def relaxed_shares(self, presence: Tensor, amounts: Tensor) -> Tensor:
        """What `decode` rounds, where gradients pass: fractions, and numbers within `RANGE`, shape ``(n, a)``."""
        d = len(self._lower)
        lower = torch.tensor(self.space.alloys.lower, dtype=torch.float32, device=presence.device)
        if self.widths == (d, d):
            return relaxed_fractions(presence, amounts, lower, self.space.alloys.total)
        fractions = relaxed_fractions(presence[:, :d], amounts[:, :d], lower, self.space.alloys.total)
        count = presence[:, :d].sum(dim=1, keepdim=True).clamp_min(1e-6)
        centre = (presence[:, :d] * amounts[:, :d]).sum(dim=1, keepdim=True) / count
        places = (amounts[:, d:] - centre) / EVEN + 0.5
        return torch.cat((fractions, presence[:, d : self.widths[1]] * RANGE * places), dim=1)


class VariableColumns:
    """The columns of variables that have more than one value.

    Attributes:
        variables: all of them, ``v``.
        numbers: places of the numbers and ordered categories among them.
        indicators: how many values the categories have.
        gaps: smallest difference between the amounts of two values of each number, shape ``(len(numbers),)``.
    """

    def __init__(self, variables: Variables) -> None:
        self.variables = variables
        several = [j for j, variable in enumerate(variables) if len(variable.values) > 1]
        self.numbers = [j for j in several if variables.items[j].kind in ("number", "ordered")]
        self._categories = [j for j in several if j not in self.numbers]
        self.indicators = sum(len(variables.items[j].values) for j in self._categories)
        self._amounts = [_amounts_of(variables.items[j]) for j in self.numbers]
        self.gaps = np.array([float(np.diff(amounts).min()) for amounts in self._amounts])

    def encode(self, places: Points) -> tuple[Floats, Floats]:
        """Presence and amounts of places ``(n, v)``, shapes ``(n, len(numbers) + indicators)``, ``(n, len(numbers))``.

        Amounts are those above the elements' mean log-ratio.
        """
        chosen = places[:, self.numbers] != NOT_CHOSEN
        amounts = np.zeros(chosen.shape)
        for k, j in enumerate(self.numbers):
            amounts[:, k] = np.where(chosen[:, k], self._amounts[k][places[:, j]], 0.0)
        each = [places[:, j, None] == np.arange(len(self.variables.items[j].values)) for j in self._categories]
        return np.concatenate([chosen, *each], axis=1).astype(np.float64), amounts

    def decode(self, indicators: Floats, amounts: Floats) -> Points:
        """Places, shape ``(n, v)``, of indicators of any size, ``(n, indicators)``, and amounts ``(n, len(numbers))``.

        Of indicators that are all alike the last is taken: where one is drawn after the other, nobody else was.
        """
        places = np.zeros((len(amounts), len(self.variables)), dtype=np.int64)
        for k, j in enumerate(self.numbers):
            known = self._amounts[k]
            places[:, j] = np.searchsorted((known[1:] + known[:-1]) / 2, amounts[:, k])
        start = 0
        for j in self._categories:
            end = start + len(self.variables.items[j].values)
            some = indicators[:, start:end]
            places[:, j] = np.where(np.ptp(some, axis=1) == 0, end - start - 1, some.argmax(axis=1))
            start = end
        return self.variables.settled(places)


def _amounts_of(variable: Variable) -> Floats:
    """The amounts of a number's values or of an ordered category's, increasing."""
    values = variable.values if variable.is_number else range(len(variable.values))
    return EVEN * (unit_interval(variable, np.array(values, dtype=np.float64)) - 0.5)


def relaxed_fractions(presence: Tensor, amounts: Tensor, lower: Tensor, total: int) -> Tensor:
    """What `Codec.decode` rounds, where gradients pass: fractions, ``(n, d)``; 0 where nothing is present.

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
