"""``alloyloop replay``: what the loop would have saved on old data."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from loop.cli.console import Json, err, out, print_json

if TYPE_CHECKING:
    from loop.replay.pool import ReplayPool
    from loop.replay.run import Replay, ReplayPlan


def replay(
    pool: Annotated[Path, typer.Argument(metavar="POOL.csv", help="a table whose answers are known")],
    target: Annotated[str, typer.Option(metavar="COLUMN", help="the column of answers")],
    minimize: Annotated[bool, typer.Option("--minimize", help="small answers are sought")] = False,
    match: Annotated[float | None, typer.Option(metavar="VALUE", help="answers near to it are sought")] = None,
    features: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="a column to learn from; may be repeated; the formula if there is one"),
    ] = None,
    basis: Annotated[
        Literal["at.%", "wt.%", "parts"], typer.Option(help="of amounts of elements; parts are ratios of atoms")
    ] = "parts",
    balance: Annotated[str | None, typer.Option(metavar="ELEMENT", help="has no column, and takes the rest")] = None,
    top: Annotated[float, typer.Option(metavar="SHARE", help="of the rows that is looked for")] = 0.05,
    init: Annotated[int, typer.Option(help="random looks before anything is learned")] = 2,
    batch: Annotated[int, typer.Option(help="looks at a time")] = 1,
    seeds: Annotated[int, typer.Option(help="campaigns of each method")] = 20,
    looks: Annotated[int | None, typer.Option(help="looks of a campaign; all rows, at most 300, if none")] = None,
    method: Annotated[list[str] | None, typer.Option(metavar="METHOD", help="may be repeated")] = None,
    sample: Annotated[int | None, typer.Option(min=1, help="replay so many rows, drawn at random")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="of the campaign that `ours` plays")
    ] = None,
    foreign: Annotated[
        Path | None, typer.Option(metavar="OTHER.csv", help="points of another source, which `ours` learns from")
    ] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="processes; one for each core, if none")] = None,
    folder: Annotated[Path | None, typer.Option("--out", help="folder for replay.csv and replay.png")] = None,
    json_: Json = False,
) -> None:
    """Replays campaigns on a table whose answers are known: how much sooner than by chance the best are found.

    For example: alloyloop replay results.csv --target hardness --seeds 5
    """
    from loop.replay.pool import read_foreign, read_pool  # late: with torch
    from loop.replay.run import ReplayPlan, check_methods  # late: with torch

    names = check_methods(method or ())
    sought: dict[str, Any] = {"minimize": minimize, "match": match, "share": top}
    columns: dict[str, Any] = {"features": features or (), "basis": basis, "balance": balance}
    table = read_pool(pool, target, **columns, **sought, sample=sample)
    table = table if foreign is None else read_foreign(table, foreign, **columns)
    plan = ReplayPlan.of(table, init=init, batch=batch, seeds=seeds, looks=looks)
    _tell(table.notes)
    result = _played(table, names, plan, set_ or (), jobs or min(len(os.sched_getaffinity(0)), plan.seeds))
    _keep(result, folder)
    _show(result, json_)


def _played(table: ReplayPool, names: Sequence[str], plan: ReplayPlan, overrides: Sequence[str], jobs: int) -> Replay:
    """The replay, with a bar for each method."""
    from loop.replay.run import replay as run  # late: with torch

    with _progress() as progress:
        bars = {name: progress.add_task(name, total=plan.seeds) for name in names}
        return run(table, names, plan, lambda name: progress.advance(bars[name]), overrides=overrides, jobs=jobs)


def _show(result: Replay, json_: bool) -> None:
    from loop.replay.run import document  # late: with torch

    if json_:
        print_json(document(result))
    else:
        _print(result)


def _tell(notes: Sequence[str]) -> None:
    for note in notes:
        err().print(note, markup=False, soft_wrap=True)


def _keep(result: Replay, folder: Path | None) -> None:
    """Writes the files that were asked for."""
    if folder is None:
        return
    from loop.replay.results import save  # late: with matplotlib

    for path in save(result, folder):
        err().print(f"wrote {path}", markup=False)


def _progress() -> Progress:
    """A bar for each method, with the campaigns that ended and the time that is left."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("campaigns"))
    return Progress(*columns, TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(), console=err())


def _print(result: Replay) -> None:
    from loop.replay.run import LEVELS, summary  # late: with torch

    table, plan, console = result.pool, result.plan, out()
    console.print(
        f"{table.source}: {len(table)} rows, the {int(table.best.sum())} {table.sought} in {table.target} are "
        "looked for; "
        f"{len(table.names)} inputs ({', '.join(table.names)}); "
        f"{plan.seeds} campaigns, {plan.init} random looks, then {plan.batch} at a time, {plan.looks} in all",
        markup=False,
        soft_wrap=True,
    )
    heads = [f"AF at {level:.0%} of them\n(5 to 95 %)" for level in LEVELS]
    shown = Table(
        "method", "largest EF\n(5 to 95 %)", "after\nlooks", *heads, "looks to\n80 %", "found at\nthe end", "CPU s"
    )
    for name in result.found:
        row = summary(result, name)
        shown.add_row(
            name,
            _ranged(row["enhancement_max"], row["interval"]["enhancement_max"]),
            str(row["enhancement_at"]),
            *(_ranged(row["acceleration"][key], row["interval"]["acceleration"][key]) for key in map(str, LEVELS)),
            str(row["looks"]["0.8"] or "–"),
            f"{row['fraction_found'][-1]:.0%}",
            f"{row['seconds']:.0f}",
        )
    console.print(shown)
    console.print("EF, AF: times better, times sooner than random looks are expected to be; – is not reached")


def _ranged(value: float | None, interval: Any) -> str:
    low, high = ("–" if end is None else f"{end:.3g}" for end in interval)
    return ("–" if value is None else f"{value:.3g}") + f" ({low} to {high})"
