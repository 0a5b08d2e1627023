"""``alloyloop evaluate augmentation``: whether made-up data help a surrogate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.table import Table

from alloys.errors import InputError
from loop.cli.console import Json, out, print_json
from loop.cli.evaluate.generalisation import Formula, listed
from loop.cli.evaluate.progress import progress_bar

if TYPE_CHECKING:
    from loop.trials.augmentation.trial import OuterFold


def augmentation(
    data: Annotated[Path, typer.Argument(metavar="DATA.csv", help="a table of alloys")],
    target: Annotated[str, typer.Option(metavar="PROPERTY", help="the column that is predicted")],
    ways: Annotated[str | None, typer.Option(help="noise,ctgan,samples,filtered; all if none")] = None,
    folds: Annotated[int, typer.Option(help="outer folds, at least 2")] = 5,
    repeats: Annotated[int, typer.Option(min=1, help="of the outer folds")] = 2,
    inner: Annotated[int, typer.Option(help="folds that choose the amount, at least 2")] = 2,
    amount: Annotated[
        list[float] | None, typer.Option(help="rows made up for each real one; repeat for several to choose from")
    ] = None,
    family: Annotated[str, typer.Option(help="of generators, for samples and filtered")] = "cvae",
    epochs: Annotated[int | None, typer.Option(min=1, help="that the family trains for; its own if none")] = None,
    seed: Annotated[int, typer.Option(min=0, help="of the folds and of what is made up")] = 0,
    ctgan: Annotated[Path, typer.Option(help="where make setup-ctgan put CTGAN")] = Path("build/ctgan"),
    formula: Formula = None,
    json_: Json = False,
) -> None:
    """Tries ways to make up data: does the surrogate err less with them?

    For example: alloyloop evaluate augmentation results.csv --target hardness --ways noise
    """
    from generators.registry import settings_of
    from loop.trials.augmentation.trial import TrialPlan, trial_document, try_augmentation  # late: with torch
    from loop.trials.augmentation.ways import check_ways
    from loop.trials.table import TableColumns, read_trial_table

    chosen = check_ways(listed(ways))
    settings_of(family, {} if epochs is None else {"epochs": epochs})
    table = read_trial_table(data, [target], TableColumns(formula=formula))
    if target in table.computed:
        raise InputError(f"{data}: has no column {target!r}, and a closed form has no error to make smaller")
    judged, _ = table.judged(target)
    amounts = tuple(amount or TrialPlan().amounts)
    plan = TrialPlan(chosen, folds, repeats, inner, amounts, seed, family, epochs, ctgan)
    with progress_bar() as progress:
        bar = progress.add_task("outer folds", total=plan.steps)

        def tell(fold: OuterFold) -> None:
            told = ", ".join(f"{way} {error:.4g}" for way, error in fold.errors.items())
            progress.console.print(f"RMSE: {told}", markup=False, soft_wrap=True)
            progress.advance(bar)

        found = try_augmentation(judged, plan, tell)
    about = {"data": str(data), "target": target, "rows": len(judged.values)}
    document = {**about, **trial_document(found, plan)}
    print_json(document) if json_ else _print(document)


def _print(document: dict[str, Any]) -> None:
    about = (
        "{data}: {rows} designs with {target}; {folds} folds, {repeats} times, {inner} inner folds choose the amount"
    )
    out().print(about.format(**document), markup=False, soft_wrap=True)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for place, head in enumerate(("way", "RMSE", "change", "better in\nfolds", "p", "p, several\nways", "amount")):
        table.add_column(head, justify="right" if place else "left", overflow="fold")
    for way, row in document["ways"].items():
        told = [f"{row['rmse']:.4g}"]
        if "p" in row:
            told += [f"{row['change_percent']:+.1f} %", f"{row['better_in']} of {len(row['rmses'])}"]
            told += [f"{row['p']:.2g}", f"{row['p_holm']:.2g}", f"{sorted(row['amounts'])[len(row['amounts']) // 2]:g}"]
        table.add_row(way, *told)
    for way, reason in document["not_tried"].items():
        table.add_row(way, reason)
    out().print(table)
    winner = document["winner"]
    said = f"{winner} makes the error smaller" if winner else "no way makes the error smaller beyond doubt: take none"
    out().print(said, markup=False)
