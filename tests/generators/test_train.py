"""Settings by table size: few rows have the defaults, many those for many rows, and what is given wins."""

from __future__ import annotations

from generators.evaluation.entrants import family_entrant
from generators.registry import preset, settings_of
from generators.train import train
from generators.training.settings import MANY_ROWS
from generators.training.weights import unpack
from tests.generators.helpers import PROPERTIES, QUICK, refractory_space, training_rows

SPACE = refractory_space()
SMALL = {**QUICK, "epochs": 1, "copies": 0}


def settings_in(content: bytes) -> dict[str, object]:
    """The settings that a model was trained with."""
    return dict(unpack(content)[1]["settings"])


def test_below_the_limit_the_defaults_hold() -> None:
    points, values = training_rows(SPACE, MANY_ROWS - 1)
    plain = train("cae", SPACE, PROPERTIES, points, values, {"epochs": 1}, seed=0, device="cpu")
    assert settings_in(plain.content) == settings_of("cae", {"epochs": 1})
    explicit = train("cae", SPACE, PROPERTIES, points, values, settings_of("cae", {"epochs": 1}), seed=0, device="cpu")
    assert plain.digest == explicit.digest


def test_from_the_limit_on_others_hold_and_given_settings_win() -> None:
    points, values = training_rows(SPACE, MANY_ROWS)
    found = settings_in(train("cvae", SPACE, PROPERTIES, points, values, SMALL, seed=0, device="cpu").content)
    many = preset("cvae", MANY_ROWS)
    assert found == settings_of("cvae", {**many, **SMALL})
    assert (found["copies"], found["noise"], found["hidden"]) == (0, many["noise"], many["hidden"])


def test_an_entrant_tells_the_settings_of_its_table() -> None:
    assert family_entrant("flow", rows=MANY_ROWS - 1).settings["family"] == settings_of("flow")
    found = family_entrant("flow", {"copies": 5}, rows=MANY_ROWS).settings["family"]
    assert found == settings_of("flow", {**preset("flow", MANY_ROWS), "copies": 5})
