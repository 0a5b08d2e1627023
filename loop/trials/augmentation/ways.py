"""Ways to make up data beside the measured ones; each sees the rows that are learned from, and no others.

References:
    Liu, Y. et al. (2023). Generative artificial intelligence and its applications in materials science, sections 2.1
        and 2.4: augmentation by GANs and normalizing flows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from alloys.composition import Composition
from alloys.errors import InputError
from alloys.space import Floats
from alloys.splits.folds import Rows
from generators.evaluation.table import labelled
from generators.likeness import COPY, Neighbourhood, jittered, nearest_cosine
from generators.train import train
from generators.training.forward import MixtureModel
from loop.trials.augmentation.ctgan import draw_rows
from surrogates.evaluation.held_out import JudgedTable

MadeUp = tuple[Floats, Floats]
"""Atomic fractions, shape ``(m, d)``, and values, shape ``(m,)``."""

SPARE = 4
"""How many times as many samples are drawn where some are filtered out."""


@dataclass(frozen=True)
class Learned:
    """The rows that are learned from.

    Attributes:
        table: all rows.
        rows: those that are learned from.
        seed: of everything random.
        most: rows that are made up at most.
        family: of generators.
        epochs: that it trains for; its own number if None.
        ctgan: the folder where CTGAN is.
    """

    table: JudgedTable
    rows: Rows
    seed: int
    most: int
    family: str
    epochs: int | None
    ctgan: Path

    @property
    def fractions(self) -> Floats:
        """Of the rows, shape ``(n, d)``."""
        return self.table.inputs[self.rows]

    @property
    def values(self) -> Floats:
        """Of the rows, shape ``(n,)``."""
        return self.table.values[self.rows]

    @cached_property
    def samples(self) -> MadeUp:
        """The generator's, `SPARE` times as many as are made up: drawn once, as two ways share them."""
        return _drawn(self)


def _noise(learned: Learned) -> MadeUp:
    """Rows drawn with repetition, their fractions jittered, their values kept."""
    rng = np.random.default_rng(learned.seed)
    chosen = rng.integers(0, len(learned.rows), learned.most)
    return jittered(learned.fractions[chosen], rng), learned.values[chosen]


def _ctgan(learned: Learned) -> MadeUp:
    return draw_rows(learned.ctgan, learned.fractions, learned.values, learned.most, learned.seed)


def _samples(learned: Learned) -> MadeUp:
    """Samples of a family for values of the rows, labelled by the forward model that the project's samplers use."""
    fractions, values = learned.samples
    return fractions[: learned.most], values[: learned.most]


def _drawn(learned: Learned) -> MadeUp:
    elements, name = learned.table.space.elements, learned.table.name
    rows = [
        (Composition.from_amounts(dict(zip(elements, amounts, strict=True))), {name: value})
        for amounts, value in zip(learned.fractions.tolist(), learned.values.tolist(), strict=True)
    ]
    alloys = labelled(rows, [name], "the rows that are learned from")
    settings = {} if learned.epochs is None else {"epochs": learned.epochs}
    model = train(
        learned.family, alloys.space, alloys.names, alloys.points, alloys.values, settings, seed=learned.seed,
        device="cpu", threads=1,
    ).generator()  # fmt: skip
    rng = np.random.default_rng(learned.seed)
    asked = alloys.values[rng.integers(0, len(alloys.values), SPARE * learned.most)]
    points = model.sample(asked, seed=learned.seed).points
    fractions = np.zeros((len(points), len(elements)))
    fractions[:, [elements.index(symbol) for symbol in alloys.space.elements]] = alloys.space.fractions(points)
    forward = MixtureModel(learned.fractions, learned.values[:, None])
    return fractions, forward(fractions)[:, 0]


def _filtered(learned: Learned) -> MadeUp:
    """Of the same samples: near the rows, known pairs only, no copies, and the half that the surrogate is surer of."""
    fractions, values = learned.samples
    near = Neighbourhood.of(learned.fractions)
    kept = near.covers(fractions) & near.knows(fractions) & (nearest_cosine(fractions, learned.fractions) < COPY)
    fractions, values = fractions[kept], values[kept]
    if not len(fractions):
        return fractions, values
    stds = learned.table.fit(learned.rows).predict(fractions)[1][learned.table.name]
    sure = stds <= np.median(stds)
    return fractions[sure][: learned.most], values[sure][: learned.most]


NONE = "none"
"""The rows as they are: what every way is held against."""

WAYS: dict[str, Callable[[Learned], MadeUp]] = {
    "noise": _noise,
    "ctgan": _ctgan,
    "samples": _samples,
    "filtered": _filtered,
}
"""Ways to make up data, beside `NONE`."""


def check_ways(names: Sequence[str]) -> list[str]:
    """Ways by name, each once; all where none is named.

    Raises:
        InputError: for an unknown one.
    """
    unknown = [name for name in names if name not in WAYS]
    if unknown:
        raise InputError(f"unknown way {unknown[0]!r}; available are {', '.join(WAYS)}")
    return list(dict.fromkeys(names or WAYS))
