"""The command `replay` as a person or a program calls it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.loop.loop_helpers import call


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "pool.csv"
    lines = [f"Nb{50 - i}Ta{i}W{30 + i % 5},{(i - 17) ** 2}" for i in range(1, 41)]
    path.write_text("formula,answer\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_table_and_files(capsys: pytest.CaptureFixture[str], table: Path, tmp_path: Path) -> None:
    folder = tmp_path / "results"
    code, out, err = call(
        capsys, "replay", str(table), "--target", "answer", "--minimize", "--seeds", "2", "--looks", "12",
        "--method", "gp-ard-lcb", "--method", "random", "--out", str(folder), "--jobs", "1",
    )  # fmt: skip
    assert code == 0
    for text in ("40 rows, the 3 lowest in answer are looked for", "gp-ard-lcb", "AF at 80%", "random"):
        assert text in out
    assert "gp-ard-lcb" in err
    assert "2/2 campaigns" in err
    with (folder / "replay.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["method"], row["looks"]) for row in rows[::12]] == [("gp-ard-lcb", "1"), ("random", "1")]
    assert len(rows) == 24
    assert all(float(row["q05"]) <= float(row["mean"]) <= float(row["q95"]) for row in rows)
    assert (folder / "replay.png").read_bytes().startswith(b"\x89PNG")


def test_document(capsys: pytest.CaptureFixture[str], table: Path) -> None:
    arguments = [
        "replay",
        str(table),
        "--target",
        "answer",
        "--seeds",
        "2",
        "--method",
        "ours",
        "--looks",
        "8",
        "--jobs",
        "1",
    ]
    code, out, _ = call(capsys, *arguments, "--json")
    document = json.loads(out)
    assert code == 0
    assert (document["rows"], document["top"], list(document["methods"])) == (40, 2, ["ours"])
    ours = document["methods"]["ours"]
    assert {"fraction_found", "enhancement_max", "acceleration", "interval"} <= set(ours)
    again = json.loads(call(capsys, *arguments, "--json")[1])
    assert again["methods"]["ours"]["fraction_found"] == ours["fraction_found"]


def test_the_top_is_the_share_that_is_named(capsys: pytest.CaptureFixture[str], table: Path) -> None:
    arguments = ["--target", "answer", "--seeds", "1", "--looks", "9", "--method", "ours", "--jobs", "1", "--json"]
    code, out, err = call(capsys, "replay", str(table), "--top", "0.2", *arguments)
    assert code == 0, err
    assert json.loads(out)["top"] == 9  # two rows share the last place


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--target", "answer", "--top", "1.5"], "the top must be a share between 0 and 1"),
        (["--target", "answer", "--jobs", "1", "--set", "choice.seek=most"], "--set choice.seek"),
        (["--target", "answer", "--basis", "vol.%"], "Invalid value for '--basis'"),
        (["--target", "beauty"], "has no column 'beauty'; there are 'formula', 'answer'"),
        (["--target", "answer", "--method", "magic"], "unknown method 'magic'"),
        (["--target", "answer", "--features", "colour"], "'colour' cannot be a feature"),
        (["--target", "answer", "--init", "0"], "--init must be from 1"),
        (["--target", "answer", "--seeds", "0"], "--seeds must be from 1"),
        (["--target", "answer", "--sample", "5"], "5 distinct row(s) with an answer in 'answer'; at least 10"),
        ([], "Missing option '--target'"),
    ],
)
def test_bad_input_is_named(
    capsys: pytest.CaptureFixture[str], table: Path, arguments: list[str], message: str
) -> None:
    code, out, err = call(capsys, "replay", str(table), *arguments)
    assert (code, out) == (2, "")
    assert message in err


def test_an_absent_file_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = call(capsys, "replay", "absent.csv", "--target", "y")
    assert code == 2
    assert "cannot read the pool absent.csv" in err


@pytest.mark.outside_data
def test_a_published_table(capsys: pytest.CaptureFixture[str], public_data: Path) -> None:
    source = str(public_data / "MPEA" / "MPEA_dataset.csv")
    code, out, err = call(
        capsys, "replay", source, "--target", "PROPERTY: Exp. Density (g/cm$^3$)",
        "--seeds", "2", "--looks", "25", "--method", "gp-ard-lcb", "--method", "ours", "--json", "--jobs", "1",
    )  # fmt: skip
    document = json.loads(out)
    assert code == 0
    assert "repeats of an input merged" in err
    assert document["methods"]["ours"]["acceleration"]["0.5"] > 2
