"""Who may enter, under which names, and with which settings."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from alloys.errors import InputError
from generators.asking.resampling import TargetSettings
from generators.evaluation.entrants import BASELINES, Targeted, entrants
from generators.registry import family_names, preset, settings_of


def test_everyone_enters_where_none_is_named() -> None:
    names = [entrant.name for entrant in entrants()]
    assert names == [*family_names(), "flow+own", "flow+target", *BASELINES]


def test_only_the_oracles_help_costs_the_league() -> None:
    leagues = {entrant.name: entrant.league for entrant in entrants(["flow", "flow+own", "flow+target", "nearest+own"])}
    assert leagues == {"flow": "A", "flow+own": "A", "flow+target": "B", "nearest+own": "A"}
    assert entrants(["importance+own"])[0].league == "B"  # its base calls the oracle itself


def test_both_endings_are_trained_as_the_family_is() -> None:
    plain, own, target = entrants(["flow", "flow+own", "flow+target"], {"flow": {"copies": 2}}, rows=400)
    assert plain.settings["family"]["copies"] == 2
    assert plain.settings["family"]["noise"] == preset("flow", 400)["noise"] != settings_of("flow")["noise"]
    for entrant in (own, target):
        assert isinstance(entrant.train, Targeted)
        assert entrant.train.base == plain.train
        assert entrant.settings["family"] == plain.settings["family"]


def test_settings_reach_the_entrant_and_are_told_in_full() -> None:
    given = {"flow": {"copies": 0}, "flow+target": {"copies": 1}, "nearest+own": {"draws": 4}}
    plain, targeted, near, bare = entrants(["flow", "flow+target", "nearest+own", "nearest"], given)
    assert plain.settings == {"family": {**settings_of("flow"), "copies": 0}}
    assert targeted.settings["family"] == plain.settings["family"]
    assert (targeted.settings["target"]["copies"], targeted.settings["target"]["draws"]) == (1, TargetSettings().draws)
    assert near.settings["target"]["draws"] == 4
    assert bare.settings == {}


def test_a_family_enters_twice_under_labels() -> None:
    given = {
        "flow": {"copies": 3},
        "flow+target@plain": {"critics": 0},
        "flow@small": {"hidden": 8},
        "flow+target@small": None,
    }
    found = {entrant.name: entrant.settings for entrant in entrants([], given)}
    assert list(found)[-3:] == ["flow+target@plain", "flow@small", "flow+target@small"]
    assert found["flow+target@plain"]["family"]["copies"] == 3
    assert found["flow+target@plain"]["target"]["critics"] == 0
    assert found["flow+target"]["target"]["critics"] == TargetSettings().critics
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
        ({"flow+target": {"copies": -1}}, r"copies must lie in \[0, 1\], got -1$"),
        ({"flow+own": {"copies": 1.5}}, r"flow\+own: copies: the target setting copies must lie in \[0, 1\], got 1.5$"),
        ({"flow+target": {"epochs": 9}}, "unknown target settings epochs; known are draws"),
        ({"flow+target": {"draws": 2.5}}, "the target setting draws must be a whole number, got 2.5"),
        ({"flow+target": {"width": float("nan")}}, "must lie in .*, got nan"),
        ({"nearest": {"copies": 1}}, r"the baseline nearest has no settings; nearest\+target and nearest\+own have"),
        ({"flow@a b": {}}, "the label after @ has letters"),
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        entrants([], settings)


def test_a_label_without_settings_is_refused() -> None:
    with pytest.raises(InputError, match="'flow@small' has a label, but there are no settings of that name"):
        entrants(["flow@small"], {"flow": {"epochs": 3}})
