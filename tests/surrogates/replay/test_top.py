"""The search for the top: edges, chances, what is expected of an answer, and the weights of the models."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr
from sklearn.ensemble import ExtraTreesRegressor

from surrogates.replay.models import FEWEST, Forest, NormalScores, SampledProcess, Standard, order_score
from surrogates.replay.pool import ReplayPool
from surrogates.replay.process import PoolProcess, left_out
from surrogates.replay.top import Opinion, TopSearch, edge, expected_rest, log_chance

DRAW = np.random.default_rng(3)
X = DRAW.uniform(-1, 1, size=(30, 2))
Y = np.sin(3 * X[:, 0]) + X[:, 1]
THETA = np.log(np.array([0.8, 1.1, 1.0, 0.3, 0.05]))
ROWS = np.array([0, 5, 9, 20])


def test_chances_of_the_top_count_as_many_rows_as_are_wanted() -> None:
    rng = np.random.default_rng(0)
    means, stds = rng.normal(size=(3, 50)), rng.uniform(0.2, 1.0, size=(3, 50))
    left = np.arange(40)
    level = edge(means, stds, np.array([-5.0, -4.0]), left, 6.0)
    assert np.exp(log_chance(means, stds, level))[left].sum() == pytest.approx(6.0, abs=0.01)
    means, stds = np.arange(5.0)[None], np.full((1, 5), 1e-3)
    sure = log_chance(means, stds, edge(means, stds, np.array([0.0]), np.arange(1, 5), 1.0))
    np.testing.assert_allclose(np.exp(sure[1:]), [0, 0, 0, 1], atol=1e-3)


def test_answers_left_out_are_those_of_processes_without_them() -> None:
    y = Y[ROWS]
    means, stds = left_out(THETA, X[ROWS], y)
    for i, row in enumerate(ROWS):
        process = PoolProcess(X, THETA, np.delete(ROWS, i), np.delete(y, i))
        assert means[i] == pytest.approx(process.mean[row])
        assert stds[i] == pytest.approx(np.sqrt(process.variance[row] + process.noise))


def test_what_an_answer_is_expected_to_leave_agrees_with_conditioning_on_it() -> None:
    process = PoolProcess(X, THETA, ROWS, Y[ROWS])
    opinion = Opinion.of(1.0, Y[ROWS], (process,))
    free, candidates, level = np.setdiff1d(np.arange(30), ROWS), np.array([7, 3]), 1.0
    found = expected_rest([opinion], [level], candidates, free, 4)
    for candidate, value in zip(candidates, found, strict=True):
        expected = 0.0
        for z, weight in ((-np.sqrt(3), 1 / 6), (0.0, 2 / 3), (np.sqrt(3), 1 / 6)):
            spread = np.sqrt(process.variance[candidate] + process.noise)
            told = process.fork()
            told.add(int(candidate), float(process.mean[candidate] + z * spread))
            chances = ndtr((told.mean - level) / np.sqrt(told.variance + told.noise))
            others = np.setdiff1d(free, [candidate])
            expected += weight * np.sort(chances[others])[-4:].sum()
        assert value == pytest.approx(expected)


def test_an_answer_that_tells_nothing_leaves_the_highest_chances() -> None:
    means, stds = DRAW.normal(size=(1, 30)), np.ones((1, 30))
    opinion = Opinion(1.0, Y[ROWS], means, stds)
    free = np.arange(1, 30)
    chances = np.sort(ndtr(means[0, free] - 0.5))
    rest = expected_rest([opinion], [0.5], free[np.argsort(means[0, free])[-3:]], free, 2)
    np.testing.assert_allclose(rest, [chances[-2:].sum(), chances[-3] + chances[-1], chances[-3:-1].sum()])


def test_scores_know_the_better_model_on_any_scale() -> None:
    targets = DRAW.normal(size=25)
    stds = np.full((2, 25), 0.3)
    near, far = np.tile(targets, (2, 1)) + 0.1, np.tile(targets[::-1], (2, 1))
    assert order_score(near, stds, targets) > order_score(far, stds, targets) + 5
    # A model that is as good on a stretched scale scores the same.
    assert order_score(9 * near, 9 * stds, 9 * targets) == pytest.approx(order_score(near, stds, targets))
    assert order_score(near, stds, np.zeros(FEWEST - 1)) == 0.0


def test_trees_lose_their_vote_where_a_process_predicts_the_order() -> None:
    answers = X @ [1.0, -2.0]
    models = (
        SampledProcess(X, Standard, np.random.default_rng(0)),
        Forest(X, NormalScores, ExtraTreesRegressor, 0, trees=20, bootstrap=True),
    )
    for count in range(2, 30):
        for model in models:
            model.update(np.arange(count), answers[:count])
    assert models[0].score > models[1].score + 1


def test_most_of_the_top_of_a_smooth_pool_is_found_in_few_looks() -> None:
    x = np.stack(np.meshgrid(np.linspace(-1, 1, 12), np.linspace(-1, 1, 9)), axis=-1).reshape(-1, 2)
    pool = ReplayPool.of(
        "two hills", "y", ["a", "b"], x, np.exp(-4 * ((np.abs(x[:, 0]) - 0.5) ** 2 + (x[:, 1] - 0.3) ** 2))
    )
    search, rows = TopSearch(pool, np.random.default_rng(0)), np.array([0, 1])
    while len(rows) < 25:
        rows = np.append(rows, search.choose(rows, pool.values[rows], 1))
    assert pool.best[rows].sum() >= 0.8 * pool.best.sum()


def test_the_likeliest_row_is_chosen_while_many_are_missing() -> None:
    rng = np.random.default_rng(1)
    x = rng.uniform(size=(200, 2))
    pool = ReplayPool.of("slope", "y", ["a", "b"], x, x[:, 0])
    search, rows = TopSearch(pool, np.random.default_rng(0)), np.array([0, 1, 2])
    pick = search.choose(rows, pool.values[rows], 1)[0]
    left, opinions = np.arange(3, 200), search.opinions(rows, pool.values[rows])
    chance = sum(
        o.weight * np.exp(log_chance(o.means, o.stds, edge(o.means, o.stds, o.seen, left, 10.0))) for o in opinions
    )
    assert pick == left[np.argmax(np.asarray(chance)[left])]
