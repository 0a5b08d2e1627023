"""Splits: what is held out together, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from alloys.errors import InputError
from alloys.splits.folds import FEWEST_HELD, FEWEST_LEARNED, MEANINGS, SplitTable, folds, possible_splits

PAIRS = [frozenset(pair) for pair in (("Nb", "Ta"), ("Nb", "W"), ("Ta", "W"), ("Mo", "W"), ("Mo", "Nb"), ("Ti", "Zr"))]


@pytest.fixture
def table() -> SplitTable:
    rng = np.random.default_rng(1)
    systems = tuple(PAIRS[i] for i in rng.integers(0, len(PAIRS), 90))
    papers = (*(f"10.1/{i}" for i in rng.integers(0, 12, 89)), "")
    years = np.append(rng.integers(2010, 2016, 89).astype(float), np.nan)
    return SplitTable(systems, rng.normal(size=90), papers, years)


@pytest.mark.parametrize("split", MEANINGS)
def test_no_row_is_learned_from_and_held_out_and_the_same_seed_gives_the_same_folds(
    table: SplitTable, split: str
) -> None:
    found, again = folds(split, table, 4, seed=3), folds(split, table, 4, seed=3)
    assert 1 <= len(found) <= 4
    for fold, other in zip(found, again, strict=True):
        assert not set(fold.learned_rows) & set(fold.held_rows)
        assert len(fold.held_rows) >= FEWEST_HELD
        assert len(fold.learned_rows) >= FEWEST_LEARNED
        np.testing.assert_array_equal(fold.held_rows, other.held_rows)


def test_a_random_split_holds_every_row_out_once(table: SplitTable) -> None:
    held = np.concatenate([fold.held_rows for fold in folds("random", table)])
    assert sorted(held) == list(range(90))


def test_an_element_that_is_left_out_is_in_no_row_that_is_learned_from(table: SplitTable) -> None:
    for fold in folds("element", table):
        assert all(fold.held in table.systems[row] for row in fold.held_rows)
        assert not any(fold.held in table.systems[row] for row in fold.learned_rows)


def test_rows_of_one_system_or_one_paper_are_never_parted(table: SplitTable) -> None:
    assert table.papers is not None
    for split, names in (("system", table.systems), ("paper", table.papers)):
        for fold in folds(split, table):
            assert not {names[row] for row in fold.held_rows} & {names[row] for row in fold.learned_rows}


def test_rows_without_a_paper_take_no_part_in_the_split_by_papers(table: SplitTable) -> None:
    assert all(89 not in {*fold.held_rows, *fold.learned_rows} for fold in folds("paper", table))


def test_a_year_is_foretold_from_the_years_before_it(table: SplitTable) -> None:
    assert table.years is not None
    found = folds("year", table, 3)
    assert [fold.held for fold in found] == ["2013", "2014", "2015"]
    for fold in found:
        assert table.years[fold.learned_rows].max() < table.years[fold.held_rows].min()


def test_the_top_is_the_largest_tenth(table: SplitTable) -> None:
    (fold,) = folds("top", table)
    assert len(fold.held_rows) == 9
    assert table.values[fold.held_rows].min() > table.values[fold.learned_rows].max()


def test_splits_that_a_table_does_not_allow_are_told_or_refused_by_name(table: SplitTable) -> None:
    without = replace(table, papers=None, years=None)
    kept, left_out = possible_splits(without)
    assert kept == ["random", "element", "system", "top"]
    assert set(left_out) == {"paper", "year"}
    with pytest.raises(InputError, match="--paper COLUMN"):
        possible_splits(without, ["random", "paper"])
    with pytest.raises(InputError, match="unknown split 'isotope'; available are random, element"):
        folds("isotope", table)
    with pytest.raises(InputError, match="at least 2 folds"):
        folds("random", table, 1)


def test_a_table_of_few_rows_is_refused() -> None:
    few = SplitTable(tuple(PAIRS), np.arange(6.0))
    with pytest.raises(InputError, match="at least 5 rows held out and 20 learned from; there are 6 rows"):
        possible_splits(few)
