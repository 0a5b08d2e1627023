"""Models that vote: who is believed, what they say together, and what is kept from one surrogate to the next."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from alloys.physics.registry import get_physics
from alloys.space import AlloySpace, Floats
from surrogates.explaining.attribution import relevance
from surrogates.model.surrogate import Surrogate
from surrogates.model.voting.trees import NOISE, Trees
from surrogates.model.voting.votes import FEWEST, GROWTH, Votes, fit_votes, order_score
from surrogates.model.warps import NormalScores

DRAW = np.random.default_rng(4)
X = DRAW.uniform(-0.5, 0.5, size=(40, 3))
SMOOTH = np.sin(4 * X[:, 0]) + X[:, 1]
JUMPS = np.where(X[:, 0] > 0.1, 5.0, 0.0) + np.where(X[:, 1] > 0.2, 2.0, 0.0) + 0.05 * DRAW.normal(size=40)
SETS = {"first": np.array([0]), "all": np.arange(3)}


def _weight(votes: Votes, word: str) -> float:
    return sum(voter.weight for voter in votes.voters if word in voter.name)


def test_smooth_answers_are_believed_to_processes_and_jumps_to_trees() -> None:
    smooth, jumps = fit_votes(SETS, X, SMOOTH), fit_votes(SETS, X, JUMPS)
    assert _weight(smooth, "trees") < 0.1 < _weight(jumps, "trees")
    assert _weight(smooth, "of all") > 2 * _weight(smooth, "of first")
    assert sum(voter.weight for voter in jumps.voters) == pytest.approx(1.0)
    assert jumps.said.startswith("process on values of first 0.")


def test_few_answers_leave_all_voters_the_same_weight() -> None:
    votes = fit_votes(SETS, X[: FEWEST - 1], SMOOTH[: FEWEST - 1])
    np.testing.assert_allclose([voter.weight for voter in votes.voters], 1 / len(votes.voters))


def test_what_they_say_together_is_their_mixture() -> None:
    votes, new = fit_votes(SETS, X, SMOOTH), DRAW.uniform(-0.5, 0.5, size=(6, 3))
    mean, std = votes.predict(new)
    each = np.array([voter.predict(new) for voter in votes.voters])
    np.testing.assert_allclose(mean, (votes.weights * each[:, 0]).sum(axis=0))
    second = (votes.weights * (each[:, 1] ** 2 + each[:, 0] ** 2)).sum(axis=0)
    np.testing.assert_allclose(std, np.sqrt(second - mean**2))
    joint, covariance = votes.joint(new)
    np.testing.assert_allclose(joint, mean, rtol=1e-6)
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), std, rtol=1e-4)
    assert np.linalg.eigvalsh(covariance).min() > -1e-9
    assert np.abs(mean - np.sin(4 * new[:, 0]) - new[:, 1]).max() < 0.6


def test_left_out_answers_are_within_what_is_thought_of_them() -> None:
    mean, std = fit_votes(SETS, X, SMOOTH).leave_one_out()
    assert 0.75 <= (np.abs(SMOOTH - mean) < 1.645 * std).mean() <= 1.0


def test_the_same_answers_give_the_same_votes_and_hardly_more_keep_what_was_learned() -> None:
    first = fit_votes(SETS, X[:30], SMOOTH[:30])
    again = fit_votes(SETS, X[:30], SMOOTH[:30])
    assert first.hyperparameters() == again.hyperparameters()
    one_more = fit_votes(SETS, X[:31], SMOOTH[:31], before=first)
    assert (one_more.taught, len(one_more.values)) == (30, 31)
    for name, thetas in first.drawn.items():
        np.testing.assert_array_equal(thetas, one_more.drawn[name])
    grown = fit_votes(SETS, X, SMOOTH, before=first)
    assert 30 * GROWTH < 40
    assert grown.taught == 40
    assert not np.array_equal(grown.drawn["all", "values"], first.drawn["all", "values"])


def test_scores_know_the_better_model_on_any_scale() -> None:
    truth = np.arange(40.0)
    good, bad = np.array([truth + 1.0]), np.array([truth[::-1]])
    std = np.full((1, 40), 4.0)
    assert order_score(good, std, truth) > order_score(bad, std, truth) + 10
    assert order_score(1e3 * good, 1e3 * std, 1e3 * truth) == pytest.approx(order_score(good, std, truth))
    assert order_score(good[:, :3], std[:, :3], truth[:3]) == 0.0


def test_ranks_forget_outliers_and_go_on_beyond_them() -> None:
    values = np.array([3.0, 1.0, 1.0, 1e6, -2.0])
    scale = NormalScores.of(values)
    scores = scale.forward(values)
    assert scores[1] == scores[2]
    assert scores.std() == pytest.approx(1.0)
    assert np.ptp(scores) < 4
    np.testing.assert_allclose(scale.backward(scores), values)
    assert scale.backward(np.array([scores.max() + 1.0]))[0] > 1e6
    mean, std = NormalScores.of(norm.ppf((np.arange(400) + 0.5) / 400)).moments(np.array([0.3]), np.array([0.5]))
    np.testing.assert_allclose([mean[0], std[0]], [0.3, 0.5], rtol=0.02)


def test_trees_judge_what_they_did_not_see() -> None:
    trees = Trees.fit(X, JUMPS, 0)
    mean, std = trees.leave_one_out()
    assert np.abs(mean - JUMPS).mean() > np.abs(trees.predict(X)[0] - JUMPS).mean()
    assert (std >= np.sqrt(NOISE)).all()
    more = np.concatenate([X, X[:1] + 0.01])
    beside = trees.among(more)
    assert beside is not None
    np.testing.assert_array_equal(beside.leave_one_out()[0][:40], mean)
    assert trees.among(more[1:]) is None


def test_a_surrogate_of_votes_predicts_carries_given_noise_and_tells_who_votes() -> None:
    physics, space = get_physics("generic"), AlloySpace.build("Al Co Cr Fe Ni".split(), step="0.05", upper=0.6)
    inputs = space.fractions(space.sample(30, np.random.default_rng(0)))
    truth = 100 + 80 * inputs[:, 0] - 40 * inputs[:, 2] * inputs[:, 3]
    values: dict[str, Floats] = {"bulk_modulus": truth}
    plain = Surrogate.fit(physics, space.elements, inputs, values, "votes")
    assert any("process on ranks of fractions" in note for note in plain.notes)
    means, _ = plain.predict(inputs)
    assert np.abs(means["bulk_modulus"] - truth).mean() < 0.2 * truth.std()
    noisy = Surrogate.fit(
        physics, space.elements, inputs, values, "votes", stds={"bulk_modulus": np.full(30, truth.std())}
    )
    assert noisy.predict(inputs)[1]["bulk_modulus"].mean() > plain.predict(inputs)[1]["bulk_modulus"].mean()
    assert noisy.digest != plain.digest
    shares = relevance(plain)["bulk_modulus"]
    assert sum(shares.values()) == pytest.approx(1.0)
    assert shares["fraction_Al"] > shares["fraction_Ni"]
