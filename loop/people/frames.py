"""A pandas frame of measurements, such as a frame of suggestions in which a person filled in a column."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import pandas as pd

from alloys.composition import SYMBOLS, Composition, composition_of
from alloys.design import Design, Value, known_composition, read_variable
from alloys.errors import InputError
from alloys.intake.cells import formula_in, is_missing, text_in
from alloys.intake.tables import refuse_doubled
from alloys.properties import Property
from alloys.records import Observation
from alloys.space import Space
from alloys.space.variables import Variables
from loop.people.answers import TOLERANCE, NumberColumn, number_columns, read_told

T = TypeVar("T")

OBSERVED = "observed"
"""Who measured, where nobody says it."""
PREDICTED = "predicted_"
"""What the names of columns of predictions begin with."""
_TEXTS = ("formula", "failure", "source")
_PASSED_OVER = tuple("number origin why iteration probability_feasible outside in_space status remoteness".split())
"""What a campaign's own frames say beside that."""


def read_frame(
    table: pd.DataFrame,
    wanted: Sequence[str],
    space: Space,
    properties: Mapping[str, Property],
    source: str,
    known: Collection[Design],
) -> list[Observation]:
    """Reads measurements; rows in which nothing is filled in are passed over, and so is what a campaign wrote itself.

    Args:
        table: a column ``formula`` (of texts, `Composition` or `Design` objects, or pymatgen's), ``NAME``, ``NAME_std``
            and ``NAME [UNIT]`` for properties, perhaps ``failure`` and ``source``. NA, None, NaN and empty cells are
            unknown.
        wanted: properties to name where none is measured.
        space: the campaign's, whose variables are columns too.
        properties: that may be named.
        source: of rows that name none; `OBSERVED` where it is unknown.
        known: designs whose formulas may be rounded.

    Raises:
        InputError: naming every row that is wrong, or saying that nothing is measured.
    """
    if not isinstance(table, pd.DataFrame):
        raise InputError(f"observe takes a pandas DataFrame, got {type(table).__name__}")
    try:
        table = plain_frame(table)
        header = [*table.columns]
        columns = _columns(header, space.variables.names, properties)
        reader = _FrameReader(columns, space, properties, cell_text(source) or OBSERVED, known)
        rows = _rows(table, header, reader.observation)
        if not rows:
            raise InputError(_nothing(header, wanted, properties))
    except InputError as error:
        raise InputError(f"the measurements: {error}") from error
    return rows


def _rows(table: pd.DataFrame, header: Sequence[str], read: Callable[[Mapping[str, Any]], T | None]) -> list[T]:
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


def plain_frame(table: pd.DataFrame) -> pd.DataFrame:
    """The frame with texts as names of its columns, and ``formula`` as a column where it is the index.

    Raises:
        InputError: for two columns of one name.
    """
    if "formula" in table.index.names and "formula" not in table.columns:
        table = table.reset_index()
    header = [str(column).strip() for column in table.columns]
    refuse_doubled(header)
    return table.set_axis(header, axis=1)


def designs_in(alloys: Any, variables: Variables | Collection[str], known: Collection[Design]) -> list[Design]:
    """The designs of one alloy, of several, or of a frame with a column ``formula`` and perhaps variables.

    Args:
        alloys: formulas name a known design, where a single one has such a composition.
        variables: of the campaign, whose names columns may have; models that MLflow keeps from before give only these.
        known: the designs that may be meant.

    Raises:
        InputError: for a formula that is none, is unknown or names several designs, or no alloy at all.
    """
    if isinstance(alloys, pd.DataFrame):
        table = plain_frame(alloys)
        if not {"formula", *_names(variables)} & {*table.columns}:
            raise InputError(f"the frame needs a column 'formula', got {', '.join(table.columns) or 'none'}")
        return _rows(table, [*table.columns], lambda cells: _named(cells, variables, known))
    single = pd.api.types.is_scalar(alloys) or isinstance(alloys, Design) or composition_of(alloys) is not None
    given = [alloys] if single else list(alloys)
    if not given:
        raise InputError(f"no alloy is named; {_SUCH}")
    return [_named({"formula": alloy}, Variables(), known) for alloy in given]


_SUCH = "give formulas such as Nb45Ta25Ti15Hf15"


def _named(cells: Mapping[str, Any], variables: Variables | Collection[str], known: Collection[Design]) -> Design:
    """The design that a row names."""
    cell = cells.get("formula", "")
    chosen = _chosen(cells, variables)
    if isinstance(cell, Design | Composition):
        return _design(cell, chosen, known)
    formula = _formula(cell)
    if formula == "" and (not chosen or any(design.composition.items for design in known)):
        raise InputError(f"no formula is given; {_SUCH}")
    return Design.known_as(formula, known, chosen)


