"""``alloyloop evaluate strength``: strengths of papers left out, predicted from the others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich import box
from rich.table import Table

from alloys.errors import InputError
from loop.cli.console import Json, err, out, print_json
from loop.cli.evaluate.progress import progress_bar
from loop.cli.evaluate.showing import cell

if TYPE_CHECKING:
    from validation.strength.measurements import StrengthMeasurements

_NAMES = {
    "calibrated": "calibrated",
    "edge": "edge model",
    "edge-constant": "edge model, a constant\nfor each temperature",
    "without-edge": "the same without\nthe edge model",
    "forest": "random forest",
}
_HEADS = (
    "",
    "error of\nlog, RMSE",
    "median",
    "rank\ncorrelation",
    "within\n90 %",
    "predicted /\nmeasured",
    "interval\nfactor",
)
_KEYS = ("log_rmse", "log_median_error", "rank_correlation", "coverage", "median_ratio", "interval_factor")


def strength(
    data: Annotated[
        Path | None, typer.Option(metavar="FILE", help="measurements: the published table, or points as JSON")
    ] = None,
    table: Annotated[str | None, typer.Option(metavar="TABLE", help="a materials table: a file, or a URL")] = None,
    format_: Annotated[
        Literal["mpea", "points"] | None, typer.Option("--format", help="of the file; by its name if none")
    ] = None,
    baselines: Annotated[
        bool, typer.Option("--baselines/--no-baselines", help="those that learn, too: four times as long")
    ] = True,
    seed: Annotated[int, typer.Option(min=0, help="of what is drawn")] = 0,
    json_: Json = False,
) -> None:
    """Leaves each paper out once: strengths as predicted from the others, beside the edge model's.

    For example: alloyloop evaluate strength --data MPEA_dataset.csv
    """
    from loop.trials.strength.entrants import entrants
    from loop.trials.strength.trial import FEWEST, leave_papers_out, temperatures, trial_document

    measurements = _measurements(data, table, format_)
    if not temperatures(measurements):
        raise InputError(f"at no temperature are there {FEWEST} records, so nothing can be said of any")
    for reason, count in measurements.left_out.items():
        err().print(f"{count} left out: {reason}", markup=False, soft_wrap=True)
    chosen = entrants(seed)
    if not baselines:
        chosen = {name: chosen[name] for name in ("calibrated", "edge", "edge-constant")}
    papers = len({*measurements.sources.tolist()})
    with progress_bar() as progress:
        bar = progress.add_task("papers left out", total=papers)
        found = leave_papers_out(measurements, chosen, lambda: progress.advance(bar))
    about = {"data": str(data or table), "records": len(measurements), "sources": papers}
    document = {**about, "temperatures": trial_document(measurements, found, seed)}
    print_json(document) if json_ else _print(document)


def _measurements(data: Path | None, table: str | None, format_: str | None) -> StrengthMeasurements:
    from loop.config.measured_strength import measurements_in_table
    from validation.strength.measurements import read_measurements

    if (data is None) == (table is None):
        raise InputError(
            "give measured strengths: --data FILE (the published table of Borg et al. 2020, which does not come with "
            "the project, or points as JSON), or --table TABLE, a materials table; one of the two"
        )
    return measurements_in_table(str(table)) if data is None else read_measurements(data, format_)


def _print(document: dict[str, Any]) -> None:
    out().print("{data}: {records} records of {sources} papers, each paper left out once".format(**document))
    for row in document["temperatures"]:
        head = "{celsius:g} °C: {records} records of {sources} papers, {measurements} measurements".format(**row)
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=head, title_justify="left")
        for place, text in enumerate(_HEADS):
            table.add_column(text, justify="right" if place else "left", overflow="fold")
        for name, figures in row["entrants"].items():
            table.add_row(_NAMES[name], *(_cell(key, figures[key]) for key in _KEYS))
        out().print(table)
        held = row["entrants"]["calibrated"]["calibration"].items()
        out().print(
            "calibrated: " + ", ".join(f"{float(p):.0%} intervals hold {share:.0%}" for p, share in held) + "\n"
        )
    out().print("In brackets: 90 % intervals of a bootstrap over papers.")


def _cell(key: str, figure: dict[str, Any] | None) -> str:
    if figure is None:
        return cell(None)
    if key == "coverage":
        numbers = [f"{100 * number:.0f}" for number in (figure["value"], *figure["interval"])]
        return f"{numbers[0]} %\n({numbers[1]}–{numbers[2]})"
    return f"{figure['value']:.2f}\n({figure['interval'][0]:.2f}–{figure['interval'][1]:.2f})"
