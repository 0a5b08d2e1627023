"""The border between numpy and torch: designs of a space and conditions as arrays in, tensors out, and back.

A design becomes two parts: **presence**, of 0 and 1, and **amounts**, real numbers that count where something is
present. A family learns and draws these and knows nothing else of a space; each kind of space has a codec of its own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from alloys.errors import InputError
from alloys.space import Bools, Floats, Points
from generators.interface import LearnedSpace
from generators.training.settings import TrainingSettings

REACH = 4.0
"""Conditions are held within this many standard deviations of the training mean; nothing is learned further."""

SHARPEN = 5.0
"""Fractions are multiplied by this for a critic, so that they weigh about as much as presence."""


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


class Codec(ABC):
    """Translates rows of one space and its named conditions.

    Attributes:
        space: the space.
        properties: the conditions' columns.
        widths: how many columns presence and amounts have.
    """

    widths: tuple[int, int]

    def __init__(self, space: LearnedSpace, properties: Sequence[str]) -> None:
        if len(set(properties)) != len(properties):
            raise InputError(f"properties must be distinct, got {list(properties)}")
        self.space = space
        self.properties = tuple(properties)

    # -- what a kind of space gives ----------------------------------------------------------------

    @abstractmethod
    def encode_points(self, points: Points) -> tuple[Floats, Floats]:
        """Presence and amounts of points ``(n, d)``, shapes as `widths` says."""

    @abstractmethod
    def decode(self, presence: Tensor, amounts: Tensor) -> Points:
        """Points, ``(n, d)``, of presences, present above one half, and amounts; rows may lie outside the space."""

    @abstractmethod
    def augment(
        self, points: Points, conditions: Floats, settings: TrainingSettings, rng: np.random.Generator
    ) -> tuple[Points, Floats]:
        """The rows, ``n`` of them, then as many copies of each as there are, layer after layer."""

    @abstractmethod
    def blurred(self, presence: Tensor, amounts: Tensor, chance: Tensor) -> Tensor:
        """Amounts moved so little that `decode` reads the same, by uniform numbers; all of the amounts' shape."""

    @abstractmethod
    def relaxed_fractions(self, presence: Tensor, amounts: Tensor) -> Tensor:
        """Atomic fractions, where gradients pass, of presences between 0 and 1 and amounts, ``(n, elements)``."""

    @abstractmethod
    def relaxed_shares(self, presence: Tensor, amounts: Tensor) -> Tensor:
        """What amounts mean to a critic, where gradients pass, of the shape of amounts."""

    @abstractmethod
    def exact_shares(self, presence: Tensor, amounts: Tensor, relaxed: Tensor) -> Tensor:
        """Likewise of what `decode` reads; ``relaxed`` are the `relaxed_shares`."""

    # -- what a critic sees ------------------------------------------------------------------------

    @property
    def seen_width(self) -> int:
        """How many columns a critic sees."""
        return sum(self.widths)

    def chances(self, logits: Tensor) -> Tensor:
        """Presence, as `decode` reads it, of logits."""
        return logits.sigmoid()

    def seen(self, presence: Tensor, amounts: Tensor) -> Tensor:
        """Rows as a critic sees them, ``(n, seen_width)``."""
        return torch.cat((presence, SHARPEN * self.relaxed_shares(presence, amounts)), dim=1)

    def emitted(self, logits: Tensor, amounts: Tensor, temperature: float) -> Tensor:
        """What logits of presence and amounts become, as a critic sees it, ``(n, seen_width)``.

        Numbers are those that `decode` reads, slopes those of gates at a temperature and of amounts before rounding.
        """
        gate = torch.sigmoid(logits / temperature)
        presence = (logits > 0).to(gate.dtype) + (gate - gate.detach())
        smooth = self.relaxed_shares(presence, amounts)
        shares = self.exact_shares(gate, amounts, smooth).detach() + (smooth - smooth.detach())
        return torch.cat((presence, SHARPEN * shares), dim=1)

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
        presence, amounts = self.encode_points(points)
        values, known = self.standardise(conditions, scale)
        return EncodedRows(_tensor(presence), _tensor(amounts), values, known)

    def standardise(self, conditions: Floats, scale: ConditionScale) -> tuple[Tensor, Tensor]:
        """Standardised values, 0 where unknown, and what is known (1 or 0); each ``(n, p)``."""
        known = ~np.isnan(conditions) & scale.usable
        values = np.clip((np.where(known, conditions, scale.mean) - scale.mean) / scale.std, -REACH, REACH)
        return _tensor(np.where(known, values, 0.0)), _tensor(known)


def shares_of(weights: Tensor) -> Tensor:
    """Weights ``(n, k)`` over the sum of their row, same shape; 0 where all are 0."""
    return weights / weights.sum(dim=1, keepdim=True).clamp_min(1e-6)


def finite_numbers(amounts: Tensor) -> Floats:
    """Amounts as numpy has them, same shape; what a network says that is no number is 0 or large."""
    return np.nan_to_num(amounts.detach().cpu().numpy().astype(np.float64), posinf=1e3, neginf=-1e3)


def _tensor(values: NDArray[Any]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))
