"""``alloyloop materials voids`` and ``fill``: what a goal lacks of the materials, and how each void is filled."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from alloys.design import Design
from alloys.points.point import MEASURED, Point, PointKind
from loop.materials import MaterialsTable, PointQuery
from loop.store import CampaignStore
from tests.loop.drive.materials.melting import melting_config, run, table_of
from tests.loop.loop_helpers import call, write_config

DRAWN = ("Nb50Ta50", "Ta50Ti50")
BETWEEN, FOREIGN, BARE = "Nb52Ta48", "Al50Nb50", "Re50W50"
GOAL = ("--campaign", "melting", "--directory", "campaigns")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A campaign that has validated its start and can go on, and a table with materials from elsewhere."""
    folder = tmp_path_factory.mktemp("voids")
    config = melting_config(folder, "melting", materials={"table": table_of(folder)})
    campaign, _ = run(config.model_copy(update={"iterations": 0}))
    campaign.close()
    with CampaignStore.open(folder / "campaigns" / "melting" / "campaign.db") as store:
        store.go_until(1)
    with MaterialsTable.open(table_of(folder)) as table:
        drawn = [Point(Design.parse(f), "", "", None, PointKind.GENERATED, "weights") for f in DRAWN]
        strength = [
            Point(Design.parse(f), "yield_strength", "MPa", 900.0, PointKind.LITERATURE, "10.1/x")
            for f in (BETWEEN, FOREIGN, BARE)
        ]
        table.add([*drawn, *strength], who="Ada")
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it."""
    shutil.copytree(made, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    return tmp_path / "copy"


def ask(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    code, told, said = call(capsys, "materials", *words, "--json", "--table", "materials.db")
    assert code == 0, said
    return json.loads(told)


def _points(*kinds: PointKind) -> list[Point]:
    with MaterialsTable.open("materials.db") as table:
        return [stored.point for stored in table.points(PointQuery(kinds=kinds))]


def _routes(document: Any, name: str) -> dict[str, str]:
    return {each["formula"]: each["route"] for each in document["first"] if each["property"] == name}


def test_each_void_has_the_route_by_which_it_can_come(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = ask(capsys, "voids", *GOAL, "--limit", "1000")
    assert told["materials"] == 6 + 5
    expected = {**dict.fromkeys(DRAWN, "validation"), BETWEEN: "prediction", FOREIGN: "literature", BARE: "literature"}
    assert _routes(told, "solidus") == _routes(told, "freezing_range") == expected
    assert set(_routes(told, "density").values()) == {"prediction"}
    assert len(_routes(told, "density")) == 11
    assert told["voids"]["solidus"] == dict(Counter(expected.values()))
    some = ask(capsys, "voids", *GOAL, "--elements", "Nb,Ta", "--route", "validation", "--property", "solidus")
    assert _routes(some, "solidus") == {"Nb50Ta50": "validation"}
    Path("materials.db").rename("elsewhere.db")
    code, of_its_own, _ = call(capsys, "materials", "voids", *GOAL, "--limit", "1000", "--json")
    assert (code, json.loads(of_its_own)) == (0, told)
    Path("elsewhere.db").rename("materials.db")
    alone = ask(capsys, "voids", "--property", "yield_strength", "--property", "density")
    assert alone["voids"]["yield_strength"] == {"literature": 8, "prediction": 0, "validation": 0}
    assert alone["voids"]["density"] == {"literature": 0, "prediction": 11, "validation": 0}


def test_filling_predicts_queues_and_asks_people_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = _points(*PointKind)
    dry = ask(capsys, "fill", *GOAL, "--dry-run")
    assert dry["lacking"] == {"literature": 2, "prediction": 11, "validation": 2}
    assert _points(*PointKind) == before
    assert not Path("voids.csv").exists()

    done = ask(capsys, "fill", *GOAL, "--by", "Ada", "--validations", "1")
    assert done["predicted"] == {"density": 11, "solidus": 1, "freezing_range": 1}
    assert done["asked"] == 2
    assert done["queued"] == [Design.parse(DRAWN[0]).canonical()]
    predicted = _points(PointKind.PREDICTED)
    assert _points(*MEASURED) == [point for point in before if point.kind in MEASURED]
    assert {p.source for p in predicted if p.property_name == "density"} == {"physics generic, alloyloop 0.1.0"}
    (melting,) = [p for p in predicted if p.property_name == "solidus"]
    assert (melting.design, melting.unit) == (Design.parse(BETWEEN), "K")
    assert melting.std is not None
    with CampaignStore.open(folder / "campaigns" / "melting" / "campaign.db") as store:
        (act,) = store.acts()
        assert (act.who, act.why) == ("Ada", "a void of the materials table: solidus, freezing_range")

    assert call(capsys, "materials", "fill", *GOAL, "--table", "materials.db")[2].endswith("by --out\n")
    again = ask(capsys, "fill", *GOAL, "--route", "prediction", "--route", "validation")
    assert again["predicted"] == {}
    assert again["queued"] == [Design.parse(DRAWN[1]).canonical()]
    assert list(again["left"]) == ["not queued: it was added already, and waits for the next iteration"]
    assert len(_points(PointKind.PREDICTED)) == len(predicted)


def test_a_file_that_people_filled_in_fills_the_voids(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ask(capsys, "fill", *GOAL, "--route", "literature", "--out", "wanted.csv")
    with Path("wanted.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["formula"] for row in rows] == ["Al50Nb50", "Re50W50"]
    rows[0] |= {"solidus [K]": "2300", "solidus_std": "15", "doi": "10.1000/found"}
    rows[1] |= {"solidus [K]": "3500", "source": "our furnace"}  # measured by oneself: there is no DOI
    with Path("wanted.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    assert ask(capsys, "add", "wanted.csv", "--by", "Bo")["new"] == 2
    told = ask(capsys, "voids", *GOAL, "--limit", "1000")
    assert FOREIGN not in _routes(told, "solidus")
    assert FOREIGN in _routes(told, "freezing_range")


def test_a_goal_of_a_configuration_has_no_surrogate_and_no_queue(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    space = {"elements": ["Nb", "Ta", "Ti"], "count": [2, 3], "upper": 0.8}
    goal = {"constraints": ["density <= 13"], "objectives": ["maximize solidus"], "reference_point": {}}
    path = write_config(folder, space=space, **goal)
    told = ask(capsys, "voids", "--config", str(path))
    assert told["voids"]["solidus"] == {"literature": 2, "prediction": 0, "validation": 3}
    done = ask(capsys, "fill", "--config", str(path), "--route", "validation", "--route", "prediction")
    assert done["queued"] == []
    assert set(done["predicted"]) == {"density"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "name what is wanted: --campaign NAME or --config FILE for a goal, or --property NAME"),
        ((*GOAL, "--config", "a.yaml"), "give either --campaign or --config"),
        (("--property", "hardnes"), "there is no property 'hardnes'; there are"),
        (("--campaign", "nobody"), "there is no campaign 'nobody'"),
        (("--property", "density", "--elements", "Xx"), "is not a chemical element"),
    ],
)
def test_what_cannot_be_wanted_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], told: str
) -> None:
    code, _, said = call(capsys, "materials", "voids", *words, "--table", "materials.db")
    assert code == 2
    assert told in said
