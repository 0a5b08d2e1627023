"""Published temperatures of alloys, held against what published databases give in this engine."""

from __future__ import annotations

import csv
import warnings
from functools import cache
from pathlib import Path

import pytest

from alloys.composition import Composition, amounts_in
from alloys.physics.basis import atomic_masses
from validation.calphad.diagrams.opening import Opened
from validation.calphad.solving.alloy import Alloy

ROOT = Path(__file__).resolve().parents[3]
with (ROOT / "tests/golden/phase_points.csv").open(encoding="utf-8") as stream:
    POINTS = list(csv.DictReader(stream))
ZERO_C = 273.15
SAME_K = 1.0
"""How far a computed temperature may be from the one in the table."""


@cache
def opened(path: Path) -> Opened:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pycalphad names each TYPE_DEFINITION that it does not know
        gas = "PHASE GAS" in path.read_text(encoding="latin-1")  # of which COST507 lacks a function
        return Opened(path, ("GAS",) if gas else ())


def alloy_of(folder: Path, row: dict[str, str]) -> Alloy:
    (path,) = (folder / "tdb").rglob(row["database"])
    composition = Composition.parse(row["alloy"])
    if row["basis"] == "wt":
        masses = atomic_masses(composition.elements)
        composition = Composition.from_amounts({s: w / masses[s] for s, w in amounts_in(row["alloy"]).items()})
    return opened(path).engine.alloy(composition.fractions())


@pytest.mark.outside_data
@pytest.mark.parametrize("row", POINTS, ids=lambda r: f"{r['database']} {r['alloy']} {r['quantity']} {r['phase']}")
def test_a_database_gives_what_was_published(public_data: Path, row: dict[str, str]) -> None:
    alloy = alloy_of(public_data, row)
    found = alloy.solvus(row["phase"]) if row["phase"] else getattr(alloy, row["quantity"])
    assert found is not None
    assert found - ZERO_C == pytest.approx(float(row["published_c"]), abs=float(row["tolerance_k"]))
    assert found - ZERO_C == pytest.approx(float(row["computed_c"]), abs=SAME_K)


@pytest.mark.outside_data
def test_a_liquidus_is_found_below_where_a_database_runs_away(public_data: Path) -> None:
    path = public_data / "tdb/collection/003_Liu_2016.TDB"
    alloy = opened(path).engine.alloy({"Ni": 0.62, "Cr": 0.15, "Co": 0.08, "Al": 0.15})  # its B2 is lowest from 2500 K
    assert alloy.solidus < alloy.liquidus == pytest.approx(1647.0, abs=2.0)


def test_every_point_says_where_it_was_published() -> None:
    assert len(POINTS) >= 20
    assert all(row["source"] for row in POINTS)
    far = [row for row in POINTS if float(row["tolerance_k"]) > 10.0]
    assert all(row["note"] or row["source"] == "as above" for row in far)


def test_no_phase_of_next_to_nothing_is_reported(public_data: Path) -> None:
    """At the end of bcc in this stainless steel the linear programme marked a corner by 2.7e-9 mol of sigma."""
    alloy = alloy_of(public_data, {"database": "031_crfeni_mie.tdb", "alloy": "Cr18Fe74Ni8", "basis": "wt"})
    for celsius in (689.0, 689.2, 689.3):
        assert {item.phase for item in alloy.at(celsius + ZERO_C).sets} <= {"FCC_A1", "BCC_A2"}
