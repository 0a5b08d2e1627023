"""A campaign with heat treatment beside the composition, from the file to the report, and what is wrong with files."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from alloys.errors import InputError
from loop.campaign import Campaign
from loop.cli import main as cli
from tests.loop.loop_helpers import call

COMMAND = """
import json, sys
asked = json.load(sys.stdin)
amounts, chosen = asked["composition"], asked["variables"]
value = 150 + 600 * amounts.get("Al", 0) - 80 * (chosen["route"] == "annealed")
value += 0.05 * chosen.get("anneal_temperature", 0)
answer = {"hardness": {"value": value, "unit": asked["properties"]["hardness"]}}
print(json.dumps({"protocol": 1, "key": asked["key"], "nonce": asked["nonce"], "properties": answer}))
"""
CONFIG = """
name: treated
iterations: 1
batch: 3
space:
  elements: [Al, Co, Cr, Fe, Ni]
  step: 0.05
  count: [3, 5]
  variables:
    route: [cast, annealed]
    anneal_temperature: {low: 600, high: 1200, step: 50, unit: degC, when: {route: annealed}}
    cost: [1, 2, 5]
physics: generic
properties:
  hardness: {unit: HV, range: [0, 2500], scatter: 15}
  worth: {unit: HV, expression: hardness / cost}
