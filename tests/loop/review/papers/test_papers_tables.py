"""The table of the page: medians with their spread, the paper's numbers, and both orders; parts put together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from alloys.errors import InputError
from generators.evaluation.reproduction.pictures.records import TungPictures
from loop.review.papers.kept import PageTable, Reproduction, together
from loop.review.papers.tables import orders, papers_table

ROWS = {"mape_percent": "Table 1: MAPE"}


def told(**medians: tuple[float | None, float | None]) -> dict[str, Any]:
    models = {}
    for name, (median, paper) in medians.items():
        number = {"median": median, "least": median, "most": median and median + 1, "paper": paper}
        models[name] = {"numbers": {"mape_percent": number}}
    return {"models": models}


def test_a_cell_has_median_spread_and_the_paper_s_number() -> None:
    found = papers_table(told(cae=(10.0, 10.51), flow=(2.0, None), lost=(None, None)), ROWS)
    assert found.head == ["measure", "cae", "flow", "lost"]
    assert found.rows == [["Table 1: MAPE", "10 [10 to 11] (10.51)", "2 [2 to 3]", "–"]]


def test_an_order_that_differs_is_told_with_both() -> None:
    assert orders(told(a=(1.0, 10.0), b=(2.0, 20.0), c=(0.5, None)), ROWS) == [
        "Table 1: MAPE: from the least, a, b, as in the paper."
    ]
    assert orders(told(a=(3.0, 10.0), b=(2.0, 20.0)), ROWS) == [
        "Table 1: MAPE: from the least, b, a, in the paper a, b."
    ]
    assert orders(told(a=(3.0, 10.0)), ROWS) == []


def part(done: Reproduction, model: int, seeds: int) -> Reproduction:
    """One model of a reproduction, with a table of its own."""
    pictures = done.pictures
    assert isinstance(pictures, TungPictures)
    one = pictures.models[model]
    table = PageTable("Numbers", ["measure", one.name], [["MAPE", f"{one.diagonal.mape:.1f}"]], f"note of {one.name}")
    return replace(done, seeds={one.name: seeds}, pictures=replace(pictures, models=[one]), tables=[table])


def test_models_trained_apart_stand_on_one_page(done: list[Reproduction]) -> None:
    both = together(part(done[0], 0, 5), part(done[0], 1, 2))
    assert both.seeds == {"components": 5, "nearest": 2}
    assert [model.name for model in both.pictures.models] == ["components", "nearest"]
    (table,) = both.tables
    assert table.head == ["measure", "components", "nearest"]
    assert len(table.rows[0]) == 3
    assert table.note == "note of components"


def test_a_model_that_both_have_is_the_first_one_s(done: list[Reproduction]) -> None:
    both = together(part(done[0], 0, 5), replace(done[0], seeds={"components": 1, "nearest": 1}))
    assert both.seeds == {"components": 5, "nearest": 1}
    assert [model.name for model in both.pictures.models] == ["components", "nearest"]


def test_parts_of_other_alloys_or_papers_are_refused(done: list[Reproduction]) -> None:
    first = part(done[0], 0, 5)
    others = replace(first, pictures=replace(first.pictures, values=first.pictures.values[1:]))
    for second in (done[1], others):
        with pytest.raises(InputError, match="only parts of one paper on the same alloys"):
            together(first, second)
