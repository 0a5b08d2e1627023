"""``alloyloop timeline``: what ran when in a campaign, and what was idle."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.table import Table

from alloys.errors import InputError
from loop.cli.console import Json, out, print_json
from loop.cli.review.plot import plot
from loop.config.lookup import Directory, Name, campaign_database
from loop.execute.spans import Shares, Span, summary
from loop.execute.spans import timeline as timeline_of
from loop.store import CampaignStore


def timeline(
    name: Name,
    picture: Annotated[Path | None, typer.Option("--out", help="file to draw it to: .png, .svg, .pdf or .html")] = None,
    json_: Json = False,
    directory: Directory = Path("campaigns"),
) -> None:
    """What ran when, and what was idle: seconds by lane and kind of work, shares, and a picture.

    For example: alloyloop timeline quickstart --out who.png
    """
    with CampaignStore.open(campaign_database(directory, name)) as store:
        spans, shares = timeline_of(store), summary(store)
    if not spans:
        raise InputError(f"nothing is recorded of what took how long in {name!r}; `alloyloop run` records it")
    if picture is not None:
        plot(name, "timeline", picture, directory=directory)
    if json_:
        kept = [span.to_json() for span in spans]
        print_json({"name": name, "shares": None if shares is None else asdict(shares), "spans": kept})
        return
    out().print(_table(spans))
    if shares is not None:
        out().print(_words(shares), markup=False)


def _table(spans: list[Span]) -> Table:
    seconds: dict[tuple[str, str], list[float]] = {}
    for span in spans:
        seconds.setdefault((span.lane, span.name), []).append(span.end - span.begin)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for head in ("lane", "work", "times", "seconds", "longest"):
        table.add_column(head, justify="left" if head in ("lane", "work") else "right")
    for (lane, work), lengths in sorted(seconds.items()):
        table.add_row(lane, work, str(len(lengths)), f"{sum(lengths):.1f}", f"{max(lengths):.1f}")
    return table


def _words(shares: Shares) -> str:
    return (
        f"in {shares.seconds:.0f} s with a driver: {shares.slots} slots idle {shares.idle:.1%} of their time, nothing "
        f"validated in {shares.unvalidated:.1%}, driver at work {shares.driver:.1%}"
    )
