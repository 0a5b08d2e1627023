"""A person's request to a generator: targets as text, and distinct designs drawn under them.

Numpy only; nothing here needs torch.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from alloys.design import Value, read_variable, variable_text
from alloys.errors import InputError
from alloys.properties import PROPERTIES
from alloys.space import Floats, Points
from generators.interface import Distribution

ROUNDS = 25
"""Rounds of drawing for a small request; large ones get more, in proportion."""

STALE = 3
"""Rounds in a row without a new composition after which there is nothing more to find."""

FEWEST = 64
"""Smallest number of draws in a round."""

MOST = 16_384
"""Largest number of draws in a round."""

_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)

_WORD = re.compile(r"\s*([a-z][a-z0-9_]*)\s*=\s*(\S(?:.*\S)?)\s*")


@dataclass(frozen=True, slots=True)
class Target:
    """A property or variable asked to have a number, ``low == high``, or any number of a range.

    Attributes:
        name: the property or the variable.
        low: smallest value, in its unit.
        high: largest value.
    """

    name: str
    low: float
    high: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low <= self.high):
            raise InputError(
                f"low <= high must hold for the target {self.name}, both finite, but got ({self.low:g}, {self.high:g})"
            )

    @classmethod
    def parse(cls, text: str) -> Target:
        """Reads ``PROPERTY=VALUE`` or ``PROPERTY=LOW..HIGH``.

        >>> Target.parse("density=8..9.5")
        Target(name='density', low=8.0, high=9.5)

        Raises:
            InputError: if the text is something else, or a value no number.
        """
        name, sign, value = (part.strip() for part in text.rpartition("="))
        if not sign or not name or name[-1] in "<>=":
            raise InputError(f"a target is PROPERTY=VALUE or PROPERTY=LOW..HIGH, got {text!r}")
        low, dots, high = value.partition("..")
        return cls(name, _number(low, text), _number(high if dots else low, text))

    @property
    def value(self) -> float:
        """The number, of a range the smallest."""
        return self.low

    def __str__(self) -> str:
        value = f"{self.low:g}" if self.low == self.high else f"{self.low:g}..{self.high:g}"
        unit = PROPERTIES[self.name].unit if self.name in PROPERTIES else "1"
        return f"{self.name}={value}" + ("" if unit == "1" else f" {unit}")


@dataclass(frozen=True, slots=True)
class Word:
    """A variable asked to have a value that is no number.

    Attributes:
        name: the variable.
        value: a word, or yes or no.
    """

    name: str
    value: Value

    def __str__(self) -> str:
        return f"{self.name}={variable_text(self.value)}"


def _number(cell: str, text: str) -> float:
    value = float(cell) if _NUMBER.fullmatch(cell.strip()) else math.nan
    if not math.isfinite(value):
        raise InputError(f"the target {text!r} needs a number, PROPERTY=VALUE or PROPERTY=LOW..HIGH; got {cell!r}")
    return value


def parse_targets(texts: Sequence[str]) -> tuple[Target | Word, ...]:
    """Reads targets, each of another property or variable.

    Raises:
        InputError: for a text that is no target, or a property named twice.
    """
    targets = tuple(_read(text) for text in texts)
    names = [target.name for target in targets]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(
            f"each property has one target, but got several for {', '.join(twice)}; write a range LOW..HIGH"
        )
    return targets


def _read(text: str) -> Target | Word:
    try:
        return Target.parse(text)
    except InputError:
        found = _WORD.fullmatch(text)
        if found is None or ".." in found[2]:
            raise
        return Word(found[1], read_variable(found[2]))


def split_targets(
    targets: Sequence[Target | Word], variables: Collection[str]
) -> tuple[tuple[Target, ...], tuple[Target | Word, ...]]:
    """Targets of properties, and what is asked of variables.

    Raises:
        InputError: for a word that is asked of a property.
    """
    properties = []
    for target in targets:
        if isinstance(target, Word) and target.name not in variables:
            there = f"; the variables are {', '.join(variables)}" if variables else ""
            raise InputError(
                f"the target {target} needs a number, {target.name}=VALUE or {target.name}=LOW..HIGH{there}"
            )
        if isinstance(target, Target) and target.name not in variables:
            properties.append(target)
    return tuple(properties), tuple(target for target in targets if target.name in variables)


def check_askable(targets: Sequence[Target], trained: Sequence[str], usable: Sequence[str]) -> None:
    """Refuses targets that a generator cannot be asked for.

    Args:
        targets: what is asked.
        trained: the properties that the generator was trained on.
        usable: those of them whose values varied in training; of the others it has learned nothing.

    Raises:
        InputError: for the first such target, naming the properties that can be asked for.
    """
    can = f"it can be asked for {', '.join(usable) or 'nothing'}"
    for name in (target.name for target in targets):
        if name not in trained:
            what = f"the generator was not trained on {name}" if name in PROPERTIES else f"unknown property {name!r}"
            raise InputError(f"{what}; {can}")
        if name not in usable:
            raise InputError(f"training knew no value, or only one, of {name}, so the generator ignores it; {can}")


@dataclass(frozen=True, slots=True)
class DistinctDraws:
    """Distinct compositions and what each was drawn under.

    Attributes:
        points: rows of the generator's space, shape ``(k, d)``, in the order they were drawn.
        asked: the targets' values, shape ``(k, t)``.
        draws: how many draws that took.
        note: what the generator said in the last round.
    """

    points: Points
    asked: Floats
    draws: int
    note: str


def draw_distinct(generator: Distribution, targets: Sequence[Target], n: int, seed: int) -> DistinctDraws:
    """Draws until there are ``n`` distinct compositions, or the rounds are spent, or nothing new comes.

    A range's value is drawn evenly for each draw. The same seed gives the same compositions.

    Args:
        generator: trained on every property that is asked.
        targets: what is asked; the generator's other conditions are open.
        n: how many compositions.
        seed: of all randomness; not negative.

    Raises:
        InputError: if ``n`` is below 1 or the seed negative.
    """
    if n < 1:
        raise InputError(f"the number of compositions must be at least 1, got {n}")
    if seed < 0:
        raise InputError(f"the seed must not be negative, got {seed}")
    rng = np.random.default_rng(seed)
    columns = [generator.properties.index(target.name) for target in targets]
    found: dict[bytes, tuple[Points, Floats]] = {}
    draws, stale, note = 0, 0, ""
    for _ in range(ROUNDS + 4 * (n // MOST)):
        if len(found) >= n or stale >= STALE:
            break
        before = len(found)
        asked = _conditions(generator, targets, min(max(FEWEST, 2 * (n - before)), MOST), rng)
        with np.errstate(over="ignore"):  # a target of 1e300 is many standard deviations away, and that is all
            samples = generator.sample(asked, seed=int(rng.integers(2**31)))
        for key, row, i in zip(generator.space.keys(samples.points), samples.points, samples.rows, strict=True):
            found.setdefault(key, (row, asked[i, columns]))
        draws, note = draws + len(asked), samples.note
        stale = 0 if len(found) > before else stale + 1
    kept = list(found.values())[:n]
    points = np.array([row for row, _ in kept], dtype=np.int64).reshape(len(kept), generator.space.dimension)
    values = np.array([value for _, value in kept], dtype=np.float64).reshape(len(kept), len(targets))
    return DistinctDraws(points, values, draws, note)


def _conditions(generator: Distribution, targets: Sequence[Target], m: int, rng: np.random.Generator) -> Floats:
    """Conditions of shape ``(m, p)``, NaN where nothing is asked."""
    asked = np.full((m, len(generator.properties)), np.nan)
    for target in targets:
        share = rng.random(m)
        values = target.low * (1 - share) + target.high * share
        asked[:, generator.properties.index(target.name)] = np.clip(values, target.low, target.high)
    return asked
