"""``alloyloop data check``: what people type, and what they are told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.loop.loop_helpers import call
from tests.support.mpea import write_published

_RIGHT = {"formula": "Nb1 Ta1", "doi": "10.1000/one", "strength": "400", "ultimate": "500", "temperature": "1000"}


def test_doubts_of_a_published_table_are_told_with_their_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_published(
        tmp_path / "t.csv",
        _RIGHT,
        {**_RIGHT, "strength": "600"},
        {**_RIGHT, "temperature": "1273", "strength": "0.41", "ultimate": ""},
        {**_RIGHT, "doi": "10.1000/two", "formula": "rubbish"},
        {**_RIGHT, "strength": "-3", "ultimate": ""},
    )
    before = path.read_bytes()
    code, told, _ = call(capsys, "data", "check", str(path), "--format", "mpea", "--json")
    assert code == 0
    document = json.loads(told)
    assert document["records"] == 5
    assert [(flag["number"], flag["line"], flag["kind"]) for flag in document["flags"]] == [
        (1, 3, "yield above ultimate strength"),
        (2, 4, "unit of a value"),
        (3, 4, "unit of a temperature"),
        (4, 5, "unreadable record"),
        (5, 6, "impossible value"),
    ]
    assert path.read_bytes() == before
    code, shown, told = call(capsys, "data", "check", str(path), "--format", "mpea")
    assert code == 0
    assert "410 MPa" in shown
    assert "5 doubts in 5 records; nothing was changed" in told


def test_a_table_of_ones_own_and_a_materials_table_are_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(
        "formula,yield_strength [MPa],tensile_strength [MPa],test_temperature [°C],doi\n"
        "HfNbTaTiZr,929,700,25,10.1016/j.a\nNbMoTaW,1058,1211,25,10.1016/j.b\nNbMoTaW,,,25,10.1016/j.b\n",
        encoding="utf-8",
    )
    flags = json.loads(call(capsys, "data", "check", str(path), "--json")[1])["flags"]
    assert [(flag["line"], flag["kind"]) for flag in flags] == [
        (2, "yield above ultimate strength"),
        (4, "unreadable record"),
    ]
    table = str(tmp_path / "m.db")
    assert call(capsys, "materials", "add", str(path), "--table", table)[0] == 0
    flags = json.loads(call(capsys, "data", "check", "--table", table, "--json")[1])["flags"]
    assert [(flag["points"], flag["kind"]) for flag in flags] == [([1, 2], "yield above ultimate strength")]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ([], "name a file, or a materials table"),
        (["a.csv", "--table", "b.db"], "name a file, or a materials table"),
        (["--table", "b.db", "--format", "mpea"], "--format says what a file is"),
        (["--table", "absent.db"], "there is no materials table"),
        (["absent.csv"], "cannot read the table"),
    ],
)
def test_what_cannot_be_checked_is_refused(
    words: list[str], why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, told = call(capsys, "data", "check", *words)
    assert code == 2
    assert why in " ".join(told.split())


def test_a_published_table_is_added_with_its_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_published(tmp_path / "t.csv", _RIGHT, {**_RIGHT, "hardness": "300"})
    words = ("materials", "add", str(path), "--format", "mpea", "--table", str(tmp_path / "m.db"))
    told = json.loads(call(capsys, *words, "--json")[1])
    assert (told["new"], told["last"]) == (3, 3)
    assert told["properties"]["yield_strength"] == {"published": 2, "points": 1, "repeats": 1}
    assert "hardness: 1 as published, 1 point and 0 repeats" in call(capsys, *words)[2]
