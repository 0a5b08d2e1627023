"""From fractions, as people write them, to the whole steps of a grid; every mistake by its place."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

from alloys.composition import SYMBOLS
from alloys.errors import InputError, Mistake, MistakesError
from alloys.physics.basis import MILLION, atomic_masses, atoms_per_gram
from alloys.space.grid import Limit
from alloys.space.rules import LinearRule, read_rules

Basis = Literal["at", "wt"]


@dataclass
class AlloyText:
    """A space of alloys in fractions; see `alloys.space.alloy.AlloySpace.build`."""

    elements: Sequence[str]
    step: float | str
    lower: float
    upper: float
    count: tuple[int, int]
    bounds: Mapping[str, tuple[float, float]]
    limits: Sequence[tuple[str, float, str]]
    steps: Mapping[str, float]
    balance: str | None
    rules: Sequence[str]
    basis: Basis
    mistakes: list[Mistake] = field(default_factory=list)

    def parts(self) -> dict[str, Any]:
        """The fields of a grid.

        Raises:
            MistakesError: for what cannot be read, is off the grid or names a strange element, naming each.
        """
        palette = tuple(sorted(self.elements))
        self._refuse_strangers(palette)
        own = self._own_steps(palette)
        self._raise()
        total = math.lcm(*(int(1 / size) for size in own.values()))
        if total > MILLION:
            self.mistakes.append((("steps",), f"the steps have no common multiple below {MILLION}; use rounder ones"))
        bounds = {symbol: self._bounds_of(symbol, own[symbol]) for symbol in palette}
        low, high = (tuple(int(pair[i] * total) for pair in bounds.values()) for i in (0, 1))
        limits = tuple(
            Limit(element, int(self._whole(("limits", i), most, own[element], f"limit of {element}") * total), where)
            for i, (element, most, where) in enumerate(self.limits)
        )
        masses = self._masses(palette)
        rules = tuple(rule for i, text in enumerate(self.rules) for rule in self._rules(i, text, palette, masses))
        self._raise()
        return {
            "elements": palette,
            "total": total,
            "lower": low,
            "upper": high,
            "fewest": self.count[0],
            "most": self.count[1],
            "limits": limits,
            "strides": tuple(int(own[s] * total) for s in palette) if self.steps else (),
            "balance": self.balance,
            "rules": rules,
            "atoms": tuple(atoms_per_gram(masses[s]) for s in palette) if self.basis == "wt" else (),
        }

    def _raise(self) -> None:
        if self.mistakes:
            raise MistakesError(list(dict.fromkeys(self.mistakes)))

    def _refuse_strangers(self, palette: Sequence[str]) -> None:
        twice = sorted({symbol for symbol in palette if palette.count(symbol) > 1})
        strange = sorted({symbol for symbol in palette if symbol not in SYMBOLS})
        self.mistakes += [
            (("elements",), f"{symbol} is named twice among the elements; leave one out") for symbol in twice
        ]
        self.mistakes += [(("elements",), f"{symbol!r} is not a chemical element") for symbol in strange]
        for key, names in (("bounds", self.bounds), ("steps", self.steps)):
            for symbol in sorted(set(names) - set(palette)):
                self.mistakes.append(((key, symbol), f"{key} name elements outside the space: {symbol}"))
        for i, (element, _, where) in enumerate(self.limits):
            if outside := [s for s in (element, where) if s not in palette]:
                self.mistakes.append((("limits", i), f"a limit names {', '.join(outside)}, which is not in the space"))
        if self.balance is not None and self.balance not in palette:
            text = f"the balance {self.balance} is not among the elements {', '.join(palette)}"
            self.mistakes.append((("balance",), text))

    def _own_steps(self, palette: Sequence[str]) -> dict[str, Fraction]:
        """The step of each element; that of the balance is the smallest that the others make."""
        own = {}
        for symbol in palette:
            key, size = (("steps", symbol), self.steps[symbol]) if symbol in self.steps else (("step",), self.step)
            exact = Fraction(str(size))
            if exact <= 0 or exact > 1 or (1 / exact).denominator != 1:
                whose = f" of {symbol}" if symbol in self.steps else ""
                self.mistakes.append((key, f"the step{whose} must divide 1 exactly (0.01, 0.005, ...), got {size}"))
            own[symbol] = exact
        if self.steps and self.balance is None:
            text = "steps of single elements need balance, the element that takes what the others leave"
            self.mistakes.append((("steps",), text))
        if self.balance in self.steps:
            text = f"{self.balance} takes what the others leave, so it has no step of its own; leave it out of steps"
            self.mistakes.append((("steps", str(self.balance)), text))
        if self.balance is not None and not self.mistakes:
            rest = [size for symbol, size in own.items() if symbol != self.balance]
            own[self.balance] = Fraction(1, math.lcm(*(int(1 / size) for size in rest)))
        return own

    def _bounds_of(self, symbol: str, step: Fraction) -> tuple[Fraction, Fraction]:
        if symbol in self.bounds:
            place = ("bounds", symbol)
            low, high = self.bounds[symbol]
            return (
                self._whole(place, low, step, f"lower bound of {symbol}"),
                self._whole(place, high, step, f"upper bound of {symbol}"),
            )
        if symbol == self.balance:
            return step, Fraction(1)
        upper = self._whole(("upper",), self.upper, step, "upper bound")
        if symbol in self.steps:  # an addition may be as small as its step
            return step, upper
        return self._whole(("lower",), self.lower, step, "lower bound"), upper

    def _whole(self, place: tuple[str | int, ...], value: float, step: Fraction, what: str) -> Fraction:
        exact = Fraction(str(value))
        if (exact / step).denominator != 1:
            self.mistakes.append(
                (place, f"the {what} must be a whole number of steps of {float(step):g}, got {value:g}")
            )
        return exact

    def _masses(self, palette: Sequence[str]) -> Mapping[str, Fraction]:
        if self.basis == "at" and not any("w_" in text for text in self.rules):
            return {}
        try:
            return atomic_masses(palette)
        except InputError as error:
            raise MistakesError([*self.mistakes, (("basis",), str(error))]) from None

    def _rules(
        self, number: int, text: str, palette: Sequence[str], masses: Mapping[str, Fraction]
    ) -> list[LinearRule]:
        try:
            return read_rules(text, palette, self.basis, masses)
        except InputError as error:
            self.mistakes.append((("rules", number), str(error)))
            return []
