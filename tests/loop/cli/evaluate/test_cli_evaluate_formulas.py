"""``alloyloop evaluate formulas`` on a table of a few elements."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from alloys.space.formula import FormulaSpace
from loop.cli import main as cli


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    space = FormulaSpace(("Ca", "Cl", "K", "Mg", "Na", "O", "S"), 4, 2, 3)
    points = np.unique(space.sample(600, np.random.default_rng(0)), axis=0)[:100]
    path = tmp_path_factory.mktemp("formulas") / "table.csv"
    path.write_text("formula\n" + "\n".join(str(space.design(point)) for point in points) + "\n")
    return path


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stop:
        cli.main(["evaluate", "formulas", *arguments])
    captured = capsys.readouterr()
    return (stop.value.code if isinstance(stop.value.code, int) else 0), captured.out, captured.err


def test_shares_are_printed_with_their_denominators(capsys: pytest.CaptureFixture[str], table: Path) -> None:
    code, out, err = call(capsys, str(table), "--families", "substitution,random", "--samples", "200")
    assert code == 0, err
    assert "100 of 100 formulas taken, 100 neutral and balanced" in err
    assert "substitution, seed 0" in out
    assert "found in 200 draws %" in out
    assert "unique: distinct formulas of all drawn" in out


def test_json_is_one_document(capsys: pytest.CaptureFixture[str], table: Path) -> None:
    _, out, _ = call(capsys, str(table), "--families", "random", "--samples", "50", "--seeds", "2", "--json")
    document = json.loads(out)
    assert [outcome["seed"] for outcome in document["outcomes"]] == [0, 1]
    assert document["outcomes"][0]["measures"]["balanced"] == 1.0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--half", "third"), "--half is one of first, second, all"),
        (("--states", "guessed"), "--states is one of icsd24, icsd24_common, smact14"),
        (("--all-rows",), "--no-rules only"),
        (("--elements", "5", "5"), "0 of 100 formulas have 5 to 5 elements"),
        (("--families", "abacus"), "unknown families abacus"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    capsys: pytest.CaptureFixture[str], table: Path, arguments: tuple[str, ...], words: str
) -> None:
    code, _, err = call(capsys, str(table), *arguments)
    assert code != 0
    assert words in " ".join(err.split())
