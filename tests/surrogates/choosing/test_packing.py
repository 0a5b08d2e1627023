"""Feasible designs that differ are counted, and the criterion expects what the count gains."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from alloys.distances import distances, places
from surrogates.choosing.acquisition import choose_batch
from surrogates.choosing.budget import select_within_budget
from surrogates.choosing.criterion import AcquisitionSettings, Criterion
from surrogates.choosing.gain import draw, kept
from surrogates.choosing.packing import PackedFront, Packing
from surrogates.choosing.screen import BatchContext, Settings
from tests.surrogates.helpers import PROBLEM, SPACE, fitted, pool, truth, wanted

ANY = wanted([], ["solidus >= 2273", "freezing_range <= 250"])
NONE = pool()[:0]


@settings(max_examples=60, deadline=None)
@given(
    at=arrays(np.float64, st.tuples(st.integers(0, 12), st.just(2)), elements=st.integers(0, 30).map(float)),
    resolution=st.sampled_from([0.0, 3.0, 10.0]),
    seed=st.integers(0, 100),
)
def test_designs_that_count_lie_apart_and_no_other_could_count(at: np.ndarray, resolution: float, seed: int) -> None:
    good = np.random.default_rng(seed).random((3, len(at))) < 0.7
    packing = Packing.of(at, good, resolution)
    away = distances(at, at)
    for feasible, counted in zip(good, packing.counted, strict=True):
        assert (counted <= feasible).all()
        rows = np.flatnonzero(counted)
        assert all(away[i, j] >= resolution for i in rows for j in rows if i != j)
        near = away[:, rows] < resolution
        assert (near.any(axis=1) | counted | ~feasible).all()
    np.testing.assert_array_equal(packing.volumes(), packing.counted.sum(axis=1))


def test_distances_are_atoms_that_change_their_element() -> None:
    rows = SPACE.sample(2, np.random.default_rng(0))
    at = places(SPACE, rows)
    assert distances(at, at)[0, 1] == pytest.approx(50 * np.abs(np.subtract(*SPACE.fractions(rows))).sum())


def _likely(count: int) -> np.ndarray:
    """Unseen alloys that are the likeliest to be feasible, likeliest first."""
    unseen = pool()[40:400]
    return unseen[np.argsort(-fitted().probability_feasible(SPACE.fractions(unseen), ANY))[:count]]


def test_the_criterion_is_the_chance_of_a_feasible_design_unlike_the_others() -> None:
    likely = _likely(22)
    near = SPACE.neighbours(likely[0])
    near = near[(distances(places(SPACE, near), places(SPACE, likely[:1])) < 3)[:, 0]][:4]
    points = np.concatenate([likely[:20], near, likely[20:]])
    count, described = len(points) - 2, fitted().describe(SPACE.fractions(points))
    settings = AcquisitionSettings(np.zeros(0), samples=4096, seed=0)
    criterion = Criterion.build(fitted(), ANY, described, settings, candidates=count, waiting=2)
    criterion.wait_for([0])
    good = kept(ANY.goal, draw(fitted(), ANY, described, 20_000, 1))
    at = places(SPACE, points)
    waited = Packing.of(at[[count, count + 1, 0]], good[:, [count, count + 1, 0]], ANY.goal.resolution)
    plain = waited.gains(np.broadcast_to(at[:count], (len(good), count, at.shape[1])), good[:, :count]).mean(axis=0)
    ours = np.exp(criterion.values(np.arange(count)))
    np.testing.assert_allclose(ours, plain, atol=0.02)
    chances = good.mean(axis=0)
    assert chances[20:24].max() > 0.1
    assert (plain[20:24] <= 0.6 * chances[20:24]).all()  # neighbours of what is waited for
    assert plain.max() > 0.1


def _chosen(q: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """A batch, and the feasible designs that were known before it."""
    known = pool()[:30]
    values = {name: column for name, column in truth(known).items() if name in ANY.validated}
    context = BatchContext(known, values, NONE, NONE, np.zeros(0))
    blocks = [(pool()[30:330], "pool")]
    small = Settings(short_list=64, samples=64, climb=2, polish=1, polish_list=32)
    batch = choose_batch(fitted(), ANY, blocks, context, q=q, settings=small)
    assert batch.mode == "different"
    assert all(pick.why.startswith("feasible and unlike those known with a chance of") for pick in batch.picks)
    good = np.all([constraint.holds(values[constraint.name]) for constraint in ANY.goal.constraints], axis=0)
    assert good.any()
    return np.array([pick.point for pick in batch.picks]), known[good]


def test_a_batch_is_unlike_what_is_feasible_already_and_of_different_designs() -> None:
    picks, feasible = _chosen()
    assert len(picks) == 4
    at = places(SPACE, picks)
    assert distances(at, places(SPACE, feasible)).min() >= ANY.goal.resolution
    assert distances(at, at)[np.triu_indices(4, 1)].min() >= 0.5 * ANY.goal.resolution


def test_within_a_budget_different_designs_are_taken_by_their_chances() -> None:
    points = np.concatenate([_likely(30), SPACE.neighbours(_likely(1)[0])[:10]])
    front = PackedFront(places(SPACE, pool()[:0]), ANY.goal.resolution)
    chosen = select_within_budget(fitted(), ANY, SPACE.fractions(points), [1.0] * len(points), 5.0, front)
    assert 1 <= len(chosen) <= 5
    known = PackedFront(places(SPACE, points), ANY.goal.resolution)
    assert select_within_budget(fitted(), ANY, SPACE.fractions(points), [1.0] * len(points), 5.0, known) == []


def test_a_goal_with_objectives_asks_for_no_different_designs() -> None:
    assert not PROBLEM.goal.any_feasible
    assert str(ANY.goal) == "any feasible design"
