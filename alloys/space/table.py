"""A list of candidates as a space: each row of a table is a design, and there are no others."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from alloys.composition import Composition
from alloys.design import Design, read_variable
from alloys.errors import InputError
from alloys.records import digest_of
from alloys.space.base import Bools, Floats, Points, SpaceSpec
from alloys.tables import read_rows

NEIGHBOURS = 12
"""Rows of the list that count as one move away from a row."""


@dataclass(frozen=True)
class TableSpace:
    """Designs of a list; a point is the number of a row, shape ``(1,)``, counted from 0.

    Attributes:
        designs: the candidates, at least two, each once.
    """

    designs: tuple[Design, ...]
    elements: tuple[str, ...] = field(init=False, compare=False)
    _rows: dict[Design, int] = field(init=False, compare=False, repr=False)
    _fractions: Floats = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        rows = {design: i for i, design in enumerate(self.designs)}
        if len(rows) < len(self.designs):
            twice = sorted({str(d) for d in self.designs if self.designs.count(d) > 1})
            raise InputError(f"a candidate is listed twice: {', '.join(twice)}; leave the repetition out")
        if len(rows) < 2:
            raise InputError(f"a list of candidates needs at least two, got {len(rows)}")
        elements = tuple(sorted({symbol for design in self.designs for symbol in design.composition.elements}))
        amounts = [design.composition.fractions() for design in self.designs]
        object.__setattr__(self, "elements", elements)
        object.__setattr__(self, "_rows", rows)
        object.__setattr__(self, "_fractions", np.array([[a.get(s, 0.0) for s in elements] for a in amounts]))

    @classmethod
    def read(cls, path: Path) -> TableSpace:
        """The rows of a CSV file: a column ``formula``, and one for each variable.

        Raises:
            InputError: if the file cannot be read, or naming each row that is no design.
        """
        columns, rows = read_rows(path, "the candidates")
        if "formula" not in columns:
            raise InputError(f"the candidates {path} need a column 'formula', got {columns}")
        names = [name for name in columns if name != "formula"]
        designs, problems = [], []
        for number, row in enumerate(rows, start=2):
            try:
                values = {name: read_variable(cell) for name in names if (cell := (row[name] or "").strip())}
                designs.append(Design.of(Composition.parse(row["formula"] or ""), values))
            except InputError as error:
                problems.append(f"line {number}: {error}")
        if problems:
            raise InputError(f"the candidates {path}: {'; '.join(problems)}")
        return cls(tuple(designs))

    @property
    def columns(self) -> tuple[str, ...]:
        """The number of the row."""
        return ("row",)

    @property
    def dimension(self) -> int:
        """One number."""
        return 1

    def contains(self, points: Points) -> Bools:
        """Which points ``(n, 1)`` are rows of the list, shape ``(n,)``."""
        return np.asarray((points[:, 0] >= 0) & (points[:, 0] < len(self.designs)))

    def broken_rules(self, point: Points) -> list[str]:
        """Every rule that a point breaks, in words."""
        inside = bool(self.contains(point[None])[0])
        return [] if inside else [f"row {point[0]} is not among the {len(self.designs)} candidates"]

    def point_of(self, design: Design) -> Points:
        """The row of a design.

        Raises:
            InputError: if it is not listed.
        """
        if design not in self._rows:
            raise InputError(f"{design} is not among the {len(self.designs)} candidates")
        return np.array([self._rows[design]], dtype=np.int64)

    def nearest(self, design: Design) -> Points | None:
        """The row of a design, or None where it is not listed."""
        return self.point_of(design) if design in self._rows else None

    def design(self, point: Points) -> Design:
        """The candidate of a row."""
        return self.designs[int(point[0])]

    def fractions(self, points: Points) -> Floats:
        """Atomic fractions of rows ``(n, 1)``, shape ``(n, len(elements))``."""
        return np.asarray(self._fractions[points[:, 0]])

    def coordinates(self, points: Points) -> Floats:
        """The same in at.%."""
        return 100.0 * self.fractions(points)

    def keys(self, points: Points) -> list[bytes]:
        """One hashable key for each row."""
        return [row.tobytes() for row in np.ascontiguousarray(points, dtype=np.int64)]

    def sample(self, n: int, rng: np.random.Generator) -> Points:
        """Draws ``n`` rows, shape ``(n, 1)``; no row repeats before all have come."""
        rounds = [rng.permutation(len(self.designs)) for _ in range(-(-n // len(self.designs)))]
        return np.concatenate([np.zeros(0, dtype=np.int64), *rounds])[:n, None]

    def neighbours(self, point: Points, count: int = NEIGHBOURS) -> Points:
        """The rows whose atomic fractions are nearest to a row's, nearest first, shape ``(m, 1)``."""
        away = np.abs(self._fractions - self._fractions[int(point[0])]).sum(axis=1)
        order = np.argsort(away, kind="stable")
        return np.asarray(order[order != point[0]][:count, None], dtype=np.int64)

    def one_move_away(self, points: Points, centre: Points) -> Bools:
        """Which rows ``(n, 1)`` are neighbours of a row, shape ``(n,)``."""
        return np.isin(points[:, 0], self.neighbours(centre)[:, 0])


class TableSpec(SpaceSpec):
    """A list of candidates: a CSV file with a column ``formula``, and one for each variable."""

    kind: Literal["table"]
    file: str

    def build(self) -> TableSpace:
        """The list.

        Raises:
            InputError: if the file cannot be read, or naming each row that is no design.
        """
        return TableSpace.read(Path(self.file))

    @property
    def files(self) -> tuple[str, ...]:
        """The list's file."""
        return (self.file,)

    def content_digest(self) -> str:
        """A digest of the candidates in their order."""
        return digest_of([design.canonical() for design in self.build().designs])


SPEC = TableSpec
