from __future__ import annotations

from pathlib import Path

import pytest

from alloys.dataset import known_alloys, read_measurements
from alloys.errors import InputError
from alloys.goal import Goal
from alloys.physics.registry import get_physics
from alloys.problem import Problem
from alloys.space import AlloySpace

OBJECTIVES = ["maximize specific_yield_strength_1300c", "minimize price"]


def test_goal_reads_expressions() -> None:
    goal = Goal.parse(OBJECTIVES, ["density <= 9", "solidus >= 2273"])
    problem = Problem(AlloySpace.build(["Mo", "Nb", "Ta"]), goal, get_physics("refractory"))
    assert problem.validated == ("specific_yield_strength_1300c", "solidus")
    assert [str(c) for c in problem.closed_form_constraints] == ["density <= 9"]
    assert goal.feasible({"density": 9.0, "solidus": 2273.0})
    assert not goal.feasible({"density": 9.0})
    assert goal.signed_objectives({"specific_yield_strength_1300c": 3.0, "price": 4.0}) == (3.0, -4.0)


@pytest.mark.parametrize(
    ("text", "values", "signed"),
    [
        ("match density 8.5", [8.0, 8.5, 9.5], [-0.5, 0.0, -1.0]),
        ("match density 8..9", [7.0, 8.0, 8.5, 9.25], [-1.0, 0.0, 0.0, -0.25]),
    ],
)
def test_a_property_matches_by_its_distance_from_a_value_or_a_range(
    text: str, values: list[float], signed: list[float]
) -> None:
    goal = Goal.parse([text], [])
    assert [str(objective) for objective in goal.objectives] == [text]
    assert [goal.signed_objectives({"density": value}) for value in values] == [(each,) for each in signed]


@pytest.mark.parametrize(
    ("objectives", "constraints", "message"),
    [
        ([], [], "at least one objective, or constraints that any design may keep"),
        (["maximize beauty"], [], "unknown property 'beauty'"),
        (["best price"], [], "maximize PROPERTY"),
        (["match price cheap"], [], "a number or LOW..HIGH, got 'cheap'"),
        (["match price 9..3"], [], "LOW <= HIGH"),
        (["match density 9..900"], [], "more than density can be"),
        (["match density nan"], [], "LOW <= HIGH"),
        (["match density 8", "minimize density"], [], "named twice"),
        (["match solidus 2000..2200"], ["solidus >= 2273"], "leave 2273 to inf, where nothing can match solidus 2000"),
        (OBJECTIVES, ["solidus > 3"], "PROPERTY >= NUMBER"),
        (OBJECTIVES, ["solidus >= 2500", "solidus <= 2400"], "contradictory"),
        (OBJECTIVES, ["density <= 1e9"], "outside what density can be"),
        (OBJECTIVES, ["density <= 1e"], "not a number"),
        (["minimize price", "maximize price"], [], "named twice"),
    ],
)
def test_bad_goals_are_refused(objectives: list[str], constraints: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Goal.parse(objectives, constraints)


def test_known_alloys_are_many_distinct_and_sourced() -> None:
    table = known_alloys()
    assert len(table) >= 60
    assert len({alloy.composition for alloy in table}) == len(table)
    assert all(alloy.doi.startswith("10.") and alloy.phase for alloy in table)
    assert {s for a in table for s in a.composition.elements} == set("Cr Hf Mo Nb Ta Ti V W Zr".split())


def _write(folder: Path, text: str) -> Path:
    path = folder / "rows.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_measurements_are_read(tmp_path: Path) -> None:
    rows = read_measurements(_write(tmp_path, "formula,solidus,density\nNbTaTi,2600,\nNbMoTaW,3000,13.6\n"))
    assert [dict(row.values) for row in rows] == [{"solidus": 2600.0}, {"solidus": 3000.0, "density": 13.6}]


@pytest.mark.parametrize("word", ["NA", "<NA>", "n/a", "NaN", "None", "NaT"])
def test_a_word_for_nothing_is_no_failure(tmp_path: Path, word: str) -> None:
    (row,) = read_measurements(_write(tmp_path, f"formula,solidus,failure\nNbTaTi,2600,{word}\n"))
    assert row.failure is None
    with pytest.raises(InputError, match="line 2: no property value is given, and no failure"):
        read_measurements(_write(tmp_path, f"formula,solidus,failure\nNbTaTi,,{word}\n"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("formula,solidus\nNbTaTi,hot\n", "line 2: solidus must be a number in K, got 'hot'"),
        ("formula,solidus\nNbTaTi,nan\n", "finite"),
        ("formula,solidus\nNbTaTi,99999\n", "must lie in"),
        ("formula,melting\nNbTaTi,2000\n", r"unknown are \['melting'\]"),
        ("alloy,solidus\nNbTaTi,2000\n", "needs a column 'formula'"),
        ("formula,solidus\n", "has no rows"),
        ("formula,solidus\nNbTaTi,\n", "no property value"),
        ("formula,solidus,liquidus\nNbTaTi,3000,2000\n", "solidus <= liquidus must hold"),
        ("formula,solidus,failure\nNbTaTi,3000,cracked\n", "a failed alloy has no values"),
        ("formula,solidus\nNbTaTi,2000,4\n", "line 2: 3 cells"),
        ("formula,solidus,solidus\nNbTaTi,2000,4\n", "both named"),
    ],
)
def test_bad_tables_name_the_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_measurements(_write(tmp_path, text))


def test_every_mistake_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"line 2: .*; line 3: "):
        read_measurements(_write(tmp_path, "formula,solidus\nNbXx,2000\nNbTa,hot\n"))


def test_a_bound_holds_at_its_value_whatever_the_order_of_the_sum() -> None:
    # 13 Hf, 39 Mo, 22 Nb, 21 Ti, 5 Zr at.%: five electrons per atom, summed up in one order and another.
    goal = Goal.parse(["maximize shear_modulus"], ["vec <= 5.0", "density >= 9"])
    assert goal.feasible({"vec": 5.000000000000001, "density": 9.0 - 2e-15})
    assert not goal.feasible({"vec": 5.0001, "density": 9.0})
    assert not goal.feasible({"vec": 5.0, "density": 8.9999})
