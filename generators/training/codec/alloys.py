"""Alloys on a grid as presence and amounts.

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

import numpy as np
import torch
from torch import Tensor

from alloys.space import Bools, Floats, GridSpace, Points
from alloys.space.variables import NOT_CHOSEN, Variable, Variables, unit_interval
from generators.training.augmentation import augment
from generators.training.codec.base import Codec, finite_numbers, shares_of
from generators.training.settings import TrainingSettings

EVEN = 12.0**0.5
"""The length of an interval in standard deviations of an even distribution on it."""

RANGE = 0.5
"""Where amounts are fractions, a number's whole scale counts as so much of the composition."""


class AlloyCodec(Codec):
    """Translates rows of a grid of alloys, alone or with variables.

    Attributes:
        variables: columns of the variables beside the composition.
    """

    space: GridSpace

    def __init__(self, space: GridSpace, properties: Sequence[str]) -> None:
        super().__init__(space, properties)
        self.variables = VariableColumns(space.variables)
        amounts = space.alloys.dimension + len(self.variables.numbers)
        self.widths = (amounts + self.variables.indicators, amounts)
        self._lower = np.array(space.alloys.lower, dtype=np.float64)

    def augment(
        self, points: Points, conditions: Floats, settings: TrainingSettings, rng: np.random.Generator
    ) -> tuple[Points, Floats]:
        """As `generators.training.augmentation.augment`."""
        return augment(self.space, points, conditions, settings, rng)

    # -- in ----------------------------------------------------------------------------------------

    def encode_points(self, points: Points) -> tuple[Floats, Floats]:
        """Presence and amounts of points ``(n, d)``, shapes as `widths` says."""
        steps, places = np.split(points, [len(self._lower)], axis=1)
        present = steps > 0
        logs = np.log(np.where(present, steps - self._lower + 0.5, 1.0))
        centre = logs.sum(axis=1, keepdims=True) / present.sum(axis=1, keepdims=True)
        chosen, numbers = self.variables.encode(places)
        presence = np.concatenate([present, chosen], axis=1)
        return presence, np.concatenate([np.where(present, logs - centre, 0.0), numbers], axis=1)

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
        numbers = finite_numbers(amounts)
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

    def relaxed_fractions(self, presence: Tensor, amounts: Tensor) -> Tensor:
        """What `decode` rounds, where gradients pass: fractions, ``(n, d)``; 0 where nothing is present.

        Presences may lie between 0 and 1; log-ratios beyond 20 count as 20.
        """
        d = len(self._lower)
        # without a slice where all columns are elements: gradients are then summed in one order, bit by bit
        there = presence if presence.shape[1] == d else presence[:, :d]
        total = self.space.alloys.total
        low = there * torch.tensor(self.space.alloys.lower, dtype=torch.float32, device=presence.device)
        share = shares_of(amounts[:, :d].clamp(-20.0, 20.0).exp() * there)
        rest = total - low.sum(dim=1, keepdim=True) + there.sum(dim=1, keepdim=True) / 2
        return (low + share * rest - there / 2) / total

    def relaxed_shares(self, presence: Tensor, amounts: Tensor) -> Tensor:
        """What `decode` rounds, where gradients pass: fractions, and numbers within `RANGE`, shape ``(n, a)``."""
        d = len(self._lower)
        fractions = self.relaxed_fractions(presence, amounts)
        if self.widths == (d, d):
            return fractions
        count = presence[:, :d].sum(dim=1, keepdim=True).clamp_min(1e-6)
        centre = (presence[:, :d] * amounts[:, :d]).sum(dim=1, keepdim=True) / count
        places = (amounts[:, d:] - centre) / EVEN + 0.5
        return torch.cat((fractions, presence[:, d : self.widths[1]] * RANGE * places), dim=1)

    def exact_shares(self, presence: Tensor, amounts: Tensor, relaxed: Tensor) -> Tensor:
        """Fractions on the grid, and numbers within their range."""
        d = len(self._lower)
        steps = torch.from_numpy(self.decode(presence, amounts)[:, :d]).to(relaxed)
        return torch.cat((steps / self.space.alloys.total, relaxed[:, d:].clamp(0.0, RANGE)), dim=1)

    def blurred(self, presence: Tensor, amounts: Tensor, chance: Tensor) -> Tensor:
        """Amounts moved within their cells, shape ``(n, a)``.

        A present element's amount above its lower bound, plus a half, gets uniform noise in a quarter of a
        unit to either side, less the row's mean noise: below half a unit in all, so rounding takes it away. A number
        gets as much of the smallest difference between two of its values.
        """
        grid, gaps = self.space.alloys, self.variables.gaps
        d, device = grid.dimension, amounts.device
        lower = torch.tensor(grid.lower, dtype=torch.float32, device=device)
        there = presence[:, :d]
        count = there.sum(dim=1, keepdim=True)
        whole = grid.total - (there * lower).sum(dim=1, keepdim=True) + count / 2
        share = amounts[:, :d].exp() * there
        noise = (chance[:, :d] - 0.5) * 0.5 * there
        moved = whole * share / share.sum(dim=1, keepdim=True) + noise - noise.sum(dim=1, keepdim=True) / count
        logs = torch.where(there > 0, moved.clamp_min(1e-3), 1.0).log()
        cells = torch.tensor(gaps, dtype=torch.float32, device=device) * presence[:, d : amounts.shape[1]]
        numbers = amounts[:, d:] + (chance[:, d:] - 0.5) * 0.5 * cells
        return torch.cat(((logs - logs.sum(dim=1, keepdim=True) / count) * there, numbers), dim=1)


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
