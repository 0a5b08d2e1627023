"""`alloyloop validate` with a file: grouped, over processes, line by line, gone on with; and details."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from alloys.design import Design
from loop.cli import main as cli
from loop.execute.bulk_validation import CHUNK, chunks

HEADER = "formula,why\n"


def call(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stopped:
        cli.main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return int(stopped.value.code or 0), captured.out, " ".join(captured.err.split())


def table(folder: Path, *formulas: str) -> Path:
    path = folder / "alloys.csv"
    path.write_text(HEADER + "".join(f"{formula},because\n" for formula in formulas), encoding="utf-8")
    return path


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def without_seconds(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(({**row, "seconds": 0} for row in rows), key=lambda row: str(row["formula"]))


def test_two_processes_write_what_one_writes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    formulas = table(tmp_path, "NbTaTi", "CrNbTi", "Nb2Ta2Ti2", "Cr2NbTi")
    for jobs, name in ((1, "one.jsonl"), (2, "two.jsonl")):
        code, out, err = call(capsys, "validate", "--formulas", formulas, "--out", tmp_path / name, "--jobs", jobs)
        assert (code, out) == (0, "")
        assert "3 compositions to validate, 0 are in" in err
        assert "3 measured" in err
    one, two = lines(tmp_path / "one.jsonl"), lines(tmp_path / "two.jsonl")
    assert {row["formula"] for row in one} == {"NbTaTi", "CrNbTi", "Cr2NbTi"}
    assert without_seconds(one) == without_seconds(two)
    assert {"formula", "status", "properties", "message", "seconds", "details"} < set(one[0])
    assert "phases" in one[0]["details"]


def test_an_interrupted_file_is_gone_on_with(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    arguments = ("validate", "--with", "reference", "--out", out, "--formulas")
    assert call(capsys, *arguments, table(tmp_path, "NbTaTi", "MoNbTi"))[0] == 0
    whole = out.read_text(encoding="utf-8")
    out.write_text(whole + whole.splitlines()[0][:40], encoding="utf-8")
    code, _, err = call(capsys, *arguments, table(tmp_path, "TaNbTi", "MoNbTi", "NbW"))
    assert code == 0
    assert "1 compositions to validate, 2 are in" in err
    assert out.read_text(encoding="utf-8").startswith(whole)
    assert [row["formula"] for row in lines(out)][2:] == ["NbW"]


def test_a_file_of_something_else_is_left_alone(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    formulas = table(tmp_path, "NbTaTi")
    for content, message in (
        ("my notes", "ends in something else"),
        ("my notes\n", "line 1: not a line of `validate --out`"),
        ('{"formula": "Nb", "composition": "Nb:1", "validator": "other"}\n', "another validator, database or setting"),
    ):
        out = tmp_path / "notes.txt"
        out.write_text(content, encoding="utf-8")
        code, _, err = call(capsys, "validate", "--with", "reference", "--formulas", formulas, "--out", out)
        assert code == 2
        assert message in err
        assert out.read_text(encoding="utf-8") == content


def test_mistakes_in_the_file_are_named_before_any_work(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    formulas = table(tmp_path, "NbTaTi", "NbXx", "NbAl", "")
    code, _, err = call(capsys, "validate", "--formulas", formulas, "--out", out)
    assert code == 2
    assert "line 3: unknown element 'Xx'" in err
    assert "line 4, NbAl: the thermodynamic database lacks Al" in err
    assert "line 5" in err
    assert not out.exists()
    for content, message in (("alloy\nNb\n", "needs a column 'formula'"), (HEADER, "no row below"), ("", "empty file")):
        formulas.write_text(content, encoding="utf-8")
        code, _, err = call(capsys, "validate", "--formulas", formulas, "--out", out)
        assert (code, message in err) == (2, True), err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "give formulas, or a file"),
        (("NbTa", "--formulas", "x.csv", "--out", "y"), "one of the two"),
        (("--formulas", "x.csv"), "go together"),
        (("--formulas", "missing.csv", "--out", "y"), "cannot read missing.csv"),
        (("NbTa", "--with", "reference", "--scheil"), "has no settings"),
        (("NbTa", "--config", "x.yaml", "--temperature", "900"), "--temperature and --config"),
        (("NbTa", "--temperature", "9"), "from 25 to 4000"),
    ],
)
def test_bad_calls(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str) -> None:
    code, out, err = call(capsys, "validate", *arguments)
    assert (code, out) == (2, "")
    assert message in err


def test_the_details(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "validate", "NbTaTi", "--temperature", "900", "--details", "--json")
    (row,) = json.loads(out)
    assert code == 0
    assert row["properties"]["bcc_fraction_900c"] == {"value": 1.0, "unit": "mole fraction"}
    assert set(row["details"]["phases"]) == {"900 C", "1200 C", "1300 C"}


def test_chunks_hold_one_set_of_elements_each() -> None:
    formulas = [f"Nb{n}Ta{100 - n}" for n in range(1, 2 * CHUNK)] + ["NbTi", "TaTi"]
    parts = chunks(map(Design.parse, formulas))
    assert sorted(len(part) for part in parts) == [1, 1, CHUNK - 1, CHUNK]
    assert all(len({design.composition.elements for design in part}) == 1 for part in parts)
