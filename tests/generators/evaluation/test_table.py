"""Tables of labelled alloys: what is read, what is rounded, what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from alloys.composition import Composition
from alloys.errors import InputError
from alloys.physics.closed_forms import properties_of
from generators.evaluation.table import known_table, labelled, read_table


def rows_of(*formulas: str, **values: float) -> list[tuple[Composition, dict[str, float]]]:
    return [(Composition.parse(formula), dict(values)) for formula in formulas]


def test_the_projects_own_table() -> None:
    data = labelled(known_table(), source="known")
    assert data.names == ("shear_modulus", "fracture_toughness")
    assert len(data.points) > 60
    assert data.space.total == 1000
    assert data.space.contains(data.points).all()
    first = data.space.design(data.points[0]).composition
    assert data.values[0, 0] == pytest.approx(properties_of(first)["shear_modulus"], rel=1e-3)


def test_formulas_or_element_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("formula,strength,note\nNb1 Ta1,3.5,x\nNbTa2,,y\n")
    assert read_table(path) == [(Composition.parse("NbTa"), {"strength": 3.5}), (Composition.parse("NbTa2"), {})]
    path.write_text("Nb,Ta,strength\n50,50,3.5\n1,2,\n")
    assert [c for c, _ in read_table(path)] == [Composition.parse("NbTa"), Composition.parse("NbTa2")]


def test_cells_that_are_no_number_cost_their_rows_and_are_told(tmp_path: Path) -> None:
    path, told = tmp_path / "a.csv", list[str]()
    rows = [f"Nb{i}Ta{100 - i},{'<0.1' if i == 7 else i}\n" for i in range(1, 31)]
    path.write_text("formula,density\n\n" + "".join(rows))
    assert len(labelled(read_table(path, ["density"], told.append), ["density"], "t").points) == 29
    assert told == ["1 of 30 rows left out: no number in 'density', line 9: '<0.1'"]
    path.write_text("formula,density\n" + "".join(row.replace("\n", " g/cm3\n") for row in rows))
    with pytest.raises(InputError, match="0 distinct compositions have density"):
        labelled(read_table(path, ["density"]), ["density"], "t")


def test_rounding_keeps_the_sum_and_merges_equals() -> None:
    parts = [f"Nb{300 + i}Ta{700 - i}" for i in range(25)]
    data = labelled(rows_of(*parts, "Nb300.1Ta699.9", "Nb1Ta1W1", "Nb1Ta1Hf0.0002"), source="t")
    assert len(data.points) == 27
    assert (data.points.sum(axis=1) == 1000).all()
    assert sorted(data.points[25].tolist()) == [333, 333, 334]
    assert data.points[26].tolist() == [500, 500, 0]
    assert data.space.elements == ("Nb", "Ta", "W")  # Hf is below half a step
    assert (data.space.fewest, data.space.most) == (2, 3)


def test_a_measured_column_and_rows_without_it() -> None:
    rows = rows_of(*[f"Nb{i}Ta{100 - i}" for i in range(1, 41)])
    for i, (_, values) in enumerate(rows[:30]):
        values["strength"] = 100.0 + i
    data = labelled(rows, ["strength"], "t")
    assert (data.values[:, 0] == np.arange(100.0, 130.0)).all()


@pytest.mark.parametrize(
    ("rows", "names", "message"),
    [
        ([], [], "has no rows"),
        (rows_of("NbTa", "NbTa2"), [], "2 distinct compositions have shear_modulus and fracture_toughness"),
        (rows_of(*[f"Nb{i}Ta{99 - i}" for i in range(1, 40)], hv=5.0), ["hv"], "hv is the same in every row"),
        (rows_of("NbTa"), ["nonsense"], "the property 'nonsense' is unknown; available are density"),
        (rows_of("NbTa"), ["solidus"], "'solidus' has no closed form and no values here"),
        (rows_of(*[f"Nb{i}Zn{99 - i}" for i in range(1, 40)]), [], "no reference shear_modulus for Zn"),
        (rows_of(*[f"Nb{i}O{99 - i}" for i in range(1, 40)]), [], "no reference shear_modulus for O"),
    ],
)
def test_bad_tables_are_refused(
    rows: list[tuple[Composition, dict[str, float]]], names: list[str], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        labelled(rows, names, "t")


def test_a_property_that_changes_sign_is_refused() -> None:
    rows = [(c, {"x": float(i)}) for i, (c, _) in enumerate(rows_of(*[f"Nb{i}Ta{99 - i}" for i in range(1, 40)]))]
    with pytest.raises(InputError, match="must keep one sign"):
        labelled(rows, ["x"], "t")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,x\na,1\n", "needs a column 'formula'"),
        ("formula,x\n", "has no rows"),
        ("formula,x\nNbTa,1\nqq,2\n", "line 3: cannot read the formula"),
        ("Nb,Ta\n1,many\n", "line 2: amounts of elements must be numbers"),
    ],
)
def test_bad_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_table(path)
    with pytest.raises(InputError, match="cannot read"):
        read_table(tmp_path / "absent.csv")
