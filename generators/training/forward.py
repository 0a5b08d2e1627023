"""A forward model learned from the labelled rows alone: Scheffé's quadratic mixture model, with ridge penalty.

A property is ``sum_i b_i c_i + sum_{i<j} b_ij c_i c_j`` in atomic fractions ``c``. The linear terms are a rule of
mixtures; the products bend it. Of a few penalties the one with the least leave-one-out error is taken. It is cheap
and so are its slopes, which is what sampling for a target needs: thousands of candidates a second on one core.

References:
    Scheffé, H. (1958). Experiments with mixtures. J. R. Stat. Soc. B 20, 344. Equation 1.2 with n = 2.
"""

from __future__ import annotations

import numpy as np

from alloys.errors import InputError
from alloys.space import Floats
from generators.training.ridge import ridge

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
            scale, middle = float(np.std(values[known, k])), float(np.mean(values[known, k]))
            # no intercept: fractions sum to one, and the mean is added to the slopes of all of them
            slopes, unseen = ridge(features, (values[known, k] - middle) / scale, PENALTIES)
            slopes, unseen = slopes * scale, unseen * scale
            self.error[k] = np.sqrt(np.mean(np.square(unseen / np.maximum(np.abs(values[known, k]), 1e-12))))
            self.explained[k] = 1 - np.square(unseen).mean() / np.var(values[known, k])
            self.linear[k] = slopes[:d] + middle
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
