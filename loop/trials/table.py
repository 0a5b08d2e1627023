"""A table that models are tried on: distinct designs, what was measured of them, and which paper told of it when."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from alloys.design import Design
from alloys.errors import InputError
from alloys.intake.cells import number, text_in, without_number
from alloys.intake.headers import read_header
from alloys.intake.mapping import Basis
from alloys.intake.tables import PlainTable, read_rows
from alloys.physics.closed_forms import CLOSED_FORMS
from alloys.physics.declaring import PropertySpec, declare
from alloys.physics.registry import get_physics
from alloys.space import Floats, TableSpace
from alloys.splits.folds import SplitTable
from loop.replay.columns import ANSWER, InputColumns, check_column, choose_columns
from loop.replay.pool import read_design
from surrogates.evaluation.held_out import JudgedTable

FEWEST = 25
"""Distinct designs with a value, below which no fold says anything."""

PAPER_WORDS = ("doi", "paper", "reference", "source")
YEAR_WORDS = ("year",)
"""Words that a header has where the column tells of papers or years, the surest first."""


@dataclass(frozen=True, slots=True)
class TableColumns:
    """How a person says which columns are what; what is None is found by the header.

    Attributes:
        features: what is learned from; the formulas, or all numbers, if empty.
        formula: the column of formulas.
        basis: of amounts of elements.
        balance: the element that takes the rest.
        paper: the column of papers.
        year: the column of years.
    """

    features: tuple[str, ...] = ()
    formula: str | None = None
    basis: Basis = "parts"
    balance: str | None = None
    paper: str | None = None
    year: str | None = None


@dataclass(frozen=True, slots=True)
class TrialTable:
    """Distinct designs, ``n`` of them, in an order that does not depend on the file's.

    Attributes:
        source: where they come from, for people.
        designs: what was measured.
        values: by target, the mean of what the file says, shape ``(n,)``, NaN where it says nothing.
        computed: targets that are no columns but have a closed form.
        papers: the one that reported each first, empty where it is not told; None without a column.
        years: when, NaN where it is not told; None without a column.
        notes: what was left out or merged, in words.
    """

    source: str
    designs: tuple[Design, ...]
    values: Mapping[str, Floats]
    computed: tuple[str, ...] = ()
    papers: tuple[str, ...] | None = None
    years: Floats | None = None
    notes: tuple[str, ...] = field(default=())

    def splits_of(self, rows: Iterable[int], values: Floats) -> SplitTable:
        """What splits look at of some rows, with the values ``(m,)`` whose top may be held out."""
        chosen = list(rows)
        systems = tuple(frozenset(self.designs[i].composition.elements) for i in chosen)
        papers = None if self.papers is None else tuple(self.papers[i] for i in chosen)
        return SplitTable(systems, values, papers, None if self.years is None else self.years[chosen])

    def judged(self, target: str) -> tuple[JudgedTable, SplitTable]:
        """The rows with a value of a measured target, as a surrogate of the generic physics is judged on them."""
        rows = np.flatnonzero(np.isfinite(self.values[target]))
        space, values = TableSpace(tuple(self.designs[i] for i in rows)), self.values[target][rows]
        # What is usual is not known before anybody looked: the scale of the rows that are learned from decides.
        usual = PropertySpec(unit="1", range=[-1e300, 1e300], usual=[-1.0, 1.0])
        physics = declare(get_physics("generic"), {ANSWER: usual}, space.variables)
        return JudgedTable(physics, ANSWER, space, values), self.splits_of(rows.tolist(), values)


def read_trial_table(path: Path, targets: Sequence[str], columns: TableColumns | None = None) -> TrialTable:
    """Reads a table of a user's.

    Args:
        path: a CSV or XLSX file with a header.
        targets: columns of numbers, or properties with a closed form, one at least.
        columns: which columns are what else.

    Raises:
        InputError: if the file cannot be read, a column is missing, or too few rows have a value of a target.
    """
    given, table, notes = columns or TableColumns(), read_rows(path, "the table"), list[str]()
    computed = _check_targets(path, table, targets)
    inputs = _input_columns(path, table, targets, given, notes)
    paper, year = (
        _told_column(path, table, *asked) for asked in ((given.paper, PAPER_WORDS), (given.year, YEAR_WORDS))
    )
    groups, problems = _grouped(table, inputs, given)
    if problems:
        notes.append(f"{len(problems)} of {len(table.rows)} rows left out: {problems[0]}")
    designs = tuple(sorted(groups, key=Design.canonical))
    rows = [_by_year(groups[design], year) for design in designs]
    values = {name: np.array([_mean(name, row) for row in rows]) for name in targets if name not in computed}
    for name in values:
        notes += without_number([*table.numbered()], name)
    if year is not None:
        notes += without_number([*table.numbered()], year, "without a year")
    for name, found in values.items():
        if np.isfinite(found).sum() < FEWEST:
            raise InputError(
                f"{path}: {int(np.isfinite(found).sum())} distinct designs have a number in {name!r}; "
                f"at least {FEWEST} are needed" + (f" ({notes[-1]})" if notes else "")
            )
        if not np.nanstd(found) > 1e-12 * np.nanmax(np.abs(found)):
            raise InputError(f"{path}: {name!r} is the same in every row; there is nothing to learn")
    papers = None if paper is None else tuple(text_in(row[0][paper]) for row in rows)
    years = None if year is None else np.array([_number(row[0][year]) for row in rows])
    return TrialTable(str(path), designs, values, computed, papers, years, tuple(notes))


def _check_targets(path: Path, table: PlainTable, targets: Sequence[str]) -> tuple[str, ...]:
    """The targets that closed forms answer.

    Raises:
        InputError: for none, or one that nothing answers.
    """
    if not targets:
        raise InputError("name what is to be predicted with --target")
    if not table.rows:
        raise InputError(f"{path}: has no rows")
    lacking = [name for name in targets if name not in table.columns and name not in CLOSED_FORMS]
    if lacking:
        raise InputError(
            f"{path}: nothing is known of {', '.join(map(repr, lacking))}; there are the columns "
            f"{', '.join(map(repr, table.columns))}, and the closed forms {', '.join(CLOSED_FORMS)}"
        )
    return tuple(name for name in targets if name not in table.columns)


def _input_columns(
    path: Path, table: PlainTable, targets: Sequence[str], given: TableColumns, notes: list[str]
) -> InputColumns:
    if given.formula is None:
        others = [name for name in table.columns if name not in targets]
        return choose_columns(str(path), others, table.rows, "", given.features, notes)
    for name in (given.formula, *given.features):
        check_column(path, table.columns, name)
    words = [name for name in given.features if all(number(row[name]) is None for row in table.rows)]
    return InputColumns.of(given.formula, [name for name in given.features if name not in words], words)


def _told_column(path: Path, table: PlainTable, asked: str | None, words: Sequence[str]) -> str | None:
    """The column that was asked for, else the first with one of the words in its header, else none."""
    if asked is not None:
        check_column(path, table.columns, asked)
        return asked
    heads = {column: set(read_header(column).words.replace(":", " ").split()) for column in table.columns}
    return next((column for word in words for column, head in heads.items() if word in head), None)


def _grouped(
    table: PlainTable, inputs: InputColumns, given: TableColumns
) -> tuple[dict[Design, list[dict[str, str]]], list[str]]:
    """The rows by design, and why others are none."""
    groups, problems = defaultdict[Design, list[dict[str, str]]](list), list[str]()
    for line, row in table.numbered():
        try:
            groups[read_design(row, inputs, given.basis, given.balance)].append(row)
        except InputError as error:
            problems.append(f"line {line}: {error}")
    return groups, problems


def _by_year(rows: list[dict[str, str]], year: str | None) -> list[dict[str, str]]:
    """The rows of a design, the earliest first, as far as years are told."""
    if year is None:
        return rows
    return sorted(rows, key=lambda row: math.inf if (y := number(row[year])) is None else y)


def _mean(name: str, rows: Sequence[Mapping[str, str]]) -> float:
    known = [value for row in rows if (value := number(row[name])) is not None]
    return float(np.mean(known)) if known else math.nan


def _number(cell: str) -> float:
    return math.nan if (value := number(cell)) is None else value
