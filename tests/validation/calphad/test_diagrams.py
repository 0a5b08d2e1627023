"""Phases along a line and on a map, on a database whose answers can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from alloys.errors import InputError
from validation.calphad.diagrams.fractions import freezing, phase_fractions, usual_range
from validation.calphad.diagrams.opening import Opened
from validation.calphad.diagrams.section import section
from validation.calphad.own.database import build_database
from validation.calphad.reading.ranges import narrowest
from validation.calphad.reading.tdbfile import parsed
from validation.calphad.solving.engine import CalphadEngine

NB_MELTS, TA_MELTS = 2000.0, 2500.0
REPULSION = 20000.0
"""J/mol: a regular solution with it demixes below REPULSION / 2R = 1203 K."""
TDB = f"""
ELEMENT VA VACUUM 0 0 0 !
TYPE_DEFINITION % SEQ * !
ELEMENT NB BCC 92.9 0 0 !
ELEMENT TA BCC 180.9 0 0 !
FUNCTION MELTNB 298.15 20000-{20000 / NB_MELTS}*T; 4000 N !
FUNCTION MELTTA 298.15 20000-{20000 / TA_MELTS}*T; 3500 N !
PHASE LIQUID % 1 1 !
CONSTITUENT LIQUID :NB,TA: !
PARAMETER G(LIQUID,NB;0) 298.15 MELTNB; 6000 N !
PARAMETER G(LIQUID,TA;0) 298.15 MELTTA; 6000 N !
PHASE BCC % 1 1 !
CONSTITUENT BCC :NB,TA: !
PARAMETER G(BCC,NB;0) 298.15 0; 6000 N !
PARAMETER G(BCC,TA;0) 298.15 0; 6000 N !
PARAMETER G(BCC,NB,TA;0) 298.15 {REPULSION}; 6000 N !
"""
TOP_K = REPULSION / (2 * 8.3145)


@pytest.fixture(scope="module")
def engine() -> CalphadEngine:
    return CalphadEngine(TDB)


def test_phases_change_where_the_gap_closes_and_where_the_alloy_melts(engine: CalphadEngine) -> None:
    alloy = engine.alloy({"Nb": 0.5, "Ta": 0.5})
    found = phase_fractions(alloy, 900.0, 2500.0, points=17)
    regions = [found.changes[0].before, *(change.after for change in found.changes)]
    assert regions == [("BCC", "BCC#2"), ("BCC",), ("BCC", "LIQUID"), ("LIQUID",)]
    where = [change.where for change in found.changes]
    assert where[0] == pytest.approx(TOP_K, abs=25.0)  # a second set that gains less than 1 J/mol counts as absent
    assert where[1:] == pytest.approx([found.ends["solidus"], found.ends["liquidus"]], abs=1.0)
    assert np.allclose(sum(found.fractions.values()), 1.0)
    assert found.fractions["BCC"][0] == pytest.approx(0.5, abs=1e-3)


def test_weight_fractions_are_those_of_the_sets_masses(engine: CalphadEngine) -> None:
    alloy = engine.alloy({"Nb": 0.7, "Ta": 0.3})
    moles, weights = (phase_fractions(alloy, 900.0, 950.0, points=2, by_weight=w) for w in (False, True))
    light, heavy = sorted(alloy.at(900.0).sets, key=lambda item: -item.composition[0])
    masses = [item.amount * float(item.composition @ (92.906, 180.948)) for item in (light, heavy)]
    shares = sorted(values[0] for values in weights.fractions.values())
    assert shares == pytest.approx(sorted(mass / sum(masses) for mass in masses), abs=1e-4)
    assert sorted(values[0] for values in moles.fractions.values()) != pytest.approx(shares, abs=0.02)


def test_an_alloy_freezes_over_a_wider_range_without_diffusion(engine: CalphadEngine) -> None:
    found = freezing(engine.alloy({"Nb": 0.4, "Ta": 0.6}), engine.liquids, points=9)
    assert found.ends["scheil_solidus"] < found.ends["solidus"] < found.ends["liquidus"]
    for rows in (found.scheil, found.equilibrium):
        assert rows[0, 1] == pytest.approx(0.0, abs=0.01)
        assert rows[-1, 1] == pytest.approx(1.0, abs=0.02)
        assert (np.diff(rows[:, 1]) >= -1e-9).all()


def test_a_map_has_the_boundaries_of_the_gap(engine: CalphadEngine) -> None:
    found = section(lambda x: engine.alloy({"Nb": 1.0 - x, "Ta": x}), 1000.0, 1300.0, cells=8)
    assert set(found.regions.values()) == {("BCC",), ("BCC", "BCC#2")}
    ends = [point for piece in found.boundaries for point in (piece.start, piece.end)]
    for x, kelvin in ends:
        if abs(x - 0.5) > 0.15:  # nearer to the top a second set gains less than 1 J/mol
            binodal = REPULSION * (1 - 2 * x) / (8.3145 * np.log((1 - x) / x))
            assert kelvin == pytest.approx(binodal, abs=8.0)
    assert max(kelvin for _, kelvin in ends) == pytest.approx(TOP_K, abs=25.0)


def test_what_begins_last_and_ends_first_is_told() -> None:
    database = parsed(TDB)
    first, last = narrowest(database, ["Nb", "Ta"], database.phases)
    assert (first.low, last.high, last.name) == (298.15, 3500.0, "MELTTA")
    assert narrowest(database, ["Nb"], database.phases)[1].high == 4000.0
    assert narrowest(database, ["Nb", "Ta"], ["BCC"])[1].high == 6000.0


def test_the_usual_range_stays_within_the_functions() -> None:
    low, high = usual_range(2000.0, 2300.0)
    assert (low, high) == (1000.0, 2360.0)
    opened = Opened(None, ())
    alloy = opened.engine.alloy({"Nb": 0.5, "Ti": 0.5})
    assert opened.range_of([alloy], None, None) == pytest.approx(usual_range(alloy.solidus, alloy.liquidus))
    with pytest.raises(InputError, match="begin below the end"):
        opened.range_of([alloy], 1000.0, 900.0)


def test_where_a_phase_demixes_the_larger_part_keeps_its_name() -> None:
    alloy = CalphadEngine(build_database()).alloy(dict.fromkeys(("Hf", "Nb", "Ta", "Ti", "Zr"), 0.2))
    found = phase_fractions(alloy, 1150.0, 1260.0, points=12)
    one, other = found.fractions["BCC_A2"], found.fractions["BCC_A2#2"]
    assert one[-1] == pytest.approx(1.0)
    assert other[-1] == 0.0 < other[0] < one[0]
    # No fraction jumps where the gap closes, but for what a step of temperature changes.
    assert np.abs(np.diff(one)).max() < 0.3
