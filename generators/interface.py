"""What every generator is: a distribution over compositions of a space under any subset of named properties.

Callers make one by its family's name (`generators.registry`) and never ask which family it is. Numpy only; nothing
here needs torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from alloys.space import Floats, GridSpace, Points
from alloys.space.formula import FormulaSpace

LearnedSpace = GridSpace | FormulaSpace
"""The spaces whose designs can be learned and drawn."""

OnEpoch = Callable[[int, float, float], None]
"""Called after each epoch with its number from 0, the training loss and the validation loss."""


@dataclass(frozen=True, slots=True)
class Samples:
    """Compositions drawn under conditions.

    Attributes:
        points: rows of the space, shape ``(k, d)``, ``k <= m``.
        rows: the condition that each was drawn under, increasing, shape ``(k,)``.
        first_draw_valid: share of the ``m`` first draws that lay in the space, without drawing again.
        note: what a person should know (conditions without an answer, properties ignored), or empty.
        draws: number of compositions drawn, with those that were rejected or not chosen.
    """

    points: Points
    rows: NDArray[np.int64]
    first_draw_valid: float
    note: str = ""
    draws: int = 0


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """How a training went.

    Attributes:
        family: the generator's family.
        rows: training rows, held-out ones included.
        train_losses: by epoch.
        validation_losses: by epoch, under fixed noise; on the training rows where none are held out.
        best_epoch: the epoch, from 0, whose weights were kept; -1 for the untrained weights.
        seconds: wall time.
        device: where it ran.
        diverged: whether a loss or gradient stopped being finite, or grew beyond all bounds.
        collapsed: whether samples under the training conditions repeat far more than random compositions do.
        unique_share: distinct rows among those samples.
        valid_share: first draws of those samples that lay in the space.
        note: what fell back to what, in words; empty where nothing did.
        pairwise_cosine: mean cosine of pairs of those samples, over all conditions; None of fewer than two.
        coverage: share of the 5-neighbour balls of the training rows asked for that hold one of them; None where
            there are five distinct rows or fewer.
    """

    family: str
    rows: int
    train_losses: tuple[float, ...]
    validation_losses: tuple[float, ...]
    best_epoch: int
    seconds: float
    device: str
    diverged: bool
    collapsed: bool
    unique_share: float
    valid_share: float
    note: str = ""
    pairwise_cosine: float | None = None
    coverage: float | None = None

    def to_json(self) -> dict[str, Any]:
        """A plain document."""
        document = asdict(self)
        document["train_losses"] = list(self.train_losses)
        document["validation_losses"] = list(self.validation_losses)
        return document

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> TrainingReport:
        """Reads what `to_json` wrote.

        Raises:
            TypeError: if something is missing or not known.
        """
        losses = {name: tuple(document.get(name, ())) for name in ("train_losses", "validation_losses")}
        return cls(**{**document, **losses})


class Sampler(Protocol):
    """What draws compositions under conditions."""

    def sample(self, conditions: Floats, *, seed: int) -> Samples:
        """Draws one composition for each condition, shape ``(m, p)``, NaN where nothing is asked."""
        ...


class Distribution(Sampler, Protocol):
    """A sampler that says what of."""

    @property
    def name(self) -> str:
        """The family's name."""
        ...

    @property
    def space(self) -> LearnedSpace:
        """The space whose compositions it draws."""
        ...

    @property
    def properties(self) -> tuple[str, ...]:
        """Names of the conditions' columns."""
        ...


class Generator(Distribution, Protocol):
    """A conditional distribution over the compositions of one space, learned from rows."""

    def fit(
        self,
        points: Points,
        conditions: Floats,
        *,
        seed: int,
        device: str = "cpu",
        threads: int | None = None,
        on_epoch: OnEpoch | None = None,
        warm: bytes | None = None,
    ) -> TrainingReport:
        """Trains on compositions, shape ``(n, d)``, with properties, shape ``(n, p)``, NaN where unknown.

        Training starts from the weights of ``warm``, another model's `to_bytes`, where that is given.
        """
        ...

    def to_bytes(self) -> bytes:
        """Weights and description in one piece, as `generators.registry.restore` reads it; never pickle."""
        ...

    def digest(self) -> str:
        """sha256 of `to_bytes`."""
        ...

    def save(self, folder: Path) -> Path:
        """Writes the model to a file named by its digest and returns the path."""
        ...


class GeneratorClass(Protocol):
    """What a family's class offers besides being a `Generator`."""

    def __call__(self, space: LearnedSpace, properties: Sequence[str], settings: Mapping[str, Any]) -> Generator:
        """An untrained generator."""
        ...

    def from_bytes(self, content: bytes) -> Generator:
        """The generator that `Generator.to_bytes` wrote."""
        ...
