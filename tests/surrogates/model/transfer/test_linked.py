"""A Gaussian process linked with foreign tasks says what the joint covariance of all tasks says."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from surrogates.model.gp import GP, matern
from surrogates.model.quick import QuickGP
from surrogates.model.transfer.linked import Foreign, LinkedGP

Floats = NDArray[np.float64]
RNG = np.random.default_rng(3)
LENGTHS = torch.tensor([0.6, 0.9], dtype=torch.float64)
FIRST, SECOND, OWN, ASKED = (RNG.uniform(size=(count, 2)) for count in (9, 5, 6, 4))
LINKS = (0.8, 0.4)
SHIFT, SCALE, NOISE = 3.0, 2.0, 0.05


def answers(x: Floats, offset: float) -> Floats:
    return np.asarray(offset + np.sin(4 * x[:, 0]) + x[:, 1] ** 2 + 0.1 * RNG.standard_normal(len(x)))


PARTS = [
    GP.condition(x, answers(x, offset), offset, 1.3, (0.1, LENGTHS, 0.02))
    for x, offset in ((FIRST, 1.0), (SECOND, 9.0))
]
Y = answers(OWN, SHIFT)


@pytest.fixture(scope="module")
def linked() -> LinkedGP:
    return LinkedGP.linked(Foreign.of(PARTS, LINKS), OWN, Y, SHIFT, SCALE, NOISE, None)


def joint(at: Floats, left: int | None = None, known: NDArray[np.bool_] | None = None) -> tuple[Floats, Floats]:
    """Mean and covariance at inputs by the covariance of all rows at once, some own ones left out."""
    own = np.ones(len(OWN), dtype=np.bool_) if known is None else known
    if left is not None:
        own = np.arange(len(OWN)) != left
    x = np.concatenate([FIRST, SECOND, OWN[own]])
    tasks = np.array([0] * len(FIRST) + [1] * len(SECOND) + [2] * int(own.sum()))
    links = np.array([*LINKS, 1.0])[tasks]
    between = np.where(tasks[:, None] == tasks, 1.0, np.outer(links, links))
    noises = np.array([0.02, 0.02, NOISE])[tasks]
    z = np.concatenate([*((p.targets - p.constant).numpy() for p in PARTS), (Y[own] - SHIFT) / SCALE])
    points, others = torch.tensor(x), torch.tensor(at)
    covariance = between * matern(points, points, LENGTHS).numpy() + np.diag(noises)
    cross = links[:, None] * matern(points, others, LENGTHS).numpy()
    solved = np.linalg.solve(covariance, cross)
    return SHIFT + SCALE * solved.T @ z, SCALE**2 * (matern(others, others, LENGTHS).numpy() - cross.T @ solved)


def test_predictions_are_those_of_the_joint_covariance(linked: LinkedGP) -> None:
    mean, covariance = joint(ASKED)
    found, std = linked.predict(ASKED)
    assert np.allclose(found, mean)
    assert np.allclose(std**2, covariance.diagonal())
    assert np.allclose(linked.joint(ASKED)[1], covariance)
    assert np.allclose(linked.covariance(ASKED[:2], ASKED[2:]), covariance[:2, 2:])


def test_leaving_one_out_is_fitting_without_it(linked: LinkedGP) -> None:
    mean, std = linked.leave_one_out()
    for i in range(len(OWN)):
        expected, covariance = joint(OWN[i : i + 1], left=i)
        assert mean[i] == pytest.approx(expected[0])
        assert std[i] ** 2 == pytest.approx(covariance[0, 0] + SCALE**2 * NOISE)
    assert np.allclose(linked.observed(), Y)


def test_a_batch_is_predicted_by_the_foreign_rows_and_the_batches_before(linked: LinkedGP) -> None:
    batches = np.array([1, 0, 1, 2, 0, 2])
    mean, std = linked.ahead(batches)
    for batch in range(3):
        rows = batches == batch
        expected, covariance = joint(OWN[rows], known=batches < batch)
        assert np.allclose(mean[rows], expected)
        assert np.allclose(std[rows] ** 2, covariance.diagonal() + SCALE**2 * NOISE)


def test_a_task_without_correlation_changes_nothing(linked: LinkedGP) -> None:
    alone = GP.condition(OWN, Y, SHIFT, SCALE, (0.0, LENGTHS, NOISE))
    apart = LinkedGP.linked(Foreign.of(PARTS, (0.0, 0.0)), OWN, Y, SHIFT, SCALE, NOISE, None)
    for found, expected in zip(apart.predict(ASKED), alone.predict(ASKED), strict=True):
        assert np.allclose(found, expected)


def test_the_quick_stand_in_has_the_mean_and_is_never_surer(linked: LinkedGP) -> None:
    mean, std = linked.predict(ASKED)
    quick, bound = QuickGP.of(linked).predict(ASKED)
    assert np.allclose(quick, mean, atol=1e-4)
    assert (bound > std - 1e-4).all()
    assert np.allclose(bound, std, atol=1e-3)


def test_without_own_observations_the_foreign_tasks_speak() -> None:
    nothing = np.zeros(0)
    only = LinkedGP.linked(Foreign.of(PARTS[:1], (1.0,)), np.zeros((0, 2)), nothing, 1.13, 1.3, NOISE, None)
    for found, expected in zip(only.predict(ASKED), PARTS[0].predict(ASKED), strict=True):
        assert np.allclose(found, expected)
