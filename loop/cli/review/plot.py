"""``alloyloop plot``: pictures of a campaign, for paper and for the browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from alloys.errors import InputError
from loop.cli.console import err
from loop.config.lookup import Directory, Name, campaign_database


def plot(
    name: Name,
    picture: Annotated[
        str,
        typer.Argument(
            help="front, map, compositions, parallel, parity, history, generators, phases (of the best alloys, by "
            "CALPHAD) or timeline"
        ),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help=".png, .svg, .pdf, or .html for the browser")],
    iteration: Annotated[int | None, typer.Option(min=0, help="as it stood after this iteration")] = None,
    beside: Annotated[
        str | None, typer.Option(metavar="NAME", help="history: a campaign at random, to show beside it")
    ] = None,
    directory: Directory = Path("campaigns"),
) -> None:
    """Draws a picture of a campaign, for paper or for the browser.

    For example: alloyloop plot quickstart front --out front.svg
    """
    from loop.review.figures.catalog import SUFFIXES, PictureRequest, picture_of  # late: with matplotlib and plotly
    from loop.store import CampaignStore  # late: with the database's libraries
    from loop.view import view_of

    if out.suffix not in SUFFIXES:
        raise InputError(f"a picture is written as {', '.join(SUFFIXES)}; got {out}")
    if not out.parent.is_dir():
        raise InputError(f"there is no folder {out.parent} for the picture; make it, or choose another")
    database = campaign_database(directory, name)
    other = None if beside is None else campaign_database(directory, beside)
    with CampaignStore.open(database) as store:
        if iteration is not None:
            store.iteration(iteration)
        arm = None
        if other is not None:
            with CampaignStore.open(other) as second:
                arm = view_of(second)
        drawn = picture_of(picture, PictureRequest(view_of(store), store, iteration, arm))
        out.write_bytes(drawn.content(out.suffix))
    err().print(f"{drawn.title}: drawn to {out}", markup=False, soft_wrap=True)
