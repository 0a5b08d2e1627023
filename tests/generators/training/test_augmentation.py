"""Copies stay in the space and their properties follow a response that the rows support."""

from __future__ import annotations

import numpy as np
import pytest

from alloys.space import AlloySpace
from generators.training.augmentation import augment, linear_response
from generators.training.settings import TrainingSettings
from tests.generators.helpers import properties_of, refractory_space, training_rows

SPACE = refractory_space()


def test_linear_properties_are_trusted_and_followed() -> None:
    points, values = training_rows(SPACE, 100)
    settings = TrainingSettings(copies=5)
    copies, asked = augment(SPACE, points, values, settings, np.random.default_rng(0))
    assert copies.shape == (600, 9)
    assert SPACE.contains(copies).all()
    np.testing.assert_array_equal(copies[:100], points)
    np.testing.assert_array_equal(asked[:100], values)
    truth = properties_of(SPACE, copies)
    for k in range(values.shape[1]):
        known = ~np.isnan(asked[:, k])
        assert np.corrcoef(asked[known, k], truth[known, k])[0, 1] > 0.98
    np.testing.assert_array_equal(np.isnan(asked), np.tile(np.isnan(values), (6, 1)))


def test_noise_is_not_trusted_and_replaced_elements_do_not_keep_it() -> None:
    points, _ = training_rows(SPACE, 60)
    noise = np.random.default_rng(1).normal(size=(60, 1))
    slopes, trusted = linear_response(SPACE.fractions(points), noise)
    assert not trusted.any()
    assert not slopes.any()
    copies, asked = augment(SPACE, points, noise, TrainingSettings(copies=3), np.random.default_rng(0))
    other = ((copies > 0) != np.tile(points > 0, (4, 1))).any(axis=1)
    assert other.any()
    np.testing.assert_array_equal(np.isnan(asked[:, 0]), other)
    np.testing.assert_array_equal(asked[~other, 0], np.tile(noise, (4, 1))[~other, 0])


def test_no_copies_and_no_transfers() -> None:
    points, values = training_rows(SPACE, 20)
    settings = TrainingSettings(copies=2, jitter=0, replace=0.0)
    copies, _ = augment(SPACE, points, values, settings, np.random.default_rng(0))
    np.testing.assert_array_equal(copies, np.tile(points, (3, 1)))
    copies, _ = augment(SPACE, points, values, TrainingSettings(copies=0), np.random.default_rng(0))
    assert len(copies) == 20


def test_noise_keeps_elements_sum_and_space() -> None:
    points, values = training_rows(SPACE, 100)
    settings = TrainingSettings(copies=4, jitter=0, replace=0.0, noise=0.1)
    copies, asked = augment(SPACE, points, values, settings, np.random.default_rng(0))
    rows = np.tile(points, (5, 1))
    assert SPACE.contains(copies).all()
    assert (copies.sum(axis=1) == SPACE.total).all()
    np.testing.assert_array_equal(copies > 0, rows > 0)
    np.testing.assert_array_equal(copies[:100], points)
    moved = (copies[100:] != rows[100:]).any(axis=1)
    assert moved.mean() > 0.5
    truth, known = properties_of(SPACE, copies), ~np.isnan(asked)
    np.testing.assert_allclose(asked[known], truth[known], rtol=0.05)


def test_the_noise_is_as_large_as_asked() -> None:
    """In wide amounts, rounding and bounds hardly count; a difference of logarithms has twice the variance."""
    space = AlloySpace.build("Mo Nb Ta".split(), step="0.0001", lower=0.01, upper=0.9)
    points = np.tile([3334, 3333, 3333], (4000, 1))
    settings = TrainingSettings(copies=1, jitter=0, replace=0.0, noise=0.1)
    copies, _ = augment(space, points, np.full((4000, 1), np.nan), settings, np.random.default_rng(0))
    ratio = np.log(copies[4000:, 0] / copies[4000:, 1])
    assert np.std(ratio) == pytest.approx(0.1 * np.sqrt(2), rel=0.05)


def test_no_noise_leaves_copies_as_they_are() -> None:
    points, values = training_rows(SPACE, 20)
    plain, loud = (
        augment(SPACE, points, values, TrainingSettings(copies=3, noise=noise), np.random.default_rng(0))[0]
        for noise in (0.0, 0.1)
    )
    bare = augment(SPACE, points, values, TrainingSettings(copies=3), np.random.default_rng(0))[0]
    np.testing.assert_array_equal(plain, bare)
    assert (plain != loud).any()
