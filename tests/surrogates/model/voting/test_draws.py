"""Hyperparameters with a free signal variance: against GPyTorch, finite differences and plain sampling."""

from __future__ import annotations

import gpytorch
import numpy as np
import pytest
import torch
from scipy.optimize import approx_fprime

from alloys.space import Floats
from surrogates.model.voting.draws import Prior, draw, learn, log_likelihood, made, negative_log_posterior

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


def test_the_process_is_that_of_the_likelihood() -> None:
    lengths, (signal, bias, noise) = np.exp(THETA[:3]), np.exp(THETA[3:])
    process = made(THETA, X, 50 + 20 * Y, 50.0, 20.0)
    new = DRAW.normal(size=(5, 3))

    def covariance(a: Floats, b: Floats) -> Floats:
        kernel = gpytorch.kernels.MaternKernel(nu=2.5, ard_num_dims=3).double()
        kernel.lengthscale = torch.tensor(lengths)
        return signal * kernel(torch.tensor(a), torch.tensor(b)).to_dense().detach().numpy() + bias

    inverse = np.linalg.inv(covariance(X, X) + noise * np.eye(12))
    mean, std = process.predict(new)
    np.testing.assert_allclose(mean, 50 + 20 * covariance(new, X) @ inverse @ Y, rtol=1e-6)
    # The constant counts as known, so that the function is a little surer than with its doubt.
    exact = 20 * np.sqrt(np.diag(covariance(new, new) - covariance(new, X) @ inverse @ covariance(X, new)))
    assert (std < exact).all()
    np.testing.assert_allclose(std, exact, rtol=0.2)


def test_given_noise_stands_in_place_of_the_learned_one() -> None:
    given = np.where(np.arange(12) < 6, 0.05, np.nan)
    same = log_likelihood(THETA, X, Y, given)
    assert same == pytest.approx(log_likelihood(THETA, X, Y))
    larger = THETA + np.array([0, 0, 0, 0, 0, 1.0])
    assert log_likelihood(larger, X, Y, np.full(12, 0.05)) == pytest.approx(log_likelihood(THETA, X, Y))
    _, slope = negative_log_posterior(THETA, X, Y, Prior.scaled(3), given)
    numeric = approx_fprime(THETA, lambda t: negative_log_posterior(t, X, Y, Prior.scaled(3), given)[0], 1e-6)
    np.testing.assert_allclose(slope, numeric, rtol=1e-4, atol=1e-4)


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
