"""A list of candidates as a space: each row of a table is a design, and there are no others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from alloys.design import Design, Value, variable_names
from alloys.errors import InputError
from alloys.intake.listing import names_rows, read_list
from alloys.intake.mapping import AlloyColumns
from alloys.records import digest_of
from alloys.space.base import Bools, Floats, Points, SpaceSpec
from alloys.space.formula.writing import in_atoms
from alloys.space.variables import Kind, Variable, Variables

NEIGHBOURS = 12
"""Rows of the list that count as one move away from a row."""

_FAR = 50.0
"""Distance of the ends of a variable's range, where a whole composition is 100."""

_WIDE = 100.0
"""Positive numbers whose ends are so many times apart count by their logarithms."""


@dataclass(frozen=True)
class TableSpace:
    """Designs of a list; a point is the number of a row, shape ``(1,)``, counted from 0.

    Attributes:
        designs: the candidates, at least two, each once.
        units: of their variables, by name, where known.
        per_batch: how many values of a variable may stand in one batch, by name, where that is limited.
        variables: what the designs' variables are.
    """

    designs: tuple[Design, ...]
    units: Mapping[str, str] = field(default_factory=dict, compare=False)
    per_batch: Mapping[str, int] = field(default_factory=dict)
    elements: tuple[str, ...] = field(init=False, compare=False)
    variables: Variables = field(init=False, compare=False)
    _rows: dict[Design, int] = field(init=False, compare=False, repr=False)
    _inputs: Floats = field(init=False, compare=False, repr=False)
    _coordinates: Floats = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        rows = {design: i for i, design in enumerate(self.designs)}
        if len(rows) < len(self.designs):
            twice = sorted({str(d) for d in self.designs if self.designs.count(d) > 1})
            raise InputError(f"a candidate is listed twice: {', '.join(twice)}; leave the repetition out")
        if len(rows) < 2:
            raise InputError(f"a list of candidates needs at least two, got {len(rows)}")
        elements = tuple(sorted({symbol for design in self.designs for symbol in design.composition.elements}))
        amounts = [design.composition.fractions() for design in self.designs]
        fractions = np.array([[a.get(s, 0.0) for s in elements] for a in amounts]).reshape(len(rows), -1)
        variables = variables_of(self.designs, self.units, self.per_batch)
        raw = np.array([variables.raw_of(design.values) for design in self.designs]).reshape(len(rows), -1)
        far = _FAR * variables.distances(raw)
        object.__setattr__(self, "elements", elements)
        object.__setattr__(self, "variables", variables)
        object.__setattr__(self, "_rows", rows)
        object.__setattr__(self, "_inputs", np.concatenate([fractions, raw], axis=1))
        object.__setattr__(self, "_coordinates", np.concatenate([100.0 * fractions, far], axis=1))

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
        return np.asarray(self._inputs[points[:, 0], : len(self.elements)])

    def inputs(self, points: Points) -> Floats:
        """Atomic fractions, and a column for each variable, shape ``(n, len(elements) + len(variables))``."""
        return np.asarray(self._inputs[points[:, 0]])

    def coordinates(self, points: Points) -> Floats:
        """Atomic percent, and variables, whose whole range is as far as half of the composition."""
        return np.asarray(self._coordinates[points[:, 0]])

    def keys(self, points: Points) -> list[bytes]:
        """One hashable key for each row."""
        return [row.tobytes() for row in np.ascontiguousarray(points, dtype=np.int64)]

    def sample(self, n: int, rng: np.random.Generator) -> Points:
        """Draws ``n`` rows, shape ``(n, 1)``; no row repeats before all have come."""
        rounds = [rng.permutation(len(self.designs)) for _ in range(-(-n // len(self.designs)))]
        return np.concatenate([np.zeros(0, dtype=np.int64), *rounds])[:n, None]

    def neighbours(self, point: Points, count: int = NEIGHBOURS) -> Points:
        """The rows nearest to a row by `coordinates`, nearest first, shape ``(m, 1)``."""
        away = np.abs(self._coordinates - self._coordinates[int(point[0])]).sum(axis=1)
        order = np.argsort(away, kind="stable")
        return np.asarray(order[order != point[0]][:count, None], dtype=np.int64)

    def one_move_away(self, points: Points, centre: Points) -> Bools:
        """Which rows ``(n, 1)`` are neighbours of a row, shape ``(n,)``."""
        return np.isin(points[:, 0], self.neighbours(centre)[:, 0])


def variables_of(designs: Sequence[Design], units: Mapping[str, str], per_batch: Mapping[str, int]) -> Variables:
    """What the variables of listed designs are: numbers, categories, or names of single rows.

    Raises:
        InputError: if a limit is of none of them.
    """
    stray = sorted(set(per_batch) - set(variable_names(designs)))
    if stray:
        raise InputError(f"per_batch names {', '.join(stray)}; the variables are {', '.join(variable_names(designs))}")
    made = []
    for name in variable_names(designs):
        values = [design.values[name] for design in designs if name in design.values]
        distinct = list(dict.fromkeys((isinstance(value, bool), value) for value in values))
        variable = _listed(name, [value for _, value in distinct], len(designs), units.get(name, ""))
        made.append(replace(variable, per_batch=per_batch.get(name)))
    return Variables(tuple(made))


def _listed(name: str, values: list[Value], count: int, unit: str) -> Variable:
    numbers = [float(v) for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(numbers) == len(values):
        log = min(numbers) > 0 and max(numbers) > _WIDE * min(numbers)
        return Variable(name, tuple(sorted(values)), "number", log, unit)
    kind: Kind = "label" if names_rows(len(values), count) else "category"
    return Variable(name, tuple(sorted(values, key=str)), kind)


class TableSpec(AlloyColumns, SpaceSpec):
    """A list of candidates: a table of formulas or amounts, whose other columns are variables.

    Attributes:
        inputs: the columns that become variables; all that say nothing of the composition if None. With them, a table
            without formulas is one of plain inputs.
        per_batch: how many values of a variable may stand in one batch, by its name.
        written: how compositions are shown: in ``at.%``, or in whole ``atoms``, as NaCl.
    """

    kind: Literal["table"]
    inputs: list[str] | None = None
    per_batch: dict[str, Annotated[int, Field(ge=1)]] = Field(default={})
    written: Literal["at.%", "atoms"] = "at.%"

    def build(self) -> TableSpace:
        """The list.

        Raises:
            InputError: if the file cannot be read, or naming each row that is no design, repeats or lacks a cell.
        """
        found = read_list(self, self.inputs)
        return TableSpace(tuple(map(self.shown, found.designs)), found.units, self.per_batch)

    def shown(self, design: Design) -> Design:
        """A design as the list is to be written."""
        return in_atoms(design) if self.written == "atoms" else design

    def declared_variables(self) -> Variables:
        """What the columns are."""
        return self.build().variables

    @property
    def files(self) -> tuple[str, ...]:
        """The list's file."""
        return (self.file,)

    def content_digest(self) -> str:
        """A digest of the candidates in their order."""
        return digest_of([design.canonical() for design in self.build().designs])

    @model_serializer(mode="wrap")
    def _without_later_keys(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Campaigns made before a key was known go on: it is not there where it says nothing."""
        later: dict[str, Any] = {"sheet": None, "formula": None, "elements": {}, "basis": "at.%", "balance": None}
        later |= {"where": {}, "inputs": None, "per_batch": {}, "written": "at.%"}
        return {key: value for key, value in plain(self).items() if key not in later or value != later[key]}


SPEC = TableSpec
