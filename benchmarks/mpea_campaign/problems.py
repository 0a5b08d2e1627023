"""The published table as a campaign's problem: the row nearest to what is asked answers."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from alloys.composition import Composition
from alloys.design import Design
from alloys.errors import InputError
from alloys.records import Measured, Quantity, Verdict, digest_of
from alloys.space import AlloySpace, Floats
from benchmarks.efficiency.problem import Answers, Problem
from loop.config.schema import CampaignConfig
from loop.replay.pool import ReplayPool
from validation.base import Description

Kind = Literal["grid", "list"]

START, BATCH, BATCHES = 20, 4, 10
COMMON = 10
"""An element that occurs in fewer rows is left out, with its rows."""


@dataclass(frozen=True)
class Table:
    """Alloys with one measured property, larger is better; ``N`` of them.

    Attributes:
        name: of the property.
        spec: what a configuration declares of it.
        elements: the palette: what at least `COMMON` rows have.
        fractions: atomic fractions to 0.01 at.%, shape ``(N, d)``.
        values: shape ``(N,)``.
    """

    name: str
    spec: dict[str, Any]
    elements: tuple[str, ...]
    fractions: Floats
    values: Floats

    @classmethod
    def of(cls, name: str, spec: dict[str, Any], pool: ReplayPool, common: int = COMMON) -> Table:
        """The rows of a pool of alloys that have common elements alone; repeats were averaged by the pool.

        Raises:
            InputError: if fewer than two rows are left.
        """
        inputs = pool.space.fractions(np.arange(len(pool))[:, None])
        rare = (inputs > 0).sum(axis=0) < common
        rows = ~(inputs[:, rare] > 0).any(axis=1)
        names = tuple(np.array(pool.space.elements)[~rare].tolist())
        fine = AlloySpace.build(names, step="0.0001", lower=0.0001, upper=1.0, count=(1, len(names)))
        amounts = [dict(zip(names, row.tolist(), strict=True)) for row in inputs[rows][:, ~rare]]
        points = [fine.nearest(Design(Composition.from_amounts(row))) for row in amounts]
        distinct, which = np.unique([p for p in points if p is not None], axis=0, return_inverse=True)
        if len(distinct) < 2:
            raise InputError(f"{pool.source}: no two alloys are left of elements that {common} rows have")
        values = np.bincount(which.reshape(-1), weights=pool.values[rows]) / np.bincount(which.reshape(-1))
        return cls(name, spec, names, fine.fractions(distinct), values)

    def __len__(self) -> int:
        return len(self.values)

    @property
    def formulas(self) -> list[str]:
        """Each row in at.%."""
        return [
            "".join(f"{s}{100 * x:.2f}" for s, x in zip(self.elements, row, strict=True) if x > 0)
            for row in self.fractions
        ]

    @property
    def top(self) -> set[int]:
        """The rows of the top 5 %, rounded up; with ties for the last place, all of those."""
        place = math.ceil(0.05 * len(self))
        return set(np.flatnonzero(self.values >= np.sort(self.values)[-place]).tolist())

    def nearest(self, composition: Composition) -> int:
        """The row with the smallest Euclidean distance between atomic fractions."""
        amounts = composition.fractions()
        point = np.array([amounts.get(symbol, 0.0) for symbol in self.elements])
        return int(np.argmin(((self.fractions - point) ** 2).sum(axis=1)))


@dataclass(frozen=True)
class NearestRow:
    """The validator: the value of the nearest row, at once."""

    table: Table
    name = "external"

    @property
    def properties(self) -> tuple[str, ...]:
        """The table's."""
        return (self.table.name,)

    @property
    def description(self) -> Description:
        """What it answers."""
        rows = (*self.table.formulas, *map(str, self.table.values))
        return Description(self.name, {self.table.name: self.table.spec["unit"]}, "measured", 0.0, "1", data=rows)

    @property
    def fingerprint(self) -> str:
        """Digest of the table."""
        return self.description.digest()

    @property
    def portable_settings(self) -> dict[str, Any]:
        """None: the table is in memory."""
        return {}

    def check(self, elements: Iterable[str]) -> None:
        """Any elements have a nearest row."""

    def validate(self, design: Design) -> Verdict:
        """Never fails."""
        value = float(self.table.values[self.table.nearest(design.composition)])
        return Measured({self.table.name: Quantity(value, self.table.spec["unit"])})


class TableProblem(Problem):
    """A problem whose space may be a list."""

    @property
    def digest(self) -> str:
        """Of what answers and what may be asked."""
        space = self.config.space
        asked = space.model_dump(mode="json", exclude={"file"}) | {"content": space.content_digest()}
        return digest_of({"space": asked, "validator": self.answers.validator.fingerprint})[:16]


def problem_of(table: Table, kind: Kind, seed: int, folder: Path, start: int = START) -> Problem:
    """The campaign's problem: the largest value, on a grid that covers the table, or among its rows.

    The grid has steps of 1 at.%, as many elements as the rows have, and amounts up to the largest of a row; the start
    are rows drawn at random, rounded to it. Among the rows the start is the campaign's own, which fills the space.
    """
    begin: dict[str, Any] = {"validate": start, "from_table": 0.0}
    if kind == "list":
        space: dict[str, Any] = {"kind": "table", "file": _written(folder / f"{table.name}.csv", table.formulas)}
    else:
        present, most = (table.fractions > 0).sum(axis=1), float(table.fractions.max())
        space = {
            "kind": "alloy",
            "elements": list(table.elements),
            "step": 0.01,
            "lower": 0.01,
            "upper": math.ceil(20 * most) / 20,
            "count": [int(present.min()), int(present.max())],
        }
        rows = np.random.default_rng([seed, 5]).permutation(len(table))[:start]
        path = folder / f"{table.name}-{seed}.csv"
        begin |= {"from_table": 1.0, "table": _written(path, [table.formulas[row] for row in rows])}
    config = CampaignConfig.model_validate(
        {
            "name": f"{table.name.replace('_', '-')}-{kind}",
            "seed": seed,
            "batch": BATCH,
            "iterations": BATCHES,
            "space": space,
            "physics": "generic",
            "properties": {table.name: table.spec},
            "objectives": [f"maximize {table.name}"],
            "reference_point": {table.name: 0.0},
            "start": begin,
            "validator": {"name": "external"},
        }
    )
    return TableProblem(config, Answers(NearestRow(table), folder / "answers"))


def _written(path: Path, formulas: list[str]) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([["formula"], *([formula] for formula in formulas)])
    return str(path)
