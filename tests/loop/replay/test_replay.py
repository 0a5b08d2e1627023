"""Campaigns on small pools: every method's choices, what is found, repeatability."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from alloys.composition import Composition
from alloys.dataset import known_alloys
from alloys.design import Design
from alloys.errors import InputError
from alloys.physics.elements import known_elements
from loop.choose.fitting import fit_surrogate
from loop.replay import metrics
from loop.replay.ours import Ours, config_of_pool
from loop.replay.peers import confidence_bound, expected_improvement
from loop.replay.pool import ReplayPool
from loop.replay.run import METHODS, MOST_LOOKS, ReplayPlan, document, replay, summary


@pytest.fixture(scope="module")
def real() -> ReplayPool:
    """Sixty alloys of the literature and the strength of their sizes' mismatch."""
    rows = [row.composition for row in known_alloys() if set(row.composition.elements) <= set(known_elements())]
    designs = [Design(composition) for composition in rows[:60]]
    amounts = [composition.fractions() for composition in rows[:60]]
    answers = np.array([a.get("Zr", 0.0) + a.get("Cr", 0.0) - 2 * a.get("Ti", 0.0) ** 2 for a in amounts])
    return ReplayPool.of("known alloys", "mismatch", designs, answers)


def numbers(x: list[float], answers: list[float], minimize: bool = False) -> ReplayPool:
    """A pool of one plain input."""
    designs = [Design.of(Composition.unknown(), {"x": value}) for value in x]
    return ReplayPool.of("numbers", "y", designs, np.array(answers), minimize=minimize)


@pytest.mark.parametrize("batch", [1, 3])
def test_no_row_is_looked_at_twice(real: ReplayPool, batch: int) -> None:
    # Whoever looks at all rows, and at none twice, has found all of the best.
    plan = ReplayPlan.of(real, seeds=1, batch=batch)
    result = replay(real, ["gp-ard-ei", "rf-ei", "ours"], plan)
    for name in result.found:
        assert result.fractions(name)[0, -1] == 1.0


def test_ours_is_what_a_campaign_would_choose(real: ReplayPool) -> None:
    config = config_of_pool(real)
    rows = np.arange(12)
    ours, other = Ours(real, config, 0), Ours(real, config, 0)
    picks = ours.choose(rows, real.values[rows], 3)
    assert len(set(picks) - set(rows.tolist())) == 3
    # A campaign that goes on keeps what was learned; one that begins here with the same answers finds as good a row.
    assert other.choose(rows, real.values[rows], 1) == picks[:1]
    best = Ours(real, config_of_pool(real, ["choice.seek=best", "surrogate.inference=map"]), 0)
    assert best.choose(rows, real.values[rows], 1) != []


def test_the_surrogate_is_that_of_the_view(real: ReplayPool) -> None:
    ours = Ours(real, config_of_pool(real), 0)
    rows = np.arange(15)
    ours.choose(rows, real.values[rows], 1)
    surrogate = fit_surrogate(ours.view)
    assert any(note.startswith("answer: process on values of fractions") for note in surrogate.notes)
    means, _ = surrogate.predict(real.space.inputs(rows[:, None]))
    assert np.corrcoef(means["answer"], real.answers[rows])[0, 1] > 0.9


def test_small_answers_are_sought_where_that_is_said() -> None:
    x = np.linspace(0, 1, 60).tolist()
    pool = numbers(x, [(value - 0.3) ** 2 for value in x], minimize=True)
    plan = ReplayPlan.of(pool, seeds=1, looks=20)
    assert replay(pool, ["ours"], plan).fractions("ours")[0, -1] == 1.0


def test_answers_near_to_a_value_are_sought_where_that_is_said() -> None:
    x = np.linspace(0, 1, 60).tolist()
    pool = replace(numbers(x, [value**2 for value in x]), match=0.49)
    assert pool.sought == "nearest to 0.49"
    assert sorted(abs(pool.answers[pool.best] - 0.49)) == sorted(abs(pool.answers - 0.49))[:3]
    plan = ReplayPlan.of(pool, seeds=1, looks=20)
    found = replay(pool, ["ours"], plan)
    assert found.fractions("ours")[0, -1] == 1.0
    assert document(found)["match"] == 0.49


