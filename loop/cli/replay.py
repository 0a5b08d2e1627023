"""``alloyloop replay``: what the loop would have saved on old data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from loop.cli.console import Json, err, out, print_json

if TYPE_CHECKING:
    from surrogates.replay.run import Replay


def replay(
    pool: Annotated[Path, typer.Argument(metavar="POOL.csv", help="a table whose answers are known")],
    target: Annotated[str, typer.Option(metavar="COLUMN", help="the column of answers")],
    minimize: Annotated[bool, typer.Option("--minimize", help="small answers are sought")] = False,
    features: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="a column to learn from; may be repeated; the formula if there is one"),
    ] = None,
    init: Annotated[int, typer.Option(help="random looks before anything is learned")] = 2,
    batch: Annotated[int, typer.Option(help="looks at a time")] = 1,
    seeds: Annotated[int, typer.Option(help="campaigns of each method")] = 20,
    looks: Annotated[int | None, typer.Option(help="looks of a campaign; all rows, at most 300, if none")] = None,
    method: Annotated[list[str] | None, typer.Option(metavar="METHOD", help="may be repeated")] = None,
    sample: Annotated[int | None, typer.Option(min=1, help="replay so many rows, drawn at random")] = None,
    folder: Annotated[Path | None, typer.Option("--out", help="folder for replay.csv and replay.png")] = None,
    json_: Json = False,
) -> None:
    """Replays campaigns on a table whose answers are known: how much sooner than by chance the best are found."""
    from surrogates.replay.methods import check_methods  # late: with torch
    from surrogates.replay.pool import read_pool
    from surrogates.replay.run import ReplayPlan, document  # late: with torch
    from surrogates.replay.run import replay as run

    names = check_methods(method or ())
    table = read_pool(pool, target, features=features or (), minimize=minimize, sample=sample)
    plan = ReplayPlan.of(table, init=init, batch=batch, seeds=seeds, looks=looks)
    for note in table.notes:
        err().print(note, markup=False, soft_wrap=True)

    def tell(name: str, seed: int) -> None:
        if seed == 0:
            err().print(f"{name}: {plan.seeds} campaigns of {plan.looks} looks", markup=False)

    result = run(table, names, plan, tell)
    if folder is not None:
        from surrogates.replay.results import save  # late: with torch

        for path in save(result, folder):
            err().print(f"wrote {path}", markup=False)
    if json_:
        print_json(document(result))
    else:
        _print(result)


def _print(result: Replay) -> None:
    from surrogates.replay.run import LEVELS, summary  # late: with torch

    table, plan, console = result.pool, result.plan, out()
    side = "lowest" if table.minimize else "highest"
    console.print(
        f"{table.source}: {len(table)} rows, the {int(table.best.sum())} {side} in {table.target} are looked for; "
        f"{len(table.names)} inputs, {table.descriptors.shape[1]} descriptors; "
        f"{plan.seeds} campaigns, {plan.init} random looks, then {plan.batch} at a time, {plan.looks} in all",
        markup=False,
        soft_wrap=True,
    )
    heads = [f"AF at {level:.0%} of them\n(5 to 95 %)" for level in LEVELS]
    shown = Table(
        "method", "largest EF\n(5 to 95 %)", "after\nlooks", *heads, "looks to\n80 %", "found at\nthe end", "s"
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
