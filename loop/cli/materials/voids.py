"""``alloyloop materials voids``: what a goal lacks of the materials, and the route to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alloys.errors import InputError
from loop.cli.console import Json, counted, err, out, print_json
from loop.cli.materials.finding import elements_in
from loop.cli.materials.place import USUAL, Place
from loop.config.lookup import Directory, campaign_database
from loop.people.filling.route import Route

if TYPE_CHECKING:
    from loop.materials import MaterialsTable
    from loop.people.filling.needs import Needs
    from loop.people.filling.routes import Voids
    from loop.store import CampaignStore

OfCampaign = Annotated[str | None, typer.Option("--campaign", help="whose goal and validators are meant")]
OfConfig = Annotated[
    Path | None, typer.Option("--config", help="a configuration whose goal is meant, of a campaign to be made")
]
Properties = Annotated[
    list[str] | None, typer.Option("--property", help="only this one, in the goal or not; may be repeated")
]
Among = Annotated[str | None, typer.Option("--elements", help="of materials whose elements are all among these")]
CAMPAIGNS = Path("campaigns")


@dataclass(frozen=True)
class AskedVoids:
    """What a command was asked about: a table, a goal, and the campaign whose goal it is, if it has one."""

    where: str
    table: MaterialsTable
    needs: Needs
    store: CampaignStore | None
    voids: Voids


@contextmanager
def asked_of(
    table: str,
    campaign: str | None,
    config: Path | None,
    properties: list[str] | None,
    elements: str | None,
    directory: Path,
) -> Iterator[AskedVoids]:
    """The open table with its voids, by the options of a command.

    Raises:
        InputError: if nothing is wanted, or it is not said whose goal is meant.
    """
    from loop.config.reading import load_config  # late, for a light start: with the database's libraries
    from loop.materials import MaterialsTable, PointQuery
    from loop.people.filling.needs import Needs
    from loop.people.filling.routes import find_voids
    from loop.store import CampaignStore

    if campaign is not None and config is not None:
        raise InputError("give either --campaign or --config: each has its own goal")
    if campaign is None and config is None and not properties:
        raise InputError("name what is wanted: --campaign NAME or --config FILE for a goal, or --property NAME")
    with ExitStack() as stack:
        store = None
        if campaign is not None:
            store = stack.enter_context(CampaignStore.open(campaign_database(directory, campaign)))
            needs = Needs.of_campaign(store)
            table = _table_of(store) if table == USUAL and not Path(USUAL).exists() else table
        else:
            needs = Needs.of_config(load_config(config)) if config is not None else Needs.of_names(properties or ())
        needs = needs.only(properties) if properties else needs
        opened = stack.enter_context(MaterialsTable.open(table))
        among = None if elements is None else PointQuery(elements=elements_in(elements)).elements
        yield AskedVoids(table, opened, needs, store, find_voids(opened, needs, among))


def _table_of(store: CampaignStore) -> str:
    """The table that a campaign began from, for who names none and has none of the usual name."""
    return str((store.began_with() or {}).get("materials", USUAL))


def voids(
    campaign: OfCampaign = None,
    config: OfConfig = None,
    property_: Properties = None,
    elements: Among = None,
    route: Annotated[Route | None, typer.Option(help="only those of this route")] = None,
    limit: Annotated[int, typer.Option(min=0, help="how many voids to list")] = 20,
    json_: Json = False,
    table: Place = USUAL,
    directory: Directory = CAMPAIGNS,
) -> None:
    """Which materials of the table lack which property of a goal, and the route to each: people measure or publish it,
    a formula or a campaign's surrogate predicts it, or a campaign's validator answers it.

    For example: alloyloop materials voids --campaign quickstart --limit 50
    """
    with asked_of(table, campaign, config, property_, elements, directory) as asked:
        counts = asked.voids.counts()
        first = list(asked.voids.of(asked.table, route, limit)) if limit else []
    if json_:
        listed = [{"formula": str(v.composition), "property": v.property_name, "route": str(v.route)} for v in first]
        print_json(
            {"materials": asked.voids.materials, "until": asked.voids.until, "voids": _plain(counts), "first": listed}
        )
        return
    out().print(_counted(counts))
    for void in first:
        out().print(f"{void.composition}  {void.property_name}  {void.route}", markup=False, soft_wrap=True)
    n = sum(count for routes in counts.values() for way, count in routes.items() if route in (None, way))
    cut = f"; shown are {len(first)}, --limit shows more" if n > len(first) else ""
    err().print(
        f"{counted(n, 'void')} of {counted(asked.voids.materials, 'material')} in {asked.where}{cut}", markup=False
    )


def _plain(counts: dict[str, dict[Route, int]]) -> dict[str, dict[str, int]]:
    return {name: {str(route): count for route, count in routes.items()} for name, routes in counts.items()}


def _counted(counts: dict[str, dict[Route, int]]) -> Any:
    """The counts as a table."""
    from rich import box  # late, for a light start
    from rich.table import Table

    shown = Table("property", box=box.SIMPLE)
    for route in Route:
        shown.add_column(route, justify="right")
    for name, routes in counts.items():
        shown.add_row(name, *(str(routes[route]) for route in Route))
    return shown
