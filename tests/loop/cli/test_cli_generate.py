"""The command `generate` as a person or a program calls it, on a small campaign that is real in every part."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from alloys.composition import Composition
from alloys.design import Design
from alloys.physics.closed_forms import closed_form, properties_of
from alloys.space import AlloySpace
from generators.train import train
from loop.cli import main as cli
from loop.store import CampaignStore
from tests.loop.loop_helpers import call, small_config, write_config

SPACE = small_config(Path()).space.build()


@pytest.fixture(scope="module")
def campaigns(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generate")
    with pytest.raises(SystemExit) as stop:
        cli.main(["run", str(write_config(folder)), "--iterations", "2"])
    assert stop.value.code == 0
    return folder / "campaigns"


@pytest.fixture
def small(campaigns: Path) -> list[str]:
    """The arguments that name the campaign."""
    return ["generate", "--campaign", "small", "--directory", str(campaigns)]


def newest(campaigns: Path) -> Path:
    with CampaignStore.open(campaigns / "small" / "campaign.db") as store:
        (last,) = [a for a in store.artifacts(2) if a.name == "generator.cvae"]
    return campaigns / "small" / last.path


def test_document(capsys: pytest.CaptureFixture[str], small: list[str]) -> None:
    code, out, err = call(capsys, *small, "--target", "density=8.5", "--target", "vec=4.6..4.9", "-n", "50", "--json")
    rows = json.loads(out)
    assert code == 0
    assert len({row["formula"] for row in rows}) == len(rows) == 50
    for row in rows:
        assert set(row) == {"formula", "composition", "targets", "generator", "reached", "resembles"}
        composition = Composition.parse(row["formula"])
        assert composition.fractions() == row["composition"]
        assert SPACE.point_of(Design(composition)).sum() == SPACE.total
        assert set(row["targets"]) == {"density", "vec"}
        assert row["targets"]["density"] == 8.5
        assert 4.6 <= row["targets"]["vec"] <= 4.9
        assert row["generator"] == "cvae"
        assert set(row["resembles"]) == {"split", "because"}
    assert len({row["targets"]["vec"] for row in rows}) == 50
    assert "of 50 alloys: " in err
    assert "cvae of small, iteration 2: density=8.5 g/cm3, vec=4.6..4.9 electrons/atom" in err


@pytest.mark.parametrize("source", ["campaign", "weights file"])
def test_a_seed_repeats(capsys: pytest.CaptureFixture[str], small: list[str], campaigns: Path, source: str) -> None:
    start = small if source == "campaign" else ["generate", "--model", str(newest(campaigns))]
    asked = ["--target", "density=9", "-n", "5", "--json"]
    first = call(capsys, *start, *asked)[1]
    assert call(capsys, *start, *asked)[1] == first
    assert call(capsys, *start, *asked, "--seed", "1")[1] != first


def test_what_is_nearest_to_its_targets_comes_first(
    capsys: pytest.CaptureFixture[str], small: list[str], campaigns: Path
) -> None:
    asked, misses = ["--target", "density=9", "--target", "vec=4.8", "-n", "20", "--json"], []
    for start in (small, ["generate", "--model", str(newest(campaigns))]):
        rows = json.loads(call(capsys, *start, *asked)[1])
        for row in rows:
            told = properties_of(Composition.parse(row["formula"]))
            assert row["reached"] == {name: pytest.approx(told[name]) for name in ("density", "vec")}
        away = [abs(row["reached"]["density"] - 9) for row in rows]
        assert np.mean(away[:5]) <= np.mean(away[-5:])
        misses.append(np.mean(away))
    # A campaign moves its draws; a file draws more of them, of which the nearest are kept.
    assert misses[0] < 0.05
    assert misses[1] < 0.25


def test_a_table_shows_the_reference_model_beside_what_was_asked(
    capsys: pytest.CaptureFixture[str], small: list[str]
) -> None:
    code, out, _ = call(capsys, *small, "--target", "density=9", "--target", "solidus=2400", "-n", "3")
    assert code == 0
    for text in ("alloy, at.%", "density", "solidus", "asked", "reference", "g/cm3", "2400"):
        assert text in out


def test_csv(capsys: pytest.CaptureFixture[str], small: list[str], tmp_path: Path) -> None:
    path = tmp_path / "new" / "alloys.csv"
    code, out, err = call(capsys, *small, "--target", "density=9", "-n", "4", "--out", str(path), "--json")
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    assert code == 0
    assert f"4 compositions written to {path}" in err
    assert list(rows[0]) == ["formula", *SPACE.elements, "target_density", "generator"]
    for row, document in zip(rows, json.loads(out), strict=True):
        assert row["formula"] == document["formula"]
        assert sum(float(row[symbol]) for symbol in SPACE.elements) == pytest.approx(1)
        assert {s: float(row[s]) for s in SPACE.elements if float(row[s])} == document["composition"]
        assert (float(row["target_density"]), row["generator"]) == (9.0, "cvae")
    assert list(path.parent.iterdir()) == [path]
    path.chmod(0o640)
    assert call(capsys, *small, "-n", "1", "--out", str(path))[1] == ""
    assert len(path.read_text(encoding="utf-8").splitlines()) == 2
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_far_target_is_answered_with_its_distance(
    capsys: pytest.CaptureFixture[str], small: list[str], campaigns: Path
) -> None:
    code, out, err = call(capsys, *small, "--target", "density=25", "-n", "3", "--json")
    assert (code, len(json.loads(out))) == (0, 3)
    for text in (
        "density=25 g/cm3 is outside what is well known",
        "the nearest is",
        "times the known range",
        "training standard deviations",
    ):
        assert text in err
    code, out, err = call(capsys, "generate", "--model", str(newest(campaigns)), "--target", "density=1e300", "--json")
    assert (code, len(json.loads(out))) == (0, 10)
    for text in ("it cannot be true, density lies in [0.1, 30]", "the generator takes it as"):
        assert text in err
    assert "outside" not in call(capsys, *small, "--target", "density=9", "-n", "3")[2]


def test_fewer_than_asked_are_given_and_said(
    capsys: pytest.CaptureFixture[str], small: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = AlloySpace.build(["Mo", "Nb", "Ta"], step="0.25", lower=0.25, upper=0.5, count=(3, 3))
    points = np.array([[1, 1, 2], [1, 2, 1], [2, 1, 1]])
    density = closed_form("density", space.elements, space.fractions(points))[:, None]
    model = train("cvae", space, ["density"], points, density, {"epochs": 5, "jitter": 1, "retries": 0}, seed=0)
    path = model.generator().save(tmp_path)
    code, out, err = call(capsys, "generate", "--model", str(path), "--target", "density=11..13", "-n", "50", "--json")
    rows = json.loads(out)
    assert code == 0
    assert {row["formula"] for row in rows} == {"Mo25Nb25Ta50", "Mo25Nb50Ta25", "Mo50Nb25Ta25"}
    assert "only 3 distinct compositions of the 50 asked for came in" in err
    monkeypatch.setattr("generators.asking.request.ROUNDS", 0)
    code, out, err = call(capsys, *small, "--target", "density=9", "-n", "5", "--json")
    assert (code, json.loads(out)) == (1, [])
    assert "only 0 distinct compositions of the 5 asked for" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--target", "beauty=1"], "unknown property 'beauty'; it can be asked for specific_yield_strength_1300c"),
        (["--target", "price=10"], "the generator was not trained on price; it can be asked for"),
        (["--target", "density=heavy"], "needs a number"),
        (["--target", "density=nan"], "needs a number"),
        (["--target", "density"], "a target is PROPERTY=VALUE"),
        (["--target", "density=9..8"], "low <= high must hold"),
        (["--target", "density=8", "--target", "density=9"], "got several for density"),
        (["-n", "0"], "Invalid value for '-n'"),
        (["-n", "many"], "Invalid value for '-n'"),
        (["--model", "x.safetensors"], "got both"),
        (["--out", "/dev/null"], "cannot write /dev/null: it is there and is no plain file"),
    ],
)
def test_bad_requests_are_one_message(
    capsys: pytest.CaptureFixture[str], small: list[str], arguments: list[str], message: str
) -> None:
    code, out, err = call(capsys, *small, *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("alloyloop:") == 1


def test_bad_sources_are_one_message(capsys: pytest.CaptureFixture[str], campaigns: Path, tmp_path: Path) -> None:
    whole = newest(campaigns).read_bytes()
    files = {
        "damaged": whole[:-8] + b"\0\0\0\0\0\0\0\1",
        "cut": whole[: len(whole) // 2],
        "foreign": b"formula,density\nNbTa,12\n",
        "empty": b"",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
        code, out, err = call(capsys, "generate", "--model", str(tmp_path / name), "--target", "density=9")
        assert (code, out) == (2, "")
        assert "damaged" in err
    for arguments, message in (
        ([], "got neither"),
        (["--model", str(tmp_path / "absent")], "cannot read the weights"),
        (["--model", str(tmp_path)], "cannot read the weights"),
        (["--campaign", "other", "--directory", str(campaigns)], "there is no campaign 'other'"),
    ):
        code, out, err = call(capsys, "generate", *arguments, "--target", "density=9")
        assert (code, out) == (2, "")
        assert message in err


def test_a_campaign_without_a_generator_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert call(capsys, "run", str(write_config(tmp_path)), "--iterations", "0")[0] == 0
    code, _, err = call(capsys, "generate", "--campaign", "small", "--directory", str(tmp_path / "campaigns"))
    assert code == 2
    assert "the campaign 'small' has no generator yet" in err
