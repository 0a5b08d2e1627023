"""``alloyloop tdb``: energies in and a database out, a database looked at, and every mistake named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from loop.cli.main import main
from tests.support.tdb import IDEAL
from validation.calphad.reading.tdbfile import load_database


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stop:
        main(list(arguments))
    seen = capsys.readouterr()
    return int(str(stop.value.code)), seen.out, seen.err


def test_a_table_of_energies_gives_a_database(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    table, out = tmp_path / "energies.csv", tmp_path / "refitted.tdb"
    table.write_text("formula,mixing_energy\nNb,0\nNb3Ta,0.3\nNbTa,0.4\nNbTa,0.4\nNbTa3,0.3\n", encoding="utf-8")
    code, text, _ = call(capsys, "tdb", "fit", "Ta-Nb", str(table), "--out", str(out), "--json")
    answer = json.loads(text)
    assert code == 0
    assert answer["pair"] == ["NB", "TA"]
    assert answer["after"][0] == pytest.approx(1600.0, abs=5.0)
    assert answer["points"] == 4
    load_database(out, elements=["Nb", "Ta"], phases=["BCC_A2", "LIQUID"])


@pytest.mark.parametrize(
    ("pair", "rows", "message"),
    [
        ("NbTa", "NbTa,0.4", "two elements with a hyphen"),
        ("Nb-Ta", "NbTaTi,0.4", "only NB and TA may be there, got TI"),
        ("Nb-Ta", "NbTa,0.4", "2 or more compositions of both elements, got 1"),
    ],
)
def test_mistakes_end_with_status_two(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, pair: str, rows: str, message: str
) -> None:
    table = tmp_path / "energies.csv"
    table.write_text(f"formula,mixing_energy\n{rows}\n", encoding="utf-8")
    code, _, said = call(capsys, "tdb", "fit", pair, str(table), "--out", str(tmp_path / "x.tdb"))
    assert code == 2
    assert message in said
    assert not (tmp_path / "x.tdb").exists()


def test_a_database_is_looked_at_on_a_page_and_as_a_document(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "mine.tdb"
    path.write_text(IDEAL, encoding="utf-8")
    code, text, said = call(capsys, "tdb", "check", str(path), "--elements", "Nb,W")
    assert code == 0, said
    assert "Alloys of Nb-W can be computed; 2 phases can hold all of them: BCC_A2, LIQUID." in text
    code, text, _ = call(capsys, "tdb", "check", str(path), "--json")
    document = json.loads(text)
    assert code == 0
    assert {row["element"]: row["wrong"] for row in document["melting"]} == {"Nb": False, "W": False}
    assert [row["name"] for row in document["phases"]] == ["BCC_A2", "LIQUID"]


def test_the_phases_of_the_equimolar_alloy_are_drawn(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path, picture = tmp_path / "mine.tdb", tmp_path / "mine.png"
    path.write_text(IDEAL, encoding="utf-8")
    code, _, said = call(capsys, "tdb", "check", str(path), "--out", str(picture))
    assert code == 0, said
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--elements", "Nb,Xx"), "--elements takes symbols with commas, such as Al,Mg,Si; got Xx"),
        (("--elements", "Mo,W"), "lacks MO; available: NB, W"),
    ],
)
def test_wrong_elements_of_a_look_are_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    path = tmp_path / "mine.tdb"
    path.write_text(IDEAL, encoding="utf-8")
    code, _, said = call(capsys, "tdb", "check", str(path), *words)
    assert code == 2
    assert message in said
