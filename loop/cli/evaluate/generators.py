"""``alloyloop evaluate generators``: generators and baselines on a table of alloys."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from alloys.errors import InputError
from loop.cli.console import Json, err, out, print_json
from loop.cli.evaluate.progress import measuring
from loop.cli.evaluate.reproduction import ReproductionOrder, refuse_beside_reproduction, reproduce_paper
from loop.cli.evaluate.showing import ABREAST, cell, column

if TYPE_CHECKING:
    from generators.evaluation.entrants import EntrantSettings
    from generators.evaluation.measuring import EntrantOutcome, EvaluationGround
    from generators.evaluation.table import LabelledAlloys


def generators(
    data: Annotated[Path | None, typer.Option(help="a CSV file of alloys; the project's own table if none")] = None,
    condition: Annotated[
        list[str] | None, typer.Option(metavar="PROPERTY", help="a property to condition on; may be repeated")
    ] = None,
    families: Annotated[str | None, typer.Option(help="families and baselines, by commas; all if none")] = None,
    settings: Annotated[Path | None, typer.Option(help="a YAML file of settings by entrant")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="training seeds, whose medians are shown")] = 1,
    jobs: Annotated[int, typer.Option(min=1, help="processes that measure side by side; mind OMP_NUM_THREADS")] = 1,
    quick: Annotated[
        bool, typer.Option("--quick", help="a first look: fewer samples, an eighth of the epochs")
    ] = False,
    figures: Annotated[Path | None, typer.Option(help="folder for figures, as PNG files")] = None,
    mlflow: Annotated[bool, typer.Option("--mlflow", help="record the measures and figures in MLflow")] = False,
    mlflow_folder: Annotated[Path, typer.Option(help="where MLflow's store lies")] = Path("mlruns"),
    reproduce: Annotated[
        str | None, typer.Option(metavar="PAPER", help="a paper's own models and tables instead; needs --data")
    ] = None,
    page: Annotated[
        Path | None, typer.Option(help="with --reproduce: the paper's figures and tables as a page, FILE.html")
    ] = None,
    json_: Json = False,
) -> None:
    """Measures generators and baselines: accuracy, diversity, realism, novelty, speed.

    For example: alloyloop evaluate generators --families cvae,nearest --quick
    """
    from loop.review.evaluation import read_settings  # late: with MLflow

    named = [name.strip() for name in families.split(",")] if families else []
    chosen = (named, read_settings(settings) if settings else None)
    if reproduce is not None:
        unused = {"--condition": condition, "--figures": figures, "--mlflow": mlflow, "--jobs": jobs > 1}
        refuse_beside_reproduction(name for name, given in unused.items() if given)
        reproduce_paper(ReproductionOrder(reproduce, data, *chosen, seeds, quick, json_, page))
        return
    if page is not None:
        raise InputError("--page goes with --reproduce PAPER: other evaluations have --figures FOLDER")
    store = mlflow_folder if mlflow else None
    _evaluate(*chosen, data, condition or [], seeds, jobs, quick, figures, store, json_)


def _evaluate(
    named: list[str],
    settings: EntrantSettings | None,
    data: Path | None,
    conditions: list[str],
    seeds: int,
    jobs: int,
    quick: bool,
    figures: Path | None,
    store: Path | None,
    json_: bool,
) -> None:
    """Trains, measures, shows, and draws and records where that is asked."""
    from generators.evaluation.entrants import entrants  # late: with torch
    from generators.evaluation.measuring import EvaluationGround  # late: with torch
    from generators.evaluation.protocol import EvaluationPlan
    from generators.evaluation.run import document, evaluate
    from loop.review.evaluation import EvaluationTracker  # late: with MLflow

    alloys = _alloys(data, conditions)
    entered = entrants(named, settings, len(alloys.points), quick=quick)
    ground = EvaluationGround.of(alloys, EvaluationPlan.quick() if quick else EvaluationPlan())
    tracker = EvaluationTracker(store) if store is not None else None
    with measuring(len(entered), seeds) as tell:
        outcomes = evaluate(entered, ground, seeds, tell, jobs)
    if json_:
        print_json(document(outcomes, ground))
    else:
        print_tables(outcomes, ground, seeds)
    with tempfile.TemporaryDirectory() as passing:
        drawn = _draw(outcomes, ground, figures, Path(passing) if tracker else None)
        if tracker is not None:
            tracker.log(document(outcomes, ground), {"seeds": seeds, "plan": asdict(ground.plan)}, drawn)
            err().print(f"recorded in MLflow's store in {store}; alloyloop ui shows it", markup=False)


def _draw(
    outcomes: list[EntrantOutcome], ground: EvaluationGround, folder: Path | None, passing: Path | None
) -> list[Path]:
    """Figures in a folder that was asked for, else in a passing one, else none."""
    chosen = folder or passing
    if chosen is None:
        return []
    from generators.evaluation.figures import save_figures  # late: with torch

    written = save_figures(outcomes, ground, chosen)
    for path in written if folder else []:
        err().print(f"wrote {path}", markup=False)
    return written


def _alloys(path: Path | None, names: list[str]) -> LabelledAlloys:
    from alloys.physics.closed_forms import PUBLISHED_CONDITIONS
    from generators.evaluation.table import known_table, labelled, read_table  # late: with torch

    if path is None:
        return labelled(known_table(), names, "the project's known alloys")
    asked = names or PUBLISHED_CONDITIONS
    return labelled(read_table(path, asked, partial(err().print, markup=False, soft_wrap=True)), asked, str(path))


def print_tables(outcomes: list[EntrantOutcome], ground: EvaluationGround, seeds: int) -> None:
    """Measures and errors near and far from data, a few entrants abreast."""
    from generators.evaluation.measuring import METRICS  # late: with torch

    console = out()
    for line in _about(ground, seeds):
        console.print(line, markup=False, soft_wrap=True)
    parts = [outcomes[i : i + ABREAST] for i in range(0, len(outcomes), ABREAST)]
    for part in parts:
        table = Table("measure", *(column(f"{outcome.name}\nleague {outcome.league}") for outcome in part))
        for name in METRICS:
            table.add_row(name, *(cell(outcome.metrics[name]) for outcome in part))
        console.print(table)
    for part in parts:
        apart = Table("MAPE, percent", *(column(outcome.name) for outcome in part), title="near and far from data")
        for kind in part[0].apart:
            apart.add_row(f"{kind} ({_count(kind, ground)})", *(cell(outcome.apart[kind]) for outcome in part))
        console.print(apart)


def _about(ground: EvaluationGround, seeds: int) -> list[str]:
    from generators.evaluation.protocol import COMPANY, NEAR, real_cosine  # late: with torch

    data, oracle = ground.data, ground.oracle
    kinds = [
        f"{name}: {kind}"
        + (f" (error {oracle.surrogates[name].error_percent:.2f} % unseen)" if kind == "surrogate" else "")
        for name, kind in oracle.kinds.items()
    ]
    far = float(ground.domain.distance.max())
    alike = real_cosine(data, ground.diagonal)
    return [
        f"{data.source}: {len(data.points)} distinct alloys of {'-'.join(data.space.elements)} on a grid of "
        f"{100 / data.space.alloys.total:g} at.%; oracle: {', '.join(kinds)}; medians over {seeds} seed(s)",
        f"real alloys within {NEAR:.0%} of a diagonal condition: pairwise cosine {alike:.3f}",
        f"far from data: fewer than {COMPANY} alloys within {NEAR:.0%}; the farthest condition over the domain is "
        f"{far:.0%} from any alloy",
    ]


def _count(kind: str, ground: EvaluationGround) -> str:
    where, word = kind.split(", ")
    far = (ground.diagonal if where == "diagonal" else ground.domain).far
    return f"{int((far if word == 'far' else ~far).sum())} conditions"