objectives: [maximize worth]
constraints: [hardness >= 100, cost <= 2]
start: {validate: 8}
generator: {proposals: 60, settings: {epochs: 5}}
screening: {random: 100}
validator: {name: script, settings: {command: [PYTHON, COMMAND], properties: [hardness]}}
cluster: {executor: local}
tracking: {enabled: false}
"""


def _file(folder: Path, text: str = CONFIG, **more: str) -> Path:
    command = folder / "hardness.py"
    command.write_text(COMMAND)
    path = folder / "treated.yaml"
    text = text.replace("PYTHON", json.dumps(sys.executable)).replace("COMMAND", json.dumps(str(command)))
    path.write_text(f"{text}directory: {json.dumps(str(folder / 'campaigns'))}\n" + more.get("end", ""), "utf-8")
    return path


@pytest.fixture(scope="module")
def campaigns(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("treated")
    with pytest.raises(SystemExit) as stop:
        cli.main(["run", str(_file(folder))])
    assert stop.value.code == 0
    return folder / "campaigns"


def _told(capsys: pytest.CaptureFixture[str], campaigns: Path, command: str, *rest: str) -> str:
    code, out, err = call(capsys, *command.split(), *rest, "--directory", str(campaigns))
    assert (code, err) == (0, ""), err
    return out


def _refused(capsys: pytest.CaptureFixture[str], campaigns: Path, command: str, *rest: str) -> str:
    code, out, err = call(capsys, *command.split(), *rest, "--directory", str(campaigns))
    assert (code, out) == (2, "")
    return " ".join(err.split())


def _document(capsys: pytest.CaptureFixture[str], campaigns: Path, command: str, *rest: str) -> Any:
    return json.loads(_told(capsys, campaigns, command, *rest, "--json"))


def test_tables_and_documents_name_the_variables(capsys: pytest.CaptureFixture[str], campaigns: Path) -> None:
    best = _document(capsys, campaigns, "best treated --top 20")
    assert len(best) == 11
    for entry in best:
        variables = entry["variables"]
        assert set(variables) == {"route", "cost"} | (
            {"anneal_temperature"} if variables["route"] == "annealed" else set()
        )
        hard = entry["properties"]["hardness"]["value"]
        assert entry["properties"]["worth"]["value"] == pytest.approx(hard / variables["cost"])
        assert entry["feasible"] == (variables["cost"] <= 2 and hard >= 100)
    assert "route " in _told(capsys, campaigns, "best treated")
    for command in ("queue list treated", "data list treated"):
        told = _told(capsys, campaigns, command)
        assert "(anneal_temperature" in told or "route cast" in told


def test_a_design_is_predicted_and_explained_by_its_variables(
    capsys: pytest.CaptureFixture[str], campaigns: Path
) -> None:
    treated = ("--variable", "route=annealed", "--variable", "anneal_temperature=900", "--variable", "cost=1")
    (found,) = _document(capsys, campaigns, "predict treated Al20Co40Ni40", *treated)
    assert found["variables"] == {"anneal_temperature": 900, "cost": 1, "route": "annealed"}
    assert found["in_space"]
    assert found["properties"]["cost"] == {
        **dict.fromkeys(("mean", "low", "high"), 1.0), "std": 0.0, "unit": "1", "source": "closed form"
    }  # fmt: skip
    table = _told(capsys, campaigns, "predict treated Al20Co40Ni40", *treated)
    assert "Al20Co40Ni40 (anneal_temperature 900, cost 1, route annealed)" in " ".join(table.split())
    explained = _document(capsys, campaigns, "explain treated Al20Co40Ni40", *treated)
    shares = explained["properties"]["hardness"]["descriptors"]["shares"]
    assert {"route", "anneal_temperature", "cost"} & set(shares)
    assert sum(shares.values()) == pytest.approx(
        explained["properties"]["hardness"]["prediction"]
        - explained["properties"]["hardness"]["descriptors"]["baseline"]
    )
    assert "route" in _told(capsys, campaigns, "explain treated Al20Co40Ni40", *treated)


def test_a_known_design_needs_no_more_than_tells_it_from_others(
    capsys: pytest.CaptureFixture[str], campaigns: Path
) -> None:
    best = _document(capsys, campaigns, "best treated --top 20")
    formula = best[0]["formula"]
    assert [entry["formula"] for entry in best].count(formula) == 1
    (found,) = _document(capsys, campaigns, "predict treated", formula)
    assert (found["variables"], found["status"]) == (best[0]["variables"], "measured")
    assert _document(capsys, campaigns, "explain treated", formula)["variables"] == best[0]["variables"]
    with Campaign.open(campaigns.parent / "treated.yaml") as campaign:
        assert campaign.predict(formula)["status"].tolist() == ["measured"]


@pytest.mark.parametrize("command", ["predict", "explain"])
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "route is lacking; it is cast or annealed"),
        (["route=cast"], "cost is lacking; it is one of 1, 2, 5"),
        (["route=forged", "cost=1"], "route is cast or annealed, not forged"),
        (["route=annealed", "cost=1"], "anneal_temperature is lacking; it is one of 13 values from 600 to 1200 degC"),
        (["route=cast", "cost=1", "anneal_temperature=900"], "is chosen only where route is annealed; leave it out"),
        (
            ["route=cast", "cost=1", "speed=3"],
            "speed is no variable of the space; there are cost, route, anneal_temperature",
        ),
        (["route=cast", "cost=cheap"], "cost is one of 1, 2, 5, not cheap"),
        (["route"], "--variable takes NAME=VALUE, such as route=cast; got 'route'"),
        (["route=cast", "route=annealed"], "--variable route is given twice"),
    ],
)
def test_a_design_that_no_model_sees_is_refused(
    capsys: pytest.CaptureFixture[str], campaigns: Path, command: str, given: list[str], message: str
) -> None:
    options = [part for text in given for part in ("--variable", text)]
    assert message in _refused(capsys, campaigns, f"{command} treated Al50Co50", *options)


def test_a_temperature_between_the_grids_steps_is_predicted_outside_the_space(
    capsys: pytest.CaptureFixture[str], campaigns: Path
) -> None:
    options = ("--variable", "route=annealed", "--variable", "anneal_temperature=1234", "--variable", "cost=1")
    (found,) = _document(capsys, campaigns, "predict treated Al20Co40Ni40", *options)
    assert not found["in_space"]
    assert "anneal_temperature is one of 13 values" in found["outside"]


# What is wrong with a file -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("route: [cast, annealed]", "route: [cast, cast]", "line 10: space: route has cast twice among its values"),
        (
            "low: 600",
            "low: 600.5",
            "line 11: space: anneal_temperature: from 600.5 to 1200 is no whole number of steps",
        ),
        ("{route: annealed}", "{route: forged}", "line 11: space: the condition of anneal_temperature never holds"),
        ("{route: annealed}", "{rout: annealed}", "line 11: space: anneal_temperature is chosen by rout, which is no"),
        (
            "step: 50, ",
            "",
            "line 11: space.variables.anneal_temperature: Value error, a range needs either a step or a count",
        ),
        ("cost: [1", "density: [1", "density names a property, so a variable cannot"),
        ("cost <= 2", "route <= 2", "line 18: constraints: route <= 2: route has words for values"),
        ("cost <= 2", "anneal_temperature <= 900", "is chosen only where route is annealed; bound it by its values"),
        ("hardness / cost", "hardness / anneal_temperature", "the unit"),
    ],
)
def test_a_mistake_is_named_with_its_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, old: str, new: str, told: str
) -> None:
    path = _file(tmp_path, CONFIG.replace(old, new))
    for command in ("check", "run"):
        code, out, err = call(capsys, command, str(path))
        assert (code, out) == (2, "")
        assert told in " ".join(err.split())
    assert not (tmp_path / "campaigns").exists()


DATA = """
data:
  - file: FILE
    formula: alloy
    variables: {route: Route, anneal_temperature: "T (K)", cost: cost}
    properties: {hardness: {column: HV}}
