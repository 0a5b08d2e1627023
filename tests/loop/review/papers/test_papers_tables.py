"""The table of the page: medians with their spread, the paper's numbers, and whether both have the same order."""

from __future__ import annotations

from typing import Any

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
