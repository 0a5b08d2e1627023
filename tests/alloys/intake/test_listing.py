"""Lists of candidates: each row a design, its other columns variables; and rows that are none, by their lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from alloys.errors import InputError
from alloys.space.table import TableSpace, TableSpec


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "shelf.csv"


def listed(file: Path, text: str, **given: Any) -> TableSpace:
    file.write_text(text, "utf-8")
    return TableSpec.model_validate({"kind": "table", "file": str(file), **given}).build()


def refused(file: Path, text: str, **given: Any) -> str:
    with pytest.raises(InputError) as error:
        listed(file, text, **given)
    return str(error.value)


def test_numbers_words_names_and_units(file: Path) -> None:
    rows = [f"NbTa{i},316L,{600 + 100 * i},{10**i},part {i}" for i in range(1, 5)]
    space = listed(file, "\n".join(["formula,grade,Anneal T (K),time [h],part no", *rows]))
    kinds = {v.name: (v.kind, v.unit, v.log) for v in space.variables}
    assert kinds == {
        "anneal_t": ("number", "K", False),
        "grade": ("category", "", False),
        "part_no": ("label", "", False),
        "time": ("number", "h", True),
    }
    assert space.designs[0].values == {"anneal_t": 700, "grade": "316L", "part_no": "part 1", "time": 10}
    assert not any("part" in name for name in space.variables.features)


def test_a_unit_in_a_cell_counts(file: Path) -> None:
    space = listed(file, "formula,T (K)\nNbTa,900\nNbTi,900 °C\n".replace("T (K)", "anneal temperature (K)"))
    assert [design.values["anneal_temperature"] for design in space.designs] == [900, 1173.15]
    assert "cannot be given in 'MPa'" in refused(file, "formula,heat (K)\nNbTa,900\nNbTi,900 MPa\n")


def test_amounts_in_weight_percent_with_a_balance(file: Path) -> None:
    space = listed(
        file,
        "C,Mn,quench\n0.4,1,oil\n0.4,1,water\n0.2,2,oil\n",
        elements={"C": "C", "Mn": "Mn"},
        basis="wt.%",
        balance="Fe",
    )
    assert space.elements == ("C", "Fe", "Mn")
    first, second, _ = space.designs
    assert first.composition == second.composition
    grams = {s: float(x) * m for (s, x), m in zip(first.composition.items, (12.011, 55.845, 54.938), strict=True)}
    assert grams["C"] / sum(grams.values()) == pytest.approx(0.004, rel=1e-3)


def test_plain_inputs_have_no_composition(file: Path) -> None:
    space = listed(file, "x,speed,note\n1,2,a\n3,4,b\n", inputs=["x", "speed"])
    assert space.elements == ()
    assert [str(design) for design in space.designs] == ["(speed 2, x 1)", "(speed 4, x 3)"]


def test_where_leaves_rows_out(file: Path) -> None:
    text = "formula,stock,hours\nNbTa,yes,1\nNbTi,no,\nNbW,yes,3\n"
    assert [d.values for d in listed(file, text, where={"stock": "yes"}).designs] == [{"hours": 1}, {"hours": 3}]


@pytest.mark.parametrize(
    ("text", "given", "told"),
    [
        ("formula\nNbTa\nNbTi\nTaNb\n", {}, "line 4 repeats line 2: Nb50Ta50"),
        ("formula,t2\nNbTa,1\nTaNb,1.0\nNbTi,2\n", {}, "line 3 repeats line 2: Nb50Ta50 (t2 1)"),
        ("formula,hours\nNbTa,\nNbTi,2\nNbW,n/a\n", {}, "line 2: lacks a cell in 'hours'; fill it in, or leave"),
        ("formula,hours\nNbTa,1\nNbQq,2\n", {}, "line 3: no composition"),
        ("formula,hours\nNbTa,1\n\nNbTi,<2\nNbW,3\n", {}, "line 4: 'hours': '<2' is a bound, not a value"),
        ("formula,time [h]\nNbTa,1\nNbTi,2\nNbW,x\n", {}, "line 4: 'time [h]': 'x' is no number"),
        ("formula,time (h),time [h]\nNbTa,1,2\nNbTi,3,4\n", {}, "are both time; rename 'time (h)'"),
        ("formula,hours,hours\nNbTa,1,2\nNbTi,3,4\n", {}, "columns 2 and 3 are both named 'hours'; rename one of them"),
        ("alloy,hours\nNbTa,1\nNbTi,3\n", {}, "no column says what the alloys are; name it by formula:"),
        ("alloy,hours\nNbTa,1\nNbTi,3\n", {"formula": "aloy"}, "there is no column 'aloy'; near it are 'alloy'"),
        ("formula,source\nNbTa,a\nNbTi,b\n", {}, "'source' means something else in tables"),
        ("formula\nNbTa\n", {}, "needs at least two, got 1"),
        ("x,y\n1,2\n1,3\n", {"inputs": ["x"]}, "line 3 repeats line 2: (x 1)"),
    ],
)
def test_a_row_that_is_no_candidate_is_named(file: Path, text: str, given: dict[str, Any], told: str) -> None:
    assert told in refused(file, text, **given)
