"""A pool: a list of candidates whose answers are all known."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alloys.design import Design, Value, read_variable
from alloys.errors import InputError
from alloys.intake.cells import is_missing, number, without_number
from alloys.intake.mapping import Basis
from alloys.intake.tables import read_rows, shown
from alloys.space import Floats, TableSpace
from loop.other_sources import ForeignPoints
from loop.replay.columns import ANSWER, InputColumns, check_column, choose_columns

FEWEST = 10
"""Distinct rows below which there is nothing to search in."""

LARGEST = 20_000
"""Rows above which a replay would take more memory than a small machine has."""

TOP = 0.05
"""The share of a pool that is looked for where none is named."""


@dataclass(frozen=True, slots=True)
class ReplayPool:
    """Distinct designs and their answers; ``N`` of them, in an order that does not depend on the table's.

    Attributes:
        source: where they come from, for people.
        target: the column of answers.
        minimize: whether small answers are sought.
        space: the designs.
        answers: shape ``(N,)``.
        share: of the pool that is looked for.
        notes: what was left out, merged or ignored, in words.
        match: the answer that is sought; None where an extreme is.
        foreign: answers of another source that `ours` may learn from.
        inputs: the columns of the table that the designs are told by; None where there was none.
    """

    source: str
    target: str
    minimize: bool
    space: TableSpace
    answers: Floats
    share: float = TOP
    notes: tuple[str, ...] = ()
    match: float | None = None
    foreign: ForeignPoints | None = None
    inputs: InputColumns | None = None

    def __post_init__(self) -> None:
        if self.minimize and self.match is not None:
            raise InputError("either small answers are sought, or those that match a value, not both")

    @classmethod
    def of(
        cls,
        source: str,
        target: str,
        designs: Sequence[Design],
        answers: Floats,
        *,
        minimize: bool = False,
        share: float = TOP,
        notes: Sequence[str] = (),
        match: float | None = None,
    ) -> ReplayPool:
        """Leaves out variables that never change, merges equal designs (the mean of their answers) and checks the rest.

        Args:
            source: as the attribute.
            target: as the attribute.
            designs: equal ones are allowed, ``n`` of them.
            answers: finite, shape ``(n,)``.
            minimize: as the attribute.
            share: likewise.
            notes: what happened before.
            match: as the attribute.

        Raises:
            InputError: for a share that is none, too few distinct designs, or answers that do not differ.
        """
        if not 0 < share < 1:
            raise InputError(f"the top must be a share between 0 and 1, as 0.05 for the best twentieth; got {share:g}")
        told, count = list(notes), len(set(designs))
        if count < FEWEST:
            raise InputError(
                f"{source}: {count} distinct row(s) with an answer in {target!r}; at least {FEWEST} are needed"
                + (f" ({'; '.join(told)})" if told else "")
            )
        values = defaultdict[Design, list[float]](list)
        for design, answer in zip(_without_constants(designs, told), answers, strict=True):
            values[design].append(float(answer))
        if len(values) < len(designs):
            told.append(f"{len(designs) - len(values)} repeats of an input merged; the mean of their answers counts")
        distinct = tuple(sorted(values, key=Design.canonical))
        means = np.array([np.mean(values[design]) for design in distinct])
        if not np.ptp(means) > 1e-12 * np.abs(means).max():
            raise InputError(f"{source}: {target!r} is {means[0]:g} in every row; there is nothing to look for")
        return cls(source, target, minimize, TableSpace(distinct), means, share, tuple(told), match)

    def __len__(self) -> int:
        return len(self.answers)

    @property
    def values(self) -> Floats:
        """The answers, turned so that larger is better, shape ``(N,)``."""
        if self.match is not None:
            return -np.abs(self.answers - self.match)
        return -self.answers if self.minimize else self.answers

    @property
    def sought(self) -> str:
        """Which answers are sought, in words."""
        if self.match is not None:
            return f"nearest to {self.match:g}"
        return "lowest" if self.minimize else "highest"

    @property
    def best(self) -> NDArray[np.bool_]:
        """Which rows are the top, rounded up; with ties for the last place, all of those."""
        place = math.ceil(self.share * len(self))
        return np.asarray(self.values >= np.sort(self.values)[-place])

    @property
    def names(self) -> tuple[str, ...]:
        """What the designs are told by: elements and variables."""
        return self.space.elements + self.space.variables.names

    def plain(self) -> Floats:
        """The inputs as they are, each with mean 0 and standard deviation 1 over the pool, shape ``(N, d)``."""
        raw, count = self.space.inputs(np.arange(len(self))[:, None]), len(self.space.elements)
        columns = np.concatenate([raw[:, :count], self.space.variables.encoded(raw[:, count:])], axis=1)
        spread = columns.std(axis=0)
        kept = spread > 1e-9 * np.maximum(np.abs(columns).max(axis=0), 1e-12)
        return np.asarray((columns - columns.mean(axis=0))[:, kept] / spread[kept])


def _without_constants(designs: Sequence[Design], notes: list[str]) -> list[Design]:
    """The designs without variables that never change; these are noted."""
    names = sorted({name for design in designs for name in design.values})
    seen = {name: {design.values.get(name) for design in designs} for name in names}
    constant = [name for name in names if len(seen[name]) == 1]
    if not constant:
        return list(designs)
    notes.append("constant, left out: " + ", ".join(constant))
    kept = [{name: value for name, value in design.values.items() if name not in constant} for design in designs]
    return [Design.of(design.composition, values) for design, values in zip(designs, kept, strict=True)]


def read_pool(
    path: Path,
    target: str,
    *,
    features: Sequence[str] = (),
    minimize: bool = False,
    match: float | None = None,
    share: float = TOP,
    basis: Basis = "parts",
    balance: str | None = None,
    sample: int | None = None,
    seed: int = 0,
) -> ReplayPool:
    """Reads a pool from a CSV file.

    Args:
        path: the file, with a header.
        target: the column of answers; rows without a number there are left out.
        features: the columns to learn from: numbers, categories, and at most one of formulas. Where empty, the column
            of formulas if there is one, else every other column of numbers.
        minimize: whether small answers are sought.
        match: the answer that is sought; None for an extreme.
        share: of the pool that is looked for.
        basis: of amounts of elements; ``parts`` are ratios of atoms.
        balance: the element that has no column and takes the rest.
        sample: so many rows, drawn at random, are kept of a larger table.
        seed: of that draw.

    Raises:
        InputError: if the file cannot be read or no pool comes of it, with the reason.
    """
    table = read_rows(path, "the pool")
    check_column(path, table.columns, target)
    notes, rows = list[str](), list(table.numbered())
    if sample is not None and sample < len(rows):
        kept = np.sort(np.random.default_rng(seed).choice(len(rows), sample, replace=False))
        notes.append(f"{sample} of {len(rows)} rows drawn at random")
        rows = [rows[i] for i in kept]
    if len(rows) > LARGEST:
        raise InputError(
            f"{path}: has {len(rows)} rows; at most {LARGEST} can be replayed. Draw some with --sample {LARGEST // 10}"
        )
    found = choose_columns(str(path), table.columns, [row for _, row in rows], target, features, notes)
    if not rows:
        raise InputError(f"{path}: has no rows")
    designs, answers = _readable(rows, target, found, (basis, balance), notes)
    if not designs:
        raise InputError(f"{path}: no row is left; " + ("; ".join(notes) or "the table is empty"))
    pool = ReplayPool.of(str(path), target, designs, answers, minimize=minimize, share=share, notes=notes, match=match)
    return replace(pool, inputs=found)


def read_foreign(
    pool: ReplayPool, path: Path, *, features: Sequence[str] = (), basis: Basis = "parts", balance: str | None = None
) -> ReplayPool:
    """The pool with the answers of another file, of another source, for a campaign to learn from.

    Args:
        pool: what is searched.
        path: the other file, with the same columns; of elements it may have others.
        features, basis, balance: as `read_pool` takes them.

    Raises:
        InputError: if the file cannot be read or has no row with an answer.
    """
    table, notes = read_rows(path, "the foreign points"), list[str]()
    check_column(path, table.columns, pool.target)
    found = choose_columns(str(path), table.columns, table.rows, pool.target, features, list[str]())
    if bool(found.formula or found.elements) != bool(pool.space.elements):
        raise InputError(
            f"{path}: not both it and {pool.source} tell compositions; they need the same columns of inputs"
        )
    if pool.inputs is not None:
        for name in pool.inputs.variables:
            check_column(path, table.columns, name)
        if strange := [name for name in found.variables if name not in pool.inputs.variables]:
            notes.append(f"not used, as {pool.source} has no such input: {', '.join(strange)}")
        found = replace(found, variables=pool.inputs.variables, categories=pool.inputs.categories)
    designs, answers = _readable(list(table.numbered()), pool.target, found, (basis, balance), notes)
    if not designs:
        raise InputError(f"{path}: no row is left to learn from; " + ("; ".join(notes) or "the table is empty"))
    told = [f"{path.name}: {note}" for note in notes] + [f"{path.name}: {len(designs)} foreign points"]
    points = ForeignPoints(path.stem, tuple(designs), {ANSWER: answers})
    return replace(pool, foreign=points, notes=(*pool.notes, *told))


def _readable(
    rows: Sequence[tuple[int, dict[str, str]]],
    target: str,
    columns: InputColumns,
    amounts: tuple[Basis, str | None],
    notes: list[str],
) -> tuple[list[Design], Floats]:
    """The rows that are designs with an answer; how many are left out is noted, with the first line and its reason."""
    kept, designs, problems = list[float](), list[Design](), list[str]()
    notes += without_number(rows, target)
    for line, row in rows:
        answer = number(row[target])
        if answer is None:
            continue
        try:
            designs.append(read_design(row, columns, *amounts))
            kept.append(answer)
        except InputError as error:
            problems.append(f"line {line}: {error}")
    if problems:
        notes.append(f"{len(problems)} of {len(rows)} rows left out: {problems[0]}")
    return designs, np.array(kept)


def read_design(row: Mapping[str, str], columns: InputColumns, basis: Basis, balance: str | None) -> Design:
    """The design of a row.

    Raises:
        InputError: if its composition cannot be read, or an input is none.
    """
    values: dict[str, Value] = {}
    for column, name in columns.variables.items():
        cell = row[column].strip()
        read = read_variable if column in columns.categories else number
        value = None if is_missing(cell) else read(cell)
        if value is None:
            raise InputError(f"the input {column!r} is {shown(cell)}" if cell else f"the input {column!r} is empty")
        values[name] = value
    return Design.of(columns.composition(row, basis, balance), values)
