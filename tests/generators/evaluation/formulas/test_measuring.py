"""Shares of drawn formulas, each with the denominator that its name says, and what they are held against."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from alloys.errors import InputError
from alloys.space import Points
from alloys.space.formula import FormulaSpace
from alloys.space.formula.rules import IonicRules
from generators.evaluation.formulas.baselines import IonSubstitution, exchanges
from generators.evaluation.formulas.known import evened, known_formulas
from generators.evaluation.formulas.measuring import measure
from generators.evaluation.formulas.run import FormulaPlan, chosen_entrants, document, evaluate

ELEMENTS = ("Ca", "Cl", "K", "Mg", "Na", "O", "S")
RULES = IonicRules(ELEMENTS)
SPACE = FormulaSpace(ELEMENTS, 4, 2, 3)


def formulas(*texts: dict[str, int]) -> Points:
    return np.array([[atoms.get(symbol, 0) for symbol in ELEMENTS] for atoms in texts])


NACL, KCL, CAO, MGO, NAK = (
    {"Na": 1, "Cl": 1},
    {"K": 1, "Cl": 1},
    {"Ca": 1, "O": 1},
    {"Mg": 1, "O": 1},
    {"Na": 1, "K": 1},
)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hundred neutral formulas, and some that are not."""
    path = tmp_path_factory.mktemp("formulas") / "table.csv"
    points = np.unique(SPACE.sample(600, np.random.default_rng(0)), axis=0)[:100]
    texts = [SPACE.design(point).composition for point in points]
    path.write_text("formula\n" + "\n".join([*(str(text) for text in texts), "NaK", "Na3K", "CaMg", "NaCl9"]) + "\n")
    return path


def test_each_share_has_its_own_denominator() -> None:
    drawn = formulas(NACL, NACL, KCL, NAK)
    found = measure(lambda n, seed: drawn, 4, formulas(NACL, MGO), formulas(KCL, CAO), RULES, 0)
    assert (found.draws, found.unique, found.balanced) == (4, 3 / 4, 3 / 4)
    assert (found.novel, found.novel_draws) == (2 / 3, 2 / 4)
    assert found.balanced_unique == 2 / 3
    assert found.recovered == {4: 1 / 2}
    assert found.recovered_new == {1: 1 / 2}, "NaCl was learned and NaK is not balanced: KCl alone is new"


def test_pairs_of_elements_are_held_against_the_known_ones() -> None:
    known = formulas(NACL, KCL, CAO)
    same = measure(lambda n, seed: known, 3, known[:2], known[2:], RULES, 0)
    assert same.pair_correlation == pytest.approx(1.0)
    assert same.pair_distance == pytest.approx(0.0)
    other = measure(lambda n, seed: formulas(MGO, MGO, MGO), 3, known[:2], known[2:], RULES, 0)
    assert other.pair_distance == pytest.approx(1.0)


@pytest.mark.parametrize("mined", [False, True])
def test_an_ion_is_replaced_by_one_of_a_like_state(mined: bool) -> None:
    states = [set(ion.states) for ion in RULES.ions]
    known = formulas(NACL)
    for drawn in IonSubstitution(SPACE, known, mined=mined)(400, 1):
        (left,), (came,) = np.flatnonzero(drawn < known[0]), np.flatnonzero(drawn > known[0])
        assert states[left] & states[came]
        assert drawn[came] == known[0, left]


def test_elements_exchanged_in_known_formulas_are_counted() -> None:
    found = exchanges(formulas(NACL, KCL, CAO, MGO))
    at = {symbol: i for i, symbol in enumerate(ELEMENTS)}
    assert found[at["K"], at["Na"]] == found[at["Ca"], at["Mg"]] == 1
    assert found.sum() == 4


def test_common_stoichiometries_are_learned_less() -> None:
    points = formulas(*[NACL] * 90, *[{"Ca": 1, "Cl": 2}] * 10)
    even = evened(points, 1.0, np.random.default_rng(0))
    assert len(even) == 100
    assert 30 < (even.max(axis=1) == 2).sum() < 70
    assert evened(points, 0.0, np.random.default_rng(0)) is points


def test_families_and_baselines_are_measured_alike(table: Path, tmp_path: Path) -> None:
    known = known_formulas(table, 4, (2, 3)).screened()
    plan = FormulaPlan(samples=300, rules=True, settings={"cvae": {"epochs": 5}}, models=tmp_path)
    outcomes = evaluate(known, ["cvae", "substitution", "random"], plan)
    shares = {outcome.name: outcome.measures for outcome in outcomes}
    assert shares["cvae"].balanced == shares["random"].balanced == 1.0
    assert shares["random"].draws == 300
    again = evaluate(known, ["cvae"], plan)[0]
    assert again.training == 0.0
    assert again.measures.recovered == shares["cvae"].recovered
    found = document(known, plan, outcomes)
    assert found["learned"] + found["held_out"] == found["formulas"] == 100


def test_halves_share_nothing(table: Path) -> None:
    known = known_formulas(table, 4, (2, 3))
    parts = [part for half in ("first", "second") for part in known.split(half)]  # type: ignore[arg-type]
    rows = [tuple(row) for part in parts for row in part.tolist()]
    assert len(rows) == len(set(rows)) == len(known.points)


def test_tables_that_teach_nothing_are_refused(table: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="0 of 104 formulas have 5 to 5 elements"):
        known_formulas(table, 4, (5, 5))
    metals = tmp_path / "metals.csv"
    metals.write_text("formula\n" + "\n".join(f"Na{i}K{j}" for i in range(1, 12) for j in range(1, 12)) + "\n")
    with pytest.raises(InputError, match=r"0 of \d+ formulas are neutral and balanced"):
        known_formulas(metals, 11, (2, 3)).screened()
    with pytest.raises(InputError, match="unknown families abacus"):
        chosen_entrants(["abacus"])
