"""Which alloys are asked of a database, by rules that were fixed before any answer was seen."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from validation.calphad.reading.tdbfile import read

NONMETALS = frozenset("H HE C N O F NE P S CL AR SE BR KR XE".split())
"""What does not count as a metal; boron, silicon, germanium, arsenic, antimony and tellurium do."""
AMOUNTS = {1: (1.0,), 2: (0.6, 0.4), 3: (0.5, 0.3, 0.2)}
KELVINS = (600.0, 1000.0, 1400.0)
DILUTE = frozenset({"B", "C", "N"})
"""Join one random alloy in two of a database that has them."""
MOST_DILUTE = 0.1
SMALLEST = 0.01
RANDOM_KELVINS = (500, 1501)

_ELEMENT = re.compile(r"^\s*ELEM\w*\s+(\S+)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Case:
    """One equilibrium: a database file, mole fractions by upper-case element, and a temperature in K."""

    file: str
    fractions: dict[str, float]
    kelvin: float


def elements_of(path: Path) -> list[str]:
    """Elements in the order in which the file declares them, upper case, without vacancy and electron."""
    names = [name.upper() for name in _ELEMENT.findall(read(path))]
    return [name for name in dict.fromkeys(names) if re.fullmatch(r"[A-Z]{1,2}", name) and name != "VA"]


def metals_of(path: Path) -> list[str]:
    """The elements of a file that count as metals, in its order."""
    return [name for name in elements_of(path) if name not in NONMETALS]


def first_metals(paths: Sequence[Path]) -> Iterator[Case]:
    """The first three metals of each file as 50/30/20, or fewer as 60/40 or 100, at three temperatures."""
    for path in paths:
        metals = metals_of(path)[: max(AMOUNTS)]
        for kelvin in KELVINS:
            yield Case(str(path), dict(zip(metals, AMOUNTS[len(metals)], strict=True)), kelvin)


def random_alloys(paths: Sequence[Path], count: int, seed: int) -> Iterator[Case]:
    """Random alloys, equally many of each file: three of its metals (all where it has fewer), evenly over the simplex
    in whole percent, at whole kelvins; in one of two, where the file has B, C or N, up to 10 % of one of them.
    """
    rng = np.random.default_rng(seed)
    for place in range(count):
        path = paths[place * len(paths) // count]
        present = elements_of(path)
        metals = [name for name in metals_of(path) if name not in DILUTE] or metals_of(path)
        chosen = [str(name) for name in rng.choice(metals, min(3, len(metals)), replace=False)]
        percent = np.zeros(len(chosen), dtype=int)
        while percent.min() < 100 * SMALLEST:
            percent = rng.multinomial(100, rng.dirichlet(np.ones(len(chosen))))
        fractions = dict(zip(chosen, (percent / 100.0).tolist(), strict=True))
        dilute = [name for name in present if name in DILUTE and name not in chosen]
        if dilute and rng.random() < 0.5:
            share = float(rng.integers(1, round(100 * MOST_DILUTE) + 1)) / 100.0
            fractions = {name: round(amount * (1 - share), 6) for name, amount in fractions.items()}
            fractions[str(rng.choice(dilute))] = share
        yield Case(str(path), fractions, float(rng.integers(*RANDOM_KELVINS)))
