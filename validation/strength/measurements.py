"""Measured yield strengths: which points count, which papers print the same measurement, and reading them."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alloys.composition import Composition
from alloys.errors import InputError
from alloys.physics.elements import known_elements
from alloys.points.exported import read_exported
from alloys.points.point import MEASURED, SAME_VALUE, Point, PointSource
from alloys.points.published import UNREADABLE, read_published_points

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Texts = NDArray[np.str_]

PROPERTY = "yield_strength"
"""The property of the points that count; their unit is MPa."""
UNIT = "MPa"
_UNREADABLE = "it, or its test temperature, cannot be true or read (alloyloop data check FILE --format mpea says where)"

_COLUMNS = 7

FEWEST_SOURCES = 5
"""Sources below which nothing can be learned of how sources differ."""

_LATE = 9999
"""The year of a source whose year is not known: it comes last."""


@dataclass(frozen=True)
class StrengthMeasurements:
    """Measurements of ``n`` test pieces.

    Attributes:
        formulas: of the alloys, ``n`` texts that say their amounts exactly.
        fractions: atomic fractions over the elements of the edge model, shape ``(n, d)``.
        celsius: temperatures of the tests, °C, shape ``(n,)``.
        values: yield strengths, MPa, shape ``(n,)``.
        processing: in the words of the sources, ``n`` texts.
        tests: kinds of test, such as ``compression``, ``n`` texts.
        sources: who says so, ``n`` names.
        years: of the sources, shape ``(n,)``.
        left_out: points of this property that do not count, by reason.
    """

    formulas: Texts
    fractions: Floats
    celsius: Floats
    values: Floats
    processing: Texts
    tests: Texts
    sources: Texts
    years: Indices
    left_out: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.values)

    @classmethod
    def of_points(
        cls, points: Iterable[Point], sources: Mapping[str, PointSource], unreadable: int = 0
    ) -> StrengthMeasurements:
        """The points that are measured yield strengths of alloys that the edge model knows.

        Args:
            points: of any property.
            sources: what is known of theirs, by name.
            unreadable: how many strengths of a table are no points.

        Raises:
            InputError: if there are too few sources.
        """
        left_out = Counter({_UNREADABLE: unreadable} if unreadable else {})
        rows: list[list[Any]] = []
        for point in points:
            if point.property_name != PROPERTY:
                continue
            if reason := _reason_against(point):
                left_out[reason] += 1
                continue
            told, source = point.conditions, sources.get(point.source)
            year = source.year if source is not None and source.year is not None else _LATE
            where = [point.design.composition.exactly(), told.test_temperature, point.value]
            rows.append([*where, told.processing, told.test, point.source, year])
        return cls.of_rows(rows, left_out)

    @classmethod
    def of_rows(cls, rows: Sequence[Sequence[Any]], left_out: Mapping[str, int] | None = None) -> StrengthMeasurements:
        """Reads what `rows` wrote: formula, °C, MPa, processing, test, source and year of each.

        Raises:
            InputError: for rows that are none, or too few sources.
        """
        why = left_out or {}
        try:
            formulas, celsius, values, *texts, years = zip(*rows, strict=True) if rows else [()] * _COLUMNS
            processing, tests, sources = (np.array(column, dtype=np.str_) for column in texts)
            numbers = (np.array(celsius, dtype=np.float64), np.array(values, dtype=np.float64))
            ages = np.array(years, dtype=np.int64)
        except (TypeError, ValueError) as error:
            raise InputError(f"measurements are formula, °C, MPa, processing, test, source, year: {error}") from error
        if len({*sources.tolist()}) < FEWEST_SOURCES:
            reasons = "".join(f"; {count} left out: {reason}" for reason, count in why.items())
            raise InputError(
                f"measured yield strengths of {len({*sources.tolist()})} sources are too few: give those of at least "
                f"{FEWEST_SOURCES}, of alloys of {', '.join(known_elements())}, at known temperatures{reasons}"
            )
        shares = {text: Composition.parse(text).fractions() for text in dict.fromkeys(formulas)}
        fractions = np.array([[shares[text].get(symbol, 0.0) for symbol in known_elements()] for text in formulas])
        return cls(np.array(formulas, dtype=np.str_), fractions, *numbers, processing, tests, sources, ages, why)

    def rows(self) -> list[list[Any]]:
        """Plain rows, from which any process makes the same measurements."""
        columns = (self.formulas, self.celsius, self.values, self.processing, self.tests, self.sources, self.years)
        return [list(row) for row in zip(*(column.tolist() for column in columns), strict=True)]

    def take(self, rows: Indices) -> StrengthMeasurements:
        """Some of the measurements."""
        columns = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "left_out"}
        return replace(self, **{name: column[rows] for name, column in columns.items()})

    @cached_property
    def copies(self) -> list[list[int]]:
        """For each measurement, those of other sources with its alloy, temperature and value: later papers print
        earlier papers' results.
        """
        alike: defaultdict[tuple[Any, ...], list[int]] = defaultdict(list)
        for i, shares in enumerate(np.round(self.fractions, 4)):
            alike[(*shares, round(self.celsius[i]))].append(i)
        found: list[list[int]] = [[] for _ in range(len(self))]
        for rows in alike.values():
            for i in rows:
                near = (j for j in rows if math.isclose(self.values[i], self.values[j], rel_tol=SAME_VALUE))
                found[i] = [j for j in near if self.sources[i] != self.sources[j]]
        return found

    def each_once(self, rows: Indices) -> Indices:
        """Those of some rows that no earlier source among the rows prints: each measurement counts once."""
        among: set[int] = {*rows.tolist()}
        age = {i: (int(self.years[i]), i) for i in among}
        return np.array(
            [i for i in sorted(among) if not any(j in among and age[j] < age[i] for j in self.copies[i])],
            dtype=np.int64,
        )

    def without_source(self, source: str) -> tuple[Indices, Indices]:
        """Rows to learn from, each measurement once, and rows of the source, none of which the others print too."""
        held = np.flatnonzero(self.sources == source)
        out = {*held.tolist(), *(j for i in held.tolist() for j in self.copies[i])}
        rest = np.array([i for i in range(len(self)) if i not in out], dtype=np.int64)
        return self.each_once(rest), held


def _reason_against(point: Point) -> str:
    if point.kind not in MEASURED or point.value is None:
        return "it was not measured"
    if point.unit != UNIT or point.value <= 0:
        return f"it is no strength above 0 in {UNIT}"
    if point.conditions.test_temperature is None:
        return "it has no test temperature"
    outside = {*point.design.composition.elements} - {*known_elements()}
    return "it has elements that the edge model does not know" if outside else ""


def read_measurements(path: Path, kind: str | None = None) -> StrengthMeasurements:
    """Reads the published MPEA table (``mpea``), or ``points`` as ``alloyloop materials export`` writes them.

    Args:
        path: the file.
        kind: which of the two it is; what it is found to be if None.

    Raises:
        InputError: if the file is neither, or has too few measurements.
    """
    if not path.is_file():
        raise InputError(
            f"there is no file {path}; the published table of Borg et al. 2020 (10.1038/s41597-020-00768-9) does not "
            "come with the project: get it, or give points of your own"
        )
    exported = None if kind == "mpea" else read_exported(path)
    if exported is not None:
        return StrengthMeasurements.of_points(exported.points, exported.sources)
    if kind == "points":
        raise InputError(f"{path} is no file of points, as `alloyloop materials export` writes them")
    published = read_published_points(path)
    unreadable = sum(why.startswith(UNREADABLE) and PROPERTY in why for _, why in published.dropped)
    return StrengthMeasurements.of_points(published.points, published.sources, unreadable)
