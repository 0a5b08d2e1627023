"""Quantities of validators are properties of the campaign, without a word under ``properties``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from loop.config.assembly import build_problem
from loop.config.reading import check_config, load_config
from loop.config.schema import CampaignConfig
from tests.loop.loop_helpers import small_document
from tests.support.ideal import IDEAL_TDB

ANNEAL = {"anneal": {"low": 2500, "high": 3200, "step": 50, "unit": "degC"}}
QUANTITIES = {"melt": {"fraction": "LIQUID", "at": "anneal"}, "mush": {"melting": "range"}}


def document(folder: Path, quantities: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """A campaign on the ideal database."""
    validator = {"name": "calphad", "settings": {"tdb_text": IDEAL_TDB, "quantities": quantities or QUANTITIES}}
    space = {"elements": ["Nb", "W"], "step": 0.025, "count": [2, 2], "variables": ANNEAL}
    plain = {
        "space": space,
        "physics": "generic",
        "objectives": ["minimize mush"],
        "constraints": ["melt >= 0.1"],
        "reference_point": {},
        "validator": validator,
    }
    return small_document(folder, **{**plain, **changes})


def written(folder: Path, **changes: Any) -> Path:
    path = folder / "small.yaml"
    path.write_text(yaml.safe_dump(document(folder, **changes), sort_keys=False), encoding="utf-8")
    return path


def test_they_are_properties(tmp_path: Path) -> None:
    config = load_config(written(tmp_path))
    properties = build_problem(config).properties
    assert (properties["melt"].unit, properties["melt"].scale) == ("mole fraction", "share")
    assert properties["mush"].difference
    # What is stored is read again as it was, also where only a reader is at work.
    assert CampaignConfig.model_validate({**config.science(), "name": "small"}).science() == config.science()


def test_a_declaration_wins_where_it_says_something(tmp_path: Path) -> None:
    own = {
        "mush": {"unit": "K", "range": [0, 900], "scatter": 2.0},
        "melt": {"unit": "mole fraction", "scale": "linear"},
    }
    properties = build_problem(load_config(written(tmp_path, properties=own))).properties
    assert (properties["mush"].high, properties["mush"].scatter, properties["mush"].difference) == (900, 2.0, True)
    assert (properties["melt"].scale, properties["melt"].high) == ("linear", 1.0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"properties": {"mush": {"unit": "degC"}}}, "answers mush in K; the campaign has it in degC"),
        ({"properties": {"mush": {"unit": "K", "expression": "2 * solidus"}}}, "a validator's quantity has that name"),
        (
            {"quantities": {**QUANTITIES, "melt": {"fraction": "LIQUID", "at": "annealing"}}},
            "quantity melt: 'annealing' is no number among the variables of the space",
        ),
        (
            {"quantities": {**QUANTITIES, "melt": {"fraction": "LIQUID", "at": "route"}}},
            "quantity melt: 'route' is no number among the variables of the space",
        ),
        (
            {"space": {"elements": ["Nb", "W"], "count": [2, 2], "variables": {"anneal": [1, 2]}}},
            "the variable anneal is no temperature",
        ),
        (
            {
                "space": {
                    "elements": ["Nb", "W"],
                    "count": [2, 2],
                    "variables": {
                        "route": ["cast", "annealed"],
                        "anneal": {**ANNEAL["anneal"], "when": {"route": "annealed"}},
                    },
                }
            },
            "anneal is chosen only where",
        ),
        (
            {
                "properties": {"hot": {"unit": "K", "range": [0, 5000]}},
                "quantities": {**QUANTITIES, "melt": {"fraction": "LIQUID", "at": "hot"}},
            },
            "hot is no number among the variables of the space; there are anneal",
        ),
        ({"quantities": {**QUANTITIES, "melt": {"fraction": "SIGMA", "at": "900 K"}}}, "no phase SIGMA"),
        ({"quantities": {**QUANTITIES, "anneal": {"melting": "solidus"}}}, "anneal"),
    ],
)
def test_mistakes_are_told_by_the_check(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    _, mistakes = check_config(written(tmp_path, **changes))
    assert any(message in mistake for mistake in mistakes), mistakes


def test_validators_of_a_list_declare_theirs(tmp_path: Path) -> None:
    tiers = [
        {
            "name": "calphad",
            "label": "quick",
            "settings": {"tdb_text": IDEAL_TDB, "quantities": {"mush": QUANTITIES["mush"]}},
        },
        {
            "name": "calphad",
            "label": "slow",
            "settings": {"tdb_text": IDEAL_TDB, "quantities": {"melt": QUANTITIES["melt"]}},
        },
    ]
    plain = document(tmp_path, validators=tiers)
    del plain["validator"]
    path = tmp_path / "listed.yaml"
    path.write_text(yaml.safe_dump(plain, sort_keys=False), encoding="utf-8")
    assert {"mush", "melt"} <= set(build_problem(load_config(path)).properties)


def test_each_wrong_quantity_is_told_at_its_own_line(tmp_path: Path) -> None:
    wrong = {
        "mush": QUANTITIES["mush"],
        "first": {"fraction": "SIGMA", "at": "900 degC"},
        "second": {"fraction": "LIQUID", "at": "9000 degC"},
    }
    path = written(tmp_path, quantities=wrong, objectives=["minimize mush"], constraints=[])
    _, mistakes = check_config(path)
    lines = path.read_text(encoding="utf-8").splitlines()
    for name in ("first", "second"):
        (told,) = [mistake for mistake in mistakes if f"quantity {name}:" in mistake]
        number = int(told.removeprefix("line ").partition(":")[0])
        assert lines[number - 1].strip() == f"{name}:"
