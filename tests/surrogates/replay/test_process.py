"""The pool's Gaussian process against GPyTorch, finite differences, full conditioning and plain sampling."""

from __future__ import annotations

import gpytorch
import numpy as np
import torch
from scipy.optimize import approx_fprime

from surrogates.replay.process import PoolProcess, Prior, draw, learn, log_likelihood, negative_log_posterior

DRAW = np.random.default_rng(5)
X = DRAW.normal(size=(12, 3))
Y = np.sin(X[:, 0]) + 0.3 * X[:, 1] + 0.1 * DRAW.normal(size=12)
THETA = np.log(np.array([0.7, 1.9, 3.1, 1.4, 0.6, 0.05]))


def test_likelihood_is_that_of_gpytorch() -> None:
    inputs = torch.tensor(X)
    kernel = gpytorch.kernels.MaternKernel(nu=2.5, ard_num_dims=3).double()
    kernel.lengthscale = torch.tensor(np.exp(THETA[:3]))
    with torch.no_grad():
        covariance = 1.4 * kernel(inputs).to_dense() + 0.6 + 0.05 * torch.eye(12)
    expected = torch.distributions.MultivariateNormal(torch.zeros(12, dtype=torch.float64), covariance).log_prob(
        torch.tensor(Y)
    )
    value, _ = negative_log_posterior(THETA, X, Y, Prior.flat(3))
    # GPyTorch adds 1e-15 to squared distances before their root.
    np.testing.assert_allclose(value, -float(expected), rtol=1e-7)
    np.testing.assert_allclose(log_likelihood(THETA, X, Y) - 6 * np.log(2 * np.pi), float(expected), rtol=1e-7)


def test_gradient_with_and_without_a_prior() -> None:
    for prior in (Prior.flat(3), Prior.scaled(3)):
        _, slope = negative_log_posterior(THETA, X, Y, prior)
        numeric = approx_fprime(THETA, lambda theta, p=prior: negative_log_posterior(theta, X, Y, p)[0], 1e-6)
        np.testing.assert_allclose(slope, numeric, rtol=1e-4, atol=1e-4)


def test_learning_finds_a_better_place_than_its_starts_and_repeats() -> None:
    prior = Prior.flat(3)
    theta = learn(X, Y, prior, [prior.centre, THETA])
    assert (theta >= prior.low).all()
    assert (theta <= prior.high).all()
    assert log_likelihood(theta, X, Y) > max(log_likelihood(start, X, Y) for start in (prior.centre, THETA))
    np.testing.assert_array_equal(theta, learn(X, Y, prior, [prior.centre, THETA]))


def test_updates_equal_conditioning_from_scratch() -> None:
    rows, rest = np.array([0, 4, 7]), [2, 9, 11, 1]
    grown = PoolProcess(X, THETA, rows, Y[rows])
    before = grown.fork()
    for row in rest:
        grown.add(row, Y[row])
    every = np.concatenate([rows, rest])
    whole = PoolProcess(X, THETA, every, Y[every])
    np.testing.assert_allclose(grown.mean, whole.mean, atol=1e-10)
    np.testing.assert_allclose(grown.variance, whole.variance, atol=1e-10)
    np.testing.assert_array_equal(before.mean, PoolProcess(X, THETA, rows, Y[rows]).mean)
    assert (grown.variance <= before.variance + 1e-12).all()


def test_many_updates_outgrow_the_first_space() -> None:
    x = np.linspace(0, 1, 60)[:, None]
    theta = np.log(np.array([0.3, 1.0, 0.1, 0.01]))
    process = PoolProcess(x, theta, np.array([0]), np.zeros(1))
    for row in range(1, 50):
        process.add(row, float(x[row, 0]))
    whole = PoolProcess(x, theta, np.arange(50), np.concatenate([[0.0], x[1:50, 0]]))
    np.testing.assert_allclose(process.mean, whole.mean, atol=1e-8)


def test_sampled_hyperparameters_follow_their_posterior() -> None:
    prior, rng = Prior.scaled(1), np.random.default_rng(0)
    x, y = X[:8, :1], Y[:8]
    plain = np.array([prior.draw(rng) for _ in range(6000)])
    weights = np.exp([log_likelihood(theta, x, y) for theta in plain])
    expected = weights @ plain / weights.sum()
    chain, theta = [], prior.centre
    for _ in range(2500):
        theta = draw(theta, x, y, prior, rng, 1)
        chain.append(theta)
    spread = np.sqrt(weights @ (plain - expected) ** 2 / weights.sum())
    np.testing.assert_array_less(np.abs(np.mean(chain, axis=0) - expected), 0.2 * spread)
