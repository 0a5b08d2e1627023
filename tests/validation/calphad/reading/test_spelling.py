"""Databases as people spell them: each spelling says the same, and what cannot be read is told with its line."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.tdb import IDEAL, SPELLINGS
from validation.calphad.errors import DatabaseError
from validation.calphad.reading.grammar import read_text
from validation.calphad.reading.tdbfile import parsed, read

KELVIN = (300.0, 2749.0, 2751.0, 5000.0)


@pytest.fixture(scope="module")
def plain() -> Any:
    from pycalphad import Database

    return Database.from_string(IDEAL, fmt="tdb")


def energies(database: Any) -> dict[str, list[float]]:
    """Every parameter in J/mol at some temperatures."""
    from pycalphad import variables as v

    functions = {str(name): value for name, value in database.symbols.items()}
    found = {}
    for row in database._parameters.all():
        value = row["parameter"].subs(
            {s: functions[str(s)] for s in row["parameter"].free_symbols if str(s) in functions}
        )
        key = f"{row['phase_name']} {row['constituent_array']} {row['parameter_order']}"
        found[key] = [float(value.subs({v.T: kelvin})) for kelvin in KELVIN]
    return found


@pytest.mark.parametrize("spelling", sorted(SPELLINGS))
def test_every_spelling_says_the_same(plain: Any, spelling: str) -> None:
    database = read_text(SPELLINGS[spelling](IDEAL)).database
    assert {"NB", "W", "VA"} <= set(database.elements)
    assert {name: phase.constituents for name, phase in database.phases.items()} == {
        name: phase.constituents for name, phase in plain.phases.items()
    }
    assert [phase.sublattices for phase in database.phases.values()] == [(1.0,), (1.0, 3.0)]
    expected = energies(plain)
    for key, values in energies(database).items():
        assert values == pytest.approx(expected.pop(key), rel=1e-12)
    assert not expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_files_are_read_whatever_their_encoding(tmp_path: Path, plain: Any, encoding: str) -> None:
    text = IDEAL.replace("ideal", "idéal à 25 °C")
    path = tmp_path / "a.tdb"
    path.write_bytes(text.encode(encoding))
    assert read(path) == text
    assert parsed(read(path)) == plain


def test_a_mark_of_order_alone_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.tdb"
    path.write_bytes(codecs.BOM_UTF16_LE)
    with pytest.raises(DatabaseError, match="no element or no phase"):
        parsed(read(path))


CHANGES: dict[str, tuple[str, str, str]] = {
    "a missing end": ("6000 N !\nTYPE", "6000 N\nTYPE", r"line 8: 'FUNCTION GHSERW.*no '!' at its end, and line 9"),
    "a missing end of a phase": ("1 1.0 !", "1 1.0", r"line 10: 'PHASE LIQUID.*no '!'.*line 11"),
    "a word that is no command": ("TYPE_DEFINITION", "TIPE_DEFINITION", r"line 9: 'TIPE_DEFINITION' is no command"),
    "no semicolon": ("+GHSERW; 6000", "+GHSERW 6000", r"line 17: PARAMETER G\(BCC_A2,W:VA;0\)"),
    "a comma before the order": ("G(LIQUID,W;0)", "G(LIQUID,W,0)", r"line 13: PARAMETER.*'0' is no constituent; a ';'"),
    "open brackets": ("LN(T); 6000 N !\nTYPE", "LN(T; 6000 N !\nTYPE", r"line 8: FUNCTION GHSERW.*cannot be read"),
    "a call of what is no function": ("+GHSERW;", "+GHSERW(T);", r"line 17: PARAMETER.*GHSERW\(T\) is no function"),
    "a number beyond all limits": ("36950", "1E400", r"line 13: PARAMETER.*too large"),
    "a constituent of no element": (":NB,W: !", ":NB,MO: !", r"line 11: CONSTITUENT LIQUID.*MO is no ELEMENT"),
    "another function of the name": ("TYPE", "FUNCTION GHSERW 298 1; 6000 N !\nTYPE", r"line 9: .*line 8 says someth"),
    "an element of three letters": ("ELEMENT W ", "ELEMENT WOL ", r"line 5: ELEMENT WOL"),
    "a model without numbers": ("TYPE", "TYPE_DEF & GES A_P_D BCC_A2 MAGNETIC -1 !\nTYPE", r"line 9: .*more words"),
}  # fmt: skip


@pytest.mark.parametrize("change", sorted(CHANGES))
def test_what_cannot_be_read_is_told_with_its_line_and_command(change: str) -> None:
    before, after, message = CHANGES[change]
    with pytest.raises(DatabaseError, match=message) as caught:
        read_text(IDEAL.replace(before, after, 1))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("added", "note"),
    [
        ("DEFINE_SYSTEM_DEFAULT ELEMENT 2\n", r"line 1: DEFINE_SYSTEM_DEFAULT has no '!'.*before line 3"),
        ("DATABASE_INFO 'Hello!\n world' !\n", 'line 2: passed over "WORLD\'"'),
        ("TABLE G1 298.15 1000 100 1 2 3 !\n", "line 1: TABLE is not understood"),
        ("PHASE EMPTY % 1 1 !\n", "phase EMPTY is left out: no CONSTITUENT"),
        ("CONSTITUENT GONE :NB: !\n", "no PHASE of that name"),
        ("PARAMETER LNTH(BCC_A2,NB:VA;0) 298.15 5; 6000 N !\n", "parameters LNTH are not known"),
        ("PHASE BCC_B2 %& 1 1 !\nCONSTITUENT BCC_B2 :NB: !\n", "no TYPE_DEFINITION says what '&' means"),
    ],
)
def test_what_is_mended_or_passed_over_is_noted(added: str, note: str) -> None:
    notes = read_text(added + IDEAL).notes
    assert any(re.search(note, told) for told in notes), notes


def test_more_constituents_of_a_phase_are_added() -> None:
    database = read_text(IDEAL.replace(":NB,W : VA:", ":NB : VA:") + "ADD_CONSTITUENT BCC_A2 :W: VA: !\n").database
    assert [sorted(map(str, site)) for site in database.phases["BCC_A2"].constituents] == [["NB", "W"], ["VA"]]


def test_orderings_of_four_sublattices_are_permuted_with_and_without_a_disordered_part() -> None:
    phase = (
        "PHASE FCC_4SL:F % 4 .25 .25 .25 .25 !\nCONSTITUENT FCC_4SL :NB,W:NB,W:NB,W:NB,W: !\n"
        "PARAMETER G(FCC_4SL,NB:W:W:W;0) 298.15 -1000; 6000 N !\n"
    )
    rows = [row for row in read_text(IDEAL + phase).database._parameters.all() if row["phase_name"] == "FCC_4SL"]
    assert len({row["constituent_array"] for row in rows}) == 4


def test_a_missing_function_is_not_taken_for_one_whose_name_only_begins_so() -> None:
    reading = read_text(IDEAL.replace("+GHSERNB+27500", "+GHSERN+27500"))
    assert not reading.notes
