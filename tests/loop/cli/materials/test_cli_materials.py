"""``alloyloop materials``: what people type, and what they are told."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from loop.store import CampaignStore
from tests.loop.loop_helpers import call

TABLE = """formula,yield_strength [MPa],hardness,test_temperature [°C],processing,doi,year
HfNbTaTiZr,929,,25,cast,10.1007/s10853-012-6260-2,2011
HfNbTaTiZr,295,,1000,cast,10.1007/s10853-012-6260-2,2011
NbMoTaW,1058,454,25,cast,10.1016/j.intermet.2010.05.014,2010
NbMoTaW,,,,,10.1016/j.intermet.2010.05.014,2010
Nb33.333Ta33.333Ti33.333,200,,1000,,10.1016/j.x,2012
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ALLOYLOOP_MATERIALS", raising=False)
    (tmp_path / "mine.csv").write_text(TABLE, encoding="utf-8")
    return tmp_path


def ask(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    return call(capsys, "materials", *words)


def test_from_a_file_to_what_is_known(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, told = ask(capsys, "add", "mine.csv", "--by", "ada", "--licence", "CC-BY-4.0")
    assert code == 0
    assert "dropped, line 5: no value: the cells are empty" in told
    assert "5 points are new, 0 were there; materials.db has 5" in told
    assert "0 points are new, 5 were there" in ask(capsys, "add", "mine.csv")[2]
    code, shown, _ = ask(capsys, "show", "HfNbTaTiZr")
    assert code == 0
    for part in ("929 MPa", "295 MPa", "1000", "cast", "literature", "10.1007/s10853-012-6260-2", "2011", "ada"):
        assert part in shown
    code, shown, told = ask(capsys, "find", "--elements", "Hf,Nb,Ta,Ti,Zr", "--property", "yield_strength")
    assert shown.index("Hf20Nb20Ta20Ti20Zr20") < shown.index("Nb33.333Ta33.333Ti33.333")
    assert "Mo" not in shown
    assert "2 materials with 3 points that match" in told


def test_documents_hold_the_same(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    added = json.loads(ask(capsys, "add", "mine.csv", "--json", "--table", "a.db")[1])
    assert (added["new"], added["known"], added["last"]) == (5, 0, 5)
    assert added["dropped"] == [{"line": 5, "reason": "no value: the cells are empty"}]
    shown = json.loads(ask(capsys, "show", "NbMoTaW", "--json", "--table", "a.db")[1])
    assert {name: [one["value"] for one in told] for name, told in shown["properties"].items()} == {
        "hardness": [454.0],
        "yield_strength": [1058.0],
    }
    words = ("--property", "yield_strength", "--temperature", "900:1100", "--max", "250", "--json", "--table", "a.db")
    found = json.loads(ask(capsys, "find", *words)[1])
    assert [one["formula"] for one in found["first"]] == ["Nb33.333Ta33.333Ti33.333"]
    assert found["first"][0]["values"][0]["test_temperature"] == [1000.0, 1000.0]


def test_a_list_that_is_cut_says_how_many_there_are(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ask(capsys, "add", "mine.csv")
    _, shown, told = ask(capsys, "find", "--property", "yield_strength", "--ascending", "--limit", "1")
    assert "Nb33.333Ta33.333Ti33.333" in shown
    assert "NbMoTaW" not in shown
    assert "3 materials with 4 points that match; shown are 1, --limit shows more" in told
    assert "0 materials with 0 points" in ask(capsys, "find", "--kind", "predicted")[2]
    (folder / "cold.csv").write_text("formula,hardness,source\nNbTaTi,300,me\n", encoding="utf-8")
    ask(capsys, "add", "cold.csv")
    told = ask(capsys, "find", "--property", "hardness", "--temperature", "20:30")[2]
    assert "1 material with 1 point that match; 1 more without a temperature" in told


def test_a_name_in_weight_percent_is_shown_as_it_was_added(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "names.csv").write_text("formula,hardness\nTi-6Al-4V,349\nSUS304,200\n", encoding="utf-8")
    told = ask(capsys, "add", "names.csv")[2]
    assert "dropped, line 3: no composition: 'SUS304' reads as 305 S and 1 U" in told
    assert "349 HV" in ask(capsys, "show", "Ti-6Al-4V")[1]


@pytest.mark.parametrize("columns", ["80", "120"])
def test_points_are_a_table_on_usual_terminals(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    ask(capsys, "add", "mine.csv")
    monkeypatch.setenv("COLUMNS", columns)
    _, shown, _ = ask(capsys, "show", "HfNbTaTiZr")
    heads, lines = [line for line in shown.splitlines() if "number" in line], shown.splitlines()
    assert heads[0].split()[:3] == ["number", "value", "°C"]
    assert any("929 MPa" in line and "cast" in line and "2011" in line for line in lines)


def test_a_formula_is_found_as_it_is_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "thirds.csv").write_text("formula,hardness,source\nNbTaTi,300,me\n", encoding="utf-8")
    ask(capsys, "add", "thirds.csv")
    assert ask(capsys, "show", "Nb33.333Ta33.333Ti33.333")[0] == 0  # what `find` prints
    code, _, told = ask(capsys, "show", "NbTaTi2")
    assert code == 2
    assert "nothing is known of Nb25Ta25Ti50; of the same elements there are Nb33.333Ta33.333Ti33.333" in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("show", "NbTa"), "there is no materials table at materials.db; `alloyloop materials add` makes one"),
        (("find", "--table", "mysql://x/y"), "a materials table is a file or at postgresql://"),
        (("find", "--table", "postgresql://me:secret@h/d"), "the URL of a materials table holds no password"),
        (("find", "--table", "mine.csv"), "mine.csv is not a materials table, nor any database"),
        (("find", "--table", "campaign.db"), "campaign.db is the database of a campaign, not a materials table"),
        (("find", "--table", "other.db"), "other.db is another database, with tables runs"),
        (("add", "nothing.csv"), "nothing.csv"),
        (("add", "mine.csv", "--table", "campaign.db"), "is the database of a campaign"),
        (("add", "mine.csv", "--map", "map.yaml", "--format", "mpea"), "give either --map or --format"),
        (("add", "mine.csv", "--map", "map.yaml"), "map.yaml: line 2: kind: a kind is one of"),
    ],
)
def test_bad_input_is_told_and_makes_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], told: str
) -> None:
    with CampaignStore.create(folder / "campaign.db", config={}, name="c", seed=0, code_version="1"):
        pass
    with closing(sqlite3.connect(folder / "other.db")) as other, other:
        other.execute("CREATE TABLE runs (id INTEGER)")
    (folder / "map.yaml").write_text("formula: formula\nkind: nonsense\nproperties: {hardness: {column: hardness}}\n")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    code, out, error = ask(capsys, *words)
    assert code == 2
    assert out == ""
    assert told in error
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--elements", "Nb,Xx"), "'Xx' is not a chemical element"),
        (("--elements", "Nb+Ta"), "--elements takes symbols"),
        (("--temperature", "hot"), "--temperature takes °C"),
        (("--temperature", "1000:20"), "from the lower to the higher one"),
        (("--min", "3"), "limits of values are for one property"),
        (("--property", "hardnes"), "the table has no property 'hardnes'; it has hardness"),
        (("--source", "10.1016/j.y"), "the table has no source '10.1016/j.y'; it has 10.1016/j.x"),
    ],
)
def test_a_question_that_is_none_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], told: str
) -> None:
    ask(capsys, "add", "mine.csv")
    code, _, error = ask(capsys, "find", *words)
    assert code == 2
    assert told in error


def test_the_environment_names_the_table(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLOYLOOP_MATERIALS", "shared/all.db")
    assert ask(capsys, "add", "mine.csv")[0] == 0
    assert (folder / "shared" / "all.db").is_file()
    assert ask(capsys, "show", "NbMoTaW")[0] == 0


def test_a_campaign_file_maps_its_tables(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "campaign.yaml").write_text(
        "name: x\ndata:\n- {file: data/mine.csv, formula: formula, properties: {hardness: {column: hardness}},"
        " source: me}\n- {file: other.csv, formula: a, properties: {hardness: {column: b}}}\n",
        encoding="utf-8",
    )
    assert "1 points are new" in ask(capsys, "add", "mine.csv", "--map", "campaign.yaml")[2]
    code, _, told = ask(capsys, "add", "campaign.yaml", "--map", "campaign.yaml")
    assert code == 2
    assert "no entry of `data` is for a file of the name campaign.yaml" in told
