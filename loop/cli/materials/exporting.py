"""``alloyloop materials export``: points leave as CSV, as JSON, or as a bundle that others can check and cite."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alloys.errors import InputError
from alloys.points.point import PointKind
from loop.cli.console import Json, err, print_json
from loop.cli.materials.finding import query_of
from loop.cli.materials.place import USUAL, Place
from loop.config.lookup import Directory, campaign_database

if TYPE_CHECKING:
    from loop.materials import MaterialsTable, PointQuery
    from loop.materials.bundle.writing import BundledCampaign

_DIRECTORY = Path("campaigns")


class ExportFormat(StrEnum):
    """How points leave."""

    CSV = "csv"
    JSON = "json"
    BUNDLE = "bundle"


Elements = Annotated[str | None, typer.Option(help="of materials whose elements are all among these, such as Nb,Ta,W")]
Properties = Annotated[list[str] | None, typer.Option("--property", help="of it; may be repeated")]
Kinds = Annotated[
    list[PointKind] | None, typer.Option(metavar="KIND", help="literature, validation, predicted or generated")
]
Sources = Annotated[list[str] | None, typer.Option(help="of this source; may be repeated")]
Temperature = Annotated[str | None, typer.Option(metavar="LOW[:HIGH]", help="of tests at such °C, ends included")]
Until = Annotated[int | None, typer.Option(min=1, help="up to the point of this number")]
Campaigns = Annotated[list[str] | None, typer.Option(help="whose configuration goes into the bundle; repeatable")]


def export(
    out: Annotated[Path | None, typer.Option(help="the file, or the folder of a bundle")] = None,
    format_: Annotated[
        ExportFormat | None, typer.Option("--format", help="of what is written; of a file as its name ends, else csv")
    ] = None,
    elements: Elements = None,
    property_: Properties = None,
    kind: Kinds = None,
    source: Sources = None,
    temperature: Temperature = None,
    until: Until = None,
    all_: Annotated[bool, typer.Option("--all", help="also points that people have set aside")] = False,
    campaign: Campaigns = None,
    title: Annotated[str | None, typer.Option(help="of the data in the bundle")] = None,
    check: Annotated[Path | None, typer.Option(help="looks whether a bundle is what it says; writes nothing")] = None,
    json_: Json = False,
    directory: Directory = _DIRECTORY,
    table: Place = USUAL,
) -> None:
    """The points for which all of this holds, as CSV or JSON that `add` reads again with nothing lost, or as a bundle:
    data, licences and DOIs of sources, digests, citation and Croissant metadata.

    For example: alloyloop materials export --format csv --out points.csv
    """
    from loop.materials import MaterialsTable  # late, for a light start: with the database's libraries

    if check is not None:
        _check(check, json_)
        return
    if out is None:
        raise InputError("say where to: --out FILE, or --out FOLDER for a bundle")
    format_ = format_ or (ExportFormat.JSON if out.suffix.lower() == ".json" else ExportFormat.CSV)
    if format_ is not ExportFormat.BUNDLE and (campaign or title is not None):
        raise InputError("--campaign and --title are of a bundle: give --format bundle")
    query = query_of(elements, property_, kind, source, temperature, counting=not all_, until=until)
    with MaterialsTable.open(table) as opened:
        if format_ is ExportFormat.BUNDLE:
            told = _bundle(opened, query, out, title, _campaigns(campaign or (), directory))
        else:
            told = _file(opened, query, out, format_)
    if json_:
        print_json({"out": str(out), "format": str(format_), **told})
        return
    unknown = told["unknown_licences"]
    note = f"; the licence of {unknown} is unknown" if unknown else ""
    err().print(f"{out}: {told['points']} points from {told['sources']} sources{note}", markup=False, soft_wrap=True)


def _file(table: MaterialsTable, query: PointQuery, out: Path, format_: ExportFormat) -> dict[str, int | str]:
    from alloys.files import write_atomic  # late, for a light start
    from alloys.points.exported import points_csv, points_json
    from loop.materials.bundle.contents import unknown_licences
    from loop.store.files import usual_mode

    points = [stored.point for stored in table.points(query)]
    if not points:
        raise InputError("no point of the table matches, so there is nothing to export")
    named = {point.source for point in points}
    known = table.sources(named)
    write = points_csv if format_ is ExportFormat.CSV else points_json
    write_atomic(out, write(points, known), mode=usual_mode(out))
    return {"points": len(points), "sources": len(named), "unknown_licences": unknown_licences(named, known)}


def _bundle(
    table: MaterialsTable, query: PointQuery, out: Path, title: str | None, campaigns: Sequence[BundledCampaign]
) -> dict[str, int | str]:
    from loop.materials.bundle.writing import TITLE, write_bundle

    written = write_bundle(table, query, out, title=TITLE if title is None else title, campaigns=campaigns)
    return {
        "points": written.points,
        "sources": written.sources,
        "unknown_licences": written.unknown_licences,
        "digest": written.digest,
    }


def _campaigns(names: Sequence[str], directory: Path) -> list[BundledCampaign]:
    from alloys.records import digest_of  # late, for a light start
    from loop.materials.bundle.writing import BundledCampaign
    from loop.store import CampaignStore

    found = []
    for name in dict.fromkeys(names):
        with CampaignStore.open(campaign_database(directory, name)) as store:
            info = store.campaign()
        science = info.config["science"]
        found.append(BundledCampaign(name, {"name": info.name, **science}, digest_of(science)))
    return found


def _check(folder: Path, json_: bool) -> None:
    """Checks a bundle, and names what is wrong with it."""
    from loop.materials.bundle.checking import check_bundle

    found = check_bundle(folder)
    if json_:
        told = {"points": found.points, "records": found.records, "warnings": found.warnings}
        print_json({"folder": str(folder), **told, "problems": found.problems})
    else:
        for line in (*found.problems, *found.warnings):
            err().print(line, markup=False, soft_wrap=True)
    if found.problems:
        err().print(f"{folder}: {len(found.problems)} problems; it is not what it says", markup=False, soft_wrap=True)
        raise typer.Exit(1)
    err().print(
        f"{folder}: {found.points} points, all as they say; mlcroissant reads them", markup=False, soft_wrap=True
    )