def _names(variables: Variables | Collection[str]) -> Collection[str]:
    return variables.names if isinstance(variables, Variables) else variables


def _chosen(cells: Mapping[str, Any], variables: Variables | Collection[str]) -> dict[str, Value]:
    """The variables of a row; words such as n/a are none, unless one of its values is called so."""
    texts = {name: text for name in _names(variables) if (text := _text(cells.get(name)))}
    found = {name: read_variable(text) for name, text in texts.items()}
    declared = variables if isinstance(variables, Variables) else Variables()
    called = {each.name for each in declared if each.name in found and each.find(found[each.name]) is not None}
    return {name: value for name, value in found.items() if name in called or not is_missing(texts[name])}


def _columns(
    header: Sequence[str], variables: Collection[str], properties: Mapping[str, Property]
) -> dict[str, NumberColumn]:
    """The columns of numbers by their heads."""
    if "formula" not in header and not set(variables) & set(header):
        raise InputError(f"needs a column 'formula', got {', '.join(header) or 'none'}")
    beside = {*_TEXTS, *_PASSED_OVER, *variables, *SYMBOLS}
    return number_columns([h for h in header if h not in beside and not h.startswith(PREDICTED)], properties)


def _nothing(header: Sequence[str], wanted: Sequence[str], properties: Mapping[str, Property]) -> str:
    names = " or ".join(f"{name} (in {properties[name].unit})" for name in wanted)
    guesses = any(head.startswith(PREDICTED) for head in header)
    told = f", and {PREDICTED}* columns are what the model expects" if guesses else ""
    return f"no property value is given{told}; fill in a column {names}, or failure where it failed"


@dataclass(frozen=True, slots=True)
class _FrameReader:
    """What the rows of a frame are read with: see `read_frame`."""

    columns: Mapping[str, NumberColumn]
    space: Space
    properties: Mapping[str, Property]
    source: str
    known: Collection[Design]

    def observation(self, cells: Mapping[str, Any]) -> Observation | None:
        """One row; None where nothing is filled in."""
        texts = {head: _text(cell) for head, cell in cells.items()}
        if any("\0" in text for text in texts.values()):  # PostgreSQL cannot hold it
            raise InputError("holds a NUL character")
        beside = (*self.columns, "failure")
        told = read_told({head: texts.get(head, "") for head in beside}, self.columns, self.properties)
        if told is None:
            return None
        chosen, cell = _chosen(cells, self.space.variables), cells.get("formula", "")
        if self.space.elements and not isinstance(cell, Design) and _formula(cell) == "":
            raise InputError("the cell of formula is empty")
        design = _design(cell, chosen, self.known)
        amounts = design.composition.fractions()
        for symbol in sorted(SYMBOLS & set(texts)):
            if (
                not is_missing(texts[symbol])
                and abs(_number(symbol, texts[symbol]) - amounts.get(symbol, 0.0)) > TOLERANCE
            ):
                raise InputError(
                    f"{design.formula} has {amounts.get(symbol, 0.0):.4g} of {symbol}, and the column {symbol} says "
                    f"{texts[symbol][:40]}; columns of elements are atomic fractions, and may be left out"
                )
        for variable in self.space.variables:
            if variable.name in chosen and not variable.takes(chosen[variable.name]):
                raise InputError(f"{variable.name} is {variable.told}, not {texts[variable.name][:80]}")
        values, stds, failure = told
        return Observation(design, values, cell_text(cells.get("source")) or self.source, failure, stds)


def _design(cell: Any, chosen: Mapping[str, Value], known: Collection[Design]) -> Design:
    """The design of a cell, and of the variables that stand beside it."""
    if isinstance(cell, Design):
        return Design.of(cell.composition, {**cell.values, **chosen})
    return Design.of(cell if isinstance(cell, Composition) else known_composition(_formula(cell), known), chosen)


def _formula(cell: Any) -> Any:
    """A cell as `known_composition` takes it; empty where it is unknown."""
    if composition_of(cell) is not None:
        return cell
    return formula_in(_text(cell))


def _text(cell: Any) -> str:
    """A cell as text; empty where it is unknown."""
    return "" if pd.api.types.is_scalar(cell) and pd.isna(cell) else str(cell).strip()


def cell_text(cell: Any) -> str:
    """A cell as text; empty where it is unknown, or says so in words."""
    return text_in(_text(cell))


def _number(symbol: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"the column {symbol} must be an atomic fraction, got {text[:40]!r}") from None
