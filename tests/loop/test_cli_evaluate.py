"""The commands `data import` and `evaluate generators` as a person or a program calls them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from generators.evaluation.run import METRICS
from loop import cli


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stop:
        cli.main(list(arguments))
    captured = capsys.readouterr()
    code = stop.value.code
    return (code if isinstance(code, int) else 0), captured.out, captured.err


def test_import_then_evaluate(capsys: pytest.CaptureFixture[str], public_data: Path, tmp_path: Path) -> None:
    source, table = public_data / "MPEA" / "MPEA_dataset.csv", tmp_path / "mpea.csv"
    code, out, err = call(capsys, "data", "import", str(source), "--format", "mpea", "--out", str(table))
    assert (code, out) == (0, "")
    assert "1545 records, 558 compositions" in err
    assert "dropped 902: repeat of a composition" in err
    code, out, err = call(
        capsys, "evaluate", "generators", "--data", str(table), "--families", "nearest,nearest_projected", "--quick",
        "--json",
    )  # fmt: skip
    document = json.loads(out)
    assert code == 0
    assert set(document) == {"data", "rows", "oracle", "families"}
    assert (document["rows"], list(document["families"])) == (557, ["nearest", "nearest_projected"])
    projected = document["families"]["nearest_projected"]
    assert set(projected) == {"league", *METRICS}
    assert projected["league"] == "B"
    assert projected["mape_percent"] < 0.1
    assert document["families"]["nearest"]["coverage"] > 0.95


def test_import_document(capsys: pytest.CaptureFixture[str], public_data: Path, tmp_path: Path) -> None:
    source, table = str(public_data / "MPEA" / "MPEA_dataset.csv"), tmp_path / "mpea.csv"
    code, out, _ = call(capsys, "data", "import", source, "--format", "mpea", "--out", str(table), "--json")
    document = json.loads(out)
    assert code == 0
    assert document["records"] == document["rows"] + sum(document["dropped"].values())
    assert table.is_file()


def test_tables_and_figures_of_the_known_alloys(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, err = call(
        capsys, "evaluate", "generators", "--families", "nearest", "--condition", "density", "--quick", "--seeds", "2",
        "--figures", str(tmp_path / "figures"),
    )  # fmt: skip
    assert code == 0
    for text in ("league A", "mape_percent", "density: reference", "medians over 2 seed(s)", "far from data"):
        assert text in out
    assert "seed 1 (2 of 2)" in err
    assert len(list((tmp_path / "figures").glob("nearest_*.png"))) == 3  # one property: no panel over two


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--families", "magic"], "unknown generator family 'magic'"),
        (["--condition", "beauty"], "the property 'beauty' is unknown"),
        (["--data", "absent.csv"], "cannot read absent.csv"),
        (["--seeds", "0"], "Invalid value for '--seeds'"),
    ],
)
def test_bad_input_is_named(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    code, out, err = call(capsys, "evaluate", "generators", *arguments)
    assert (code, out) == (2, "")
    assert message in err


def test_a_wrong_file_or_format_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("formula\nNbTa\n")
    code, _, err = call(capsys, "data", "import", str(path), "--format", "mpea")
    assert code == 2
    assert "is not the published MPEA table" in err
    assert call(capsys, "data", "import", str(path), "--format", "other")[0] == 2
