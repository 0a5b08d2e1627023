"""``alloyloop materials add``: the points of a table join the materials table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import ValidationError

from alloys.errors import InputError
from loop.cli.console import Json, counted, err, print_json, who
from loop.cli.materials.place import USUAL, Place

if TYPE_CHECKING:
    from alloys.points.tables.mapping import PointsMap
    from loop.config.yaml_lines import Document, Location
    from loop.materials import AddedPoints


class PublishedFormat(StrEnum):
    """Published tables whose columns are known."""

    MPEA = "mpea"


def add(
    file: Annotated[Path, typer.Argument(help="CSV, XLSX or JSON")],
    map_: Annotated[
        Path | None,
        typer.Option(
            "--map",
            help="YAML that says which column is what, as an entry of `data`, or a campaign's file with such entries; "
            "without one the heads name formula, properties [UNIT] and conditions, or it is what `export` wrote",
        ),
    ] = None,
    format_: Annotated[PublishedFormat | None, typer.Option("--format", help="a published table, as it is")] = None,
    licence: Annotated[str, typer.Option(help="that the data may be used under, for sources that name none")] = "",
    by: Annotated[str | None, typer.Option(help="who adds them; the user's name if not given")] = None,
    json_: Json = False,
    table: Place = USUAL,
) -> None:
    """Adds every value of a table that is not there yet as a point: all of them, or nothing. Makes the materials table
    where there is none.

    For example: alloyloop materials add MPEA_dataset.csv --format mpea
    """
    from dataclasses import replace

    from loop.materials import MaterialsTable  # late, for a light start: with the database's libraries

    if map_ is not None and format_ is not None:
        raise InputError("give either --map or --format: a published table has its own map")
    points, sources, dropped, notes, counts = _read(file, map_, format_)
    told = [replace(one, licence=one.licence or licence) for one in sources]
    with MaterialsTable.open(table, create=True) as opened:
        added = opened.add(points, sources=told, who=who(by))
        last = opened.last()
    if json_:
        lines = [{"line": line, "reason": why} for line, why in dropped]
        document = {"new": added.new, "known": added.known, "last": last, "dropped": lines}
        print_json({**document, "notes": [*notes, *added.notes], **({"properties": counts} if counts else {})})
        return
    told_of = [
        f"{name}: {one['published']} as published, {counted(one['points'], 'point')} and "
        f"{counted(one['repeats'], 'repeat')}"
        for name, one in counts.items()
    ]
    for line in [*notes, *added.notes, *_lines(dropped), *told_of]:
        err().print(line, markup=False, soft_wrap=True)
    err().print(f"{newly(added)}; {table} has {last}", markup=False)


def newly(added: AddedPoints) -> str:
    """What became of points that were given to the table."""
    return f"{added.new} points are new, {added.known} were there"


def _read(file: Path, map_: Path | None, format_: PublishedFormat | None) -> tuple[Any, ...]:
    """The points of a file, their sources, what was dropped, what was assumed, and counts of a published table."""
    if format_ is not None:
        from alloys.points.published import read_published_points  # late, for a light start

        published = read_published_points(file)
        counts = published.to_json()["properties"]
        return published.points, published.sources.values(), published.dropped, (), counts
    from alloys.points.exported import read_exported
    from alloys.points.tables.reading import read_table_points

    if map_ is None and (exported := read_exported(file)) is not None:
        return exported.points, exported.sources.values(), (), (), {}
    found = read_table_points(file, [] if map_ is None else _entries(map_, file))
    return found.points, found.sources.values(), found.dropped, found.notes, {}


def _entries(path: Path, file: Path) -> list[PointsMap]:
    """The maps in a file: one, or those for the table under ``data``, as a campaign's file has them.

    Raises:
        InputError: naming each mistake with its line, or if none is for the table.
    """
    from alloys.points.tables.mapping import PointsMap  # late, for a light start
    from loop.config.reading import read_document

    document = read_document(path)
    listed = document.data.get("data")
    given = listed if isinstance(listed, list) else [document.data]
    found: list[PointsMap] = []
    mistakes = [f"line {line}: {why}" for line, why in document.mistakes]
    for i, one in enumerate(given):
        named = Path(str(one.get("file", file.name))).name if isinstance(one, dict) else ""
        if named != file.name:
            continue
        try:
            found.append(PointsMap.model_validate({**one, "file": str(file)}))
        except ValidationError as error:
            before: Location = ("data", i) if given is listed else ()
            mistakes += [_mistake(document, before, detail) for detail in error.errors(include_url=False)]
    if mistakes:
        raise InputError("\n".join(f"{path}: {mistake}" for mistake in mistakes))
    if not found:
        raise InputError(f"{path}: no entry of `data` is for a file of the name {file.name}")
    return found


def _mistake(document: Document, before: Location, detail: Any) -> str:
    where = ".".join(map(str, detail["loc"]))
    line = document.line_of((*before, *detail["loc"]))
    return f"line {line}: {where + ': ' if where else ''}{detail['msg'].removeprefix('Value error, ')}"


def _lines(dropped: Sequence[tuple[int, str]]) -> Iterable[str]:
    """The lines that were dropped, those of one kind of reason together; the most frequent first."""
    from alloys.intake.reasons import by_reason

    for why, lines in by_reason(dropped):
        yield f"dropped, line{'s' * (len(lines) > 1)} {runs(lines)}: {why}"


_RUNS = 12
"""Runs of lines that one message names."""


def runs(numbers: Sequence[int], most: int = _RUNS) -> str:
    """Numbers in rising order, those that follow each other as one; of many, how many there are.

    >>> runs([2, 3, 4, 9, 9, 11])
    '2-4, 9, 11'
    >>> runs([2, 3, 4, 9, 9, 11], most=1)
    '2-4 and more, 5 in all (--json names each)'
    """
    parts: list[list[int]] = []
    for number in sorted(set(numbers)):
        if parts and number == parts[-1][-1] + 1:
            parts[-1] = [parts[-1][0], number]
        else:
            parts.append([number])
    named = ", ".join("-".join(map(str, part)) for part in parts[:most])
    return named if len(parts) <= most else f"{named} and more, {len(set(numbers))} in all (--json names each)"
