"""Measures of accuracy, diversity and novelty, as pure functions of arrays.

Compositions are atomic fractions of shape ``(n, d)``; properties have shape ``(n, p)``. Shares and cosines are
fractions of 1. A measure of nothing is NaN.

References:
    Tung, C.-H. et al. (2022). Evaluating generative models for inverse design of high-entropy refractory alloys,
        section 4: MAPE and cosine similarities.
    Friedman, D. & Dieng, A. B. (2023). The Vendi score: a diversity evaluation metric for machine learning.
        Trans. Mach. Learn. Res.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import pearsonr

from alloys.space import Bools, Floats, Points

COPY = 0.99
"""Cosine to a training alloy from which a sample counts as its copy."""


def absolute_percentage_error(predicted: Floats, target: Floats) -> Floats:
    """100 |y' - y| / |y| for each value, percent; shapes ``(n, p)`` or ``(p,)`` for the target (Tung 2022)."""
    return np.asarray(100 * np.abs((predicted - target) / target))


def mape(predicted: Floats, target: Floats) -> float:
    """Mean of `absolute_percentage_error` over samples and properties, percent."""
    return _mean(absolute_percentage_error(predicted, target))


def worst(errors: Floats) -> float:
    """The largest of the conditions' errors, shape ``(c,)``; one that is unknown counts as unknown."""
    return float(np.max(errors)) if len(errors) else float("nan")


def directions(fractions: Floats) -> Floats:
    """Rows scaled to length one, shape ``(n, d)``."""
    return np.asarray(fractions / np.linalg.norm(fractions, axis=1, keepdims=True))


def pairwise_cosine(fractions: Floats) -> float:
    """Mean cosine similarity of all pairs of different samples (Tung 2022).

    The sum over pairs is ``(|sum u|^2 - n) / 2``, so no pair is formed.
    """
    n = len(fractions)
    if n < 2:
        return float("nan")
    total = directions(fractions).sum(axis=0)
    return float((total @ total - n) / (n * (n - 1)))


def cosine_to(fractions: Floats, originals: Floats) -> Floats:
    """Cosine similarity of each row to the row of the other array, shape ``(n,)`` (Tung's novelty)."""
    return np.asarray((directions(fractions) * directions(originals)).sum(axis=1))


def nearest_cosine(fractions: Floats, training: Floats) -> Floats:
    """Cosine similarity of each sample to the training alloy most like it, shape ``(n,)``."""
    against = directions(training).T
    pieces = [(directions(fractions[i : i + 2048]) @ against).max(axis=1) for i in range(0, len(fractions), 2048)]
    return np.concatenate(pieces) if pieces else np.empty(0)


def copies(fractions: Floats, training: Floats) -> float:
    """Share of samples whose cosine to a training alloy is at least `COPY`."""
    return _mean(nearest_cosine(fractions, training) >= COPY)


def unique(points: Points) -> float:
    """Share of distinct rows."""
    return len(np.unique(points, axis=0)) / len(points) if len(points) else float("nan")


def vendi(fractions: Floats) -> float:
    """Vendi score under the cosine kernel: the effective number of different samples, from 1.

    ``exp(-sum l ln l)`` over the eigenvalues of ``K / n``. With ``K = U U^T`` they are those of ``U^T U / n``,
    so the score is at most ``d`` (Friedman & Dieng 2023, definition 3.1).
    """
    if not len(fractions):
        return float("nan")
    u = directions(fractions)
    values = np.linalg.eigvalsh(u.T @ u / len(u))
    values = values[values > 1e-12]
    return float(np.exp(-(values * np.log(values)).sum()))


def count_total_variation(fractions: Floats, reference: Floats) -> float:
    """Total variation distance between the distributions of the number of elements: ``sum |p - q| / 2``."""
    if not len(fractions) or not len(reference):
        return float("nan")
    d = fractions.shape[1]
    first, second = (
        np.bincount((rows > 0).sum(axis=1), minlength=d + 1) / len(rows) for rows in (fractions, reference)
    )
    return float(0.5 * np.abs(first - second).sum())


def element_correlation(fractions: Floats) -> Floats:
    """Correlation matrix of the elements' fractions, shape ``(d, d)``; zero where an element does not vary."""
    centred = fractions - fractions.mean(axis=0)
    length = np.sqrt((centred**2).sum(axis=0))
    scaled = np.divide(centred, length, out=np.zeros_like(centred), where=length > 1e-12)
    return np.asarray(scaled.T @ scaled)


def correlation_agreement(fractions: Floats, reference: Floats) -> float:
    """Pearson's r between the two element correlations, over pairs of elements that vary in the reference."""
    if len(fractions) < 2 or len(reference) < 2:
        return float("nan")
    vary = np.ptp(reference, axis=0) > 1e-12
    upper = np.triu_indices(int(vary.sum()), 1)
    first, second = (element_correlation(rows)[np.ix_(vary, vary)][upper] for rows in (fractions, reference))
    if len(first) < 2 or np.ptp(first) < 1e-12 or np.ptp(second) < 1e-12:
        return float("nan")
    return float(pearsonr(first, second).statistic)


def best_of(fractions: Floats, owners: Points, originals: Floats) -> float:
    """Mean over original alloys of the largest cosine that one of its draws reaches; no draw counts as 0.

    Args:
        fractions: draws, shape ``(k, d)``.
        owners: the row of ``originals`` whose properties each was drawn for, shape ``(k,)``.
        originals: alloys that were never trained on, shape ``(n, d)``.
    """
    best = np.zeros(len(originals))
    np.maximum.at(best, owners, cosine_to(fractions, originals[owners]))
    return _mean(best)


def _mean(values: Floats | Bools) -> float:
    return float(np.mean(values)) if np.size(values) else float("nan")
