"""Points as CSV and as JSON, with nothing lost: what is read again has the same keys.

Both name each source once with what is known of it; what is not known, such as a licence, is empty.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from alloys.composition import Composition
from alloys.design import Design
from alloys.errors import InputError
from alloys.files import MOST_BYTES, read_plain
from alloys.intake.tables import once, read_cells
from alloys.points.csv_cells import escape, unescape
from alloys.points.point import Point, PointConditions, PointKind, PointSource

FORMAT = "alloyloop points 1"
"""What such a JSON document says of itself."""
POINT_COLUMNS = (
    "formula design property unit value std test_temperature processing phase test kind source failure".split()
)
SOURCE_COLUMNS = "source_title source_year source_licence".split()
COLUMNS = (*POINT_COLUMNS, *SOURCE_COLUMNS)
"""Of such a CSV; ``design`` is exact, and ``formula`` says its composition for people."""


@dataclass(frozen=True, slots=True)
class ExportedPoints:
    """What such a file says.

    Attributes:
        points: in its order.
        sources: what is known of them, by name.
    """

    points: tuple[Point, ...]
    sources: Mapping[str, PointSource]


def points_csv(points: Iterable[Point], sources: Mapping[str, PointSource]) -> bytes:
    """The points as CSV: UTF-8, lines end as RFC 4180 has it, what a spreadsheet would run is marked."""
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow(COLUMNS)
    for point in points:
        rows.writerow(_cells(point, sources.get(point.source, PointSource(point.source))))
    return text.getvalue().encode()


def points_json(points: Iterable[Point], sources: Mapping[str, PointSource]) -> bytes:
    """The points as one JSON document: ``{"format", "points": [...], "sources": [...]}``."""
    told = [point.to_json() for point in points]
    named = sorted({point["source"] for point in told})
    described = [sources.get(name, PointSource(name)).to_json() for name in named]
    document = {"format": FORMAT, "points": told, "sources": described}
    return json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False).encode() + b"\n"


def read_exported(path: Path) -> ExportedPoints | None:
    """Points of a file that `points_csv` or `points_json` made; None if it is another kind of table.

    Raises:
        InputError: if it cannot be read, or is such a file with a mistake: saying where.
    """
    reader = {".csv": _read_csv, ".json": _read_json}.get(path.suffix.lower())
    return None if reader is None else reader(path)


def _cells(point: Point, source: PointSource) -> list[str]:
    told = point.conditions
    texts = (told.processing, told.phase, told.test, str(point.kind), point.source, point.failure or "")
    return [
        point.design.composition.exactly(),
        escape(point.design.canonical()),
        escape(point.property_name),
        escape(point.unit),
        *(_number(value) for value in (point.value, point.std, told.test_temperature)),
        *map(escape, texts),
        escape(source.title),
        "" if source.year is None else str(source.year),
        escape(source.licence),
    ]


def _number(value: float | None) -> str:
    return "" if value is None else repr(float(value))


def _read_csv(path: Path) -> ExportedPoints | None:
    (_, header), *rows = read_cells(path) or [(1, [])]
    if header != list(COLUMNS):
        return None
    return _gathered(path, [(f"line {line}", _csv_row(cells)) for line, cells in rows])


def _csv_row(cells: Sequence[str]) -> Callable[[], tuple[Point, PointSource]]:
    def read() -> tuple[Point, PointSource]:
        if len(cells) != len(COLUMNS):
            raise InputError(f"has {len(cells)} cells, and the table has {len(COLUMNS)} columns")
        row = dict(zip(COLUMNS, cells, strict=True))
        said = {name: unescape(cell) for name, cell in row.items()}
        celsius = _read_number("test_temperature", row["test_temperature"])
        point = Point(
            design=_design(said["design"], row["formula"]),
            property_name=said["property"],
            unit=said["unit"],
            value=_read_number("value", row["value"]),
            kind=_kind(said["kind"]),
            source=said["source"],
            std=_read_number("std", row["std"]),
            conditions=PointConditions(celsius, said["processing"], said["phase"], said["test"]),
            failure=said["failure"] or None,
        )
        year = row["source_year"]
        if year and not (year.isascii() and year.isdigit()):
            raise InputError(f"source_year is {year[:20]!r}, no year")
        named = PointSource(point.source, said["source_title"], int(year) if year else None, said["source_licence"])
        return point, named

    return read


def _read_number(name: str, cell: str) -> float | None:
    try:
        return float(cell) if cell else None
    except ValueError:
        raise InputError(f"{name} is {cell[:40]!r}, no number") from None


def _kind(text: str) -> PointKind:
    if text not in set(PointKind):
        raise InputError(f"kind is {text[:40]!r}, none of {', '.join(PointKind)}")
    return PointKind(text)


def _design(canonical: str, formula: str) -> Design:
    design = Design.from_canonical(canonical)
    told = design.composition.exactly()
    if formula not in ("", told) and Composition.parse(formula) != design.composition:
        raise InputError(f"formula says {formula[:80]}, and design says {told}; correct both, or leave formula empty")
    return design


def _read_json(path: Path) -> ExportedPoints | None:
    content = read_plain(path, "", MOST_BYTES)
    try:
        document = json.loads(content.decode("utf-8-sig"), object_pairs_hook=once)
    except InputError as error:
        raise InputError(f"cannot read {path}: {error}") from error
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        return None
    told, described = document.get("points"), document.get("sources", [])
    if not isinstance(told, list) or not isinstance(described, list):
        raise InputError(f"{path}: points and sources are lists")
    named: dict[str, PointSource] = {}
    for number, each in enumerate(described, 1):
        source = _located(path, f"source {number}", partial(_source_in, each))
        named[source.name] = source
    return _gathered(path, [(f"point {number}", _json_row(each, named)) for number, each in enumerate(told, 1)])


def _json_row(document: Any, named: Mapping[str, PointSource]) -> Callable[[], tuple[Point, PointSource]]:
    def read() -> tuple[Point, PointSource]:
        try:
            numbers = {name: _plain(name, document[name]) for name in ("value", "std") if name in document}
            _refuse_types(document)
            point = Point.from_json({**document, **numbers})
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"is no point: {type(error).__name__} {error}"[:200]) from error
        return point, named.get(point.source, PointSource(point.source))

    return read


def _refuse_types(document: Mapping[str, Any]) -> None:
    """Refuses what is no text where texts stand, and no number where one stands."""
    told = document.get("conditions", {})
    for name, value in (*document.items(), *(told.items() if isinstance(told, dict) else ())):
        if name == "test_temperature":
            _plain(name, value)
        elif name not in ("value", "std", "conditions") and not isinstance(value, str):
            raise InputError(f"{name} is {value!r:.40}, no text")


def _plain(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{name} is {value!r:.40}, no number")
    return float(value)


def _source_in(document: Any) -> PointSource:
    if not isinstance(document, dict) or not isinstance(document.get("name"), str):
        raise InputError("has no name")
    year = document.get("year")
    texts = [document.get("title", ""), document.get("licence", "")]
    if not all(isinstance(text, str) for text in texts) or not (year is None or type(year) is int):
        raise InputError("title and licence are texts, and year is a whole number")
    return PointSource(document["name"], texts[0], year, texts[1])


def _gathered(path: Path, rows: Sequence[tuple[str, Callable[[], tuple[Point, PointSource]]]]) -> ExportedPoints:
    points: list[Point] = []
    sources: dict[str, PointSource] = {}
    for place, read in rows:
        point, source = _located(path, place, read)
        points.append(point)
        sources.setdefault(source.name, source)
    if not points:
        raise InputError(f"{path}: has no points")
    return ExportedPoints(tuple(points), sources)


def _located(path: Path, place: str, read: Callable[[], Any]) -> Any:
    try:
        return read()
    except InputError as error:
        raise InputError(f"{path}, {place}: {error}") from error
