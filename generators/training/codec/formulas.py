"""Formulas as presence and amounts: counts of atoms, or each count as a category.

Of `FormulaCodec` the amounts are logarithms of numbers of atoms. Beside the elements stands one more column, of one
atom: always present, its logarithm 0. So, as for alloys, only differences of amounts mean anything, and yet a formula's
size is not lost.

Of `OneHotCodec` there are no amounts. A formula has as many places as elements are allowed; each has one element or
none, and one number of atoms. A critic sees the places' sum, the matrix of MatGAN: a row for each element, a column for
each number of atoms, one where an element has as many. Places keep a formula to a few elements, which 85 independent
rows do not learn to do. The sums over the rows are shown too: a gradient held to length one in 680 columns sees how
many elements there are too weakly.

References:
    Dan, Y. et al. (2020). Generative adversarial networks (GAN) based efficient sampling of chemical composition space
        for inverse design of inorganic materials. npj Comput. Mater. 6, 84: the matrix.
    Jang, E., Gu, S. & Poole, B. (2017). Categorical Reparameterization with Gumbel-Softmax. ICLR. Section 2.2:
        categories whose slopes are those of a softmax.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from alloys.space import Floats, Points
from alloys.space.formula.reducing import reduced
from alloys.space.formula.space import FormulaSpace
from generators.training.codec.base import Codec, finite_numbers, shares_of
from generators.training.settings import TrainingSettings

CELL = 0.5
"""How far a number of atoms is blurred in all, so that rounding takes it away."""

FLAT = 16.0
"""Logits are divided by this before they become chances."""


class FormulaCodec(Codec):
    """Translates rows of a space of formulas: which elements, and logarithms of their numbers of atoms."""

    space: FormulaSpace

    def __init__(self, space: FormulaSpace, properties: Sequence[str]) -> None:
        super().__init__(space, properties)
        self._elements = len(space.elements)
        self.widths = (self._elements + 1, self._elements + 1)

    def encode_points(self, points: Points) -> tuple[Floats, Floats]:
        """Presence and logarithms, ``(n, elements + 1)`` each."""
        counts = np.concatenate([points, np.ones((len(points), 1), dtype=np.int64)], axis=1)
        return (counts > 0).astype(np.float64), np.log(np.maximum(counts, 1))

    def decode(self, presence: Tensor, amounts: Tensor) -> Points:
        """Formulas, reduced, of presences and logarithms; each number the nearest that the space allows."""
        there = presence.detach().cpu().numpy()[:, : self._elements] > 0.5
        logs = finite_numbers(amounts)
        most = self.space.most_atoms
        counts = np.rint(np.exp(np.clip(logs[:, :-1] - logs[:, -1:], 0.0, np.log(most)))).astype(np.int64)
        return reduced(np.where(there, np.minimum(counts, most), 0))

    def augment(
        self, points: Points, conditions: Floats, settings: TrainingSettings, rng: np.random.Generator
    ) -> tuple[Points, Floats]:
        """The rows alone: a formula next to a known one has other properties."""
        return points, conditions

    def blurred(self, presence: Tensor, amounts: Tensor, chance: Tensor) -> Tensor:
        """Logarithms of numbers of atoms moved by a quarter of one to either side; those of one atom stay."""
        moved = (amounts.exp() + CELL * (chance - 0.5)).log() * presence[:, : amounts.shape[1]]
        return torch.cat((moved[:, :-1], amounts[:, -1:]), dim=1)

    def relaxed_fractions(self, presence: Tensor, amounts: Tensor) -> Tensor:
        """Atomic fractions, where gradients pass, ``(n, elements)``."""
        return shares_of(presence[:, :-1] * (amounts[:, :-1] - amounts[:, -1:]).clamp(-20.0, 20.0).exp())

    def relaxed_shares(self, presence: Tensor, amounts: Tensor) -> Tensor:
        """Atomic fractions, and 0 for the column of one atom."""
        return functional.pad(self.relaxed_fractions(presence, amounts), (0, 1))

    def exact_shares(self, presence: Tensor, amounts: Tensor, relaxed: Tensor) -> Tensor:
        """Atomic fractions of what `decode` reads, and 0."""
        fractions = self.space.fractions(self.decode(presence, amounts))
        return functional.pad(torch.from_numpy(fractions).to(relaxed), (0, 1))


class OneHotCodec(FormulaCodec):
    """Translates rows of a space of formulas: for each place an indicator of each element and number of atoms.

    Indicators of a place: no element, each element, each number of atoms.
    """

    def __init__(self, space: FormulaSpace, properties: Sequence[str]) -> None:
        super().__init__(space, properties)
        self._parts = [self._elements + 1, space.most_atoms]
        self.widths = (space.most * sum(self._parts), 0)

    def encode_points(self, points: Points) -> tuple[Floats, Floats]:
        """Indicators ``(n, places * (1 + elements + most_atoms))``, elements in their order, and no amounts."""
        n, (elements, numbers) = len(points), self._parts
        order = np.argsort(points == 0, axis=1, kind="stable")[:, : self.space.most]
        counts = np.take_along_axis(points, order, axis=1)[:, :, None]
        named = np.where(counts > 0, order[:, :, None] + 1, 0) == np.arange(elements)
        each = np.concatenate([named, np.maximum(counts, 1) == np.arange(1, numbers + 1)], axis=2)
        each = np.pad(each, ((0, 0), (0, self.space.most - each.shape[1]), (0, 0)))
        each[:, order.shape[1] :, [0, elements]] = True
        return each.reshape(n, -1).astype(np.float64), np.zeros((n, 0))

    def decode(self, presence: Tensor, amounts: Tensor) -> Points:
        """Formulas, reduced: the likeliest element of each place, or none, with the likeliest number of atoms."""
        element, number = (part.argmax(dim=2) for part in self._by_place(presence.detach()))
        counts = torch.zeros((len(presence), self._elements + 1), dtype=torch.int64, device=presence.device)
        counts.scatter_reduce_(1, element, number + 1, "amax")
        return reduced(counts[:, 1:].cpu().numpy())

    def relaxed_fractions(self, presence: Tensor, amounts: Tensor) -> Tensor:
        """Atomic fractions, where gradients pass, ``(n, elements)``."""
        counts = torch.arange(1, self.space.most_atoms + 1, dtype=presence.dtype, device=presence.device)
        return shares_of(self._matrix(*self._by_place(presence)) @ counts)

    def chances(self, logits: Tensor) -> Tensor:
        """Numbers between 0 and 1 in the order of logits, none of which are alike for being large."""
        return torch.sigmoid(logits / FLAT)

    @property
    def seen_width(self) -> int:
        """Columns of the matrix and of the sum of its rows."""
        return (self._elements + 1) * self.space.most_atoms

    def seen(self, presence: Tensor, amounts: Tensor) -> Tensor:
        """The matrix, and the sum of its rows: how many elements have each number of atoms."""
        matrix = self._matrix(*self._by_place(presence))
        return torch.cat((matrix.flatten(1), matrix.sum(dim=1)), dim=1)

    def emitted(self, logits: Tensor, amounts: Tensor, temperature: float) -> Tensor:
        """The same of what `decode` reads; slopes are those of each place's softmax at a temperature."""
        soft = torch.cat([(part / temperature).softmax(dim=2) for part in self._by_place(logits)], dim=2)
        hard = [
            torch.zeros_like(p).scatter_(2, p.argmax(dim=2, keepdim=True), 1.0)
            for p in torch.split(soft, self._parts, 2)
        ]
        return self.seen((torch.cat(hard, dim=2) + (soft - soft.detach())).flatten(1), amounts)

    def _by_place(self, indicators: Tensor) -> tuple[Tensor, ...]:
        """Of each place the elements and the numbers, ``(n, places, 1 + elements)`` and ``(n, places, most_atoms)``."""
        return torch.split(indicators.reshape(len(indicators), self.space.most, -1), self._parts, dim=2)

    def _matrix(self, elements: Tensor, numbers: Tensor) -> Tensor:
        """Which elements have which numbers of atoms, ``(n, elements, most_atoms)``."""
        return elements[:, :, 1:].transpose(1, 2) @ numbers
