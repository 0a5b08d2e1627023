"""The comparison with plain pycalphad: which alloys it asks, what is the same, and who is right otherwise."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.phase_equilibria.__main__ import compare, databases, drawn
from benchmarks.phase_equilibria.cases import SMALLEST, Case, elements_of, first_metals, metals_of, random_alloys
from benchmarks.phase_equilibria.plain import apart
from benchmarks.phase_equilibria.states import Found, joined, reported, theirs, verdict

SOLUTION = """$ A regular solution of two metals, and a line compound that is stable up to about 1200 K.
 ELEMENT VA   VACUUM  0.0  0.0  0.0 !
 ELEMENT NB   BCC_A2  92.9  0.0  0.0 !
 ELEMENT C    GRAPHITE 12.0 0.0  0.0 !
 ELEMENT ti   BCC_A2  47.9  0.0  0.0 !
 TYPE_DEFINITION % SEQ * !
 PHASE BCC_A2 % 2 1 3 !
 CONSTITUENT BCC_A2 : NB,TI : VA : !
 PARAMETER G(BCC_A2,NB:VA;0) 298.15 0; 6000 N !
 PARAMETER G(BCC_A2,TI:VA;0) 298.15 0; 6000 N !
 PARAMETER G(BCC_A2,NB,TI:VA;0) 298.15 16000; 6000 N !
 PHASE NB3TI % 2 3 1 !
 CONSTITUENT NB3TI : NB : TI : !
 PARAMETER G(NB3TI,NB:TI;0) 298.15 -32000+16*T; 6000 N !
"""
B2 = ({"AL": 0.9, "NI": 0.1}, {"AL": 0.1, "NI": 0.9}, {"VA": 1.0})
A2 = ({"AL": 0.501, "NI": 0.499}, {"AL": 0.499, "NI": 0.501}, {"VA": 1.0})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "solution.TDB"
    path.write_text(SOLUTION)
    return path


def test_alloys_are_of_the_first_metals_of_the_file(file: Path) -> None:
    assert elements_of(file) == ["NB", "C", "TI"]
    assert metals_of(file) == ["NB", "TI"]
    cases = list(first_metals([file]))
    assert [case.kelvin for case in cases] == [600.0, 1000.0, 1400.0]
    assert {json.dumps(case.fractions) for case in cases} == {'{"NB": 0.6, "TI": 0.4}'}


def test_random_alloys_follow_from_the_seed_and_some_hold_carbon(file: Path) -> None:
    cases = list(random_alloys([file], 40, 1))
    assert cases == list(random_alloys([file], 40, 1))
    assert cases != list(random_alloys([file], 40, 2))
    for case in cases:
        assert sum(case.fractions.values()) == pytest.approx(1.0)
        assert min(case.fractions.values()) >= SMALLEST * 0.9
        assert case.fractions.get("C", 0.0) <= 0.1
    assert 5 < sum("C" in case.fractions for case in cases) < 35


def test_an_ordered_phase_that_is_not_ordered_bears_the_name_of_its_disordered_part() -> None:
    assert reported("BCC_B2", B2, {"BCC_B2": "BCC_A2"}) == "BCC_B2"
    assert reported("BCC_B2", A2, {"BCC_B2": "BCC_A2"}) == "BCC_A2"
    assert reported("BCC_B2", A2, {}) == "BCC_B2"
    assert reported("SIGMA", ({"AL": 1.0}, {"NI": 1.0}), {"BCC_B2": "BCC_A2"}) == "SIGMA"


def test_sets_of_nearly_one_composition_are_one_and_traces_are_absent() -> None:
    near, far = {"NB": 0.53, "TI": 0.47}, {"NB": 0.8, "TI": 0.2}
    sets = [("A", 0.5, {"NB": 0.5, "TI": 0.5}), ("A", 0.3, near), ("A", 0.1, far), ("B", 0.1, near), ("C", 5e-4, far)]
    assert [(name, round(amount, 9)) for name, amount in joined(sets)] == [("A", 0.1), ("A", 0.8), ("B", 0.1)]


@pytest.mark.parametrize(
    ("our", "their", "said"),
    [
        (Found((("A", 0.5), ("B", 0.5)), -10.0), Found((("A", 0.505), ("B", 0.495)), -10.0), "same"),
        (Found((("A", 0.5), ("B", 0.5)), -10.0), Found((("A", 0.52), ("B", 0.48)), -9.0), "differ, ours lower"),
        (Found((("A", 1.0),), -10.0), Found((("B", 1.0),), -11.0), "differ, theirs lower"),
        (Found((("A", 1.0),), -10.0), Found((("A", 0.4), ("A", 0.6)), -10.001), "differ, same energy"),
        (Found((("A", 1.0),), -10.0), Found(failure="no convergence"), "only ours answers"),
        (Found(failure="refused"), Found((("A", 1.0),), -10.0), "only theirs answers"),
        (Found(failure="refused"), Found(failure="no convergence"), "neither answers"),
    ],
)
def test_where_two_answers_differ_the_lower_energy_is_right(our: Found, their: Found, said: str) -> None:
    assert verdict(our, their) == said


def test_a_folder_is_compared_and_plain_answers_are_kept(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (file.parent / "SOURCE.txt").write_text("not a database")
    kept = file.parent / "kept.json"
    assert databases(file.parent, []) == [file]
    assert databases(file.parent, ["other"]) == []
    assert drawn([file], 1, None) == []  # it has two metals
    compare(first_metals([file]), kept)
    printed = capsys.readouterr().out
    assert "3 equilibria" in printed
    assert "    3  same" in printed
    stable = [sorted(item["phase"] for item in answer["sets"]) for answer in json.loads(kept.read_text()).values()]
    assert stable == [["BCC_A2", "NB3TI"], ["BCC_A2", "NB3TI"], ["BCC_A2"]]
    compare(first_metals([file]), kept)
    assert capsys.readouterr().out.splitlines()[:-1] == printed.splitlines()[:-1]


def test_a_plain_call_that_fails_says_why(file: Path) -> None:
    found = apart(Case(str(file), {"NB": 0.5, "C": 0.5}, 1000.0), 60)
    assert theirs(found, {}).failure
