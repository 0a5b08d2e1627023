"""`alloyloop evaluate strength` and `alloyloop validate --with strength`, on made-up measurements."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from alloys.points.published import read_published_points
from loop.materials.table import MaterialsTable
from tests.loop.loop_helpers import call
from tests.validation.strength.made_up_strengths import LEVEL, write_made_up


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_made_up(tmp_path_factory.mktemp("strength") / "table.csv", papers=6)


@pytest.fixture(scope="module")
def table(file: Path) -> Path:
    where, read = file.with_suffix(".db"), read_published_points(file)
    with MaterialsTable.open(where, create=True) as opened:
        opened.add(read.points, sources=read.sources.values(), who="test")
    return where


def test_figures_of_papers_left_out_stand_beside_the_edge_models(
    capsys: pytest.CaptureFixture[str], file: Path
) -> None:
    code, out, _ = call(capsys, "evaluate", "strength", "--data", file, "--json")
    document = json.loads(out)
    assert (code, document["records"], document["sources"]) == (0, 36, 6)
    rows = {row["celsius"]: row for row in document["temperatures"]}
    assert [*rows] == [25.0, 600.0, 1000.0]
    warm = rows[600.0]
    assert (warm["records"], warm["sources"], warm["measurements"]) == (12, 6, 12)
    assert [*warm["entrants"]] == ["calibrated", "edge", "edge-constant", "without-edge", "forest"]
    ours, edge = warm["entrants"]["calibrated"], warm["entrants"]["edge"]
    assert edge["median_ratio"]["value"] == pytest.approx(1 / LEVEL, rel=0.15)
    assert edge["coverage"] is None
    assert ours["median_ratio"]["value"] == pytest.approx(1, rel=0.15)
    assert ours["log_rmse"]["value"] < edge["log_rmse"]["value"]
    low, high = ours["coverage"]["interval"]
    assert low <= ours["coverage"]["value"] <= high
    assert [*ours["calibration"]] == ["0.5", "0.8", "0.9", "0.95"]


def test_a_materials_table_is_as_good_as_a_file(capsys: pytest.CaptureFixture[str], file: Path, table: Path) -> None:
    code, out, err = call(capsys, "evaluate", "strength", "--table", table, "--no-baselines")
    assert code == 0, err
    assert "25 °C: 12 records of 6 papers" in out
    assert out.count("calibrated: 50% intervals hold") == 3
    asked = ("validate", "NbTaTiW", "--with", "strength", "--temperature", 600, "--json")
    answers = [json.loads(call(capsys, *asked, *a)[1]) for a in (("--points", file), ("--table", table))]
    assert answers[0][0]["properties"] == answers[1][0]["properties"]


def test_a_person_sees_the_interval_at_each_temperature(capsys: pytest.CaptureFixture[str], file: Path) -> None:
    asked = ("validate", "NbTaTiW", "--with", "strength", "--points", file)
    code, out, _ = call(capsys, *asked, "--temperature", 1000, "--temperature", 1300)
    assert code == 0
    assert "calibrated_yield_strength_1000c" in out
    assert "1300 °C: 90% of tests are expected within" in out
    assert " MPa at 1000 °C, " in out  # the nearest measurement
    assert "e+0" not in out


def test_a_strength_that_cannot_be_right_is_named_with_its_source(
    capsys: pytest.CaptureFixture[str], table: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "slip.db"
    copy.write_bytes(table.read_bytes())
    slip = tmp_path / "slip.csv"
    heads = "formula,yield_strength [MPa],test_temperature [°C],source"
    slip.write_text(f"{heads}\nNbTaTiW,0.95,25,lab 9\n", encoding="utf-8")  # told in GPa
    assert call(capsys, "materials", "add", slip, "--table", copy)[0] == 0
    _, out, _ = call(capsys, "validate", "NbTaTiW", "--with", "strength", "--table", copy, "--temperature", 25)
    assert "in doubt: 0.95 MPa of Nb25Ta25Ti25W25 at 25 °C (lab 9)" in out
    assert "materials check" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("evaluate", "strength"), "give measured strengths: --data FILE"),
        (("evaluate", "strength", "--data", "none.csv"), "there is no file none.csv; the published table of Borg"),
        (("evaluate", "strength", "--table", "none.db"), "there is no materials table at none.db"),
        (("validate", "NbTa", "--with", "strength"), "needs measured strengths: give 'points'"),
        (("validate", "NbTa", "--with", "reference", "--points", "x.csv"), "has no settings, got ['points']"),
    ],
)
def test_without_measurements_it_says_what_to_do(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    code, out, err = call(capsys, *arguments)
    assert (code, out) == (2, "")
    assert message in " ".join(err.split())
