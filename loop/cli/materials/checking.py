"""``alloyloop data check``: what may be wrong with a table; nothing in it is changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alloys.errors import InputError
from loop.cli.console import Json, err, out, print_json
from loop.cli.materials.adding import PublishedFormat, runs

if TYPE_CHECKING:
    from rich.table import Table

    from alloys.points.checking import CheckedRecord, Flag
    from loop.materials import MaterialsTable


def data_check(
    file: Annotated[Path | None, typer.Argument(help="CSV, XLSX or JSON, read as `materials add` reads it")] = None,
    format_: Annotated[PublishedFormat | None, typer.Option("--format", help="a published table, as it is")] = None,
    table: Annotated[
        str | None, typer.Option("--table", metavar="FILE|URL", help="a materials table, instead of a file")
    ] = None,
    json_: Json = False,
) -> None:
    """Lists what may be wrong with values of a table: each doubt with its lines, the reason in numbers, and what may be
    right. Nothing is changed.

    For example: alloyloop data check MPEA_dataset.csv --format mpea
    """
    if (file is None) == (table is None):
        raise InputError("name a file, or a materials table by --table")
    if format_ is not None and file is None:
        raise InputError("--format says what a file is; a materials table needs none")
    from loop.materials.governance import check_records  # late, for a light start: with scipy

    records = _of_file(file, format_) if file is not None else _of_table(str(table))
    what = "line" if file is not None else "point"
    flags = check_records(records)
    documents = [
        {**flag_document(number, flag, what), what: flag.places[0]} for number, flag in enumerate(flags, start=1)
    ]
    if json_:
        print_json({"records": len(records), "flags": documents})
        return
    if documents:
        out().print(flags_table(documents, what))
    err().print(f"{len(documents)} doubts in {len(records)} records; nothing was changed", markup=False)


def flag_document(number: int, flag: Flag, what: str) -> dict[str, Any]:
    """A flag as JSON documents have it; its places are lines or points, as ``what`` says."""
    return {
        "number": number,
        "kind": flag.kind,
        f"{what}s": list(flag.places),
        "beside": list(flag.beside),
        "properties": list(flag.properties),
        "reason": flag.reason,
        "suggestion": flag.suggestion,
    }


def flags_table(documents: Iterable[Mapping[str, Any]], what: str) -> Table:
    """Flags as people read them; those that have a state show it."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    documents = list(documents)
    states = any("state" in document for document in documents)
    shown = Table(
        "no.", f"{what}s", "doubt", *["state"] * states, "reason", "perhaps", box=box.SIMPLE_HEAD, pad_edge=False
    )
    for document in documents:
        beside = f" (beside {_named(document['beside'])})" if document["beside"] else ""
        shown.add_row(
            str(document["number"]),
            _named(document[f"{what}s"]) + beside,
            document["kind"],
            *[document.get("state", "")] * states,
            escape(document["reason"]),
            escape(document["suggestion"]),
        )
    return shown


def _named(places: Sequence[int]) -> str:
    return runs(places[:12]) + ("" if len(places) <= 12 else f" and {len(places) - 12} more")


def _of_file(file: Path, format_: PublishedFormat | None) -> list[CheckedRecord]:
    if format_ is not None:
        from alloys.points.checking.published import records_of_published  # late, for a light start

        return records_of_published(file)
    from loop.materials.governance.records import records_of_table

    return records_of_table(file)


def _of_table(where: str) -> list[CheckedRecord]:
    from loop.materials import MaterialsTable  # late, for a light start: with the database's libraries

    with MaterialsTable.open(where) as opened:
        return counting_records(opened)


def counting_records(table: MaterialsTable) -> list[CheckedRecord]:
    """The points of a materials table that count, as records."""
    from loop.materials import PointQuery  # late, for a light start: with the database's libraries
    from loop.materials.governance.records import records_of_points

    return records_of_points((stored.id, stored.point) for stored in table.points(PointQuery(counting=True)))
