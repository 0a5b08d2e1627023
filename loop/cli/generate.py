"""``alloyloop generate``: alloys for targets, from a trained generator."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alloys.errors import InputError
from loop.cli.console import Json, err, out, print_json
from loop.config.lookup import Directory, campaign_database

if TYPE_CHECKING:
    from loop.review.generate import GeneratorSource


def generate(
    campaign: Annotated[str | None, typer.Option(help="a campaign, whose newest generator draws")] = None,
    model: Annotated[Path | None, typer.Option(help="a generator's weights file, instead of a campaign")] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(metavar="P=V", help="value of a property or variable, or P=LOW..HIGH; may be repeated"),
    ] = None,
    number: Annotated[int, typer.Option("-n", "--number", min=1, help="how many distinct compositions")] = 10,
    seed: Annotated[int, typer.Option(min=0, help="the same seed gives the same compositions")] = 0,
    csv_: Annotated[Path | None, typer.Option("--out", help="CSV file to write, instead of a table")] = None,
    json_: Json = False,
    directory: Directory = Path("campaigns"),
) -> None:
    """Draws alloys for targets from a campaign's newest generator, or from a weights file.

    For example: alloyloop generate --campaign quickstart --target vec=8 -n 5
    """
    from generators.asking.request import parse_targets  # late: with torch

    targets = parse_targets(target or [])
    source = _source(campaign, model, directory)
    from loop.review.generate import answer  # late: with torch

    console = err()
    found = answer(source, targets, number, seed)
    console.print(f"{source.label}: {', '.join(map(str, targets)) or 'no target'}", markup=False, soft_wrap=True)
    for note in found.notes:
        console.print(f"note: {note}", markup=False, soft_wrap=True)
    if csv_ is not None:
        found.write_csv(csv_)
        console.print(f"{len(found.drawn.points)} compositions written to {csv_}", markup=False, soft_wrap=True)
    if json_:
        print_json(found.documents())
    elif csv_ is None:
        out().print(found.table())
    if not len(found.drawn.points):
        raise typer.Exit(1)


def _source(campaign: str | None, model: Path | None, directory: Path) -> GeneratorSource:
    if campaign is not None and model is not None:
        raise InputError("name a campaign with --campaign or a weights file with --model, got both")
    from loop.review.generate import from_campaign, from_file  # late: with torch

    if campaign is not None:
        return from_campaign(campaign_database(directory, campaign))
    if model is not None:
        return from_file(model)
    raise InputError("name a campaign with --campaign or a weights file with --model, got neither")
