"""Campaigns on small pools: every method's choices, what is found, repeatability."""

from __future__ import annotations

import numpy as np
import pytest

from alloys.dataset import known_alloys
from alloys.errors import InputError
from alloys.physics.closed_forms import closed_form
from alloys.physics.elements import known_elements
from surrogates.replay import metrics
from surrogates.replay.inputs import describe_pool
from surrogates.replay.methods import DEFAULT, METHODS, confidence_bound, expected_improvement
from surrogates.replay.models import NormalScores, Standard
from surrogates.replay.pool import ReplayPool
from surrogates.replay.run import MOST_LOOKS, ReplayPlan, document, replay, summary


@pytest.fixture(scope="module")
def real() -> ReplayPool:
    """Sixty alloys of the literature and their Pugh ratio."""
    rows = [row.composition for row in known_alloys() if set(row.composition.elements) <= set(known_elements())]
    symbols, fractions, descriptors = describe_pool(rows[:60], [])
    answers = closed_form("pugh_ratio", symbols, fractions)
    return ReplayPool.of("known alloys", "pugh_ratio", symbols, fractions, answers, descriptors=descriptors)


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("count", [1, 3])
def test_choices_are_new_rows_and_repeat(real: ReplayPool, name: str, count: int) -> None:
    rows = np.array([3, 40])
    picks = []
    for _ in range(2):
        method = METHODS[name](real, np.random.default_rng(7))
        seen = rows
        for _ in range(3):
            chosen = method.choose(seen, real.values[seen], count)
            assert len(chosen) == count
            seen = np.concatenate([seen, chosen])
        assert len(set(seen.tolist())) == 2 + 3 * count
        picks.append(seen.tolist())
    assert picks[0] == picks[1]


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
    x = np.arange(10.0)[:, None]
    pool = ReplayPool.of("ten", "y", ["x"], x, (x[:, 0] - 4) ** 2 % 7)
    result = replay(pool, [], ReplayPlan.of(pool, seeds=1))
    assert set(result.found) == set(DEFAULT)
    for name in DEFAULT:
        assert result.found[name].shape == (1, 10)
        assert (result.found[name][:, -1] == pool.best.sum()).all()


def test_answers_that_do_not_differ_at_first_are_no_trouble() -> None:
    x = np.linspace(0, 1, 20)[:, None]
    pool = ReplayPool.of("mostly zero", "y", ["x"], x, np.maximum(x[:, 0] - 0.9, 0.0))
    result = replay(pool, ["gp-ard-ei", "gp-ard-lcb", "rf-ei", "ours"], ReplayPlan.of(pool, seeds=1))
    assert all((found[:, -1] == pool.best.sum()).all() for found in result.found.values())


def test_document_has_plain_numbers(real: ReplayPool) -> None:
    plan = ReplayPlan.of(real, init=4, batch=5, seeds=2, looks=11)
    told = []
    found = document(replay(real, ["random"], plan, lambda name, seed: told.append((name, seed))))
    assert told == [("random", 0), ("random", 1)]
    assert (found["rows"], found["top"], found["looks"], found["init"], found["batch"]) == (60, 3, 11, 4, 5)
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


def test_scales_keep_the_order() -> None:
    values = np.array([3.0, 1.0, 1.0, 1e6, -2.0])
    for scale in (Standard(values), NormalScores(values)):
        targets = scale(values)
        assert targets[1] == targets[2]
        assert (np.diff(targets[[4, 1, 0, 3]]) > 0).all()
        assert targets.std() == pytest.approx(1.0)
    assert np.ptp(NormalScores(values)(values)) < 4


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
    x = np.arange(400.0)[:, None]
    assert ReplayPlan.of(ReplayPool.of("x", "y", ["x"], x, x[:, 0])).looks == MOST_LOOKS


def test_unknown_methods_are_named(real: ReplayPool) -> None:
    with pytest.raises(InputError, match="unknown method 'magic'; available are random, gp-ard-ei"):
        replay(real, ["magic"], ReplayPlan.of(real))
