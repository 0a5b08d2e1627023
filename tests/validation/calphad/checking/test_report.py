"""A database on one page: what it holds, what alloys it is good for, and every kind of mistake that is looked for."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from loop.review.database import page
from tests.support.tdb import IDEAL
from validation.calphad.checking.doubts import doubts
from validation.calphad.checking.melting import melting_points
from validation.calphad.checking.report import report
from validation.calphad.errors import DatabaseError
from validation.calphad.own.database import build_database
from validation.calphad.reading.grammar import read_text

ORDERED = """\
TYPE_DEFINITION & GES A_P_D BCC_B2 DIS_PART BCC_A2 !
PHASE BCC_B2 %& 3 0.5 0.5 3 !
CONSTITUENT BCC_B2 :NB,W:NB,W:VA: !
PARAMETER G(BCC_B2,NB:W:VA;0) 298.15 -1000; 6000 N !
DEFAULT_COMMAND REJECT_PHASE SIGMA !
PHASE SIGMA % 2 1 2 !
CONSTITUENT SIGMA :NB:W: !
PARAMETER G(SIGMA,NB:W;0) 298.15 +GHSERNB+2*GHSERW+5000; 6000 N !
PHASE OXIDE % 2 1 1 !
CONSTITUENT OXIDE :NB:O: !
ELEMENT O GAS 15.999 0 0 !
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.tdb"
    path.write_text(IDEAL + ORDERED, encoding="utf-8")
    return path


def test_phases_are_told_with_what_they_hold_and_why_they_are_left_out(file: Path) -> None:
    found = report(file, ["Nb", "W"])
    rows = {row.name: row for row in found.phases}
    assert found.elements == ("Nb", "O", "W")
    assert found.palette == ("Nb", "W")
    assert {name: row.holds for name, row in rows.items()} == {
        "BCC_A2": "all", "BCC_B2": "all", "LIQUID": "all", "SIGMA": "all", "OXIDE": "none",
    }  # fmt: skip
    assert rows["BCC_B2"].partner == "ordered form of BCC_A2"
    assert rows["BCC_A2"].partner == "disordered form of BCC_B2"
    assert rows["SIGMA"].left_out == "the file itself rejects it"
    assert rows["BCC_A2"].sublattices == ("1 (NB, W)", "3 (VA)")
    assert found.temperatures == (298.15, 6000.0)
    assert not found.hindrance


def test_elements_that_the_file_lacks_are_refused(file: Path) -> None:
    with pytest.raises(DatabaseError, match="lacks MO; available: NB, O, W"):
        report(file, ["Mo", "W"])


def test_an_undefined_function_is_told_with_its_phase_and_stops_nothing(tmp_path: Path) -> None:
    path = tmp_path / "mine.tdb"
    path.write_text(IDEAL.replace("+GHSERW;", "+GHSERX;"), encoding="utf-8")
    found = report(path)
    assert found.undefined == {"BCC_A2": ["GHSERX"]}
    assert "BCC_A2 (the file does not define GHSERX)" in found.hindrance


@pytest.mark.parametrize("width", [60, 80, 140])
def test_the_page_fits_the_terminal_and_nothing_is_cut(file: Path, width: int) -> None:
    console = Console(width=width, record=True, file=io.StringIO(), highlight=False)
    for part in page(report(file, ["Nb", "W"]), file.name):
        console.print(part)
    text = console.export_text()
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    words = " ".join(text.split())
    for told in (
        "mine.tdb: 3 elements, 5 phases",
        "SIGMA: the file itself rejects it",
        "1 more phases cannot",
        "Melting",
    ):
        assert told in words


def test_the_projects_own_elements_melt_where_they_are_measured_to(tmp_path: Path) -> None:
    database = read_text(build_database()).database
    rows = melting_points(database, ["CR", "NB", "W", "ZR"], ["BCC_A2", "FCC_A1", "HCP_A3", "LIQUID"])
    assert [(row.element, row.solid, row.wrong) for row in rows] == [
        (name, "BCC_A2", False) for name in ("Cr", "Nb", "W", "Zr")
    ]


def test_an_element_that_melts_at_the_wrong_temperature_is_told() -> None:
    database = read_text(IDEAL.replace("+27500-10*T", "+20000-10*T")).database
    niobium, tungsten = melting_points(database, ["NB", "W"], ["BCC_A2", "LIQUID"])
    assert niobium.computed == pytest.approx(2000.0, abs=0.5)
    assert niobium.wrong
    assert tungsten.computed == pytest.approx(3695.0, abs=0.5)
    assert not tungsten.wrong


LIMIT = "6000 N !\n"
DOUBTS = {
    "no such phase": (f"PARAMETER G(SIGMA,NB:W;0) 298.15 5; {LIMIT}", "SIGMA: .*of a phase that the file lacks"),
    "no such constituent": (f"PARAMETER G(LIQUID,VA;0) 298.15 5; {LIMIT}", "LIQUID: .*of constituents that the phase"),
    "too many sublattices": (f"PARAMETER G(LIQUID,NB:W;0) 298.15 5; {LIMIT}", "LIQUID: .*without the 1 sublattices"),
    "a parameter twice": (
        f"PARAMETER G(BCC_A2,W:VA;0) 298.15 5; {LIMIT}",
        r"G\(BCC_A2,W:VA;0\) is given 2 times, and programs",
    ),
    "an absurd value": (
        f"PARAMETER L(LIQUID,NB,W;0) 298.15 1E9; {LIMIT}",
        r"L\(LIQUID,NB,W;0\) is 1e\+09 J/mol at 1000",
    ),
    "a step": (f"PARAMETER L(LIQUID,NB,W;0) 298.15 5; 1000 Y 5000; {LIMIT}", "NB,W;0.* jumps by 4995 J/mol at 1000 K"),
    "no energy": ("PHASE MU % 1 1 !\nCONSTITUENT MU :NB,W: !\n", "MU: 2 of 2 end-members without energy.*: NB, W"),
}


@pytest.mark.parametrize("kind", sorted(DOUBTS))
def test_what_looks_wrong_is_told(kind: str) -> None:
    added, message = DOUBTS[kind]
    told = doubts(read_text(IDEAL + added).database, ["NB", "W"])
    assert any(re.search(message, line) for line in told), told


def test_a_sound_database_gives_no_doubts() -> None:
    assert doubts(read_text(IDEAL).database, ["NB", "W"]) == []
    assert not [line for line in doubts(read_text(build_database()).database, ["NB", "TA", "W"]) if "jumps" in line]
