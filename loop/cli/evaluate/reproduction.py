"""``alloyloop evaluate generators --reproduce PAPER``: the papers' models and tables, ours and theirs side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

from alloys.errors import InputError
from alloys.files import write_atomic
from loop.cli.console import err, out, print_json
from loop.cli.evaluate.progress import measuring
from loop.cli.evaluate.showing import ABREAST, cell, column

if TYPE_CHECKING:
    from generators.evaluation.measuring import EvaluationGround
    from generators.evaluation.reproduction.run import ParticipantOutcome

ROWS: Mapping[str, Mapping[str, str]] = {
    "tung-2022": {
        "mape_percent": "Table 1: MAPE",
        "near_mape_percent": "at its conditions near data",
        "worst_mape_percent": "at its worst condition",
        "cosine_percent": "Table 1: cosine under one condition",
        "real_cosine_percent": "Table 2: cosine to the real alloy",
        "domain_near_percent": "25 over the domain: MAPE near data",
        "domain_far_percent": "MAPE far from data",
    },
    "debnath-2021": {
        "parity_0_percent": "Fig. 5 A: MAPE of the shear modulus",
        "parity_plenty_percent": "at 40 to 100 GPa",
        "parity_beyond_percent": "above 100 GPa",
        "parity_1_percent": "Fig. 5 B: MAPE of the toughness",
        "mape_percent": "diagonal: MAPE",
        "cosine_percent": "diagonal: cosine under one condition",
    },
}
"""Rows of the table by paper: the measure, and its words. All are percent."""

LAST = {"answered_percent": "conditions answered", "train_cpu_seconds": "training, CPU seconds"}
"""Rows of every table, behind the paper's own."""


@dataclass(frozen=True, slots=True)
class ReproductionOrder:
    """What the command was asked for.

    Attributes:
        paper: the paper's name.
        data: the file of alloys.
        families: entrants of the project beside the paper's models.
        settings: the entrants' settings.
        seeds: training seeds.
        quick: fewer samples and epochs.
        json: whether a document is printed instead of tables.
        page: a file for the figures and tables as a page of HTML, or None.
    """

    paper: str
    data: Path | None
    families: Sequence[str]
    settings: Mapping[str, Mapping[str, Any]] | None
    seeds: int
    quick: bool
    json: bool
    page: Path | None = None


def refuse_beside_reproduction(options: Iterable[str]) -> None:
    """Refuses options that a reproduction does not know.

    Raises:
        InputError: naming them.
    """
    given = list(options)
    if given:
        raise InputError(
            f"--reproduce has its own conditions and tables: leave out {', '.join(given)}; "
            "--data, --families, --settings, --seeds, --quick, --page and --json stay"
        )


def reproduce_paper(order: ReproductionOrder) -> None:
    """Trains and measures the models of a paper, and prints theirs and ours side by side.

    Raises:
        InputError: before any work, for an unknown paper, no table, or one with too few refractory alloys or elements
            without numbers.
    """
    from generators.evaluation.measuring import EvaluationGround  # late: with torch
    from generators.evaluation.protocol import EvaluationPlan
    from generators.evaluation.reproduction.data import refractory_rich
    from generators.evaluation.reproduction.entering import check_paper, participants
    from generators.evaluation.reproduction.run import document, reproduce

    check_paper(order.paper)
    if order.page is not None and order.page.suffix not in (".html", ".htm"):
        raise InputError(f"--page writes a page of HTML: give FILE.html, got {order.page}")
    if order.data is None:
        raise InputError(
            f"--reproduce {order.paper} needs --data FILE: a table of alloys with a column composition_key or formula"
        )
    alloys = refractory_rich(order.data)
    entered = participants(order.paper, order.families, order.settings, len(alloys.points), quick=order.quick)
    ground = EvaluationGround.of(alloys, EvaluationPlan.quick() if order.quick else EvaluationPlan())
    with measuring(len(entered), order.seeds) as tell:
        outcomes = reproduce(entered, ground, order.seeds, tell)
    told = document(order.paper, outcomes, ground)
    if order.json:
        print_json(told)
    else:
        print_reproduction(told)
    if order.page is not None:
        _write_page(order.page, order.seeds, outcomes, ground, told)


def _write_page(
    page: Path, seeds: int, outcomes: Sequence[ParticipantOutcome], ground: EvaluationGround, told: Mapping[str, Any]
) -> None:
    """The page, and beside it the numbers that it was drawn from.

    Raises:
        InputError: if a file cannot be written.
    """
    from generators.evaluation.reproduction.pictures.of_outcomes import pictures_of  # late: with torch
    from loop.review.papers.kept import Reproduction, dumps  # late: with matplotlib
    from loop.review.papers.page import papers_page
    from loop.review.papers.tables import papers_table

    paper, each = told["paper"], dict.fromkeys(told["models"], seeds)
    table = papers_table(told, {**ROWS[paper], **LAST})
    done = Reproduction(paper, each, pictures_of(paper, outcomes, ground), [table])
    for path, text in ((page.with_suffix(".json"), dumps(done)), (page, papers_page([done]))):
        try:
            write_atomic(path, text.encode(), mode=0o644)
        except OSError as error:
            raise InputError(f"--page: {path} cannot be written: {error}") from error
        err().print(f"wrote {path}", markup=False)


def print_reproduction(told: Mapping[str, Any]) -> None:
    """The tables of a document: measures beside the paper's numbers, and curves by condition."""
    console = out()
    for line in _about(told):
        console.print(line, markup=False, soft_wrap=True)
    names = list(told["models"])
    rows = {**ROWS[told["paper"]], **LAST}
    for part in (names[i : i + ABREAST] for i in range(0, len(names), ABREAST)):
        table = Table(
            "median [least, most]", *(column(name) for name in part), title="here, and the paper's in brackets"
        )
        for measure, words in rows.items():
            table.add_row(words, *(_beside(told["models"][name]["numbers"][measure]) for name in part))
        console.print(table)
        curves = Table("condition", *(column(f"{name}\nMAPE, cosine, %") for name in part), title="along the diagonal")
        for k, condition in enumerate(told["diagonal"]):
            each = (told["models"][name]["curves"] for name in part)
            cells = (f"{cell(curve['mape'][k])}, {cell(curve['cosine'][k])}" for curve in each)
            curves.add_row(", ".join(f"{value:.3g}" for value in condition), *cells)
        console.print(curves)


def _about(told: Mapping[str, Any]) -> list[str]:
    from generators.evaluation.protocol import COMPANY, NEAR  # late: with torch

    here, there = told["alloys"]["here"], told["alloys"]["paper"]
    elements = told["elements"]["here"]
    return [
        f"{told['data']}: {here} refractory-rich alloys (the paper has {there}) of {len(elements)} elements "
        f"(the paper names {told['elements']['paper']}): {'-'.join(elements)}",
        *told["axes"]["words"],
        f"Near data are {told['near']['diagonal']} of {len(told['diagonal'])} conditions along the diagonal and "
        f"{told['near']['domain']} of {len(told['domain'])} over the domain: {COMPANY} alloys or more lie within "
        f"{NEAR:.0%} of them in both properties.",
    ]


def _beside(number: Mapping[str, float | None]) -> str:
    """``median [least, most] (paper)``; the least and most only where they differ, the paper's where it prints one."""
    median, least, most = (number[key] for key in ("median", "least", "most"))
    spread = f" [{cell(least)}, {cell(most)}]" if least != most else ""
    return f"{cell(median)}{spread}" + (f" ({number['paper']:g})" if number["paper"] is not None else "")
