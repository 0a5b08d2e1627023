"""The command `evaluate generalisation` as a person or a program calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.loop.loop_helpers import call


def test_an_unknown_element_is_harder_than_a_random_fifth_and_the_interval_says_so(
    capsys: pytest.CaptureFixture[str], alloys_csv: Path
) -> None:
    code, out, _ = call(
        capsys, "evaluate", "generalisation", str(alloys_csv), "--target", "hardness", "--split", "random,element",
        "--folds", "2", "--json",
    )  # fmt: skip
    document = json.loads(out)
    assert code == 0
    assert set(document) == {"data", "targets", "surrogates", "generators"}
    found = document["surrogates"]["hardness"]
    random, element = found["splits"]["random"], found["splits"]["element"]
    assert random["rows"] == found["rows"] == 69
    assert element["rmse"] > random["rmse"]
    assert element["distance"] > random["distance"]
    assert element["half_width_90"] > random["half_width_90"]
    assert random["rmse"] < 0.5 * random["rmse_of_mean"]
    assert sum(row["rows"] for row in found["by_distance"]) == random["rows"] + element["rows"]


def test_generators_and_the_surrogate_of_one_table_in_80_columns(
    capsys: pytest.CaptureFixture[str], alloys_csv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = call(
        capsys, "evaluate", "generalisation", str(alloys_csv), "--target", "hardness", "--target", "density",
        "--split", "system,top", "--families", "nearest", "--folds", "2",
    )  # fmt: skip
    assert code == 0
    for text in ("surrogate of hardness, 69 designs", "oracle: hardness: surrogate, density: reference", "best of 10"):
        assert text in out
    tables = [line for line in out.splitlines() if "─" in line or line.startswith((" nearest", " system", " top"))]
    assert len(tables) >= 6
    assert max(map(len, tables)) <= 80


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--target", "colour"), "nothing is known of 'colour'"),
        (("--target", "density"), "no surrogate is asked for closed forms; name generators by --families"),
        (("--target", "hardness", "--split", "isotope"), "unknown split 'isotope'"),
        (("--target", "hardness", "--folds", "1"), "at least 2 folds are needed, got 1"),
        (("--target", "hardness", "--families", "oracle"), "unknown generator family 'oracle'"),
        (("--target", "hardness", "--year", "when"), "has no column 'when'"),
    ],
)
def test_what_cannot_be_is_refused_before_any_work(
    capsys: pytest.CaptureFixture[str], alloys_csv: Path, arguments: tuple[str, ...], message: str
) -> None:
    code, out, err = call(capsys, "evaluate", "generalisation", str(alloys_csv), *arguments)
    assert (code, out) == (2, "")
    assert message in " ".join(err.split())
    assert "fitting" not in err


def test_splits_that_the_table_does_not_allow_are_told(
    capsys: pytest.CaptureFixture[str], alloys_csv: Path, tmp_path: Path
) -> None:
    rows = [",".join(line.split(",")[:2]) for line in alloys_csv.read_text(encoding="utf-8").splitlines()]
    path = tmp_path / "bare.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    code, out, _ = call(capsys, "evaluate", "generalisation", str(path), "--target", "hardness", "--folds", "2")
    assert code == 0
    assert "left out: paper: the split 'paper' needs a column of papers" in out
    assert "left out: year: the split 'year' needs a column of years" in out
    code, _, err = call(capsys, "evaluate", "generalisation", str(path), "--target", "hardness", "--split", "paper")
    assert code == 2
    assert "--paper COLUMN" in err
