"""Poor data give a defined result that says how little it knows, or one clear error."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from alloys.errors import InputError
from surrogates.choosing.acquisition import ChosenBatch, choose_batch
from surrogates.choosing.screen import BatchContext, Settings
from surrogates.choosing.stream import Block
from surrogates.model.surrogate import Surrogate
from tests.surrogates.helpers import BUNDLE, GOAL, PROBLEM, REFERENCE, SPACE, pool, prior_means, truth, wanted


def _rows(count: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    return SPACE.fractions(pool()[:count]), truth(pool()[:count])


def _unseen() -> np.ndarray:
    return SPACE.fractions(pool()[300:340])


def _defined(surrogate: Surrogate) -> None:
    means, stds = surrogate.predict(_unseen())
    for name in surrogate.names:
        assert np.isfinite(means[name]).all(), name
        assert (np.isfinite(stds[name]) & (stds[name] > 0)).all(), name
    if set(PROBLEM.validated) <= set(surrogate.names):
        chance = surrogate.probability_feasible(_unseen(), PROBLEM)
        assert ((chance >= 0) & (chance <= 1)).all()


def test_duplicates_with_different_answers_are_averaged_and_widen_the_spread() -> None:
    fractions, values = _rows(20)
    doubled, solidus = np.concatenate([fractions, fractions]), values["solidus"]
    both = np.concatenate([solidus, solidus])
    agreeing = Surrogate.fit(BUNDLE, SPACE.elements, doubled, {"solidus": both})
    disputed = Surrogate.fit(BUNDLE, SPACE.elements, doubled, {"solidus": both + np.repeat([-60.0, 60.0], 20)})
    _defined(disputed)
    assert np.abs(disputed.predict(fractions)[0]["solidus"] - solidus).mean() < 40
    quiet, loud = (_noise(surrogate) for surrogate in (agreeing, disputed))
    assert quiet < 30 < loud < 90
    assert disputed.leave_one_out()["solidus"].coverage > 0.7


def _noise(surrogate: Surrogate) -> float:
    """Standard deviation of a measurement of the solidus, K."""
    gp = surrogate.outputs["solidus"].gp
    assert gp is not None
    return gp.scale * gp.noise**0.5


@pytest.mark.parametrize("apart", [0.0, 100.0])
def test_one_alloy_measured_many_times_says_nothing_of_others(apart: float) -> None:
    fractions, values = _rows(1)
    table = {name: np.full(10, column[0]) for name, column in values.items()}
    table["solidus"] = table["solidus"] + np.linspace(-apart, apart, 10)
    surrogate = Surrogate.fit(BUNDLE, SPACE.elements, np.repeat(fractions, 10, axis=0), table)
    _defined(surrogate)
    assert np.median(surrogate.predict(_unseen())[1]["solidus"]) > 50
    assert surrogate.predict(fractions)[0]["solidus"][0] == pytest.approx(values["solidus"][0], abs=10)
    assert any("10 observation(s) of 1 alloy(s)" in note for note in surrogate.notes)


def test_one_alloy_that_contradicts_itself_is_not_sure_of_itself() -> None:
    fractions, _ = _rows(1)
    surrogate = Surrogate.fit(
        BUNDLE, SPACE.elements, np.repeat(fractions, 2, axis=0), {"solidus": np.array([2000.0, 2600.0])}
    )
    _defined(surrogate)
    assert 2200 < surrogate.predict(fractions)[0]["solidus"][0] < 2400
    assert surrogate.predict(fractions)[1]["solidus"][0] > 30
    assert any("solidus: overconfident" in note for note in surrogate.notes)


def _nothing(values: dict[str, np.ndarray], count: int) -> dict[str, np.ndarray]:
    return {name: np.full(count, np.nan) for name in values}


def test_a_property_that_is_as_expected_everywhere_is_noted() -> None:
    fractions, _ = _rows(20)
    expected = prior_means(fractions)["freezing_range"]
    surrogate = Surrogate.fit(BUNDLE, SPACE.elements, fractions, {"freezing_range": expected})
    _defined(surrogate)
    assert any(note.startswith("freezing_range: 20 observations differ") for note in surrogate.notes)


def test_inputs_that_never_vary_are_no_trouble() -> None:
    points = np.zeros((12, 9), dtype=np.int64)
    points[:, 0], points[:, 4] = np.arange(20, 44, 2), 80 - np.arange(20, 44, 2)
    points[:, 5] = 20  # seven elements never there, one always as much
    fractions = SPACE.fractions(points)
    _defined(Surrogate.fit(BUNDLE, SPACE.elements, fractions, {"solidus": truth(points)["solidus"]}))


def test_all_failures_leave_the_prior() -> None:
    fractions, values = _rows(20)
    surrogate = Surrogate.fit(BUNDLE, SPACE.elements, fractions, _nothing(values, 20))
    _defined(surrogate)
    np.testing.assert_allclose(surrogate.predict(_unseen())[0]["solidus"], prior_means(_unseen())["solidus"])
    assert surrogate.leave_one_out() == {}
    assert sum("no observation" in note for note in surrogate.notes) == len(values)


def test_a_property_that_is_never_measured_leaves_the_others_alone() -> None:
    fractions, values = _rows(20)
    whole = Surrogate.fit(BUNDLE, SPACE.elements, fractions, {"solidus": values["solidus"]})
    gap = {"solidus": values["solidus"], "freezing_range": np.full(20, np.nan)}
    part = Surrogate.fit(BUNDLE, SPACE.elements, fractions, gap)
    _defined(part)
    np.testing.assert_array_equal(part.predict(_unseen())[0]["solidus"], whole.predict(_unseen())[0]["solidus"])


@pytest.mark.parametrize("count", [0, 1, 2])
def test_with_more_constraints_than_data_a_batch_is_still_chosen(count: int) -> None:
    fractions, values = _rows(count)
    assert len(GOAL.constraints) > count
    batch = choose_batch(
        Surrogate.fit(BUNDLE, SPACE.elements, fractions, values),
        PROBLEM,
        [(pool()[10:60], "random")],
        BatchContext(pool()[:count], values, pool()[:0], pool()[:0], REFERENCE),
        q=2,
    )
    assert len(batch.picks) == 2
    assert batch.mode == ("improvement" if count else "feasibility")
    for pick in batch.picks:
        assert np.isfinite([pick.score, pick.probability_feasible, *pick.means.values(), *pick.stds.values()]).all()


def test_one_observation_speaks_of_its_neighbourhood_alone() -> None:
    fractions, values = _rows(1)
    hot = {"solidus": values["solidus"] + 100.0}
    surrogate = Surrogate.fit(BUNDLE, SPACE.elements, fractions, hot)
    _defined(surrogate)
    assert surrogate.predict(fractions)[0]["solidus"][0] == pytest.approx(hot["solidus"][0], abs=10)
    off = surrogate.predict(_unseen())[0]["solidus"] - prior_means(_unseen())["solidus"]
    assert np.abs(off).max() < 60
    assert np.median(surrogate.predict(_unseen())[1]["solidus"]) > 100
    assert surrogate.leave_one_out() == {}


def test_an_alloy_that_failed_and_succeeded_may_do_either() -> None:
    fractions, values = _rows(10)
    twice = np.concatenate([fractions, np.repeat(fractions[:1], 6, axis=0)])
    solidus = np.concatenate([values["solidus"], np.full(6, np.nan)])
    surrogate = Surrogate.fit(BUNDLE, SPACE.elements, twice, {"solidus": solidus})
    _defined(surrogate)
    chance = surrogate.probability_success(fractions)
    assert 0.02 < chance[0] < 0.6
    assert chance[0] < chance[1:].min()
    assert surrogate.predict(fractions)[0]["solidus"][0] == pytest.approx(values["solidus"][0], abs=20)


def _choose(**changes: Any) -> ChosenBatch:
    fractions, values = _rows(12)
    few = {"solidus": values["solidus"]}
    none = pool()[:0]
    usual: dict[str, Any] = {
        "problem": wanted(["maximize solidus"], ["density <= 9", "vec <= 5"]),
        "candidates": [(pool()[300:310], "random")],
        "values": few,
        "reference": np.array([1500.0]),
    }
    given = usual | changes
    return choose_batch(
        Surrogate.fit(BUNDLE, SPACE.elements, fractions, few),
        given["problem"],
        given["candidates"],
        BatchContext(pool()[:12], given["values"], none, none, given["reference"]),
        q=3,
        settings=Settings(short_list=32, samples=32, polish=0, climb=0, check=0, block=50_000, wide=64),
    )


def test_a_pool_of_ten_is_enough() -> None:
    batch = _choose()
    assert batch.counts["candidates"] == 10
    assert len({pick.point for pick in batch.picks}) == 3
    assert {pick.point for pick in batch.picks} <= {tuple(row) for row in pool()[300:310].tolist()}


@pytest.mark.slow
def test_a_pool_of_a_million_is_looked_at_in_blocks() -> None:
    def million() -> Iterator[Block]:
        for seed in range(20):
            yield SPACE.sample(50_000, np.random.default_rng(seed)), "random"

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    batch = _choose(candidates=million())
    assert batch.counts["candidates"] == 1_000_000
    assert len({pick.point for pick in batch.picks}) == 3
    assert max(pick.means["solidus"] for pick in batch.picks) > max(pick.means["solidus"] for pick in _choose().picks)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2**21  # kilobytes: 2 GiB


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"values": {"solidus": np.full(12, np.inf)}}, "solidus has infinite values; write NaN"),
        ({"reference": np.array([np.nan])}, "one finite number per objective"),
        (
            {"candidates": [(np.full((10, 9), np.nan), "a")]},
            "candidates must be whole numbers of grid steps, got float64",
        ),
        ({"candidates": [(np.zeros((10, 8), dtype=np.int64), "a")]}, r"candidates must have shape \(n, 9\)"),
        ({"problem": wanted(["maximize solidus"], ["liquidus <= 3000"])}, "no model answers liquidus"),
    ],
)
def test_a_choice_from_bad_input_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        _choose(**changes)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 0.5, -1.0])
def test_a_question_about_no_composition_is_refused(bad: float) -> None:
    fractions, values = _rows(3)
    surrogate = Surrogate.fit(BUNDLE, SPACE.elements, fractions, {"solidus": values["solidus"]})
    fractions = np.eye(9)[:1]
    fractions[0, 1] = bad
    with pytest.raises(InputError, match="atomic fractions must"):
        surrogate.predict(fractions)


@pytest.mark.parametrize("name", ["melting", "", "SOLIDUS"])
def test_an_unknown_property_is_refused_with_those_there_are(name: str) -> None:
    fractions, values = _rows(3)
    with pytest.raises(InputError, match=f"'{name}' is not a property to model; .*solidus"):
        Surrogate.fit(BUNDLE, SPACE.elements, fractions, {name: values["solidus"]})


@pytest.mark.parametrize(
    ("fractions", "values", "message"),
    [
        (np.full((2, 9), np.nan), np.ones(2), "finite"),
        (np.eye(9)[:2], np.array([2000.0, -np.inf]), "infinite"),
        (np.full((2, 9), np.inf), np.ones(2), "finite"),
        (np.eye(9)[:2] * 1.5 - np.eye(9)[2:4] * 0.5, np.full(2, 2000.0), "must not be negative, got -0.5"),
        (np.eye(9)[:2], np.array([2000.0, 1e200]), r"between 200 and 5000 K, but got 1e\+200"),
        (np.eye(9)[:2], np.array([2000.0, -5.0]), "between 200 and 5000 K, but got -5"),
        (np.eye(9)[:2], ["2000", "hot"], "solidus must be numbers"),
        ([["Nb"], ["W"]], np.ones(2), "inputs must be numbers"),
        (np.zeros(9), np.ones(1), "shape"),
    ],
)
def test_what_cannot_be_true_is_refused(fractions: np.ndarray, values: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Surrogate.fit(BUNDLE, SPACE.elements, fractions, {"solidus": values})
