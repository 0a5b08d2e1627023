"""Published tables of alloys with one property each, read from the folder of tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from alloys.composition import Composition
from alloys.errors import InputError
from alloys.intake.tables import read_rows
from alloys.physics.periodic import periodic_table
from alloys.space import Floats

Row = Mapping[str, str | None]
Table = tuple[tuple[str, ...], Floats, Floats]
"""Elements, atomic fractions ``(n, d)`` of distinct compositions, and the median of the property of each, ``(n,)``."""

ROOM = r"PROPERTY: Test temperature ($^\circ$C)"
STEEL = tuple("C Si Mn P S Ni Cr Cu Mo".split())
OXIDISED = tuple("Al Cr Hf Mo Nb Si Ta Ti V W Zr".split())


def _number(cell: str | None) -> float:
    try:
        return float(cell or "nan")
    except ValueError:
        return float("nan")


def _of_formula(column: str) -> Callable[[Row], Composition]:
    return lambda row: Composition.parse((row[column] or "").replace(" ", ""))


def _steel(row: Row) -> Composition:
    """From wt.%, iron taking the rest."""
    weights = {symbol: _number(row[symbol]) for symbol in STEEL}
    weights["Fe"] = 100 - sum(weights.values())
    amounts = {symbol: weight / periodic_table()[symbol]["mass"] for symbol, weight in weights.items()}
    parts = {symbol: round(1e5 * amount / sum(amounts.values())) for symbol, amount in amounts.items()}
    return Composition.from_amounts({symbol: part for symbol, part in parts.items() if part})


def _oxidised(row: Row) -> Composition:
    return Composition.from_amounts({symbol: _number(row[symbol]) for symbol in OXIDISED if _number(row[symbol]) > 0})


def _table(
    path: Path, composition: Callable[[Row], Composition], column: str, keep: Callable[[Row], bool], *, log: bool
) -> Table:
    answers: dict[Composition, list[float]] = {}
    for row in read_rows(path).rows:
        value = _number(row[column])
        if not np.isfinite(value) or not keep(row) or (log and value <= 0):
            continue
        try:
            answers.setdefault(composition(row), []).append(np.log10(value) if log else value)
        except InputError:
            continue
    elements = tuple(sorted({symbol for alloy in answers for symbol in alloy.elements}))
    fractions = [[float(alloy.fractions().get(symbol, 0)) for symbol in elements] for alloy in answers]
    return elements, np.array(fractions), np.array([np.median(values) for values in answers.values()])


def read(name: str, data: Path) -> Table:
    """A table by its name, one of `NAMES`."""
    file, composition, column, keep, log = _TABLES[name]
    return _table(data / file, composition, column, keep, log=log)


def _all(row: Row) -> bool:
    return True


_MPEA, _GLASSES, _STEELS = (
    "MPEA/MPEA_dataset.csv", "glasses/characteristic_temperatures.csv", "steels/nims_fatigue.csv",
)  # fmt: skip
_TABLES: dict[str, tuple[str, Callable[[Row], Composition], str, Callable[[Row], bool], bool]] = {
    "hardness": (_MPEA, _of_formula("FORMULA"), "PROPERTY: HV", _all, False),
    "glass Tl": (_GLASSES, _of_formula("Alloy"), "Tl", _all, False),
    "steel hardness": (_STEELS, _steel, "Hardness", _all, False),
    "strength": (
        _MPEA, _of_formula("FORMULA"), "PROPERTY: YS (MPa)", lambda row: 15 <= _number(row[ROOM]) <= 35, False,
    ),
    "glass Tg": (_GLASSES, _of_formula("Alloy"), "Tg", _all, False),
    "steel fatigue": (_STEELS, _steel, "Fatigue Strength (10E7 Cycles)", _all, False),
    "oxidation": (
        "oxidation886/alloy_oxidation_886_202406.csv", _oxidised, "specific_mass_change",
        lambda row: _number(row["temperature"]) == 1000, True,
    ),
}  # fmt: skip

DESIGN = ("hardness", "glass Tl", "steel hardness")
"""Tables that were looked at while the choice was made."""

NAMES = tuple(_TABLES)
