"""Realism measures against cases computed by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from generators.realism import Neighbourhood, classifier_auc, hits, jittered


def line(*amounts: float) -> np.ndarray:
    """Alloys of two elements."""
    first = np.array(amounts)
    return np.stack([first, 1 - first, np.zeros_like(first)], axis=1)


REAL = line(0.2, 0.3, 0.4, 0.5)


def test_jitter_keeps_zeros_and_the_sum() -> None:
    rows = np.tile([0.25, 0.75, 0.0], (4000, 1))
    moved = jittered(rows, np.random.default_rng(0))
    assert moved.sum(axis=1) == pytest.approx(np.ones(4000))
    assert (moved[:, 2] == 0).all()
    assert np.std(np.log(moved[:, 0] / moved[:, 1])) == pytest.approx(0.1 * math.sqrt(2), rel=0.05)


def test_the_classifier_cannot_tell_equals_and_can_tell_strangers() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.dirichlet(np.ones(4), size=(2, 120))
    strangers = rng.dirichlet([8, 1, 1, 1], size=120)
    assert classifier_auc(first, second, seed=0) == pytest.approx(0.5, abs=0.1)
    assert classifier_auc(strangers, second, seed=0) > 0.85
    assert classifier_auc(first, second, seed=0) == classifier_auc(first, second, seed=0)
    assert math.isnan(classifier_auc(first[:5], second, seed=0))


def test_balls_reach_to_the_kth_neighbour() -> None:
    near = Neighbourhood.of(REAL, k=1)
    roots = np.sqrt(REAL)
    assert near.radii[0] == pytest.approx(np.linalg.norm(roots[0] - roots[1]))
    assert near.covers(line(0.15, 0.35, 0.95)).tolist() == [True, True, False]


def test_precision_and_coverage() -> None:
    """Samples at 0.21 and 0.95: one of two is in a ball; the balls around 0.2 and 0.3 hold the first."""
    near = Neighbourhood.of(REAL, k=1)
    assert near.precision(line(0.21, 0.95)) == 0.5
    assert near.coverage(line(0.21, 0.95)) == 0.5
    assert near.coverage(REAL) == 1.0
    assert math.isnan(near.coverage(REAL[:0]))


def test_only_pairs_that_occur_are_known() -> None:
    near = Neighbourhood.of(np.array([[0.5, 0.5, 0.0], [0.0, 0.5, 0.5]]), k=1)
    asked = np.array([[0.3, 0.7, 0.0], [0.3, 0.0, 0.7], [0.2, 0.6, 0.2], [0.0, 0.1, 0.9]])
    assert near.knows(asked).tolist() == [True, False, False, True]


def test_hits_count_what_passes_every_filter() -> None:
    training = line(0.2, 0.6)
    near = Neighbourhood.of(training, k=1)
    rows = line(0.2, 0.35, 0.36, 0.45, 0.4)
    errors = np.array([[0.0], [0.0], [0.0], [0.02], [0.03]])
    # 0.2 is a copy; 0.36 (cosine 0.9999) and 0.45 (0.982) are like 0.35; 0.4 misses its target.
    assert hits(rows, errors, training, near) == 1
    far = line(0.3, 0.48)  # cosine 0.943 to one another
    assert hits(far, np.zeros((2, 1)), line(0.1, 0.9), Neighbourhood.of(line(0.1, 0.9), k=1)) == 2
    assert hits(rows[:0], errors[:0], training, near) == 0


def test_hits_refuse_pairs_that_do_not_occur() -> None:
    training = np.array([[0.5, 0.5, 0.0], [0.0, 0.5, 0.5]])
    near = Neighbourhood.of(training, k=1)
    strange = np.array([[0.4, 0.2, 0.4]])
    assert near.covers(strange).all()
    assert hits(strange, np.zeros((1, 1)), training, near) == 0
