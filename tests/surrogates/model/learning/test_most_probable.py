"""Hyperparameters: the written posterior against PyTorch's distributions and finite differences."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from gpytorch.kernels import MaternKernel
from scipy.optimize import approx_fprime
from torch.distributions import LogNormal, MultivariateNormal, Normal

from surrogates.model.learning.most_probable import SPREAD, learn, negative_log_posterior, prior_hyperparameters

DRAW = np.random.default_rng(5)
X = DRAW.normal(size=(30, 4)) / np.sqrt(12)
Y = np.sin(6 * X[:, 0]) + 0.3 * X[:, 1] + 0.1 * DRAW.normal(size=30)
Y = (Y - Y.mean()) / Y.std()
GIVEN = np.where(np.arange(30) % 3, np.nan, 0.02)


def _log_posterior(lengthscales: torch.Tensor, common: float, noise: float, constant: float) -> float:
    """Of likelihood and priors by PyTorch and GPyTorch."""
    kernel = MaternKernel(nu=2.5, ard_num_dims=4).double()
    kernel.lengthscale = lengthscales
    with torch.no_grad():
        covariance = kernel(torch.tensor(X)).to_dense() + noise * torch.eye(30, dtype=torch.float64)
    likelihood = MultivariateNormal(torch.full((30,), constant, dtype=torch.float64), covariance)
    total = float(likelihood.log_prob(torch.tensor(Y)))
    total += float(Normal(math.sqrt(2) + math.log(4) / 2, math.sqrt(3)).log_prob(torch.tensor(common)))
    total += float(Normal(0.0, SPREAD).log_prob(lengthscales.log() - common).sum())
    return total + float(LogNormal(-4.0, 1.0).log_prob(torch.tensor(noise)))


def test_it_is_the_product_of_likelihood_and_priors() -> None:
    differences = []
    for common, factors, noise in ((0.3, [0.1, -0.2, 0.0, 0.4], 0.02), (1.1, [0.0, 0.3, -0.1, 0.1], 0.3)):
        away = (common - math.sqrt(2) - math.log(4) / 2) / math.sqrt(3)
        values = np.array([away, *(f / SPREAD for f in factors), math.log(noise)])
        found, _, constant = negative_log_posterior(values, X, Y)
        lengthscales = torch.exp(common + torch.tensor(factors, dtype=torch.float64))
        theirs = [_log_posterior(lengthscales, common, noise, constant + shift) for shift in (0.0, 0.01, -0.01)]
        assert theirs[0] == max(theirs)  # the constant is the most probable one
        differences.append(found + theirs[0])
    assert differences[0] == pytest.approx(differences[1], abs=1e-5)


@pytest.mark.parametrize("free", [0, 2])
@pytest.mark.parametrize("given", [None, GIVEN])
def test_the_gradient_is_that_of_finite_differences(given: np.ndarray | None, free: int) -> None:
    at = np.array([-0.7, 0.5, -1.0, 0.2, 1.1, -3.0])
    _, slope, _ = negative_log_posterior(at, X, Y, given, free)
    numeric = approx_fprime(at, lambda values: negative_log_posterior(values, X, Y, given, free)[0], 1e-6)
    np.testing.assert_allclose(slope, numeric, rtol=1e-4, atol=1e-4)


def test_learning_ends_where_nothing_near_is_more_probable() -> None:
    constant, lengthscales, noise = learn(X, Y)
    prior = prior_hyperparameters(4)
    common = float(lengthscales.log().mean())
    best = _log_posterior(lengthscales, common, noise, constant)
    assert best > _log_posterior(prior[1], float(prior[1].log().mean()), prior[2], prior[0]) + 5
    for k in range(4):
        for factor in (0.9, 1.1):
            moved = lengthscales.clone()
            moved[k] *= factor
            assert _log_posterior(moved, common, noise, constant) < best
    assert all(_log_posterior(lengthscales, common, noise * factor, constant) < best for factor in (0.8, 1.25))
    assert 0.003 < noise < 0.1
    assert float(lengthscales[0]) < float(lengthscales[2])


def test_variables_are_set_apart_more_easily() -> None:
    swapped = X[:, [2, 3, 0, 1]]  # what counts stands where variables do
    bound, free = learn(swapped, Y)[1], learn(swapped, Y, free=2)[1]
    assert float(free[2] / free[0]) < float(bound[2] / bound[0])


def test_rows_whose_spread_is_given_do_not_set_the_noise() -> None:
    loud = Y + np.where(np.isnan(GIVEN), 0.0, 1.5 * DRAW.normal(size=30))
    believed, doubted = learn(X, loud, np.where(np.isnan(GIVEN), np.nan, 1.5)), learn(X, loud)
    quiet = learn(X, Y)
    lengths = [float(hyper[1].log().mean()) for hyper in (quiet, believed, doubted)]
    assert abs(lengths[1] - lengths[0]) < 0.5 * abs(lengths[2] - lengths[0])
