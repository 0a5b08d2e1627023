"""The example campaign on calibrated strengths: it needs measurements, and the reader's table or file gives them."""

from __future__ import annotations

from pathlib import Path

import pytest

from alloys.points.published import read_published_points
from loop.config.reading import check_config, load_config
from loop.config.tiers import build_tiers
from loop.materials.table import MaterialsTable
from tests.validation.strength.made_up_strengths import write_made_up

CONFIG = Path(__file__).resolve().parents[3] / "configs/strength/refractory.yaml"


def test_without_measurements_only_these_are_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (mistake,) = check_config(CONFIG)[1]
    assert "there is no file MPEA_dataset.csv; the published table of Borg et al. 2020" in str(mistake)


def test_a_file_and_a_materials_table_make_the_same_validator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    read = read_published_points(write_made_up(tmp_path / "MPEA_dataset.csv"))
    with MaterialsTable.open("materials.db", create=True) as table:
        table.add(read.points, sources=read.sources.values(), who="test")
    (tmp_path / "own.yaml").write_text(
        CONFIG.read_text("utf-8").replace("points: MPEA_dataset.csv", "table: materials.db")
    )
    tiers = [build_tiers(load_config(path)) for path in (CONFIG, tmp_path / "own.yaml")]
    assert [tier.label for tier in tiers[0]] == ["strength", "calphad"]
    assert "assured_yield_strength_1200c" in tiers[0][0].properties
    assert tiers[0][0].fingerprint == tiers[1][0].fingerprint
