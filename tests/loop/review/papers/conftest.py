"""Both papers done again with two quick models, for all tests of the page."""

from __future__ import annotations

import pytest

from loop.review.papers.kept import PageTable, Reproduction
from tests.generators.evaluation.reproduction.pictures_helpers import known, small_debnath, small_tung


@pytest.fixture(scope="session")
def done() -> list[Reproduction]:
    data = known()
    table = PageTable("Table 1 <of the paper>", ["model", "MAPE, %"], [["components", "12.5"]], "Medians over seeds.")
    return [
        Reproduction("tung-2022", {"components": 1, "nearest": 1}, small_tung(data), [table]),
        Reproduction("debnath-2021", {"components": 5, "nearest": 2}, small_debnath(data), []),
    ]
