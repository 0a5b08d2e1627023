"""Poor data give a defined result that says how little it knows, or one clear error."""

from __future__ import annotations

import numpy as np
import pytest

from alloys.descriptors import prior_means
from alloys.errors import InputError
from surrogates.acquisition import choose_batch
from surrogates.model import Surrogate
from tests.surrogates.helpers import GOAL, REFERENCE, SPACE, pool, truth


def _rows(count: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    return SPACE.fractions(pool()[:count]), truth(pool()[:count])


def _unseen() -> np.ndarray:
    return SPACE.fractions(pool()[300:340])


def _defined(surrogate: Surrogate) -> None:
    means, stds = surrogate.predict(_unseen())
    for name in surrogate.names:
        assert np.isfinite(means[name]).all(), name
        assert (np.isfinite(stds[name]) & (stds[name] > 0)).all(), name
    if set(GOAL.unknown) <= set(surrogate.names):
        chance = surrogate.probability_feasible(_unseen(), GOAL)
        assert ((chance >= 0) & (chance <= 1)).all()


def test_duplicates_with_different_answers_are_averaged_and_widen_the_spread() -> None:
    fractions, values = _rows(20)
    doubled, solidus = np.concatenate([fractions, fractions]), values["solidus"]
    both = np.concatenate([solidus, solidus])
    agreeing = Surrogate.fit(SPACE.elements, doubled, {"solidus": both})
    disputed = Surrogate.fit(SPACE.elements, doubled, {"solidus": both + np.repeat([-60.0, 60.0], 20)})
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
    surrogate = Surrogate.fit(SPACE.elements, np.repeat(fractions, 10, axis=0), table)
    _defined(surrogate)
    assert np.median(surrogate.predict(_unseen())[1]["solidus"]) > 50
    assert surrogate.predict(fractions)[0]["solidus"][0] == pytest.approx(values["solidus"][0], abs=10)
    assert any("10 observation(s) of 1 alloy(s)" in note for note in surrogate.notes)


def test_one_alloy_that_contradicts_itself_is_not_sure_of_itself() -> None:
    fractions, _ = _rows(1)
    surrogate = Surrogate.fit(SPACE.elements, np.repeat(fractions, 2, axis=0), {"solidus": np.array([2000.0, 2600.0])})
    _defined(surrogate)
    assert 2200 < surrogate.predict(fractions)[0]["solidus"][0] < 2400
    assert surrogate.predict(fractions)[1]["solidus"][0] > 30
    assert any("solidus: overconfident" in note for note in surrogate.notes)


def _nothing(values: dict[str, np.ndarray], count: int) -> dict[str, np.ndarray]:
    return {name: np.full(count, np.nan) for name in values}


def test_a_property_that_is_as_expected_everywhere_is_noted() -> None:
    fractions, _ = _rows(20)
    expected = prior_means(SPACE.elements, fractions)["freezing_range"]
    surrogate = Surrogate.fit(SPACE.elements, fractions, {"freezing_range": expected})
    _defined(surrogate)
    assert any(note.startswith("freezing_range: constant in 20") for note in surrogate.notes)


def test_inputs_that_never_vary_are_no_trouble() -> None:
    units = np.zeros((12, 9), dtype=np.int64)
    units[:, 0], units[:, 4] = np.arange(20, 44, 2), 80 - np.arange(20, 44, 2)
    units[:, 5] = 20  # seven elements never there, one always as much
    fractions = SPACE.fractions(units)
    _defined(Surrogate.fit(SPACE.elements, fractions, {"solidus": truth(units)["solidus"]}))


def test_all_failures_leave_the_prior() -> None:
    fractions, values = _rows(20)
    surrogate = Surrogate.fit(SPACE.elements, fractions, _nothing(values, 20))
    _defined(surrogate)
    np.testing.assert_allclose(
        surrogate.predict(_unseen())[0]["solidus"], prior_means(SPACE.elements, _unseen())["solidus"]
    )
    assert surrogate.leave_one_out() == {}
    assert sum("no observation" in note for note in surrogate.notes) == len(values)


def test_a_property_that_is_never_measured_leaves_the_others_alone() -> None:
    fractions, values = _rows(20)
    whole = Surrogate.fit(SPACE.elements, fractions, {"solidus": values["solidus"]})
    gap = {"solidus": values["solidus"], "freezing_range": np.full(20, np.nan)}
    part = Surrogate.fit(SPACE.elements, fractions, gap)
    _defined(part)
    np.testing.assert_array_equal(part.predict(_unseen())[0]["solidus"], whole.predict(_unseen())[0]["solidus"])


@pytest.mark.parametrize("count", [0, 1, 2])
def test_with_more_constraints_than_data_a_batch_is_still_chosen(count: int) -> None:
    fractions, values = _rows(count)
    assert len(GOAL.constraints) > count
    batch = choose_batch(
        Surrogate.fit(SPACE.elements, fractions, values),
        GOAL,
        SPACE,
        observed=pool()[:count],
        values=values,
        pending=np.zeros((0, 9), dtype=np.int64),
        candidates=pool()[10:60],
        origins=["random"] * 50,
        reference=REFERENCE,
        q=2,
    )
    assert len(batch.picks) == 2
    assert batch.mode == ("improvement" if count else "feasibility")
    for pick in batch.picks:
        assert np.isfinite([pick.score, pick.probability_feasible, *pick.means.values(), *pick.stds.values()]).all()


@pytest.mark.parametrize(
    ("fractions", "values", "message"),
    [
        (np.full((2, 9), np.nan), np.ones(2), "finite"),
        (np.eye(9)[:2] * 1.5 - np.eye(9)[2:4] * 0.5, np.full(2, 2000.0), "must not be negative, got -0.5"),
        (np.eye(9)[:2], np.array([2000.0, 1e200]), r"between 200 and 5000 K, but got 1e\+200"),
        (np.eye(9)[:2], np.array([2000.0, -5.0]), "between 200 and 5000 K, but got -5"),
        (np.eye(9)[:2], ["2000", "hot"], "solidus must be numbers"),
        ([["Nb"], ["W"]], np.ones(2), "fractions must be numbers"),
        (np.zeros(9), np.ones(1), "shape"),
    ],
)
def test_what_cannot_be_true_is_refused(fractions: np.ndarray, values: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Surrogate.fit(SPACE.elements, fractions, {"solidus": values})