"""
ROWS = ["Al20Co40Ni40,cast,,1,300", "Al30Co30Ni40,annealed,1173.15,2,310", "Al30Co30Ni40,annealed,1203.15,2,330"]


def _with_data(folder: Path, rows: list[str], entry: str = DATA) -> Path:
    table = folder / "known.csv"
    table.write_text("\n".join(["alloy,Route,T (K),cost,HV", *rows]), "utf-8")
    return _file(folder, end=entry.replace("FILE", json.dumps(str(table))))


def test_data_has_variables_in_units_of_its_own(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Campaign.open(_with_data(tmp_path, [*ROWS, "Al40Co30Ni30,annealed,,5,360"])) as campaign:
        results = campaign.results().head(3)
    assert "known.csv: 1 of 4 rows have no anneal_temperature, and are known without it" in caplog.text
    assert results["route"].tolist() == ["cast", "annealed", "annealed"]
    assert results["anneal_temperature"].tolist()[1:] == [900, 930]


@pytest.mark.parametrize(
    ("row", "entry", "told"),
    [
        ("Al20Co40Ni40,forged,,1,300", DATA, "line 5: route is cast or annealed, not forged; add it to the variable's"),
        ("Al20Co40Ni40,cast,,cheap,300", DATA, "line 5: cost is one of 1, 2, 5, not cheap"),
        (ROWS[0], DATA.replace("route: Route", "rout: Route"), "rout is no variable of the space; there are cost,"),
        (ROWS[0], DATA.replace("Route,", "Root,"), "there is no column 'Root'"),
        (
            ROWS[0],
            DATA.replace(", cost: cost", "").replace("{column: HV}", "{column: HV}, cost: {column: cost}"),
            "cost is a variable of the space; name its column under variables",
        ),
    ],
)
def test_data_with_what_was_never_declared_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, row: str, entry: str, told: str
) -> None:
    code, out, err = call(capsys, "run", str(_with_data(tmp_path, [*ROWS, row], entry)))
    assert (code, out) == (2, "")
    assert told in " ".join(err.split())


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (["NbTa,1", "NbTi,2", "TaNb,1"], "line 4 repeats line 2: Nb50Ta50 (hours 1)"),
        (["NbTa,1", "NbTi,"], "line 3: lacks a cell in 'hours'"),
    ],
)
def test_a_list_that_repeats_or_lacks_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, rows: list[str], told: str
) -> None:
    shelf = tmp_path / "shelf.csv"
    shelf.write_text("\n".join(["formula,hours", *rows]), "utf-8")
    begin, end = CONFIG.index("space:"), CONFIG.index("physics:")
    space = f"space: {{kind: table, file: {json.dumps(str(shelf))}}}\n"
    text = (CONFIG[:begin] + space + CONFIG[end:]).replace("cost", "hours")
    code, out, err = call(capsys, "check", str(_file(tmp_path, text)))
    assert (code, out) == (2, "")
    assert told in " ".join(err.split())


# People ------------------------------------------------------------------------------------------------------


@pytest.fixture
def by_hand(tmp_path: Path) -> Path:
    """A campaign that people answer, with three rows of data and two held jobs."""
    path = _with_data(tmp_path, ROWS)
    text = path.read_text("utf-8")
    begin, end = text.index("validator:"), text.index("cluster:")
    path.write_text(text[:begin] + "validator: {name: human}\nvalidation: {hold: true}\n" + text[end:], "utf-8")
    with Campaign.open(path) as campaign:
        campaign.suggest(2)
    return tmp_path / "campaigns"


def test_another_treatment_is_approved(capsys: pytest.CaptureFixture[str], by_hand: Path) -> None:
    jobs = _document(capsys, by_hand, "queue list treated")
    key = jobs[0]["key"][:12]
    assert "cost is one of 1, 2, 5, not 3" in _refused(
        capsys, by_hand, "queue approve treated", key, "--variable", "cost=3"
    )
    edit = ("--as", "Al25Co35Ni40", "--variable", "route=cast", "--variable", "cost=5")
    edited = _document(capsys, by_hand, "queue approve treated", key, *edit)[-1]
    assert (edited["formula"], edited["variables"]) == ("Al25Co35Ni40", {"cost": 5, "route": "cast"})


def test_results_are_named_by_their_variables(capsys: pytest.CaptureFixture[str], by_hand: Path) -> None:
    formula = "Al30Co30Ni40"
    told = _refused(capsys, by_hand, "data withdraw treated", formula, "--why", "a slip")
    assert "names 2 designs: Al30Co30Ni40 (anneal_temperature 900, cost 2, route annealed); Al30" in told
    assert "--variable NAME=VALUE" in told
    hot = (formula, "--variable", "anneal_temperature=930")
    assert (
        call(
            capsys,
            "data",
            "correct",
            "treated",
            *hot,
            "--set",
            "hardness=335",
            "--why",
            "a slip",
            "--directory",
            str(by_hand),
        )[0]
        == 0
    )
    listed = _document(capsys, by_hand, "data list treated --formula", *hot)["results"]
    assert [entry["counts"] for entry in listed] == [False, True]
    table = " ".join(_told(capsys, by_hand, "data list treated").split())
    assert "anneal_temperature 930" in table


def test_a_table_with_plain_heads_brings_variables(capsys: pytest.CaptureFixture[str], by_hand: Path) -> None:
    more = by_hand.parent / "more.csv"
    more.write_text("formula,route,anneal_temperature [K],cost,hardness\nAl25Co35Ni40,annealed,973.15,2,280\n", "utf-8")
    code, _, err = call(capsys, "data", "add", "treated", str(more), "--directory", str(by_hand))
    assert (code, "1 new" in err) == (0, True)
    (found,) = _document(capsys, by_hand, "data list treated --formula Al25Co35Ni40")["results"]
    assert found["variables"] == {"anneal_temperature": 700, "cost": 2, "route": "annealed"}
    assert set(found["properties"]) == {"hardness"}


def test_frames_have_a_column_for_each_variable(by_hand: Path) -> None:
    with Campaign.open(by_hand.parent / "treated.yaml") as campaign:
        out = campaign.pending()
        assert {"formula", "route", "anneal_temperature", "cost"} <= set(out.columns)
        assert campaign.observe(out.assign(hardness=[300.0, 310.0])).new == 2
        assert len(campaign.pending()) == 0
        out["route"] = "forged"
        with pytest.raises(InputError, match="route is cast or annealed, not forged"):
            campaign.observe(out.assign(hardness=[300.0, 310.0]))


def test_a_validator_is_asked_about_a_treatment(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    config = ("--config", str(_file(tmp_path)))
    treated = ("--variable", "route=annealed", "--variable", "anneal_temperature=1000", "--variable", "cost=2")
    code, out, _ = call(capsys, "validate", "Al20Co40Ni40", *treated, *config, "--json")
    (found,) = json.loads(out)
    assert (code, found["variables"]["anneal_temperature"]) == (0, 1000)
    assert found["properties"]["hardness"]["value"] == pytest.approx(150 + 120 - 80 + 50)
    code, out, err = call(capsys, "validate", "Al20Co40Ni40", *config)
    assert (code, out) == (2, "")
    assert "route is lacking; it is cast or annealed" in err
    table, answers = tmp_path / "many.csv", tmp_path / "answers.jsonl"
    table.write_text("formula,route,cost\nAl20Co40Ni40,cast,1\nAl20Co40Ni40,cast,2\n", "utf-8")
    code, _, err = call(capsys, "validate", "--formulas", str(table), "--out", str(answers), *config)
    assert (code, "2 measured" in err) == (0, True)
    lines = [json.loads(line)["variables"] for line in answers.read_text("utf-8").splitlines()]
    assert sorted(line["cost"] for line in lines) == [1, 2]
    code, out, _ = call(capsys, "properties", "AlCoNi", "--variable", "route=cast", "--json")
    assert json.loads(out)[0]["variables"] == {"route": "cast"}


def test_plain_inputs_are_chosen_named_and_explained(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rows = [f"{speed},{gas},{speed % 3}" for speed in (1, 2, 5, 10, 20, 40) for gas in ("air", "argon")]
    shelf = tmp_path / "runs.csv"
    shelf.write_text("\n".join(["speed (mm/s),gas,cost", *rows]), "utf-8")
    begin, end = CONFIG.index("space:"), CONFIG.index("physics:")
    space = f'space: {{kind: table, file: {json.dumps(str(shelf))}, inputs: ["speed (mm/s)", gas]}}\n'
    text = (CONFIG[:begin] + space + CONFIG[end:]).replace("  worth: {unit: HV, expression: hardness / cost}\n", "")
    text = (
        text.replace("maximize worth", "maximize hardness")
        .replace(", cost <= 2", "")
        .replace("validate: 8", "validate: 5")
    )
    path, campaigns = _file(tmp_path, text), tmp_path / "campaigns"
    command = COMMAND.replace('"anneal_temperature"', '"speed"').replace("0.05 * chosen", "2 * chosen")
    (tmp_path / "hardness.py").write_text(command.replace('"route"] == "annealed"', '"gas"] == "air"'))
    assert call(capsys, "run", str(path))[0] == 0
    assert "(gas argon, speed 40)" in _told(capsys, campaigns, "best treated --top 12")
    (found,) = _document(capsys, campaigns, "predict treated --variable gas=argon --variable speed=40")
    assert (found["formula"], found["variables"], found["in_space"]) == ("", {"gas": "argon", "speed": 40}, True)
    shares = _document(capsys, campaigns, "explain treated --variable gas=air --variable speed=1")["properties"][
        "hardness"
    ]
    assert set(shares["descriptors"]["shares"]) == {"gas", "speed"}
    assert shares["elements"]["shares"] == {}
    told = _refused(capsys, campaigns, "predict treated --variable gas=air")
    assert "gas air names 6 designs: (gas air, speed 1); (gas air, speed 10)" in told
    with Campaign.open(path) as campaign:
        names = {artifact.name for artifact in campaign.store.artifacts(1)}
        out = campaign.best(3)
    assert ("pareto.png" in names, "compositions.png" in names) == (True, False)
    assert {"gas", "speed"} <= set(out.columns)
