"""The labelled alloys that generators are trained on and measured against, on a grid of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from alloys.composition import SYMBOLS, Composition
from alloys.dataset import known_alloys
from alloys.errors import InputError
from alloys.intake.cells import number, without_number
from alloys.intake.tables import read_rows
from alloys.physics.closed_forms import CLOSED_FORMS, PUBLISHED_CONDITIONS, closed_form
from alloys.physics.elements import known_elements
from alloys.properties import PROPERTIES
from alloys.space import AlloySpace, Floats, GridSpace, Points

STEP = "0.001"
"""Grid of the space, as an atomic fraction; compositions are rounded to it."""

FEWEST = 20
"""Rows below which no measure means anything."""


@dataclass(frozen=True, slots=True)
class LabelledAlloys:
    """Distinct points of a space and their properties.

    Attributes:
        source: where they come from, for people.
        space: a grid with every element that occurs, any amount, as many elements as occur.
        names: the properties, in the order of the columns.
        points: shape ``(n, d)``, distinct.
        values: shape ``(n, p)``, all finite.
        rows: the place of each in the table that they were read from, shape ``(n,)``; None where there was none.
    """

    source: str
    space: GridSpace
    names: tuple[str, ...]
    points: Points
    values: Floats
    rows: Points | None = None

    @property
    def fractions(self) -> Floats:
        """Atomic fractions, shape ``(n, d)``."""
        return self.space.fractions(self.points)

    def subset(self, rows: Sequence[int]) -> LabelledAlloys:
        """Some of the rows, in the same space."""
        chosen = np.asarray(rows, dtype=np.int64)
        places = None if self.rows is None else self.rows[chosen]
        return LabelledAlloys(self.source, self.space, self.names, self.points[chosen], self.values[chosen], places)


Rows = Sequence[tuple[Composition, Mapping[str, float]]]


def known_table() -> Rows:
    """The alloys of the literature that come with the project; their properties are closed forms."""
    known = set(known_elements())
    return [(row.composition, {}) for row in known_alloys() if set(row.composition.elements) <= known]


def read_table(path: Path, names: Sequence[str] = (), tell: Callable[[str], None] = lambda line: None) -> Rows:
    """Reads a CSV file with a ``formula`` column, or columns named after elements, and numeric columns.

    Amounts in element columns are in any unit. Columns with text are left out; empty cells are unknown.

    Args:
        path: the file.
        names: properties that are asked for: without a number in their column they are NaN, and no closed form takes
            its place.
        tell: takes a line on the rows without, for each column.

    Raises:
        InputError: if the file cannot be read, has no rows, or a composition cannot be read, naming its line.
    """
    table = read_rows(path)
    columns = table.columns
    elements = [name for name in columns if name in SYMBOLS]
    if "formula" not in columns and not elements:
        raise InputError(f"{path}: needs a column 'formula' or columns named after elements, got {', '.join(columns)}")
    if not table.rows:
        raise InputError(f"{path}: has no rows")
    asked = [name for name in dict.fromkeys(names) if name in columns]
    for name in asked:
        for note in without_number([*table.numbered()], name):
            tell(note)
    rows, problems = [], []
    for line, record in table.numbered():
        unknown = dict.fromkeys(asked, np.nan)
        try:
            rows.append((_composition(record, elements), {**unknown, **_values(record)}))
        except InputError as error:
            problems.append(f"line {line}: {error}")
    if problems:
        raise InputError(f"{path}: " + "; ".join(problems[:10]) + (" and more" if len(problems) > 10 else ""))
    return rows


def _composition(record: Mapping[str, str], elements: Sequence[str]) -> Composition:
    if "formula" in record:
        return Composition.parse(record["formula"].replace(" ", ""))
    try:
        return Composition.from_amounts({name: float(record[name] or 0) for name in elements})
    except ValueError as error:
        raise InputError(f"amounts of elements must be numbers ({error})") from None


def _values(record: Mapping[str, str]) -> dict[str, float]:
    return {name: value for name, cell in record.items() if (value := number(cell)) is not None}


def labelled(rows: Rows, names: Sequence[str] = (), source: str = "") -> LabelledAlloys:
    """Distinct compositions on the grid with the properties asked for.

    A property that the rows do not give is taken from its closed form. Rows without a value of every property
    are left out; of compositions that are equal on the grid the first stays.

    Args:
        rows: compositions with numbers by name.
        names: the properties; `PUBLISHED_CONDITIONS` where empty.
        source: where the rows come from.

    Raises:
        InputError: for no rows or too few, an unknown property, a constant one, or elements without
            reference data where a closed form needs them.
    """
    chosen = tuple(dict.fromkeys(names)) or PUBLISHED_CONDITIONS
    _check_names(rows, chosen, source)
    elements = tuple(sorted({symbol for composition, _ in rows for symbol in composition.elements}))
    exact = np.array([[c.fractions().get(symbol, 0.0) for symbol in elements] for c, _ in rows])
    values = np.stack([_column(rows, name, elements, exact) for name in chosen], axis=1)
    points = _on_grid(exact)
    _, first = np.unique(points, axis=0, return_index=True)
    keep = np.sort(first[np.isfinite(values[first]).all(axis=1)])
    points, values = points[keep], values[keep]
    if len(points) < FEWEST:
        raise InputError(
            f"{source}: {len(points)} distinct compositions have {' and '.join(chosen)}; at least {FEWEST} are needed"
        )
    _check_columns(chosen, values, source)
    present = np.flatnonzero((points > 0).any(axis=0))
    space = _space(tuple(elements[i] for i in present), points)
    return LabelledAlloys(source, space, chosen, points[:, present], values, keep)


def _check_names(rows: Rows, names: Sequence[str], source: str) -> None:
    if not rows:
        raise InputError(f"{source}: has no rows")
    given = {name for _, values in rows for name in values if name not in SYMBOLS}
    for name in names:
        if name not in CLOSED_FORMS and name not in given:
            what = "has no closed form and no values here" if name in PROPERTIES else "is unknown"
            raise InputError(
                f"{source}: the property {name!r} {what}; available are {', '.join(sorted(given | set(CLOSED_FORMS)))}"
            )


def _check_columns(names: Sequence[str], values: Floats, source: str) -> None:
    for name, column in zip(names, values.T, strict=True):
        if np.ptp(column) <= 1e-9 * np.abs(column).max():
            raise InputError(f"{source}: {name} is the same in every row ({column[0]:g}); it cannot be a condition")
        if column.min() <= 0 <= column.max():
            limits = f"{column.min():g} to {column.max():g}"
            raise InputError(f"{source}: {name} must keep one sign, as errors are relative to it; got {limits}")


def _column(rows: Rows, name: str, elements: tuple[str, ...], exact: Floats) -> Floats:
    if any(name in values for _, values in rows):
        return np.array([values.get(name, np.nan) for _, values in rows])
    return closed_form(name, elements, exact)


def _on_grid(exact: Floats) -> Points:
    """Nearest points, with the sum kept; amounts below half a step vanish."""
    total = round(1 / float(STEP))
    real = np.where(exact * total < 0.5, 0.0, exact)
    real = real / real.sum(axis=1, keepdims=True) * total
    points = np.maximum(np.floor(real + 1e-9), real > 0).astype(np.int64)
    for row, wanted in zip(points, real, strict=True):
        while row.sum() != total:
            step = 1 if row.sum() < total else -1
            gap = np.where((wanted > 0) & (row + step > 0), step * (wanted - row), -np.inf)
            row[int(np.argmax(gap))] += step
    return np.asarray(points, dtype=np.int64)


def _space(elements: tuple[str, ...], points: Points) -> AlloySpace:
    count = (points > 0).sum(axis=1)
    return AlloySpace.build(
        elements, step=STEP, lower=float(STEP), upper=1.0, count=(int(count.min()), int(count.max()))
    )
