"""The command `evaluate generators --reproduce` as a person or a program calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from generators.evaluation.reproduction.pictures.records import DebnathPictures
from loop.cli import main as cli
from loop.review.papers.kept import loads
from tests.support.alloys.refractory import write_refractory_table


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stop:
        cli.main(["evaluate", "generators", "--reproduce", *arguments])
    captured = capsys.readouterr()
    return int(stop.value.code or 0), captured.out, captured.err


def test_theirs_and_ours_side_by_side(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    table = str(write_refractory_table(tmp_path / "table.csv", others=10))
    code, out, err = call(capsys, "tung-2022", "--data", table, "--quick", "--families", "nearest")
    assert code == 0, err
    for words in (
        "120 refractory-rich alloys (the paper has 529)",
        "labels look exchanged",
        "(10.51)",
        "(99.95)",
        "(55.15)",
    ):
        assert words in out
    assert "paper-wcgan: measured with seed 0 (1 of 1)" in err


def test_as_a_document_and_as_a_page(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    table, page = str(write_refractory_table(tmp_path / "table.csv")), tmp_path / "shown" / "debnath.html"
    page.parent.mkdir()
    page.write_text("of before", "utf-8")
    (tmp_path / "kept.html").hardlink_to(page)
    code, out, _ = call(capsys, "debnath-2021", "--data", table, "--quick", "--json", "--page", str(page))
    told = json.loads(out)
    assert code == 0
    assert set(told) == {"paper", "data", "alloys", "elements", "axes", "diagonal", "domain", "near", "models"}
    model = told["models"]["paper-cgan"]
    assert set(model) == {"published", "numbers", "curves", "histogram", "settings"}
    assert model["numbers"]["answered_percent"]["median"] == 100
    assert len(model["curves"]["mape"]) == len(told["diagonal"]) == 20
    assert model["settings"]["latent"] == 16
    pictures = loads(page.with_suffix(".json").read_text("utf-8")).pictures
    assert isinstance(pictures, DebnathPictures)
    assert [one.name for one in pictures.models] == ["paper-cgan"]
    assert len(pictures.values) == told["alloys"]["here"]
    assert page.read_text("utf-8").count("<svg") == 6
    # Written beside and put in its place whole, so that a reader never finds half of a page.
    assert (tmp_path / "kept.html").read_text("utf-8") == "of before"
    assert sorted(path.name for path in page.parent.iterdir()) == ["debnath.html", "debnath.json"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nature-1905", "--data", "x.csv"], "unknown paper 'nature-1905'; tung-2022 and debnath-2021"),
        (["tung-2022"], "--reproduce tung-2022 needs --data FILE"),
        (["tung-2022", "--data", "absent.csv"], "cannot read absent.csv"),
        (["tung-2022", "--data", "few.csv"], "30 distinct compositions"),
        (["tung-2022", "--data", "few.csv", "--families", "magic"], "30 distinct compositions"),
        (["tung-2022", "--data", "few.csv", "--page", "page.pdf"], "--page writes a page of HTML"),
        (["tung-2022", "--data", "x.csv", "--condition", "density", "--jobs", "2"], "leave out --condition, --jobs"),
    ],
)
def test_bad_input_is_named_before_any_work(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    arguments: list[str],
    message: str,
) -> None:
    write_refractory_table(tmp_path / "few.csv", 30)
    monkeypatch.chdir(tmp_path)
    code, out, err = call(capsys, *arguments)
    assert (code, out) == (2, "")
    assert message in " ".join(err.split())
    assert "measured" not in err
