"""The engine: melting points, known alloys, phases, determinism, and errors that say what to do."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from validation.calphad import CalphadEngine, CalphadError, DatabaseError, build_database, load_database

SHARED = Path(__file__).resolve().parents[4] / "shared"
FACTS = SHARED / "facts" / "calphad_selfcheck_9element_tdb.csv"
REFERENCE = SHARED / "data" / "tdb" / "nimplex_CrHfMoNbTaTiVWZr" / "CrHfMoNbTaTiVWZr_9element_Feb2023.tdb"
# Where GBCC = GLIQUID in SGTE91: A. T. Dinsdale, Calphad 15 (1991) 317.
SGTE_K = {"Cr": 2180, "Hf": 2506, "Mo": 2896, "Nb": 2750, "Ta": 3290, "Ti": 1941, "V": 2183, "W": 3695, "Zr": 2128}


def fractions(formula: str) -> dict[str, float]:
    parts = {element: float(count or 1) for element, count in re.findall(r"([A-Z][a-z]?)([\d.]*)", formula)}
    return {element: count / sum(parts.values()) for element, count in parts.items()}


def facts() -> dict[str, tuple[float, float]]:
    if not FACTS.is_file():
        pytest.skip("the shared facts are not beside this clone")
    with FACTS.open(encoding="utf-8", newline="") as stream:
        return {
            row["alloy"]: (float(row["solidus_K_pycalphad"]), float(row["liquidus_K_pycalphad"]))
            for row in csv.DictReader(stream)
        }


@pytest.fixture(scope="module")
def engine() -> CalphadEngine:
    return CalphadEngine(build_database())


@pytest.mark.parametrize("element", SGTE_K)
def test_pure_elements_melt_where_sgte_says(engine: CalphadEngine, element: str) -> None:
    found = engine.evaluate({element: 1.0})
    assert found.solidus == pytest.approx(SGTE_K[element], abs=5.0)
    assert found.freezing_range == pytest.approx(0.0, abs=0.5)


@pytest.mark.parametrize("alloy", ["NbMoTaW", "NbTiVZr", "HfMoNbTiZr", "MoNbTi", "WTaCrV"])
def test_alloys_of_the_same_binaries_agree_with_the_facts(engine: CalphadEngine, alloy: str) -> None:
    solidus, liquidus = facts()[alloy]
    found = engine.evaluate(fractions(alloy))
    assert found.solidus == pytest.approx(solidus, abs=5.0)
    assert found.liquidus == pytest.approx(liquidus, abs=5.0)


@pytest.mark.slow
def test_median_difference_from_the_facts(engine: CalphadEngine) -> None:
    gaps = [
        (abs(r.solidus - s), abs(r.liquidus - li))
        for alloy, (s, li) in facts().items()
        for r in [engine.evaluate(fractions(alloy))]
    ]
    for column in zip(*gaps, strict=True):
        assert sorted(column)[len(column) // 2] <= 40.0


@pytest.mark.parametrize("alloy", ["CrNbTiZr", "HfMoNbTaTiVWZr", "NbMoTaVW", "CrNbTiVZr"])
def test_reference_database_reproduces_the_facts(alloy: str) -> None:
    if not REFERENCE.is_file():
        pytest.skip("the reference database is not beside this clone")
    engine = CalphadEngine(load_database(REFERENCE))
    if alloy not in facts():
        assert engine.evaluate(fractions(alloy)).solidus > 1000.0
        return
    solidus, liquidus = facts()[alloy]
    found = engine.evaluate(fractions(alloy))
    assert (found.solidus, found.liquidus) == (pytest.approx(solidus, abs=3.0), pytest.approx(liquidus, abs=3.0))


def test_single_bcc(engine: CalphadEngine) -> None:
    found = engine.evaluate(fractions("NbMoTaW"))
    assert found.bcc_fraction == {1200.0: 1.0, 1300.0: 1.0}
    assert [name for name, _, _ in found.phases[1200.0]] == ["BCC_A2"]


def test_laves_in_chromium_zirconium_alloys(engine: CalphadEngine) -> None:
    for alloy, celsius in (("CrNbTiZr", 1200.0), ("V60Zr40", 1200.0), ("V50Hf30Nb20", 1200.0)):
        found = engine.evaluate(fractions(alloy))
        assert any(name.startswith("LAVES") for name, _, _ in found.phases[celsius]), alloy
        assert found.bcc_fraction[celsius] < 0.99


def test_two_bcc_phases_count_the_larger_only(engine: CalphadEngine) -> None:
    found = engine.evaluate(fractions("CrMoNbV"))
    sets = [amount for name, amount, _ in found.phases[1200.0] if name == "BCC_A2"]
    assert len(sets) == 2
    assert found.bcc_fraction[1200.0] == max(sets) < 0.7
    assert sum(amount for _, amount, _ in found.phases[1200.0]) == pytest.approx(1.0, abs=1e-5)


def test_phase_compositions_add_up_to_the_alloy(engine: CalphadEngine) -> None:
    alloy = fractions("CrNbTiZr")
    found = engine.evaluate(alloy)
    for element, share in alloy.items():
        total = sum(amount * composition[element.upper()] for _, amount, composition in found.phases[1200.0])
        assert total == pytest.approx(share, abs=1e-4)


def test_results_do_not_depend_on_what_came_before() -> None:
    alloys = [fractions(name) for name in ("CrNbTiZr", "HfNbTaTi", "NbMoTaW", "CrMoNbV")]
    one = CalphadEngine(build_database())
    forward = [one.evaluate(alloy) for alloy in alloys]
    two = CalphadEngine(build_database(), cached_systems=1)
    two.evaluate(fractions("Nb2TiZrCr"))
    backward = [two.evaluate(alloy) for alloy in reversed(alloys)][::-1]
    assert forward == backward
    assert [one.evaluate(dict(reversed(alloy.items()))) for alloy in alloys] == forward


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
            engine.evaluate(given)
        assert caught.value.kind == kind


def test_bad_engines() -> None:
    with pytest.raises(DatabaseError, match="lacks the phases BCC_B2"):
        CalphadEngine(build_database(), bcc_phase="BCC_B2")
    with pytest.raises(ValueError, match="temperatures_c"):
        CalphadEngine(build_database(), temperatures_c=())
    with pytest.raises(DatabaseError):
        CalphadEngine("this is not a database !\n")


def test_undefined_functions_are_refused() -> None:
    text = build_database().replace("+2*GHSERCR+GHSERZR", "+2*GHSERCX+GHSERZR")
    with pytest.raises(DatabaseError, match="undefined functions"):
        CalphadEngine(text).evaluate(fractions("CrZr"))
