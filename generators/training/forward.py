"""A forward model learned from the labelled rows alone: Scheffé's quadratic mixture model, with ridge penalty.

A property is ``sum_i b_i c_i + sum_{i<j} b_ij c_i c_j`` in atomic fractions ``c``. The linear terms are a rule of
mixtures; the products bend it. Of a few penalties the one with the least leave-one-out error is taken. It is cheap
and so are its slopes, which is what sampling for a target needs: thousands of candidates a second on one core.

References:
    Scheffé, H. (1958). Experiments with mixtures. J. R. Stat. Soc. B 20, 344. Equation 1.2 with n = 2.
    Hoerl, A. E. & Kennard, R. W. (1970). Ridge regression. Technometrics 12, 55.
    Allen, D. M. (1974). Technometrics 16, 125: the leave-one-out error in closed form.
"""

from __future__ import annotations

import math

import numpy as np

from alloys.errors import InputError
from alloys.space import Floats

PENALTIES = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""Ridge penalties tried, for standardised properties."""

FEWEST = 8
"""Smallest number of known values of a property."""


class MixtureModel:
    """Properties of compositions, learned from rows.

    Attributes:
        linear: coefficients of the fractions, shape ``(p, d)``.
        products: coefficients of the products, symmetric with zero diagonal, each pair twice at half, shape
            ``(p, d, d)``.
        error: relative leave-one-out error of each property, root mean square, fractions of 1, shape ``(p,)``.
        explained: share of each property's variance explained for rows unseen, shape ``(p,)``.
    """

    def __init__(self, fractions: Floats, values: Floats) -> None:
        """Fits.

        Args:
            fractions: shape ``(n, d)``.
            values: shape ``(n, p)``, NaN where unknown.

        Raises:
            InputError: if a property has fewer than `FEWEST` known values, or they do not vary.
        """
        d, p = fractions.shape[1], values.shape[1]
        self.linear = np.zeros((p, d))
        self.products = np.zeros((p, d, d))
        self.error, self.explained = np.zeros(p), np.zeros(p)
        pairs = np.triu_indices(d, 1)
        for k in range(p):
            known = ~np.isnan(values[:, k])
            if known.sum() < FEWEST or np.ptp(values[known, k]) == 0:
                raise InputError(
                    f"a forward model needs at least {FEWEST} different values of each property; property {k + 1} has "
                    f"{int(known.sum())} values, {len(np.unique(values[known, k]))} of them different"
                )
            some = fractions[known]
            features = np.concatenate((some, some[:, pairs[0]] * some[:, pairs[1]]), axis=1)
            slopes, unseen = _ridge(features, values[known, k])
            self.error[k] = np.sqrt(np.mean(np.square(unseen / np.maximum(np.abs(values[known, k]), 1e-12))))
            self.explained[k] = 1 - np.square(unseen).mean() / np.var(values[known, k])
            self.linear[k] = slopes[:d]
            self.products[k][pairs] = slopes[d:] / 2
            self.products[k] += self.products[k].T

    def __call__(self, fractions: Floats) -> Floats:
        """Properties, shape ``(m, p)``, of fractions, shape ``(m, d)``."""
        bent = self.linear[None] + self._bends(fractions)
        return np.asarray((bent * fractions[:, None, :]).sum(axis=2))

    def slopes(self, fractions: Floats) -> Floats:
        """Derivatives along adding an element and scaling back to one, shape ``(m, p, d)``; zero where absent."""
        gradient = self.linear[None] + 2 * self._bends(fractions)
        along = (gradient * fractions[:, None, :]).sum(axis=2, keepdims=True)
        return np.asarray(np.where(fractions[:, None, :] > 0, gradient - along, 0.0))

    def _bends(self, fractions: Floats) -> Floats:
        """Products' part of the coefficients, shape ``(m, p, d)``."""
        return np.stack([fractions @ table for table in self.products], axis=1)


def _ridge(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Coefficients without intercept, which fractions that sum to one make needless, and leave-one-out errors."""
    scale = float(np.std(y))
    middle = float(np.mean(y))
    target = (y - middle) / scale
    u, s, vt = np.linalg.svd(x, full_matrices=False)
    errors = []
    for penalty in PENALTIES:
        shrink = s**2 / (s**2 + penalty)
        leverage = (u**2) @ shrink
        errors.append((target - u @ (shrink * (u.T @ target))) / np.maximum(1 - leverage, 1e-12))
    best = int(np.argmin([np.square(error).sum() for error in errors]))
    slopes = vt.T @ ((s / (s**2 + PENALTIES[best])) * (u.T @ target)) * scale
    slopes[: _linear_terms(x)] += middle
    return np.asarray(slopes), np.asarray(errors[best] * scale)


def _linear_terms(x: Floats) -> int:
    """How many columns are fractions: ``d`` of ``d + d (d - 1) / 2``."""
    return (math.isqrt(1 + 8 * x.shape[1]) - 1) // 2
