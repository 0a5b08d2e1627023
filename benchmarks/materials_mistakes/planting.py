"""Mistakes of ten kinds, planted into the rows of the published table as people make them."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from alloys.composition import Composition
from alloys.physics.periodic import periodic_table
from alloys.points.published import DOI
from alloys.points.published_records import FORMULA, TEMPERATURE

YIELD, ULTIMATE, HARDNESS = "PROPERTY: YS (MPa)", "PROPERTY: UTS (MPa)", "PROPERTY: HV"
DENSITY = "PROPERTY: Exp. Density (g/cm$^3$)"

Row = dict[str, str]
Plant = Callable[[Row, np.random.Generator], Row | None]
"""A row with a mistake; None where the row cannot have it."""


@dataclass(frozen=True)
class Planted:
    """A table with mistakes.

    Attributes:
        rows: of the table; copied ones stand at its end.
        kinds: of the mistakes, by line of the file.
    """

    rows: list[Row]
    kinds: Mapping[int, str]


def plant(rows: list[Row], each: int, seed: int, fit: Callable[[Row], bool] = lambda row: True) -> Planted:
    """Plants so many of each kind at random, each into a row of its own, of those rows that are fit."""
    rng = np.random.default_rng(seed)
    free = [number for number, row in enumerate(rows) if fit(row)]
    changed, kinds = [dict(row) for row in rows], {}
    dois = sorted({row[DOI].strip() for row in rows})
    for kind, mistake in sorted(MISTAKES.items(), key=lambda item: item[0] != "density"):  # the rarest values first
        left = each
        for number in rng.permutation(free):
            made = mistake(dict(rows[number]), rng) if left else None
            if made is None:
                continue
            if kind == "duplicate":
                made[DOI] = str(rng.choice([doi for doi in dois if doi != made[DOI].strip()]))
                changed.append(made)
                kinds[len(changed) + 1] = kind
            else:
                changed[number] = made
                kinds[int(number) + 2] = kind
            free.remove(number)
            left -= 1
    return Planted(changed, kinds)


def read_rows_of(path: Path) -> list[Row]:
    """The rows of the file as they stand."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def write_rows_to(path: Path, rows: list[Row]) -> None:
    """Writes rows as they were read."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _number(row: Row, heading: str) -> float | None:
    return float(row[heading]) if row[heading].strip() else None


def _times(row: Row, heading: str, factor: float) -> Row:
    return {**row, heading: f"{float(row[heading]) * factor:.4g}"}


def _either(rng: np.random.Generator, low: float, high: float) -> float:
    """A factor between two, or one divided by it."""
    factor = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    return factor if rng.random() < 0.5 else 1 / factor


def _one_of(row: Row, rng: np.random.Generator, *headings: str) -> str | None:
    there = [heading for heading in headings if _number(row, heading)]
    return str(rng.choice(there)) if there else None


def _sum(row: Row, rng: np.random.Generator) -> Row | None:
    """Amounts in percent, of which one is 3 to 15 % of the whole too large or too small."""
    shares = {s: round(100 * x, 1) for s, x in Composition.parse(row[FORMULA].replace(" ", "")).fractions().items()}
    symbol = str(rng.choice(list(shares)))
    off = float(rng.uniform(3, 15)) * (1 if shares[symbol] < 20 or rng.random() < 0.5 else -1)
    shares[symbol] = round(shares[symbol] + off, 1)
    return {**row, FORMULA: " ".join(f"{s}{x:g}" for s, x in shares.items())}


def _exchanged(row: Row, rng: np.random.Generator) -> Row | None:
    """Yield and ultimate strength in each other's column."""
    low, high = _number(row, YIELD), _number(row, ULTIMATE)
    if low is None or high is None or high < 1.02 * low:
        return None
    return {**row, YIELD: row[ULTIMATE], ULTIMATE: row[YIELD]}


def _density(row: Row, rng: np.random.Generator) -> Row | None:
    return _times(row, DENSITY, _either(rng, 1.2, 1.8)) if _number(row, DENSITY) else None


def _hardness(row: Row, rng: np.random.Generator) -> Row | None:
    """A hardness at odds with the yield strength beside it."""
    room = (_number(row, TEMPERATURE) or 25.0) < 35
    return _times(row, HARDNESS, _either(rng, 2.5, 5)) if room and _number(row, HARDNESS) and row[YIELD] else None


def _gigapascal(row: Row, rng: np.random.Generator) -> Row | None:
    heading = _one_of(row, rng, YIELD, ULTIMATE)
    return _times(row, heading, 1e-3) if heading else None


def _kelvin(row: Row, rng: np.random.Generator) -> Row | None:
    """Kelvin in the column of °C, with and without the decimals."""
    celsius = _number(row, TEMPERATURE)
    zero = 273.0 if rng.random() < 0.5 else 273.15
    return None if celsius is None or not row[YIELD] else {**row, TEMPERATURE: f"{celsius + zero:.2f}"}


def _weights(row: Row, rng: np.random.Generator) -> Row | None:
    """Percent of weight in the place of atoms."""
    fractions = Composition.parse(row[FORMULA].replace(" ", "")).fractions()
    weights = {symbol: x * periodic_table()[symbol]["mass"] for symbol, x in fractions.items()}
    total = sum(weights.values())
    return {**row, FORMULA: " ".join(f"{symbol}{100 * w / total:.1f}" for symbol, w in weights.items())}


def _copy(row: Row, rng: np.random.Generator) -> Row | None:
    """The same record under another paper."""
    return row if _one_of(row, rng, YIELD, HARDNESS) else None


def _unlikely(row: Row, rng: np.random.Generator) -> Row | None:
    """A strength or hardness three to six times too large or too small."""
    heading = _one_of(row, rng, YIELD, HARDNESS)
    return _times(row, heading, _either(rng, 3, 6)) if heading else None


def _decimal(row: Row, rng: np.random.Generator) -> Row | None:
    """A decimal point one place off."""
    heading = _one_of(row, rng, YIELD, ULTIMATE, HARDNESS)
    return _times(row, heading, 10.0 if rng.random() < 0.5 else 0.1) if heading else None


MISTAKES: Mapping[str, Plant] = {
    "sum": _sum,
    "yield and ultimate": _exchanged,
    "density": _density,
    "hardness and yield": _hardness,
    "MPa/GPa": _gigapascal,
    "K/°C": _kelvin,
    "at.%/wt.%": _weights,
    "duplicate": _copy,
    "unlikely": _unlikely,
    "decimal point": _decimal,
}
