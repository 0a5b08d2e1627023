"""Settings by table size: few rows have the defaults, many the presets, and what is given wins."""

from __future__ import annotations

import pytest

from generators.base import FAMILIES, settings_of
from generators.ensemble import train_many
from generators.evaluation.entrants import family_entrant
from generators.presets import FAMILY, MANY, ROWS, preset
from generators.train import train
from generators.training.weights import unpack
from tests.generators.helpers import PROPERTIES, QUICK, refractory_space, training_rows

SPACE = refractory_space()
SMALL = {**QUICK, "epochs": 1, "copies": 0}


def settings_in(content: bytes) -> dict[str, object]:
    """The settings that a model was trained with."""
    return dict(unpack(content)[1]["settings"])


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_every_preset_is_valid_for_its_family(family: str) -> None:
    chosen = preset(family, MANY)
    found = settings_of(family, chosen)
    assert {name: found[name] for name in chosen} == chosen
    assert {name: settings_of(family)[name] for name in chosen} != chosen
    assert {**ROWS, **FAMILY[family]} == chosen


def test_few_rows_and_unknown_families_have_no_presets() -> None:
    assert preset("cvae", MANY - 1) == {}
    assert preset("of my own", 10 * MANY) == {}


def test_below_the_limit_nothing_changes() -> None:
    points, values = training_rows(SPACE, MANY - 1)
    plain = train("cae", SPACE, PROPERTIES, points, values, {"epochs": 1}, seed=0, device="cpu")
    assert settings_in(plain.content) == settings_of("cae", {"epochs": 1})
    explicit = train("cae", SPACE, PROPERTIES, points, values, settings_of("cae", {"epochs": 1}), seed=0, device="cpu")
    assert plain.digest == explicit.digest


def test_from_the_limit_on_presets_hold_and_given_settings_win() -> None:
    points, values = training_rows(SPACE, MANY)
    found = settings_in(train("cvae", SPACE, PROPERTIES, points, values, SMALL, seed=0, device="cpu").content)
    assert found == settings_of("cvae", {**preset("cvae", MANY), **SMALL})
    assert (found["copies"], found["noise"], found["hidden"]) == (0, ROWS["noise"], FAMILY["cvae"]["hidden"])


def test_many_models_at_once_have_the_same_presets() -> None:
    points, values = training_rows(SPACE, MANY)
    models = train_many("cvae", SPACE, PROPERTIES, points, values, SMALL, seeds=[0, 1], device="cpu")
    for model in models:
        assert settings_in(model.content) == settings_of("cvae", {**preset("cvae", MANY), **SMALL})


def test_an_entrant_tells_the_settings_of_its_table() -> None:
    assert family_entrant("flow", rows=MANY - 1).settings["family"] == settings_of("flow")
    found = family_entrant("flow", {"copies": 5}, rows=MANY).settings["family"]
    assert found == settings_of("flow", {**preset("flow", MANY), "copies": 5})
