"""How a family is described: its settings, checked when made, and where its class is. Nothing here needs torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import Field, asdict, dataclass, field, fields
from typing import Any, ClassVar, Self, TypeVar

from alloys.errors import InputError

MANY_ROWS = 300
"""From so many rows on, a family is trained with its settings for many rows."""

MANY_ROWS_SETTINGS: Mapping[str, Any] = {
    "copies": 32,
    "jitter": 0,
    "replace": 0.0,
    "noise": 0.1,
    "mask_probability": 0.1,
}
"""What the families of this package have in common there.

The defaults were chosen on about a hundred alloys on a grid of 1 at.%: most of what a network learns there are copies
with elements replaced. With some hundred rows the rows themselves say more, and such copies only blur them: copies then
differ by a tenth in each fraction, and less is hidden. Chosen on the published table of multi-principal-element alloys
(557 compositions of 18 elements) with seed 0; `docs/concepts/evaluation.md` has the figures of other seeds.
"""


Value = TypeVar("Value", int, float)


def number(default: Value, low: float, high: float) -> Value:
    """A setting that is a number within a range, whole where its default is."""
    return field(default=default, metadata={"range": (low, high)})


def word(default: str, *others: str) -> str:
    """A setting that is one of some words."""
    return field(default=default, metadata={"words": (default, *others)})


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedSettings:
    """Settings whose values are checked when they are made; a field is a `number` or a `word`, or any number."""

    kind: ClassVar[str] = "generator setting"

    def __post_init__(self) -> None:
        problems = [problem for each in fields(self) if (problem := self._problem(each))]
        if problems:
            raise InputError("; ".join(problems))

    def _problem(self, setting: Field[Any]) -> str | None:
        value, what = getattr(self, setting.name), f"the {self.kind} {setting.name}"
        words = setting.metadata.get("words")
        if words:
            known = isinstance(value, str) and value in words
            return None if known else f"{what} must be one of {', '.join(words)}, got {value!r}"
        low, high = setting.metadata.get("range", (-math.inf, math.inf))
        whole = isinstance(setting.default, int)
        if type(value) is not int and (whole or type(value) is not float):
            return f"{what} must be {'a whole number' if whole else 'a number'}, got {value!r}"
        # A whole number is finite, and may be too large for a float.
        endless = isinstance(value, float) and not math.isfinite(value)
        if endless or not low <= value <= high:
            return f"{what} must lie in [{low:g}, {high:g}], got {value!r}"
        return None

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Self:
        """Settings from plain values, as from a YAML file.

        Raises:
            InputError: for a name that is no setting, or a value out of range.
        """
        names = [each.name for each in fields(cls)]
        stray = sorted(set(values) - set(names))
        if stray:
            raise InputError(f"unknown {cls.kind}s {', '.join(stray)}; known are {', '.join(names)}")
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        """Plain values by name."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSettings(CheckedSettings):
    """How a family is trained; families add fields of their own.

    Attributes:
        epochs: largest number of passes over the rows.
        patience: epochs without a better validation loss after which training stops.
        batch_size: rows in a step.
        learning_rate: of AdamW.
        weight_decay: of AdamW.
        mask_probability: mean share of known properties hidden from a row in a step, so that any subset can
            be asked for later. The share itself varies from row to row between 0 and 1.
        validation_share: share of the rows held out to choose the best epoch; none below 40 rows.
        copies: augmented copies of a row, see `generators.training.augmentation`; 0 for none.
        jitter: largest transfer between two elements in a copy, in steps of the grid; 0 for none.
        noise: standard deviation of the logarithm of each fraction in a copy, independent of each other; 0 for none.
        replace: share of the copies in which an element is replaced by another.
        retries: further trainings, from other seeds, of a model found collapsed.
        average: decay, per step, of the running average of the weights that is judged and kept; 0 keeps the
            weights themselves.
        precision: ``float32``, or ``bf16``: matrix products in bfloat16 (`torch.autocast`), everything else, the
            weights and the optimizer's state in float32.
    """

    epochs: int = number(700, 1, 1_000_000)
    patience: int = number(150, 1, 1_000_000)
    batch_size: int = number(128, 1, 1_000_000)
    learning_rate: float = number(5e-3, 1e-9, 1.0)
    weight_decay: float = number(0.1, 0.0, 10.0)
    mask_probability: float = number(0.4, 0.0, 0.95)
    validation_share: float = number(0.15, 0.0, 0.5)
    copies: int = number(64, 0, 1000)
    jitter: int = number(10, 0, 1000)
    noise: float = number(0.0, 0.0, 1.0)
    replace: float = number(0.8, 0.0, 1.0)
    retries: int = number(1, 0, 10)
    average: float = number(0.0, 0.0, 0.99999)
    precision: str = word("float32", "bf16")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalogSettings(TrainingSettings):
    """Settings that diffusion and flow matching share.

    Attributes:
        hidden: width of the three hidden layers.
        steps: steps from noise to data when sampling.
        guidance: how far beyond the conditional prediction to go from the unconditional one; 0 for none.
        times: noisy versions of a row in each step of training.
    """

    epochs: int = number(2000, 1, 1_000_000)
    patience: int = number(400, 1, 1_000_000)
    learning_rate: float = number(5e-3, 1e-9, 1.0)
    weight_decay: float = number(0.01, 0.0, 10.0)
    average: float = number(0.99, 0.0, 0.99999)
    hidden: int = number(128, 1, 8192)
    steps: int = number(20, 1, 1000)
    guidance: float = number(0.5, 0.0, 100.0)
    times: int = number(4, 1, 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """What a family's module says of it.

    Attributes:
        name: the word in configs, reports and MLflow; the module's name, or the entry point's.
        settings: the class of its settings.
        generator: name of the generators' class in the same module, which may stand below this description.
        paper: its source.
        many_rows: settings that differ from the defaults from `MANY_ROWS` rows on.
        formulas: settings that differ from the defaults for formulas, however many there are.
    """

    name: str
    settings: type[TrainingSettings]
    generator: str
    paper: str
    many_rows: Mapping[str, Any] = field(default_factory=dict)
    formulas: Mapping[str, Any] = field(default_factory=dict)
