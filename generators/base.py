"""What every generator is: a distribution over compositions of a space under any subset of named properties.

Callers make one by its family's name and never ask which family it is. This file does not import torch; the
families are loaded when they are first used.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from alloys.errors import InputError
from alloys.space import Floats, Points, Space
from generators.families.settings import (
    CaeSettings,
    CvaeSettings,
    DiffusionSettings,
    FlowSettings,
    WcganSettings,
)
from generators.training.settings import TrainingSettings

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
        draws: compositions drawn in all, those rejected or not chosen included.
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


class Generator(Protocol):
    """A conditional distribution over the compositions of one space."""

    @property
    def name(self) -> str:
        """The family's name."""
        ...

    @property
    def space(self) -> Space:
        """The space whose compositions it draws."""
        ...

    @property
    def properties(self) -> tuple[str, ...]:
        """Names of the conditions' columns."""
        ...

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

    def sample(self, conditions: Floats, *, seed: int) -> Samples:
        """Draws one composition for each condition, shape ``(m, p)``, NaN where nothing is asked."""
        ...

    def to_bytes(self) -> bytes:
        """Weights and description in one piece, as `restore` reads it; never pickle."""
        ...

    def digest(self) -> str:
        """sha256 of `to_bytes`."""
        ...

    def save(self, folder: Path) -> Path:
        """Writes the model to a file named by its digest and returns the path."""
        ...


class GeneratorClass(Protocol):
    """What a family's class offers besides being a `Generator`."""

    def __call__(self, space: Space, properties: Sequence[str], settings: Mapping[str, Any]) -> Generator:
        """An untrained generator."""
        ...

    def from_bytes(self, content: bytes) -> Generator:
        """The generator that `Generator.to_bytes` wrote."""
        ...


@dataclass(frozen=True, slots=True)
class Family:
    """A row of the table of families.

    Attributes:
        name: the word used in configs, reports and MLflow.
        module: where its class is.
        symbol: the class.
        settings: the class of its settings, which needs no network.
        paper: its source.
    """

    name: str
    module: str
    symbol: str
    settings: type[TrainingSettings]
    paper: str

    def load(self) -> GeneratorClass:
        """Imports the family's class."""
        return cast(GeneratorClass, getattr(importlib.import_module(self.module), self.symbol))


FAMILIES: dict[str, Family] = {
    row.name: row
    for row in (
        Family("cae", "generators.families.cae", "ConditionalAutoencoder", CaeSettings, "Tung et al. 2022"),
        Family(
            "cvae",
            "generators.families.cvae",
            "ConditionalVAE",
            CvaeSettings,
            "Kingma & Welling 2014; Sohn, Lee & Yan 2015",
        ),
        Family(
            "diffusion",
            "generators.families.diffusion",
            "ConditionalDiffusion",
            DiffusionSettings,
            "Ho, Jain & Abbeel 2020; Song, Meng & Ermon 2021; Ho & Salimans 2022; Chen, Zhang & Hinton 2023",
        ),
        Family(
            "flow",
            "generators.families.flow",
            "ConditionalFlow",
            FlowSettings,
            "Lipman et al. 2023; Chen, Zhang & Hinton 2023",
        ),
        Family(
            "wcgan",
            "generators.families.wcgan",
            "ConditionalWassersteinGAN",
            WcganSettings,
            "Debnath et al. 2021; Tung et al. 2022; Arjovsky, Chintala & Bottou 2017; Metz et al. 2016",
        ),
    )
}
"""Every family by name; a new one is a row here and a file of its own, and inherits the laws in the tests."""


def get_family(name: str) -> Family:
    """The family of that name.

    Raises:
        InputError: if there is none.
    """
    try:
        return FAMILIES[name]
    except KeyError:
        raise InputError(f"unknown generator family {name!r}; available are {', '.join(FAMILIES)}") from None


def make(family: str, space: Space, properties: Sequence[str], settings: Mapping[str, Any] | None = None) -> Generator:
    """An untrained generator of a family.

    Args:
        family: its name in `FAMILIES`.
        space: the compositions it may draw.
        properties: names of the conditions' columns, in order.
        settings: values of the family's settings that differ from the defaults.

    Raises:
        InputError: for an unknown family or setting, or a value out of range.
    """
    return get_family(family).load()(space, properties, settings or {})


def settings_of(family: str, settings: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Every setting of a family by name, the defaults where no other value is given.

    Raises:
        InputError: for an unknown family or setting, or a value out of range.
    """
    return get_family(family).settings.from_mapping(settings or {}).to_json()


def restore(content: bytes) -> Generator:
    """The generator, of whichever family, that `Generator.to_bytes` wrote.

    Raises:
        InputError: for anything else, or a damaged copy.
    """
    from generators.training.weights import describe  # late: imports torch

    return get_family(str(describe(content)["family"])).load().from_bytes(content)


def load(path: Path) -> Generator:
    """The generator in a file that `Generator.save` wrote.

    Raises:
        InputError: if the file cannot be read, is something else, or is damaged.
    """
    from generators.training.weights import read_file

    return restore(read_file(path))
