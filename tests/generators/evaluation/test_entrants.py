"""Who may enter, under which names, and with which settings."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from alloys.errors import InputError
from generators.base import FAMILIES, settings_of
from generators.evaluation.entrants import BASELINES, entrants, target_settings
from generators.resampling import TargetSettings


def test_everyone_enters_where_none_is_named() -> None:
    names = [entrant.name for entrant in entrants()]
    assert names == [n + ending for n in FAMILIES for ending in ("", "+target")] + list(BASELINES)


def test_settings_reach_the_entrant_and_are_told_in_full() -> None:
    given = {"flow": {"copies": 0}, "flow+target": {"known": 1}, "nearest+target": {"draws": 4}}
    plain, targeted, near, bare = entrants(["flow", "flow+target", "nearest+target", "nearest"], given)
    assert plain.settings == {"family": {**settings_of("flow"), "copies": 0}}
    assert targeted.settings["family"] == plain.settings["family"]
    assert (targeted.settings["target"]["known"], targeted.settings["target"]["draws"]) == (1, TargetSettings().draws)
    assert near.settings["target"]["draws"] == 4
    assert bare.settings == {}


def test_a_family_enters_twice_under_labels() -> None:
    given = {
        "flow": {"copies": 3},
        "flow+target@known0": {"known": 0},
        "flow@small": {"hidden": 8},
        "flow+target@small": None,
    }
    found = {entrant.name: entrant.settings for entrant in entrants([], given)}
    assert list(found)[-3:] == ["flow+target@known0", "flow@small", "flow+target@small"]
    assert found["flow+target@known0"]["family"]["copies"] == 3
    assert found["flow+target@known0"]["target"]["known"] == 0
    assert found["flow+target"]["target"]["known"] == TargetSettings().known
    for name in ("flow@small", "flow+target@small"):
        assert (found[name]["family"]["hidden"], found[name]["family"]["copies"]) == (8, 64)


def test_entrants_travel_to_other_processes() -> None:
    for entrant in entrants():
        again = pickle.loads(pickle.dumps(entrant))
        assert (again.name, again.league, again.settings) == (entrant.name, entrant.league, entrant.settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"magic": {}}, "unknown generator family 'magic'"),
        ({"flow": {"colour": 1}}, "flow: colour: unknown generator settings colour"),
        ({"flow": {"epochs": 0}}, r"epochs must lie in \[1, "),
        ({"flow": 3}, "settings are a mapping of names to values, got 3"),
        ({"flow+target": {"copies": -1}}, r"copies >= 0 must hold, but got copies=-1"),
        ({"flow+target": {"epochs": 9}}, "unknown settings epochs of sampling for a target; known are draws"),
        ({"flow+target": {"draws": 2.5}}, "draws of sampling for a target must be a whole number, got 2.5"),
        ({"flow+target": {"width": float("nan")}}, "must be a finite number, got nan"),
        ({"nearest": {"copies": 1}}, r"the baseline nearest has no settings; nearest\+target has"),
        ({"flow@a b": {}}, "the label after @ has letters"),
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        entrants([], settings)


def test_a_label_without_settings_is_refused() -> None:
    with pytest.raises(InputError, match="'flow@small' has a label, but there are no settings of that name"):
        entrants(["flow@small"], {"flow": {"epochs": 3}})


def test_every_field_of_target_settings_can_be_given() -> None:
    assert target_settings({"draws": 2, "known": 1, "width": 0.5}) == TargetSettings(draws=2, known=1, width=0.5)
