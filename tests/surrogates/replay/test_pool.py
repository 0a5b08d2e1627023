"""Reading pools: what is kept, what is said, what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from alloys.errors import InputError
from surrogates.replay.pool import LARGEST, ReplayPool, read_pool

ROWS = [f"{i},{i * i % 7},{100 - i}" for i in range(12)]


def write(folder: Path, lines: list[str], header: str = "a,b,y") -> Path:
    path = folder / "pool.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def test_numbers_are_inputs_and_the_top_is_a_twentieth_rounded_up(tmp_path: Path) -> None:
    pool = read_pool(write(tmp_path, ROWS), "y")
    assert (len(pool), pool.names, pool.notes) == (12, ("a", "b"), ())
    assert pool.values[pool.best].tolist() == [100.0]
    scaled = pool.scaled(described=True)
    np.testing.assert_allclose([scaled.mean(axis=0), scaled.std(axis=0)], [[0, 0], [1, 1]], atol=1e-12)
    lowest = read_pool(write(tmp_path, ROWS), "y", minimize=True)
    assert lowest.values[lowest.best].tolist() == [-89.0]


def test_order_of_rows_does_not_matter(tmp_path: Path) -> None:
    one = read_pool(write(tmp_path, ROWS), "y")
    other = read_pool(write(tmp_path, ROWS[::-1]), "y")
    np.testing.assert_array_equal(one.inputs, other.inputs)
    np.testing.assert_array_equal(one.values, other.values)


def test_ties_for_the_last_place_all_count() -> None:
    x = np.arange(40.0)[:, None]
    pool = ReplayPool.of("x", "y", ["x"], x, np.minimum(x[:, 0], 36.0))
    assert pool.best.sum() == 4


def test_repeats_are_averaged_and_told(tmp_path: Path) -> None:
    pool = read_pool(write(tmp_path, [*ROWS, "3,2,297"]), "y")
    assert len(pool) == 12
    assert pool.values[3] == (97 + 297) / 2
    assert pool.notes == ("1 repeats of an input merged; the mean of their answers counts",)


def test_constant_columns_and_rows_without_numbers_are_left_out(tmp_path: Path) -> None:
    lines = [f"{row},5" for row in ROWS]
    lines += ["20,1,failed,5", "21,1,nan,5", "22,,3,5", "23,1,inf,5"]
    pool = read_pool(write(tmp_path, lines, "a,b,y,c"), "y")
    assert (len(pool), pool.names) == (12, ("a", "b"))
    assert pool.notes == (
        "3 of 16 rows left out: no number in 'y'",
        "1 of 16 rows left out: an input without a number",
        "constant, left out: c",
    )


def test_formulas_become_fractions_and_descriptors(tmp_path: Path) -> None:
    lines = [f"Nb{50 - i}Ta{i}W50,{i},{i}" for i in range(1, 13)]
    pool = read_pool(write(tmp_path, lines, "formula,other,y"), "y")
    assert pool.names == ("Nb", "Ta")  # W is the same everywhere
    assert pool.descriptors.shape[1] > 5
    assert "not used, name them with --features to use them: other" in pool.notes
    both = read_pool(write(tmp_path, lines, "formula,other,y"), "y", features=["formula", "other"])
    assert both.names == ("Nb", "Ta", "other")


def test_columns_of_elements_are_compositions_too(tmp_path: Path) -> None:
    lines = [f"{50 - i},{i},{i * 7 % 5},{i}" for i in range(1, 13)]
    pool = read_pool(write(tmp_path, lines, "Nb,Ta,temperature,y"), "y")
    assert pool.names == ("Nb", "Ta", "temperature")
    np.testing.assert_allclose(pool.inputs[:, :2].sum(axis=1), 1.0)
    assert pool.descriptors.shape[1] > 5


def test_elements_without_data_leave_the_rest_described(tmp_path: Path) -> None:
    lines = [f"Nb{50 - i}Ta{i}Pd{i % 2},{i}" for i in range(1, 13)] + ["Pd,3", "oops!,4"]
    pool = read_pool(write(tmp_path, lines, "formula,y"), "y")
    assert len(pool) == 13
    assert pool.descriptors.shape[1] > 5
    assert np.isfinite(pool.scaled(described=True)).all()
    assert "descriptors of 7 rows are without Pd: no reference data" in pool.notes
    assert any("1 of 14 rows left out: composition (row 14" in note for note in pool.notes)


def test_a_larger_table_is_refused_or_sampled(tmp_path: Path) -> None:
    path = write(tmp_path, [f"{i},{i % 7},{i % 1000}" for i in range(LARGEST + 1)])
    with pytest.raises(InputError, match=r"has 10001 rows; at most 10000 can be replayed\. Draw some with --sample"):
        read_pool(path, "y")
    pool = read_pool(path, "y", sample=50)
    assert len(pool) == 50
    np.testing.assert_array_equal(pool.values, read_pool(path, "y", sample=50).values)
    assert pool.notes[0] == "50 of 10001 rows drawn at random"


@pytest.mark.parametrize(
    ("lines", "header", "target", "features", "message"),
    [
        ([], "a,b,y", "y", [], "there is neither a column of formulas nor one of numbers"),
        (["1,2,3"], "a,b,y", "y", [], "1 distinct row"),
        (["1,2,3"] * 50, "a,b,y", "y", [], "1 distinct row"),
        (ROWS[:9], "a,b,y", "y", [], "9 distinct row.* at least 10"),
        ([f"{i},1,failed" for i in range(20)], "a,b,y", "y", [], "no row is left; 20 of 20 rows left out: no number"),
        ([f"{i},,{i}" for i in range(20)], "a,b,y", "y", ["a", "b"], "text in 'b'"),
        ([f"{i},1,4" for i in range(20)], "a,b,y", "y", [], "'y' is 4 in every row"),
        (ROWS, "a,b,y", "z", [], "has no column 'z'; there are 'a', 'b', 'y'"),
        (ROWS, "a,b,y", "y", ["y"], "'y' cannot be a feature; there are 'a', 'b'"),
        (ROWS, "a,b,y", "y", ["c"], "'c' cannot be a feature"),
        (["what?,1"] * 20, "formula,y", "y", [], "no row is left; 20 of 20 rows left out: composition"),
    ],
)
def test_what_is_no_pool_is_refused(
    tmp_path: Path, lines: list[str], header: str, target: str, features: list[str], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        read_pool(write(tmp_path, lines, header), target, features=features)