@pytest.mark.slow
def test_two_processes_find_what_one_finds(real: ReplayPool) -> None:
    plan = ReplayPlan.of(real, seeds=2, looks=8)
    one, two = (replay(real, ["rf-ei"], plan, jobs=jobs) for jobs in (1, 2))
    np.testing.assert_array_equal(one.found["rf-ei"], two.found["rf-ei"])


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("choice.seek=most", "--set choice.seek"),
        ("surrogate.colour=red", "--set surrogate.colour"),
        ("choice", "--set takes key=value"),
    ],
)
def test_overrides_that_are_none_are_named(real: ReplayPool, override: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        replay(real, ["ours"], ReplayPlan.of(real), overrides=[override])


def test_methods_find_the_top_sooner_than_chance_and_the_same_every_time(real: ReplayPool) -> None:
    plan = ReplayPlan.of(real, seeds=2, looks=20)
    first, again = (replay(real, ["gp-ard-lcb", "ours"], plan) for _ in range(2))
    for name in first.found:
        np.testing.assert_array_equal(first.found[name], again.found[name])
        curves = first.fractions(name)
        assert (np.diff(curves, axis=1) >= 0).all()
        assert summary(first, name)["acceleration"]["0.8"] > 1.5
    # All methods start from the same rows.
    np.testing.assert_array_equal(first.found["ours"][:, :2], first.found["gp-ard-lcb"][:, :2])


def test_random_looks_find_what_chance_expects(real: ReplayPool) -> None:
    plan = ReplayPlan.of(real, seeds=400, looks=20)
    curves = replay(real, ["random"], plan).fractions("random")
    expected = metrics.random_fraction(len(real), 20)
    error = curves.std(axis=0) / np.sqrt(400) + 1e-12
    assert (np.abs(curves.mean(axis=0) - expected) < 4 * error).all()


def test_a_pool_of_ten_rows_is_searched_to_its_end() -> None:
    x = np.arange(10.0)
    pool = numbers(x.tolist(), ((x - 4) ** 2 % 7).tolist())
    result = replay(pool, [], ReplayPlan.of(pool, seeds=1))
    assert set(result.found) == set(METHODS)
    for name in METHODS:
        assert result.found[name].shape == (1, 10)
        assert (result.found[name][:, -1] == pool.best.sum()).all()


def test_answers_that_do_not_differ_at_first_are_no_trouble() -> None:
    x = np.linspace(0, 1, 20)
    pool = numbers(x.tolist(), np.maximum(x - 0.9, 0.0).tolist())
    result = replay(pool, ["gp-ard-ei", "gp-ard-lcb", "rf-ei", "ours"], ReplayPlan.of(pool, seeds=1))
    assert all((found[:, -1] == pool.best.sum()).all() for found in result.found.values())


def test_document_has_plain_numbers(real: ReplayPool) -> None:
    plan = ReplayPlan.of(real, init=4, batch=5, seeds=2, looks=11)
    told: list[str] = []
    found = document(replay(real, ["random"], plan, told.append))
    assert told == ["random", "random"]
    assert (found["rows"], found["top"], found["looks"], found["init"], found["batch"]) == (60, 4, 11, 4, 5)
    method = found["methods"]["random"]
    assert len(method["fraction_found"]) == len(found["expected_random"]) == 11
    assert set(method["acceleration"]) == {"0.5", "0.8"}
    assert set(method["interval"]) == {"fraction_found", "enhancement_max", "acceleration"}


def test_acquisitions_worked_out_by_hand() -> None:
    # At the best value, E max(f - best, 0) is std / sqrt(2 pi); far above it, the gain itself.
    np.testing.assert_allclose(
        expected_improvement(np.array([0.0, 9.0]), np.array([2.0, 0.1]), 0.0), [2 / np.sqrt(2 * np.pi), 9.0]
    )
    np.testing.assert_allclose(confidence_bound(np.array([1.0]), np.array([2.0]), 0.0), [3.0])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"init": 0}, "--init must be from 1 to 60"),
        ({"init": 61}, "--init must be from 1 to 60"),
        ({"batch": 0}, "--batch must be from 1"),
        ({"seeds": 0}, "--seeds must be from 1"),
        ({"looks": 61}, "--looks must be from 1 to 60 for this pool of 60 rows; got 61"),
    ],
)
def test_plans_that_do_not_fit_are_refused(real: ReplayPool, changes: dict[str, int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        ReplayPlan.of(real, **changes)


def test_long_campaigns_are_cut_where_no_length_is_named() -> None:
    x = np.arange(400.0).tolist()
    assert ReplayPlan.of(numbers(x, x)).looks == MOST_LOOKS


def test_unknown_methods_are_named(real: ReplayPool) -> None:
    with pytest.raises(InputError, match="unknown method 'magic'; available are random, gp-ard-ei"):
        replay(real, ["magic"], ReplayPlan.of(real))
