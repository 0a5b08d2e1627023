"""``alloyloop materials fetch``: points from a database that answers by OPTIMADE."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from loop.cli.console import Json, err, print_json, who
from loop.cli.materials.adding import newly
from loop.cli.materials.finding import elements_in
from loop.cli.materials.place import USUAL, Place

if TYPE_CHECKING:
    from loop.materials import AddedPoints
    from loop.materials.exchange.fetching import FetchedPoints


def fetch(
    provider: Annotated[
        str, typer.Option(help="mp, oqmd, aflow, nomad, odbx, alexandria, jarvis, or the address of another")
    ],
    elements: Annotated[str, typer.Option(help="that a material has to hold, such as Nb,Ta,W")],
    only: Annotated[
        bool, typer.Option("--only", help="rather, materials of any of these elements and no others")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="entries to read at most")] = 1000,
    field: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD=PROPERTY:UNIT", help="a field of the database's own and what it means; repeatable"),
    ] = None,
    timeout: Annotated[float, typer.Option(help="seconds that an answer may take")] = 60.0,
    by: Annotated[str | None, typer.Option(help="who adds them; the user's name if not given")] = None,
    json_: Json = False,
    table: Place = USUAL,
) -> None:
    """Adds what a database of calculated materials says, such as formation enthalpies, as points of the literature: all
    that was asked for, or nothing.

    For example: alloyloop materials fetch --provider oqmd --elements Nb,Ta,W --only
    """
    from loop.execute.loopback import leave_proxies_out  # late, for a light start
    from loop.materials import MaterialsTable
    from loop.materials.exchange.fetching import fetch as asked
    from loop.materials.exchange.providers import fields_of, provider_of

    database = provider_of(provider)
    leave_proxies_out(database.base_url)
    found = asked(
        database,
        sorted(elements_in(elements)),
        only=only,
        limit=limit,
        own_fields=fields_of(field or ()),
        timeout=timeout,
        tell=lambda read: err().print(f"{read} entries read", markup=False),
    )
    with MaterialsTable.open(table, create=True) as opened:
        added = opened.add(found.points, sources=found.sources, who=who(by))
    _tell(found, added, json_)


def _tell(found: FetchedPoints, added: AddedPoints, json_: bool) -> None:
    if json_:
        left_out = [{"entry": entry, "reason": why} for entry, why in found.left_out]
        counts = {"entries": found.entries, "new": added.new, "known": added.known, "more": found.more}
        print_json({**counts, "left_out": left_out, "notes": list(added.notes)})
        return
    for why, entries in Counter(why for _, why in found.left_out).most_common():
        err().print(f"left out, {entries} entries: {why}", markup=False, soft_wrap=True)
    for note in added.notes:
        err().print(note, markup=False, soft_wrap=True)
    licences = ", ".join(sorted({source.licence or "unknown" for source in found.sources}))
    more = "; there are more, --limit reads them" if found.more else ""
    told = f"{found.entries} entries: {newly(added)}{more}"
    err().print(f"{told}; licence: {licences}" if licences else told, markup=False, soft_wrap=True)
