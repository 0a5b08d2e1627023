"""A pandas frame of measurements, such as a frame of suggestions in which a person filled in a column."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import pandas as pd

from alloys.composition import SYMBOLS, Composition
from alloys.design import Design, read_variable
from alloys.errors import InputError
from alloys.intake.cells import is_missing
from alloys.properties import Property
from alloys.records import Observation
from loop.people.answers import TOLERANCE, NumberColumn, number_columns, read_told

PREDICTED = "predicted_"
"""What the names of columns of predictions begin with."""
_TEXTS = ("formula", "failure", "source")
_PASSED_OVER = tuple("number origin why iteration probability_feasible outside in_space status remoteness".split())
"""What a campaign's own frames say beside that."""


def read_frame(
    table: pd.DataFrame,
    wanted: Sequence[str],
    variables: Collection[str],
    properties: Mapping[str, Property],
    source: str,
) -> list[Observation]:
    """Reads measurements; rows in which nothing is filled in are passed over, and so is what a campaign wrote itself.

    Args:
        table: a column ``formula`` (of texts or `Composition` or `Design` objects), ``NAME``, ``NAME_std`` and ``NAME
            [UNIT]`` for properties, perhaps ``failure`` and ``source``. NA, None, NaN and empty cells are unknown.
        wanted: properties to name where none is measured.
        variables: names of those of the designs.
        properties: that may be named.
        source: of rows that name none.

    Raises:
        InputError: naming every row that is wrong, or saying that nothing is measured.
    """
    if not isinstance(table, pd.DataFrame):
        raise InputError(f"observe takes a pandas DataFrame, got {type(table).__name__}")
    if "formula" in table.index.names and "formula" not in table.columns:
        table = table.reset_index()
    header = [str(column).strip() for column in table.columns]
    try:
        columns = _columns(header, variables, properties)
        rows = _rows(table, header, lambda cells: _observation(cells, columns, variables, properties, source))
        if not rows:
            raise InputError(_nothing(header, wanted, properties))
    except InputError as error:
        raise InputError(f"the measurements: {error}") from error
    return rows


def _rows(
    table: pd.DataFrame, header: Sequence[str], read: Callable[[Mapping[str, Any]], Observation | None]
) -> list[Observation]:
    """What is read of each row; all that is wrong at once."""
    rows, problems = [], []
    for label, cells in zip(table.index, table.itertuples(index=False, name=None), strict=True):
        try:
            row = read(dict(zip(header, cells, strict=True)))
        except InputError as error:
            problems.append(f"row {label}: {error}")
            continue
        rows += [] if row is None else [row]
    if problems:
        raise InputError("; ".join(problems))
    return rows


def designs_in(alloys: Any, variables: Collection[str]) -> list[Design]:
    """The designs of one alloy, of several, or of a frame with a column ``formula`` and perhaps variables.

    Raises:
        InputError: for a formula that is none, or no alloy at all.
    """
    if isinstance(alloys, pd.DataFrame):
        if "formula" not in alloys.columns:
            raise InputError(f"the frame needs a column 'formula', got {', '.join(map(str, alloys.columns)) or 'none'}")
        named = [name for name in variables if name in alloys.columns]
        chosen = [{n: read_variable(t) for n in named if (t := _text(row[n]))} for _, row in alloys.iterrows()]
        alloys = [Design.of(_design(a).composition, c) for a, c in zip(alloys["formula"], chosen, strict=True)]
    given = [alloys] if isinstance(alloys, str | Composition | Design) else list(alloys)
    if not given:
        raise InputError("no alloy is named; give formulas such as Nb45Ta25Ti15Hf15")
    return [_design(alloy) for alloy in given]


def _columns(
    header: Sequence[str], variables: Collection[str], properties: Mapping[str, Property]
) -> dict[str, NumberColumn]:
    """The columns of numbers by their heads."""
    twice = sorted({head for head in header if header.count(head) > 1})
    if twice:
        raise InputError(f"a column is named twice: {', '.join(twice)}")
    if "formula" not in header:
        raise InputError(f"needs a column 'formula', got {', '.join(header) or 'none'}")
    beside = {*_TEXTS, *_PASSED_OVER, *variables, *SYMBOLS}
    return number_columns([h for h in header if h not in beside and not h.startswith(PREDICTED)], properties)


def _nothing(header: Sequence[str], wanted: Sequence[str], properties: Mapping[str, Property]) -> str:
    names = " or ".join(f"{name} (in {properties[name].unit})" for name in wanted)
    guesses = any(head.startswith(PREDICTED) for head in header)
    told = f", and {PREDICTED}* columns are what the model expects" if guesses else ""
    return f"no property value is given{told}; fill in a column {names}, or failure where it failed"


def _observation(
    cells: Mapping[str, Any],
    columns: Mapping[str, NumberColumn],
    variables: Collection[str],
    properties: Mapping[str, Property],
    source: str,
) -> Observation | None:
    texts = {head: _text(cell) for head, cell in cells.items()}
    if any("\0" in text for text in texts.values()):  # PostgreSQL cannot hold it
        raise InputError("holds a NUL character")
    filled = {head: "" if is_missing(texts.get(head, "")) else texts[head] for head in (*columns, "failure", "source")}
    told = read_told(filled, columns, properties)
    if told is None:
        return None
    design = _design(cells["formula"])
    amounts = design.composition.fractions()
    for symbol in sorted(SYMBOLS & set(texts)):
        if texts[symbol] and abs(_number(symbol, texts[symbol]) - amounts.get(symbol, 0.0)) > TOLERANCE:
            raise InputError(
                f"{design.formula} has {amounts.get(symbol, 0.0):.4g} of {symbol}, and the column {symbol} says "
                f"{texts[symbol][:40]}; columns of elements are atomic fractions, and may be left out"
            )
    chosen = {name: read_variable(texts[name]) for name in variables if texts.get(name)}
    values, stds, failure = told
    design = Design.of(design.composition, {**design.values, **chosen})
    return Observation(design, values, filled["source"] or source, failure, stds)


def _design(cell: Any) -> Design:
    if isinstance(cell, Design):
        return cell
    return Design(cell if isinstance(cell, Composition) else Composition.parse(_text(cell)))


def _text(cell: Any) -> str:
    """A cell as text; empty where it is unknown."""
    return "" if pd.api.types.is_scalar(cell) and pd.isna(cell) else str(cell).strip()


def _number(symbol: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"the column {symbol} must be an atomic fraction, got {text[:40]!r}") from None
