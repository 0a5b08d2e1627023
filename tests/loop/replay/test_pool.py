"""Reading pools: what is kept, what is said, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from alloys.composition import Composition
from alloys.design import Design
from alloys.errors import InputError
from loop.replay.pool import LARGEST, ReplayPool, read_pool

ROWS = [f"{i},{i * i % 7},{100 - i}" for i in range(12)]


def write(folder: Path, lines: list[str], header: str = "width,depth,y") -> Path:
    path = folder / "pool.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def test_numbers_are_inputs_and_the_top_is_a_twentieth_rounded_up(tmp_path: Path) -> None:
    pool = read_pool(write(tmp_path, ROWS), "y")
    assert (len(pool), pool.names, pool.notes) == (12, ("depth", "width"), ())
    assert pool.values[pool.best].tolist() == [100.0]
    scaled = pool.plain()
    np.testing.assert_allclose([scaled.mean(axis=0), scaled.std(axis=0)], [[0, 0], [1, 1]], atol=1e-12)
    lowest = read_pool(write(tmp_path, ROWS), "y", minimize=True)
    assert lowest.values[lowest.best].tolist() == [-89.0]


def test_order_of_rows_does_not_matter(tmp_path: Path) -> None:
    one = read_pool(write(tmp_path, ROWS), "y")
    other = read_pool(write(tmp_path, ROWS[::-1]), "y")
    assert one.space == other.space
    np.testing.assert_array_equal(one.values, other.values)


def made(answers: list[float], share: float = 0.05) -> ReplayPool:
    designs = [Design.of(Composition.unknown(), {"x": i}) for i in range(len(answers))]
    return ReplayPool.of("made", "y", designs, np.array(answers), share=share)


def test_ties_for_the_last_place_all_count_and_the_share_is_any() -> None:
    answers = np.minimum(np.arange(40.0), 36.0).tolist()
    assert made(answers).best.sum() == 4
    assert made(answers, 0.25).best.sum() == 10
    for share in (0.0, 1.0, -0.1):
        with pytest.raises(InputError, match=f"a share between 0 and 1, as 0.05 for the best twentieth; got {share:g}"):
            made(answers, share)


def test_repeats_are_averaged_and_told(tmp_path: Path) -> None:
    pool = read_pool(write(tmp_path, [*ROWS, "3,2,297"]), "y")
    assert len(pool) == 12
    assert (97 + 297) / 2 in pool.values
    assert pool.notes == ("1 repeats of an input merged; the mean of their answers counts",)


def test_constant_columns_and_rows_without_numbers_are_left_out(tmp_path: Path) -> None:
    lines = [f"{row},5" for row in ROWS]
    lines += ["20,1,failed,5", "21,1,nan,5", "22,,3,5", "23,1,inf,5"]
    pool = read_pool(write(tmp_path, lines, "width,depth,y,colour"), "y")
    assert (len(pool), pool.names) == (12, ("depth", "width"))
    assert pool.notes == (
        "3 of 16 rows left out: no number in 'y', line 14: 'failed'",
        "1 of 16 rows left out: line 16: the input 'depth' is empty",
        "constant, left out: colour",
    )


def test_formulas_become_fractions_and_other_columns_wait_for_their_names(tmp_path: Path) -> None:
    lines = [f"Nb{50 - i}Ta{i}W50,{i},{'cast' if i % 2 else 'aged'},{i}" for i in range(1, 13)]
    path = write(tmp_path, lines, "formula,other,route,y")
    pool = read_pool(path, "y")
    assert pool.names == ("Nb", "Ta", "W")
    assert pool.plain().shape == (12, 2)  # W is the same everywhere
    assert "not used, name them with --features to use them: other" in pool.notes
    both = read_pool(path, "y", features=["formula", "other", "route"])
    assert both.names == ("Nb", "Ta", "W", "other", "route")
    assert both.plain().shape == (12, 5)  # a category of two


def test_columns_of_elements_are_compositions_too(tmp_path: Path) -> None:
    lines = [f"{50 - i},{i},{i * 7 % 5},{i}" for i in range(1, 13)]
    pool = read_pool(write(tmp_path, lines, "Nb,Ta,temperature,y"), "y")
    assert pool.names == ("Nb", "Ta", "temperature")
    fractions = pool.space.fractions(np.arange(12)[:, None])
    np.testing.assert_allclose(fractions.sum(axis=1), 1.0)
    assert fractions.max() == 0.98


def test_weight_percent_with_a_balance(tmp_path: Path) -> None:
    lines = [f"{i},0,{i}" for i in range(1, 13)]
    pool = read_pool(write(tmp_path, lines, "Cr,Ni,y"), "y", basis="wt.%", balance="Fe")
    assert pool.space.elements == ("Cr", "Fe")
    assert pool.space.fractions(np.array([[np.argmax(pool.values)]]))[0, 0] == pytest.approx(0.1278, abs=1e-4)


def test_rows_without_a_composition_are_left_out_and_told(tmp_path: Path) -> None:
    lines = [f"Nb{50 - i}Ta{i}Pd{i % 2},{i}" for i in range(1, 13)] + ["Pd,3", "oops!,4"]
    pool = read_pool(write(tmp_path, lines, "formula,y"), "y")
    assert len(pool) == 13
    assert any("1 of 14 rows left out: line 15" in note for note in pool.notes)


def test_numbers_of_rows_that_a_program_wrote_are_no_input(tmp_path: Path) -> None:
    pool = read_pool(write(tmp_path, [f"{i},{row}" for i, row in enumerate(ROWS)], ",width,depth,y"), "y")
    assert (pool.names, pool.notes) == (("depth", "width"), ("not used: a column without a name",))
    with pytest.raises(InputError, match="several columns have no name; name them"):
        read_pool(write(tmp_path, [f"{i},{i},{row}" for i, row in enumerate(ROWS)], ",,width,depth,y"), "y")


def test_a_second_column_of_formulas_and_a_mostly_empty_one_are_told(tmp_path: Path) -> None:
    lines = [f"Nb{50 - i}Ta{i},Nb{i}W{50 - i},{i}" for i in range(1, 13)]
    pool = read_pool(write(tmp_path, lines, "formula,old formula,y"), "y")
    assert pool.notes == ("not used, as 'formula' says the alloys: old formula",)
    pool = read_pool(write(tmp_path, [f"{row},{'' if i else 5}" for i, row in enumerate(ROWS)], "width,depth,y,t"), "y")
    assert (len(pool), pool.names) == (12, ("depth", "width"))


@pytest.mark.parametrize("word", ["NA", "<NA>", "n/a", "nan"])
def test_a_word_for_nothing_is_no_category(tmp_path: Path, word: str) -> None:
    routes = [word, *["cast", "forged"] * 6]
    lines = [f"{i},{route},{i}" for i, route in enumerate(routes)]
    pool = read_pool(write(tmp_path, lines, "width,route,y"), "y", features=["width", "route"])
    assert pool.notes == (f"1 of 13 rows left out: line 2: the input 'route' is {word!r}",)


@pytest.mark.parametrize(
    ("cells", "kept", "kind"),
    [([f"{i}.5" for i in range(12)] + [""] * 14, 12, "number"), (["yes", "no", "304", "316L"] * 4, 16, "category")],
)
def test_a_column_that_is_asked_for_is_what_its_filled_cells_are(
    tmp_path: Path, cells: list[str], kept: int, kind: str
) -> None:
    lines = [f"{i},{cell},{i}" for i, cell in enumerate(cells)]
    pool = read_pool(write(tmp_path, lines, "width,grade,y"), "y", features=["width", "grade"])
    assert (len(pool), pool.space.variables["grade"].kind) == (kept, kind)


def test_a_pool_may_be_json(tmp_path: Path) -> None:
    path = tmp_path / "pool.json"
    path.write_text(json.dumps([{"width": i, "y": 100 - i} for i in range(12)] + [{"width": "n/a", "y": 1}]), "utf-8")
    pool = read_pool(path, "y")
    assert (len(pool), pool.notes) == (12, ("1 of 13 rows left out: line 13: the input 'width' is 'n/a'",))


def test_traces_in_most_cells_of_an_element_do_not_make_other_alloys(tmp_path: Path) -> None:
    lines = [f"{50 - i},{i},{i if i > 8 else 'tr.'},{i}" for i in range(1, 21)]
    pool = read_pool(write(tmp_path, lines, "Nb,Ta,W,y"), "y")
    assert (len(pool), pool.space.elements) == (12, ("Nb", "Ta", "W"))
    assert pool.notes == ("8 of 20 rows left out: line 2: W is 'tr.', which is no amount",)


@pytest.mark.parametrize("cell", ["n/a", "<0.1", "unknown", "1.2 (est.)"])
def test_one_cell_that_is_no_number_costs_its_row_and_not_the_column(tmp_path: Path, cell: str) -> None:
    pool = read_pool(write(tmp_path, [*ROWS[:5], f"{cell},3,50", *ROWS[5:]]), "y")
    assert (len(pool), pool.names) == (12, ("depth", "width"))
    assert pool.notes == (f"1 of 13 rows left out: line 7: the input 'width' is {cell!r}",)


def test_a_column_of_words_is_not_used_and_that_is_told(tmp_path: Path) -> None:
    pool = read_pool(write(tmp_path, [f"{row},cast" for row in ROWS], "width,depth,y,route"), "y")
    assert pool.notes == ("not used, as they hold words or nothing; name them with --features: route",)


def test_other_measurements_of_an_alloy_are_no_inputs_unless_they_are_named(tmp_path: Path) -> None:
    path = write(tmp_path, [f"{row},{i},{i}" for i, row in enumerate(ROWS)], "width,depth,y,Tensile Strength,Hardness")
    pool = read_pool(path, "y")
    assert pool.names == ("depth", "width")
    told = "not used, as they are named like measurements; name them with --features: Tensile Strength, Hardness"
    assert told in pool.notes
    assert len(read_pool(path, "y", features=["width", "Hardness"]).names) == 2
    with pytest.raises(InputError, match="to learn from beside 'y'; not used, as they are named like measurements"):
        read_pool(write(tmp_path, [f"{i},{i * i}" for i in range(12)], "Hardness,y"), "y")


def test_an_element_that_takes_the_rest_is_read(tmp_path: Path) -> None:
    pool = read_pool(write(tmp_path, [f"bal.,{i},{i % 3},{i}" for i in range(1, 13)], "Nb,Ta,W,y"), "y")
    assert pool.space.elements == ("Nb", "Ta", "W")
    best = pool.space.fractions(np.array([[int(np.argmax(pool.answers))]]))[0]
    np.testing.assert_allclose(best, [0.88, 0.12, 0.0])


def test_a_larger_table_is_refused_or_sampled(tmp_path: Path) -> None:
    path = write(tmp_path, [f"{i},{i % 7},{i % 1000}" for i in range(LARGEST + 1)])
    with pytest.raises(InputError, match=rf"has {LARGEST + 1} rows; at most {LARGEST} can be replayed\. Draw some"):
        read_pool(path, "y")
    pool = read_pool(path, "y", sample=50)
    assert len(pool) == 50
    np.testing.assert_array_equal(pool.values, read_pool(path, "y", sample=50).values)
    assert pool.notes[0] == f"50 of {LARGEST + 1} rows drawn at random"


@pytest.mark.parametrize(
    ("lines", "header", "target", "features", "message"),
    [
        ([], "a,b,y", "y", [], "there is neither a column of formulas nor one of numbers"),
        (["1,2,3"], "a,b,y", "y", [], "1 distinct row"),
        (["1,2,3"] * 50, "a,b,y", "y", [], "1 distinct row"),
        (ROWS[:9], "a,b,y", "y", [], "9 distinct row.* at least 10"),
        ([f"{i},1,failed" for i in range(20)], "a,b,y", "y", [], "no row is left; 20 of 20 rows left out: no number"),
        ([f"{i},,{i}" for i in range(20)], "a,b,y", "y", ["a", "b"], "the input 'b' is empty"),
        ([f"1,2,{i}" for i in range(20)], "a,b,y", "y", [], "1 distinct row"),
        (["Al2Cr,AlCr2,3"] * 20, "one formula,other formula,y", "y", ["one formula", "other formula"], "one column of"),
        ([f"{i},1,4" for i in range(20)], "a,b,y", "y", [], "'y' is 4 in every row"),
        (ROWS, "a,b,y", "z", [], "has no column 'z'; there are 'a', 'b', 'y'"),
        (ROWS, "a,b,y", "y", ["y"], "'y' cannot be a feature; there are 'a', 'b'"),
        (ROWS, "a,b,y", "y", ["c"], "'c' cannot be a feature"),
        (["what?,1"] * 20, "formula,y", "y", [], "no row is left; 20 of 20 rows left out: line 2"),
    ],
)
def test_what_is_no_pool_is_refused(
    tmp_path: Path, lines: list[str], header: str, target: str, features: list[str], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        read_pool(write(tmp_path, lines, header), target, features=features)


def test_names_such_as_ti_6al_4v_have_their_base_and_are_by_weight(tmp_path: Path) -> None:
    rows = [f"Ti-{n}Al-4V,{900 + 10 * n}" for n in range(2, 14)]
    pool = read_pool(write(tmp_path, rows, "formula,y"), "y")
    known = [design.formula for design in pool.space.designs]
    assert "Al10.1955Ti86.2044V3.6001" in known
