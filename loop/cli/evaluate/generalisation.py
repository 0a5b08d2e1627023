"""``alloyloop evaluate generalisation``: models on rows unlike those that they learned from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich import box
from rich.table import Table

from alloys.errors import InputError
from alloys.splits.folds import check_splits
from loop.cli.console import Json, err, out, print_json
from loop.cli.evaluate.progress import progress_bar

Basis = Annotated[Literal["at.%", "wt.%", "parts"], typer.Option(help="of amounts of elements")]
Features = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN", help="a column to learn from; may be repeated; the formula if there is one"),
]
Formula = Annotated[str | None, typer.Option(metavar="COLUMN", help="of formulas, where its header does not say so")]
Balance = Annotated[str | None, typer.Option(metavar="ELEMENT", help="has no column, and takes the rest")]

_MEASURES = ("rows", "RMSE", "RMSE of\nthe mean", "bias", "within\n90 %", "± of\n90 %", "at.%\naway")


def generalisation(
    data: Annotated[Path, typer.Argument(metavar="DATA.csv", help="a table of alloys")],
    target: Annotated[
        list[str],
        typer.Option(metavar="PROPERTY", help="a column, or a property with a closed form; may be repeated"),
    ],
    split: Annotated[
        str | None, typer.Option(metavar="A,B", help="random, element, system, paper, year, top; all if none")
    ] = None,
    families: Annotated[
        str | None, typer.Option(help="generators and baselines to judge, by commas; none if none")
    ] = None,
    folds: Annotated[int, typer.Option(help="of each split, at most; at least 2")] = 5,
    seed: Annotated[int, typer.Option(min=0, help="of the splits and the generators")] = 0,
    quick: Annotated[bool, typer.Option("--quick", help="generators train for an eighth of their epochs")] = False,
    features: Features = None,
    formula: Formula = None,
    basis: Basis = "parts",
    balance: Balance = None,
    paper: Annotated[str | None, typer.Option(metavar="COLUMN", help="of papers; found by its header")] = None,
    year: Annotated[str | None, typer.Option(metavar="COLUMN", help="of years; found by its header")] = None,
    json_: Json = False,
) -> None:
    """Judges surrogates, and generators that are named, on elements, systems, papers, years and values left out.

    For example: alloyloop evaluate generalisation results.csv --target hardness
    """
    from loop.trials.generalisation import GeneratorTask, SurrogateTask, judged  # late: with torch
    from loop.trials.table import TableColumns, read_trial_table

    names = check_splits(listed(split))
    table = read_trial_table(data, target, TableColumns(tuple(features or ()), formula, basis, balance, paper, year))
    measured = [name for name in dict.fromkeys(target) if name not in table.computed]
    tasks = [SurrogateTask.of(table, name, names, folds, seed) for name in measured]
    drawn = GeneratorTask.of(table, target, listed(families), names, folds, seed, quick=quick) if families else None
    if not tasks and drawn is None:
        raise InputError(f"{', '.join(target)}: no surrogate is asked for closed forms; name generators by --families")
    for note in table.notes:
        err().print(note, markup=False, soft_wrap=True)
    with progress_bar() as progress:
        bar = progress.add_task("fitting and asking", total=sum(t.steps for t in tasks) + (drawn.steps if drawn else 0))
        document = {"data": str(data), "targets": target, **judged(tasks, drawn, seed, lambda: progress.advance(bar))}
    print_json(document) if json_ else _print(document)


def listed(text: str | None) -> list[str]:
    """Names given by commas."""
    return [name.strip() for name in (text or "").split(",") if name.strip()]


def _print(document: dict[str, Any]) -> None:
    for target, found in document["surrogates"].items():
        _heading(f"{document['data']}: surrogate of {target}, {found['rows']} designs", found["left_out"])
        out().print(_surrogate_table(found["splits"]))
        out().print(_distance_table(found["by_distance"]))
    if document["generators"]:
        found = document["generators"]
        told = ", ".join(f"{name}: {kind}" for name, kind in found["oracle"].items())
        _heading(f"{document['data']}: generators, {found['rows']} compositions; oracle: {told}", found["left_out"])
        if found["without_reference_data"]:
            out().print(f"{found['without_reference_data']} designs left out: an element lacks reference data")
        out().print(_generator_table(found["splits"], found["families"]))


def _heading(text: str, left_out: Mapping[str, str]) -> None:
    out().print(text, markup=False, soft_wrap=True)
    for name, reason in left_out.items():
        out().print(f"left out: {name}: {reason}", markup=False, soft_wrap=True)


def _table(title: str, *heads: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=title, title_justify="left")
    for place, head in enumerate(heads):
        table.add_column(head, justify="right" if place else "left", overflow="fold")
    return table


def _surrogate_table(splits: Mapping[str, Mapping[str, Any]]) -> Table:
    table = _table("Rows held out, and the surrogate's 90 % interval", "held\nout", "folds", *_MEASURES)
    for name, row in splits.items():
        table.add_row(name, str(len(row["held"])), *_numbers(row))
    return table


def _distance_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    table = _table("The same by distance, all splits but the top", "at.% from what\nwas learned", *_MEASURES[:-1])
    for row in rows:
        end = f"{row['from']:g} to {row['to']:g}" if row["to"] is not None else f"{row['from']:g} and more"
        table.add_row(end, *_numbers(row)[:-1])
    return table


def _numbers(row: Mapping[str, Any]) -> list[str]:
    return [
        str(row["rows"]),
        *(f"{row[name]:.4g}" for name in ("rmse", "rmse_of_mean", "bias")),
        f"{row['coverage_90']:.1%}",
        f"{row['half_width_90']:.4g}",
        f"{row['distance']:.3g}",
    ]


def _generator_table(
    splits: Mapping[str, Mapping[str, Any]], families: Mapping[str, Mapping[str, Mapping[str, float]]]
) -> Table:
    table = _table(
        "Generators asked for the properties of the rows held out",
        "generator", "held\nout", "folds", "rows", "MAPE, %", "best of 10,\ncosine", "coverage",
    )  # fmt: skip
    for family, found in families.items():
        for name, row in found.items():
            parts = splits[name]["held"]
            told = (str(len(parts)), str(sum(part["held_rows"] for part in parts)))
            numbers = (f"{row['mape_percent']:.3g}", f"{row['best_of_10']:.3f}", f"{row['coverage']:.3f}")
            table.add_row(family, name, *told, *numbers)
    return table
