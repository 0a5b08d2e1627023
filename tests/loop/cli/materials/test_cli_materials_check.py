"""``alloyloop materials check``: doubts are kept with the table, people decide, what they set aside counts no more."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from loop.materials import MaterialsTable, PointQuery
from tests.loop.loop_helpers import call

_TABLE = """formula,yield_strength [MPa],tensile_strength [MPa],test_temperature [°C],doi
HfNbTaTiZr,929,700,25,10.1016/j.a
NbMoTaW,1058,1211,25,10.1016/j.b
NbMoTaW,0.55,,1000,10.1016/j.b
"""


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    monkeypatch.setenv("ALLOYLOOP_MATERIALS", str(tmp_path / "m.db"))
    (tmp_path / "mine.csv").write_text(_TABLE, encoding="utf-8")
    assert call(capsys, "materials", "add", str(tmp_path / "mine.csv"))[0] == 0
    return tmp_path / "m.db"


def _asked(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    code, told, error = call(capsys, "materials", "check", *words, "--json")
    assert code == 0, error
    document = json.loads(told)
    assert isinstance(document, dict)
    return document


def _counting(table: Path) -> list[int]:
    with MaterialsTable.open(table) as opened:
        return [stored.id for stored in opened.points(PointQuery(counting=True))]


def test_from_a_doubt_to_a_decision(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = _asked(capsys, "--by", "ada")
    assert (found["problems"], found["new"]) == ([], 2)
    assert [(flag["number"], flag["kind"], flag["points"], flag["state"]) for flag in found["flags"]] == [
        (1, "yield above ultimate strength", [1, 2], "open"),
        (2, "unit of a value", [5], "open"),
    ]
    assert _asked(capsys)["new"] == 0
    assert _counting(table) == [1, 2, 3, 4, 5]
    (decided,) = _asked(capsys, "--set-aside", "2", "--who", "ada", "--why", "in GPa")["flags"]
    assert (decided["state"], decided["set_aside"], decided["who"], decided["why"]) == (
        "set aside",
        [5],
        "ada",
        "in GPa",
    )
    (other,) = _asked(capsys, "--set-aside", "1", "--point", "2", "--by", "ada", "--why", "a misprint")["flags"]
    assert other["set_aside"] == [2]
    assert _counting(table) == [1, 3, 4]
    assert _asked(capsys)["flags"] == []
    assert len(_asked(capsys, "--all")["flags"]) == 2
    assert _asked(capsys, "--approve", "2", "--by", "bob", "--why", "a foam")["flags"][0]["state"] == "kept"
    assert _counting(table) == [1, 3, 4, 5]
    assert _asked(capsys, "--reopen", "1", "--by", "bob", "--why", "look again")["flags"][0]["state"] == "open"
    assert _counting(table) == [1, 2, 3, 4, 5]


def test_points_set_aside_are_still_shown_marked(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _asked(capsys)
    slip = table.with_name("slip.csv")
    slip.write_text("formula,density,source\nHfNbTaTiZr,0.3,me\n", encoding="utf-8")
    call(capsys, "materials", "add", str(slip))
    assert "2 are new: 3-4" in " ".join(call(capsys, "materials", "check")[2].split())
    assert "0.55 MPa (doubt 2)" in call(capsys, "materials", "show", "NbMoTaW")[1]
    _asked(capsys, "--approve", "2", "--why", "hot")
    assert "doubt" not in call(capsys, "materials", "show", "NbMoTaW")[1]
    _asked(capsys, "--set-aside", "2", "--why", "in GPa")
    code, shown, _ = call(capsys, "materials", "show", "NbMoTaW")
    assert code == 0
    assert "0.55 MPa (set aside)" in shown
    weak = ("materials", "find", "--property", "yield_strength", "--max", "10")
    assert "0 materials with 0 points" in call(capsys, *weak)[2]
    assert "0.55 MPa" in call(capsys, *weak, "--all")[1]
    assert "3 doubts in " in call(capsys, "data", "check", "--table", str(table))[2]
    told = json.loads(call(capsys, "materials", "show", "NbMoTaW", "--json")[1])["properties"]["yield_strength"]
    assert [(one["number"], one.get("set_aside"), one.get("doubts")) for one in told] == [
        (3, None, None),
        (5, True, [2]),
    ]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--set-aside", "9", "--why", "so"], "there is no doubt of number 9"),
        (["--set-aside", "1"], "a decision needs who decides, and why"),
        (["--set-aside", "1", "--approve", "2", "--why", "so"], "give one of"),
        (["--approve", "1", "--point", "1", "--why", "so"], "--point goes with --set-aside"),
        (["--set-aside", "1", "--point", "5", "--why", "so"], "point 5 is none of doubt 1; it has 1, 2"),
    ],
)
def test_decisions_that_cannot_be_are_refused(
    words: list[str], why: str, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _asked(capsys)
    code, _, told = call(capsys, "materials", "check", *words)
    assert code == 2
    assert why in " ".join(told.split())
    assert _counting(table) == [1, 2, 3, 4, 5]
    assert {flag["state"] for flag in _asked(capsys)["flags"]} == {"open"}


def test_a_decision_is_never_changed_or_removed(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _asked(capsys)
    _asked(capsys, "--set-aside", "2", "--why", "in GPa")
    for statement in ("DELETE FROM decisions", "UPDATE points_set_aside SET point = 1", "DELETE FROM flags"):
        with sqlite3.connect(table) as connection, pytest.raises(sqlite3.IntegrityError, match="never changed"):
            connection.execute(statement)


def test_a_material_whose_points_are_set_aside_is_a_void(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def lacking() -> int:
        told = json.loads(call(capsys, "materials", "voids", "--property", "yield_strength", "--json")[1])
        return sum(count for count in told["voids"]["yield_strength"].values() if isinstance(count, int))

    _asked(capsys)
    assert lacking() == 0
    _asked(capsys, "--set-aside", "1", "--why", "a misprint")
    assert lacking() == 1
