"""What a pool is learned from: columns of numbers, and formulas as fractions with descriptors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from alloys.composition import SYMBOLS, Composition
from alloys.errors import InputError
from alloys.physics.elements import known_elements, tabulated_elements
from alloys.physics.registry import get_physics
from alloys.space import Floats


@dataclass(frozen=True, slots=True)
class InputColumns:
    """The columns to learn from.

    Attributes:
        formula: of formulas, or an empty name.
        elements: of amounts of elements, two or more, named after them; none beside formulas.
        numeric: all other columns of numbers.
    """

    formula: str
    elements: tuple[str, ...]
    numeric: tuple[str, ...]

    @classmethod
    def of(cls, formula: str, numbers: tuple[str, ...]) -> InputColumns:
        """Takes the elements out of columns of numbers."""
        elements = tuple(name for name in numbers if name in SYMBOLS)
        if formula or len(elements) < 2:
            return cls(formula, (), numbers)
        return cls("", elements, tuple(name for name in numbers if name not in elements))

    @property
    def composed(self) -> bool:
        """Whether the rows are compositions."""
        return bool(self.formula or self.elements)


def choose_columns(
    source: str,
    columns: Sequence[str],
    records: Sequence[Mapping[str, str | None]],
    target: str,
    features: Sequence[str],
    notes: list[str],
) -> InputColumns:
    """Which columns are the inputs; what is not used although it could be is noted.

    Raises:
        InputError: for unknown columns, the target among them, several of formulas, or none at all.
    """
    for name in features:
        if name not in columns or name == target:
            others = ", ".join(repr(other) for other in columns if other != target)
            raise InputError(f"{source}: {name!r} cannot be a feature; there are {others}")
    kinds = {name: _kind(name, records) for name in (features or columns) if name != target}
    formulas = [name for name, kind in kinds.items() if kind == "formula"]
    numeric = tuple(name for name, kind in kinds.items() if kind == "number")
    if features:
        text = [name for name, kind in kinds.items() if kind == "text"]
        if text or len(formulas) > 1:
            raise InputError(
                f"{source}: features must be numbers and at most one column of formulas; "
                f"got text in {', '.join(map(repr, text)) or 'none'}, formulas in {', '.join(map(repr, formulas))}"
            )
        return InputColumns.of(formulas[0] if formulas else "", numeric)
    if formulas:
        if numeric:
            notes.append(f"not used, name them with --features to use them: {', '.join(numeric)}")
        return InputColumns.of(formulas[0], ())
    if not numeric:
        raise InputError(f"{source}: there is neither a column of formulas nor one of numbers beside {target!r}")
    return InputColumns.of("", numeric)


def _kind(name: str, records: Sequence[Mapping[str, str | None]]) -> str:
    """What the cells of a column are: ``number``, ``formula``, or ``text``."""
    cells = [cell for record in records if (cell := (record.get(name) or "").strip())]
    if name.lower().endswith(("formula", "composition")):
        return "formula"
    try:
        for cell in cells:
            float(cell)
    except ValueError:
        return "text"
    return "number" if cells else "text"


def compositions(
    records: Sequence[Mapping[str, str | None]], columns: InputColumns, notes: list[str]
) -> list[Composition | None]:
    """The composition of every row, None where it cannot be read (noted) or there is none."""
    if not columns.composed:
        return [None] * len(records)
    found: list[Composition | None] = []
    problems = []
    for place, record in enumerate(records, start=1):
        try:
            found.append(_composition(record, columns))
        except (InputError, ValueError) as error:
            found.append(None)
            problems.append(f"row {place}: {error}")
    if problems:
        notes.append(f"{len(problems)} of {len(records)} rows left out: composition ({problems[0]})")
    return found


def _composition(record: Mapping[str, str | None], columns: InputColumns) -> Composition:
    if columns.formula:
        return Composition.parse((record.get(columns.formula) or "").replace(" ", ""))
    return Composition.from_amounts({name: float(record.get(name) or 0) for name in columns.elements})


def describe_pool(
    parsed: Sequence[Composition | None], notes: list[str]
) -> tuple[tuple[str, ...], Floats, Floats | None]:
    """Elements, fractions ``(n, e)`` and descriptors ``(n, k)`` of compositions; nothing where there are none.

    Every element with full data: the surrogate's own descriptors. Else means and spreads of the numbers that all
    elements in the table have, with size mismatch, mixing enthalpy and mixing entropy; elements that are not in the
    table are left out of them, which is noted, and a row of such elements alone gets the mean of the others.
    """
    rows = [composition for composition in parsed if composition is not None]
    if not rows:
        return (), np.zeros((len(parsed), 0)), None
    symbols = tuple(sorted({symbol for row in rows for symbol in row.elements}))
    fractions = np.array([[row.fractions().get(symbol, 0.0) for symbol in symbols] for row in rows])
    if set(symbols) <= set(known_elements()):
        return symbols, fractions, get_physics("refractory").describe(symbols, fractions)
    present = np.array([symbol in tabulated_elements() for symbol in symbols])
    share = fractions[:, present].sum(axis=1)
    partial = share < 1 - 1e-9
    if not (share > 0).any():
        notes.append(f"no descriptors: no reference data for {', '.join(symbols)}")
        return symbols, fractions, None
    if partial.any():
        stray = ", ".join(np.array(symbols)[~present])
        notes.append(f"descriptors of {int(partial.sum())} rows are without {stray}: no reference data")
    some = share > 0
    generic, there = get_physics("generic"), tuple(np.array(symbols)[present].tolist())
    names = generic.descriptor_sets(there)["means and spreads"]
    found = generic.describe(there, fractions[np.ix_(some, present)] / share[some, None])
    found = found[:, [generic.descriptors(there).index(name) for name in names]]
    descriptors = np.tile(found.mean(axis=0), (len(rows), 1))
    descriptors[some] = found
    return symbols, fractions, descriptors
