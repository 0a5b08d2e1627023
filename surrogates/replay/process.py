"""A Gaussian process over a whole finite pool: learned now and then, updated exactly after every answer.

A replay fits some thousands of small models. The marginal likelihood and its gradient are therefore written out
here (a tenth of the time that automatic differentiation takes at these sizes); a test compares them with GPyTorch.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_solve, cholesky, solve_triangular
from scipy.optimize import minimize

from alloys.space import Floats

Rows = NDArray[np.int64]

_BROKEN = 1e10
_SMALLEST = 1e-10
_STEPS = 60
_NARROW = 1e-6


@dataclass(frozen=True, slots=True)
class Prior:
    """Normal distributions of the logarithms of the hyperparameters, and their bounds.

    The order is: lengthscale of each of ``d`` inputs, signal variance, variance of the constant, noise variance.

    Attributes:
        centre: means, shape ``(d + 3,)``; also where learning starts.
        precision: inverse variances, shape ``(d + 3,)``; zero where any value is as likely.
        low: lower bounds, shape ``(d + 3,)``.
        high: upper bounds, shape ``(d + 3,)``.
    """

    centre: Floats
    precision: Floats
    low: Floats
    high: Floats

    @classmethod
    def flat(cls, dimension: int) -> Prior:
        """Any value, starting at unit scales and a noise variance of 0.01: maximum likelihood."""
        centre = np.concatenate([np.zeros(dimension + 2), [np.log(0.01)]])
        low = np.concatenate([np.full(dimension, np.log(0.01)), np.log([1e-3, 1e-6, 1e-6])])
        high = np.concatenate([np.full(dimension, np.log(1e3)), np.log([1e3, 1e3, 1e1])])
        return cls(centre, np.zeros(dimension + 3), low, high)

    @classmethod
    def scaled(cls, dimension: int) -> Prior:
        """Lengthscales that grow with the root of the dimension, for inputs with the spread of the unit interval.

        The growth is that of Hvarfner, Hellsten & Nardi, ICML 2024 (arXiv:2402.02229); the median is shorter
        (half the root of the dimension) because a whole pool has to be ranked, not one optimum found, and the
        noise is wide, because measured properties carry from 1 to 50 % of their variance as noise.
        """
        centre = np.concatenate([np.full(dimension, np.log(0.5 * np.sqrt(dimension))), [0.0, -1.0, np.log(0.05)]])
        spread = np.concatenate([np.ones(dimension), [0.7, 1.0, 1.5]])
        return cls(centre, spread**-2.0, centre - 4 * spread, centre + 4 * spread)

    def draw(self, rng: np.random.Generator) -> Floats:
        """Hyperparameters as likely as the prior says, shape ``(d + 3,)``; the prior must not be flat."""
        return np.asarray(self.centre + rng.standard_normal(len(self.centre)) / np.sqrt(self.precision))


def negative_log_posterior(theta: Floats, x: Floats, y: Floats, prior: Prior) -> tuple[float, Floats]:
    """Negative log marginal likelihood plus the prior's penalty, and the gradient, shape ``(d + 3,)``.

    Rasmussen & Williams, Gaussian Processes for Machine Learning (2006), eqs. 5.8 and 5.9, for the kernel
    s (1 + r + r^2 / 3) exp(-r) + b, r^2 = 5 sum ((x - x') / l)^2 (their eq. 4.17 with a constant), noise n.

    Args:
        theta: logarithms of the hyperparameters in the order of `Prior`.
        x: inputs, shape ``(n, d)``.
        y: targets, shape ``(n,)``.
        prior: of ``theta``.
    """
    count, dimension = x.shape
    scaled = x / np.exp(theta[:dimension])
    signal, bias, noise = np.exp(theta[dimension:])
    r = np.sqrt(5 * _squares(scaled, scaled))
    decay = np.exp(-r)
    correlation = (1 + r + r**2 / 3) * decay
    try:
        factor = cholesky(signal * correlation + bias + noise * np.eye(count), lower=True, check_finite=False)
    except LinAlgError:
        return _BROKEN, np.zeros_like(theta)
    inverse = cho_solve((factor, True), np.eye(count), check_finite=False)
    weights = inverse @ y
    value = 0.5 * y @ weights + np.log(np.diag(factor)).sum() + 0.5 * count * np.log(2 * np.pi)
    slope = inverse - np.outer(weights, weights)
    pull = slope * (signal * 5 / 3) * (1 + r) * decay
    lengths = (scaled**2 * pull.sum(axis=1)[:, None]).sum(axis=0) - (scaled * (pull @ scaled)).sum(axis=0)
    others = [0.5 * signal * (slope * correlation).sum(), 0.5 * bias * slope.sum(), 0.5 * noise * np.trace(slope)]
    offset = theta - prior.centre
    value += 0.5 * prior.precision @ offset**2
    return float(value), np.concatenate([lengths, others]) + prior.precision * offset


def learn(x: Floats, y: Floats, prior: Prior, starts: list[Floats]) -> Floats:
    """The best hyperparameters that L-BFGS-B finds from some starts, shape ``(d + 3,)``; nothing is random."""
    best, lowest = prior.centre, np.inf
    for start in starts:
        found = minimize(
            negative_log_posterior,
            np.clip(start, prior.low, prior.high),
            args=(x, y, prior),
            jac=True,
            method="L-BFGS-B",
            bounds=np.column_stack([prior.low, prior.high]),
            options={"maxiter": _STEPS},
        )
        if np.isfinite(found.fun) and found.fun < lowest:
            best, lowest = found.x, found.fun
    return np.asarray(best, dtype=np.float64)


def log_likelihood(theta: Floats, x: Floats, y: Floats) -> float:
    """Log marginal likelihood up to a constant; arguments as for `negative_log_posterior`."""
    try:
        factor = cholesky(_noisy_covariance(theta, x), lower=True, check_finite=False)
    except LinAlgError:
        return -_BROKEN
    residual = solve_triangular(factor, y, lower=True, check_finite=False)
    return float(-0.5 * residual @ residual - np.log(np.diag(factor)).sum())


def draw(theta: Floats, x: Floats, y: Floats, prior: Prior, rng: np.random.Generator, steps: int) -> Floats:
    """Moves hyperparameters ``steps`` steps along their posterior by elliptical slice sampling.

    Murray, Adams & MacKay, AISTATS 2010 (arXiv:1001.0175), figure 2. The prior must not be flat.

    Args:
        theta: where to start, shape ``(d + 3,)``.
        x: inputs, shape ``(n, d)``.
        y: targets, shape ``(n,)``.
        prior: normal in ``theta``.
        rng: the source of chance.
        steps: how many.
    """
    current = log_likelihood(theta, x, y)
    for _ in range(steps):
        other = rng.standard_normal(len(theta)) / np.sqrt(prior.precision)
        level = current + np.log(rng.uniform())
        angle = rng.uniform(0, 2 * np.pi)
        low, high = angle - 2 * np.pi, angle
        while high - low > _NARROW:
            moved = prior.centre + (theta - prior.centre) * np.cos(angle) + other * np.sin(angle)
            value = log_likelihood(moved, x, y)
            if value > level:
                theta, current = moved, value
                break
            low, high = (angle, high) if angle < 0 else (low, angle)
            angle = rng.uniform(low, high)
    return theta


def left_out(theta: Floats, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation, noise included, of each answer given all others, shape ``(n,)`` each.

    Rasmussen & Williams (2006), eqs. 5.10 to 5.12; arguments as for `log_likelihood`.

    Raises:
        LinAlgError: where the covariance cannot be factorised.
    """
    inverse = cho_solve((cholesky(_noisy_covariance(theta, x), lower=True, check_finite=False), True), np.eye(len(y)))
    precision = np.diag(inverse)
    return y - inverse @ y / precision, precision**-0.5


def _noisy_covariance(theta: Floats, x: Floats) -> Floats:
    """Covariance of answers at the inputs, noise included, shape ``(n, n)``."""
    scaled = x / np.exp(theta[: x.shape[1]])
    signal, bias, noise = np.exp(theta[x.shape[1] :])
    return np.asarray(signal * _matern(scaled, scaled) + bias + noise * np.eye(len(x)))


class PoolProcess:
    """The posterior at every row of a pool of ``N`` rows, for fixed hyperparameters.

    Attributes:
        mean: posterior mean on the scale of the targets, shape ``(N,)``.
        variance: posterior variance of the noise-free function, shape ``(N,)``.
        noise: variance of the noise.
    """

    def __init__(self, x: Floats, theta: Floats, rows: Rows, y: Floats) -> None:
        """Conditions on the answers ``y`` of shape ``(n,)`` at the ``rows`` of the pool ``x``, shape ``(N, d)``."""
        dimension = x.shape[1]
        self._scaled = x / np.exp(theta[:dimension])
        self._signal, self._bias, self.noise = (float(value) for value in np.exp(theta[dimension:]))
        covariance = self._kernel(rows)
        noisy = covariance[:, rows] + self.noise * np.eye(len(rows))
        factor = cholesky(noisy, lower=True, check_finite=False)
        half = solve_triangular(factor, covariance, lower=True, check_finite=False)
        self._half = np.empty((max(2 * len(rows), 16), len(x)))
        self._half[: len(rows)] = half
        self._count = len(rows)
        self.mean = solve_triangular(factor, y, lower=True, check_finite=False) @ half
        self.variance = np.maximum(self._signal + self._bias - (half**2).sum(axis=0), _SMALLEST)

    def add(self, row: int, answer: float) -> None:
        """Conditions on one more answer: a rank-one update, exact, of cost ``n N``."""
        step = self.steps(np.array([row]))[0]
        self.mean = self.mean + step * (answer - self.mean[row]) / np.sqrt(self.variance[row] + self.noise)
        self.variance = np.maximum(self.variance - step**2, _SMALLEST)
        if self._count == len(self._half):
            self._half = np.concatenate([self._half, np.empty_like(self._half)])
        self._half[self._count] = step
        self._count += 1

    def steps(self, rows: Rows) -> Floats:
        """How far every mean moves where an answer is one standard deviation above its own, shape ``(c, N)``.

        The squares are what such an answer takes off the variances.

        Args:
            rows: where the answers are, shape ``(c,)``.
        """
        half = self._half[: self._count]
        covariance = self._kernel(rows) - half[:, rows].T @ half
        return np.asarray(covariance / np.sqrt(self.variance[rows] + self.noise)[:, None])

    def believing(self, row: int) -> PoolProcess:
        """A copy to which the answer at a row is its mean."""
        other = self.fork()
        other.add(row, float(other.mean[row]))
        return other

    def fork(self) -> PoolProcess:
        """A copy that can be updated without changing this one."""
        other = copy.copy(self)
        other._half = self._half.copy()
        return other

    def _kernel(self, rows: Rows) -> Floats:
        return self._signal * _matern(self._scaled[rows], self._scaled) + self._bias


def _matern(a: Floats, b: Floats) -> Floats:
    r = np.sqrt(5 * _squares(a, b))
    return np.asarray((1 + r + r**2 / 3) * np.exp(-r))


def _squares(a: Floats, b: Floats) -> Floats:
    """Squared distances between rows, shape ``(n, m)``."""
    squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
    return np.asarray(np.maximum(squares, 0.0))
