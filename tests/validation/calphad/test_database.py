"""The project's database: complete, sourced, deterministic, and physically right where it can be checked."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import pytest

from tests.validation.calphad.laves_fit import formation_energy
from validation.calphad.errors import DatabaseError
from validation.calphad.own import unaries
from validation.calphad.own.database import (
    ELEMENTS,
    LAVES,
    build_database,
    interactions,
    laves_compounds,
    laves_polytypes,
    table_path,
    ternary_interactions,
)
from validation.calphad.reading.tdbfile import load_database, parsed

ROOT = Path(__file__).resolve().parents[3]


TABLES = (
    "binary_interactions.csv", "interaction_rules.csv", "laves.csv", "laves_polytypes.csv", "ternary_interactions.csv",
)  # fmt: skip
FITTED = [compound for compound in laves_compounds() if compound.rule == "fit"]


@pytest.mark.parametrize("name", TABLES)
def test_every_row_has_a_source_and_a_status(name: str) -> None:
    with table_path(name).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert rows
    for row in rows:
        assert None not in row
        assert None not in row.values()
        assert row["status"] in ("assessed", "estimate")
        assert row.get("source", row.get("limit_source", "")).strip()
        assert row.get("assessment", row.get("rule", "")).strip()


def test_all_pairs_are_there_in_alphabetical_order() -> None:
    for phase in ("BCC_A2", "LIQUID"):
        assert {i.species for i in interactions() if i.phase == phase} == set(combinations(ELEMENTS, 2))


def test_text_names_all_phases_and_parses() -> None:
    database = parsed(build_database())
    assert set(database.phases) == {"BCC_A2", "FCC_A1", "HCP_A3", "LIQUID", *LAVES}
    assert set(database.elements) >= set(ELEMENTS)


def test_text_is_the_same_in_a_fresh_process() -> None:
    code = "from validation.calphad.own.database import build_database; print(build_database(), end='')"
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout == build_database()


def test_no_undefined_function_and_no_end_member_at_zero() -> None:
    text = build_database()
    body = "\n".join(line for line in text.splitlines() if not line.startswith("$"))
    defined = set(re.findall(r"FUNCTION (\w+)", body))
    assert set(re.findall(r"\bG(?:HSER|BCC|HCP|LIQ)\w+", body)) <= defined
    for name in LAVES:
        for statement in re.findall(rf"PARAMETER G\({name},\w+:\w+;0\)[^!]+!", body):
            assert statement.count("GHSER") == 2, statement


def test_unknown_symbol_in_a_unary_is_refused() -> None:
    with pytest.raises(DatabaseError, match="undefined functions: GHSERCR"):
        unaries.lattice_stability("CR", "LIQUID", known=["GHSERVV"])


def test_segments_refuse_a_gap() -> None:
    import symengine

    t = symengine.Symbol("T")
    low = symengine.And(t >= 298.15, t < 1000)
    high = symengine.And(t >= 1100, t < 3000)
    with pytest.raises(DatabaseError, match="gap between"):
        unaries.segments(symengine.Piecewise((t, low), (2 * t, high)), "X")


@pytest.mark.parametrize("element", ELEMENTS)
def test_liquid_stays_stable_above_the_assessed_range(element: str) -> None:
    from validation.calphad.solving.system import ElementSystem

    system = ElementSystem(parsed(build_database()), [element], ["BCC_A2", "HCP_A3", "FCC_A1", "LIQUID"])
    for kelvin in (3800.0, 4300.0):
        energy = {name: float(s.energy(kelvin, s.grid)[0]) for name, s in system.surfaces.items()}
        assert min(energy, key=lambda name: energy[name]) == "LIQUID"


def test_hcp_takes_what_is_given_and_copies_bcc_for_the_rest() -> None:
    text = " ".join(build_database().split())
    given = {item.species: item for item in interactions() if item.phase == "HCP_A3" and item.order == 0}
    bcc = {item.species: item for item in interactions() if item.phase == "BCC_A2" and item.order == 0}
    assert given
    for pair in combinations(ELEMENTS, 2):
        terms = re.findall(rf"PARAMETER G\(HCP_A3,{','.join(pair)}:VA;0\) 298.15 ([+-]?[\d.]+)", text)
        assert len(terms) == 1, pair
        item = given.get(pair, bcc[pair])
        assert float(terms[0]) == pytest.approx(item.a or item.b)


def test_published_energies_stand_in_the_text_and_come_before_the_rules() -> None:
    text = " ".join(build_database().split())
    for (phase, small, large), item in laves_polytypes().items():
        statement = re.search(rf"PARAMETER G\({phase},{small}:{large};0\) 298.15 ([+-][\d.]+)", text)
        assert statement is not None
        assert float(statement[1]) == pytest.approx(item.a)
    for term in ternary_interactions():
        assert f"PARAMETER G({term.phase},{','.join(term.species)}:VA;{term.order}) 298.15" in text
    for compound in laves_compounds():
        assert compound.rule == "fit" or (compound.ground, compound.small, compound.large) in laves_polytypes()
        given = laves_polytypes().get((compound.ground, compound.small, compound.large))
        assert given is None or compound.energy(compound.ground) == (given.a, given.b) == (compound.a, compound.b)


@pytest.mark.parametrize("compound", FITTED, ids=lambda c: f"{c.small}2{c.large}")
def test_laves_energies_follow_from_their_stability_limits(compound) -> None:  # type: ignore[no-untyped-def]
    assert formation_energy(compound, build_database()) == pytest.approx(compound.a, abs=5.0)


def test_loading_tells_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="no database file"):
        load_database(tmp_path / "none.tdb")
    with pytest.raises(DatabaseError, match=r"lacks RE; available: CR, HF"):
        load_database(build_database(), elements=["Re", "Cr"])
    with pytest.raises(DatabaseError, match="lacks the phases SIGMA"):
        load_database(build_database(), phases=["SIGMA"])
    path = tmp_path / "broken.tdb"
    path.write_text("ELEMENT CR BCC_A2 51.996 4050 23.56 !\nPHASE !!! %% what\nPARAMETER G( !\n", encoding="utf-8")
    with pytest.raises(DatabaseError, match=r"line 2: PHASE : a name is expected"):
        load_database(path)
    path.write_text("\n", encoding="utf-8")
    with pytest.raises(DatabaseError):
        load_database(path)
