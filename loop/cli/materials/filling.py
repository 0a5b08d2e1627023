"""``alloyloop materials fill``: what a goal lacks of the materials is predicted, queued, or asked of people."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from loop.cli.console import Json, counted, err, print_json, who
from loop.cli.materials.place import USUAL, Place
from loop.cli.materials.voids import CAMPAIGNS, Among, OfCampaign, OfConfig, Properties, asked_of
from loop.config.lookup import Directory
from loop.people.filling.route import Route


def fill(
    campaign: OfCampaign = None,
    config: OfConfig = None,
    property_: Properties = None,
    elements: Among = None,
    route: Annotated[list[Route] | None, typer.Option(help="only this one; may be repeated")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="of each route at most so many materials")] = None,
    validations: Annotated[int, typer.Option(min=0, help="at most so many designs join a campaign's queue")] = 8,
    to: Annotated[Path, typer.Option("--out", help="the file that people fill in")] = Path("voids.csv"),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what would be done, and do nothing")] = False,
    by: Annotated[str | None, typer.Option(help="who does it; the user's name if not given")] = None,
    json_: Json = False,
    table: Place = USUAL,
    directory: Directory = CAMPAIGNS,
) -> None:
    """Fills the voids as their routes say: predictions are stored as such, designs join the campaign's queue as
    `alloyloop add` puts them there, and what people have to find or measure goes to a file for `alloyloop materials
    add`.

    For example: alloyloop materials fill --campaign quickstart --route prediction --dry-run
    """
    from loop.people.filling.fill import Filled, Filling  # late, for a light start: with the surrogate

    ways = list(dict.fromkeys(route or Route))
    filled = Filled()
    with asked_of(table, campaign, config, property_, elements, directory) as asked:
        materials = {way: int(asked.voids.lacking(way).sum()) for way in ways}
        if not dry_run:
            work = Filling(asked.table, asked.needs, asked.voids, who(by), limit)
            if Route.LITERATURE in ways:
                work.ask_people(to, filled)
            if Route.PREDICTION in ways:
                work.predict(asked.store, filled)
            if Route.VALIDATION in ways and asked.store is not None:
                work.queue(asked.store, validations, filled)
    if json_:
        done = {"predicted": dict(filled.predicted), "queued": filled.queued, "asked": filled.asked}
        lacking = {str(way): n for way, n in materials.items()}
        print_json({"lacking": lacking, **done, "left": dict(filled.left), "file": str(to) if filled.asked else None})
        return
    lines = [f"{way}: {counted(n, 'material')}" for way, n in materials.items()]
    if not dry_run:
        lines += [f"predicted: {n} of {name}" for name, n in filled.predicted.items()]
        lines.append(f"queued: {counted(len(filled.queued), 'design')}")
        lines += [f"people are asked for {counted(filled.asked, 'material')} in {to}"] * bool(filled.asked)
        lines += [f"left: {n}, {why}" for why, n in filled.left.most_common()]
    err().print("\n".join(lines), markup=False, soft_wrap=True)
