"""The engine: melting points, known alloys, phases, determinism, and errors that say what to do."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import pytest

from tests.support.golden import golden
from tests.support.ideal import IDEAL_TDB, melting
from validation.calphad.errors import CalphadError, DatabaseError
from validation.calphad.own.database import build_database
from validation.calphad.reading.tdbfile import load_database
from validation.calphad.solving.engine import CalphadEngine

MELTING = {row["alloy"]: (float(row["solidus_k"]), float(row["liquidus_k"])) for row in golden("melting.csv")}
# Where GBCC = GLIQUID in SGTE91: A. T. Dinsdale, Calphad 15 (1991) 317.
SGTE_K = {"Cr": 2180, "Hf": 2506, "Mo": 2896, "Nb": 2750, "Ta": 3290, "Ti": 1941, "V": 2183, "W": 3695, "Zr": 2128}


def fractions(formula: str) -> dict[str, float]:
    parts = {element: float(count or 1) for element, count in re.findall(r"([A-Z][a-z]?)([\d.]*)", formula)}
    return {element: count / sum(parts.values()) for element, count in parts.items()}


@pytest.fixture(scope="module")
def engine() -> CalphadEngine:
    return CalphadEngine(build_database())


@pytest.mark.parametrize("element", SGTE_K)
def test_pure_elements_melt_where_sgte_says(engine: CalphadEngine, element: str) -> None:
    found = engine.alloy({element: 1.0})
    assert found.solidus == pytest.approx(SGTE_K[element], abs=5.0)
    assert found.liquidus - found.solidus == pytest.approx(0.0, abs=0.5)


@pytest.mark.parametrize("alloy", ["NbMoTaW", "NbTiVZr", "HfMoNbTiZr", "MoNbTi", "WTaCrV"])
def test_alloys_of_the_same_binaries_agree_with_another_database(engine: CalphadEngine, alloy: str) -> None:
    solidus, liquidus = MELTING[alloy]
    found = engine.alloy(fractions(alloy))
    assert found.solidus == pytest.approx(solidus, abs=5.0)
    assert found.liquidus == pytest.approx(liquidus, abs=5.0)


@pytest.mark.slow
def test_median_difference_from_another_database(engine: CalphadEngine) -> None:
    gaps = [
        (abs(r.solidus - s), abs(r.liquidus - li))
        for alloy, (s, li) in MELTING.items()
        for r in [engine.alloy(fractions(alloy))]
    ]
    for column in zip(*gaps, strict=True):
        assert sorted(column)[len(column) // 2] <= 40.0


@pytest.mark.parametrize("tungsten", [0.05, 0.5, 0.9])
def test_an_ideal_mixture_melts_by_its_closed_form(tungsten: float) -> None:
    alloy = {"Nb": 1.0 - tungsten, "W": tungsten}
    found = CalphadEngine(IDEAL_TDB).alloy(alloy)
    assert (found.solidus, found.liquidus) == pytest.approx(melting(alloy), abs=0.5)


def test_an_alloy_with_little_of_an_element_melts_where_its_last_solid_goes() -> None:
    engine = CalphadEngine(build_database() + "$ somebody's copy\n")
    alloy = engine.alloy({"Mo": 0.3119, "Nb": 0.4663, "Ta": 0.1951, "W": 0.0077, "Ti": 0.0190})
    assert alloy.at(alloy.liquidus + 1.0).amount("LIQUID") == pytest.approx(1.0)
    assert 0.9 < alloy.at(alloy.liquidus - 1.0).amount("LIQUID") < 1.0
    assert 0.0 < alloy.at(alloy.solidus + 1.0).amount("LIQUID") < 0.1


def _share_of_liquid(text: str, alloy: dict[str, float], kelvin: float) -> float:
    """By pycalphad alone, with every phase of the database."""
    from pycalphad import Database, equilibrium
    from pycalphad import variables as v

    database = Database.from_string(text, fmt="tdb")
    free = {v.X(element.upper()): share for element, share in list(alloy.items())[1:]}
    conditions = {**free, v.T: kelvin, v.P: 101325, v.N: 1}
    components = [*(element.upper() for element in alloy), "VA"]
    with warnings.catch_warnings(action="ignore"):
        found = equilibrium(database, components, list(database.phases), conditions, calc_opts={"pdens": 200})
    phases, amounts = found.Phase.values.ravel(), found.NP.values.ravel()
    return float(sum(amount for phase, amount in zip(phases, amounts, strict=True) if phase == "LIQUID"))


@pytest.mark.parametrize("alloy", ["CrNbTiZr", "NbMoTaVW", "CrNbTiVZr"])
def test_plain_equilibria_stand_on_both_sides_of_solidus_and_liquidus(engine: CalphadEngine, alloy: str) -> None:
    parts = fractions(alloy)
    found = engine.alloy(parts)

    def liquid(kelvin: float) -> float:
        return _share_of_liquid(build_database(), parts, kelvin)

    assert liquid(found.solidus - 3.0) == 0.0 < liquid(found.solidus + 3.0)
    assert liquid(found.liquidus - 3.0) < 1.0 - 1e-6
    assert liquid(found.liquidus + 3.0) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize(("alloy", "liquid_k"), [("Cr9Hf18Mo6Ti15V46W6", 1720.0), ("Hf8Mo5Nb46V27W5Zr9", 1781.0)])
def test_a_first_liquid_at_the_edge_of_the_liquid_is_found(engine: CalphadEngine, alloy: str, liquid_k: float) -> None:
    # Its minimum lies where sampled points have an element at the least amount that counts.
    parts = fractions(alloy)
    assert _share_of_liquid(build_database(), parts, liquid_k) > 0.01
    assert engine.alloy(parts).solidus < liquid_k


@pytest.mark.outside_data
@pytest.mark.parametrize("alloy", ["CrNbTiZr", "HfMoNbTaTiVWZr", "NbMoTaVW", "CrNbTiVZr"])
def test_a_database_of_nine_elements_of_other_people_is_read(alloy: str, public_data: Path) -> None:
    folder = public_data / "tdb" / "nimplex_CrHfMoNbTaTiVWZr"
    found = CalphadEngine(load_database(folder / "CrHfMoNbTaTiVWZr_9element_Feb2023.tdb")).alloy(fractions(alloy))
    assert 1000.0 < found.solidus <= found.liquidus
    if alloy in MELTING:
        assert (found.solidus, found.liquidus) == pytest.approx(MELTING[alloy], abs=3.0)


def test_single_bcc(engine: CalphadEngine) -> None:
    found = engine.alloy(fractions("NbMoTaW"))
    for kelvin in (1473.15, 1573.15):
        assert [(item.phase, item.amount) for item in found.at(kelvin).sets] == [("BCC_A2", pytest.approx(1.0))]


def test_laves_in_chromium_zirconium_alloys(engine: CalphadEngine) -> None:
    for alloy, celsius in (("CrNbTiZr", 1200.0), ("V60Zr40", 1200.0), ("V50Hf30Nb20", 1200.0)):
        found = engine.alloy(fractions(alloy)).at(celsius + 273.15)
        assert any(item.phase.startswith("LAVES") for item in found.sets), alloy
        assert max(item.amount for item in found.sets if item.phase == "BCC_A2") < 0.99


def test_two_bcc_phases_come_apart_the_larger_first(engine: CalphadEngine) -> None:
    found = engine.alloy(fractions("CrMoNbV")).at(1473.15)
    assert [item.phase for item in found.sets] == ["BCC_A2", "BCC_A2"]
    assert 0.7 > found.sets[0].amount > found.sets[1].amount
    assert sum(item.amount for item in found.sets) == pytest.approx(1.0, abs=1e-5)


def test_phase_compositions_add_up_to_the_alloy(engine: CalphadEngine) -> None:
    alloy = fractions("CrNbTiZr")
    found = engine.alloy(alloy)
    total = sum(item.amount * item.composition for item in found.at(1473.15).sets)
    assert total == pytest.approx([alloy[element.capitalize()] for element in found.elements], abs=1e-4)


def _numbers(engine: CalphadEngine, alloy: dict[str, float]) -> list[object]:
    found = engine.alloy(alloy)
    sets = found.at(1473.15).sets
    return [found.solidus, found.liquidus, *((item.phase, item.amount, *item.composition) for item in sets)]


def test_results_do_not_depend_on_what_came_before() -> None:
    alloys = [fractions(name) for name in ("CrNbTiZr", "HfNbTaTi", "NbMoTaW", "CrMoNbV")]
    one = CalphadEngine(build_database())
    forward = [_numbers(one, alloy) for alloy in alloys]
    two = CalphadEngine(build_database(), cached_systems=1)
    kept = two.alloy(fractions("Nb2TiZrCr"))
    backward = [_numbers(two, alloy) for alloy in reversed(alloys)][::-1]
    assert forward == backward
    assert [_numbers(one, dict(reversed(alloy.items()))) for alloy in alloys] == forward
    assert kept.solidus < kept.liquidus  # its set of elements is no longer kept, and it answers all the same


def test_bad_compositions(engine: CalphadEngine) -> None:
    for given, kind, words in (
        ({"Nb": 0.5, "Re": 0.5}, "missing_element", "lacks RE; available: CR"),
        ({"Nb": 0.5, "Ti": 0.6}, "composition", "sum to 1, got 1.1"),
        ({"Nb": 1.5, "Ti": -0.5}, "composition", "not negative"),
        ({"Nb": float("nan")}, "composition", "finite"),
        ({"Nb": 0.5, "NB": 0.5}, "composition", "twice"),
        ({}, "composition", "sum to 1"),
    ):
        with pytest.raises(CalphadError, match=words) as caught:
            engine.alloy(given)
        assert caught.value.kind == kind


def test_bad_engines() -> None:
    with pytest.raises(DatabaseError, match="lacks the phases BCC_B2"):
        CalphadEngine(build_database(), phases=["BCC_B2"])
    with pytest.raises(DatabaseError):
        CalphadEngine("this is not a database !\n")


def test_undefined_functions_are_refused() -> None:
    text = build_database().replace("+2*GHSERCR+GHSERZR", "+2*GHSERCX+GHSERZR")
    with pytest.raises(DatabaseError, match=r"LAVES_C15, LAVES_C36 \(the file does not define GHSERCX\)"):
        CalphadEngine(text).alloy(fractions("CrZr"))
