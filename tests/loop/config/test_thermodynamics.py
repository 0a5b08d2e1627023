"""Example campaigns on databases of other people: each runs where its database is, and else says what is missing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from loop.cli.main import main
from loop.config.reading import check_config

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "configs/thermodynamics"
EXAMPLES = {
    "al_mg_si": ("al-mg-si", "COST507.tdb", {"mg2si_180", "mg2si_undissolved", "melted", "freezing"}),
    "gamma_prime": ("gamma-prime", "003_Liu_2016.TDB", {"gamma_prime_900", "gamma_prime_solvus", "sigma_900"}),
    "stainless": ("stainless", "031_crfeni_mie.tdb", {"sigma_700", "ferrite_1050"}),
}
SHORT = ["iterations=1", "batch=1", "start.validate=2", "screening.random=40", "generator.proposals=40"]


def test_there_are_three_of_them() -> None:
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(EXAMPLES)


@pytest.mark.parametrize("example", EXAMPLES)
def test_without_its_database_only_that_is_missing(example: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER)
    (mistake,) = check_config(FOLDER / f"{example}.yaml")[1]
    assert f"no database file at databases/{EXAMPLES[example][1]}" in str(mistake)


@pytest.mark.slow
@pytest.mark.outside_data
@pytest.mark.parametrize("example", EXAMPLES)
def test_each_runs(example: str, public_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name, database, quantities = EXAMPLES[example]
    (tdb,) = (public_data / "tdb").rglob(database)
    config = tmp_path / f"{example}.yaml"
    config.write_text(
        (FOLDER / f"{example}.yaml").read_text("utf-8").replace(f"databases/{database}", str(tdb)), "utf-8"
    )
    assert check_config(config)[1] == []
    given = [*SHORT, "generator.settings={epochs: 3}", f"directory={tmp_path}", "tracking.enabled=false"]
    with pytest.raises(SystemExit) as ended:
        main(["run", str(config), *(word for text in given for word in ("--set", text))])
    assert not ended.value.code
    capsys.readouterr()
    with pytest.raises(SystemExit):
        main(["best", name, "--json", "--directory", str(tmp_path)])
    (first, *_) = json.loads(capsys.readouterr().out)
    assert quantities <= set(first["properties"])
