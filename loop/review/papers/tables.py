"""The tables of a reproduction as the page shows them: what comes out here beside what the paper prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loop.review.figures.words import number
from loop.review.papers.kept import PageTable


def papers_table(told: Mapping[str, Any], rows: Mapping[str, str]) -> PageTable:
    """Medians, with the least and the most over seeds, and the paper's numbers in brackets.

    Args:
        told: the document of a reproduction (`generators.evaluation.reproduction.run.document`).
        rows: words of the measures that are shown.
    """
    names = list(told["models"])
    cells = [
        [words, *(_beside(told["models"][name]["numbers"][measure]) for name in names)]
        for measure, words in rows.items()
    ]
    note = "All in percent, but for seconds: the median over the training seeds, behind it the least and the most."
    return PageTable(
        "Numbers here, and the paper's in brackets", ["measure", *names], cells, " ".join([note, *orders(told, rows)])
    )


def orders(told: Mapping[str, Any], rows: Mapping[str, str]) -> list[str]:
    """Of each measure that the paper prints of several models, whether these come in the same order here."""
    said = []
    for measure, words in rows.items():
        both = {name: model["numbers"][measure] for name, model in told["models"].items()}
        both = {name: row for name, row in both.items() if row["paper"] is not None and row["median"] is not None}
        here, there = (sorted(both, key=lambda name: both[name][key]) for key in ("median", "paper"))
        if len(both) > 1:
            same = "as in the paper" if here == there else f"in the paper {', '.join(there)}"
            said.append(f"{words}: from the least, {', '.join(here)}, {same}.")
    return said


def _beside(told: Mapping[str, float | None]) -> str:
    """As 10.4 [9.8 to 11.2] (10.51); what is not known is a dash."""
    median, least, most, paper = (told[key] for key in ("median", "least", "most", "paper"))
    if median is None:
        return "–"
    ends = (
        f" [{number(least, 3)} to {number(most, 3)}]"
        if least is not None and most is not None and least != most
        else ""
    )
    return f"{number(median, 3)}{ends}" + (f" ({number(paper)})" if paper is not None else "")
