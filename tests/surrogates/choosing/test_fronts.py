"""Volumes of many fronts at once: exact ones against BoTorch's boxes, approximate ones against exact ones."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from botorch.utils.multi_objective.box_decompositions.dominated import DominatedPartitioning
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from surrogates.choosing.fronts import MOST_BOXES, Boxes, Directions, fronts_of

FRONTS, POINTS = 3, 7


def _drawn(objectives: int, seed: int, steps: int = 0) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Points, some of them below the reference; on a grid of so many steps, with ties, if any."""
    rng = np.random.default_rng(seed)
    points = rng.random((FRONTS, POINTS, objectives)) - 0.1
    return (np.round(points * steps) / steps if steps else points), rng.random((FRONTS, POINTS)) < 0.8


def _botorchs(points: NDArray[np.float64]) -> float:
    above = points[(points > 0).all(axis=1)]
    if not len(above):
        return 0.0
    if points.shape[1] == 1:
        return float(above.max())
    reference = torch.zeros(points.shape[1], dtype=torch.float64)
    return float(DominatedPartitioning(ref_point=reference, Y=torch.tensor(above)).compute_hypervolume())


@given(st.integers(1, 5), st.integers(0, 10_000), st.sampled_from([0, 3, 5]))
def test_volumes_and_gains_are_those_of_botorch(objectives: int, seed: int, steps: int) -> None:
    points, good = _drawn(objectives, seed, steps)
    fronts = fronts_of(points, good, np.ones(objectives))
    before = np.array([_botorchs(mine[keep]) for mine, keep in zip(points, good, strict=True)])
    np.testing.assert_allclose(fronts.volumes(), before, atol=1e-12)
    asked, wanted = _drawn(objectives, seed + 1, steps)
    after = [
        [_botorchs(np.vstack([points[s][good[s]], asked[s, i]])) if wanted[s, i] else before[s] for i in range(POINTS)]
        for s in range(FRONTS)
    ]
    np.testing.assert_allclose(fronts.gains(asked, wanted), np.array(after) - before[:, None], atol=1e-11)


@given(st.integers(1, 5), st.integers(0, 10_000))
def test_a_point_that_has_joined_adds_nothing_and_one_that_adds_lacks_nothing(objectives: int, seed: int) -> None:
    points, good = _drawn(objectives, seed)
    fronts = fronts_of(points, good, np.ones(objectives))
    np.testing.assert_allclose(fronts.gains(points, good), 0.0, atol=1e-12)
    asked, _ = _drawn(objectives, seed + 1)
    gains = fronts.gains(asked, np.ones((FRONTS, POINTS), dtype=np.bool_))
    lacking = fronts.shortfalls(asked, np.ones(objectives))
    assert np.array_equal(gains > 0, lacking == 0)
    # moved by what it lacks, and a little more, every point adds something
    moved = fronts.gains(asked + lacking[..., None] + 1e-3, np.ones((FRONTS, POINTS), dtype=np.bool_))
    assert (moved > 0).all()


@pytest.mark.parametrize("objectives", [2, 3, 6])
def test_directions_give_the_volume_to_some_per_cent(objectives: int) -> None:
    sizes = 10.0 ** np.arange(objectives)
    points, good = _drawn(objectives, 0)
    exact, rough = Boxes.empty(FRONTS, objectives), Directions.empty(FRONTS, sizes)
    for i in range(POINTS):
        exact = exact.joined(points[:, i] * sizes, good[:, i])
        rough = rough.joined(points[:, i] * sizes, good[:, i])
    np.testing.assert_allclose(rough.volumes(), exact.volumes(), rtol=0.08)
    asked, wanted = _drawn(objectives, 1)
    gains = [fronts.gains(asked * sizes, wanted) for fronts in (exact, rough)]
    np.testing.assert_allclose(gains[1], gains[0], atol=0.02 * sizes.prod())
    assert np.corrcoef(gains[0].ravel(), gains[1].ravel())[0, 1] > 0.99


def test_too_many_boxes_become_directions() -> None:
    rng = np.random.default_rng(0)
    points = np.abs(rng.standard_normal((64, 60, 6)))
    points /= np.linalg.norm(points, axis=2, keepdims=True)
    everywhere = np.ones(points.shape[:2], dtype=np.bool_)
    assert isinstance(fronts_of(points[:, :8], everywhere[:, :8], np.ones(6)), Boxes)
    rough = fronts_of(points, everywhere, np.ones(6))
    assert isinstance(rough, Directions)
    alone = fronts_of(points[:1], everywhere[:1], np.ones(6))
    assert isinstance(alone, Boxes)
    assert len(alone.front) * 64 > MOST_BOXES
    np.testing.assert_allclose(rough.volumes()[0], alone.volumes()[0], rtol=0.05)


def test_a_front_that_is_repeated_gains_as_it_does_alone() -> None:
    points, good = _drawn(3, 2)
    for alone in (fronts_of(points[:1], good[:1], np.ones(3)), Directions.empty(1, np.ones(3))):
        together, asked = alone.repeated(FRONTS), _drawn(3, 3)[0]
        every = np.ones(asked.shape[:2], dtype=np.bool_)
        expected = [alone.gains(mine[None], every[:1])[0] for mine in asked]
        np.testing.assert_allclose(together.gains(asked, every), expected)
