"""Measures of accuracy, diversity, novelty and realism, as pure functions of arrays.

Compositions are atomic fractions of shape ``(n, d)``; properties have shape ``(n, p)``. Shares and cosines are
fractions of 1. A measure of nothing is NaN.

References:
    Tung, C.-H. et al. (2022). Evaluating generative models for inverse design of high-entropy refractory alloys,
        section 4: MAPE and cosine similarities.
    Friedman, D. & Dieng, A. B. (2023). The Vendi score: a diversity evaluation metric for machine learning.
        Trans. Mach. Learn. Res.
    Lopez-Paz, D. & Oquab, M. (2017). Revisiting classifier two-sample tests. ICLR.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import pearsonr
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from alloys.space import Bools, Floats, Points
from generators.likeness import COPY, Neighbourhood, directions, jittered, nearest_cosine

TOLERANCE = 0.025
"""Largest relative error of a hit in any property."""

ALIKE = 0.95
"""Cosine from which two hits count as one."""


def absolute_percentage_error(predicted: Floats, target: Floats) -> Floats:
    """100 |y' - y| / |y| for each value, percent; shapes ``(n, p)`` or ``(p,)`` for the target (Tung 2022)."""
    return np.asarray(100 * np.abs((predicted - target) / target))


def mape(predicted: Floats, target: Floats) -> float:
    """Mean of `absolute_percentage_error` over samples and properties, percent."""
    return _mean(absolute_percentage_error(predicted, target))


def worst(errors: Floats) -> float:
    """The largest of the conditions' errors, shape ``(c,)``; one that is unknown counts as unknown."""
    return float(np.max(errors)) if len(errors) else float("nan")


def cosine_to(fractions: Floats, originals: Floats) -> Floats:
    """Cosine similarity of each row to the row of the other array, shape ``(n,)`` (Tung's novelty)."""
    return np.asarray((directions(fractions) * directions(originals)).sum(axis=1))


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


def classifier_auc(generated: Floats, real: Floats, seed: int, folds: int = 5) -> float:
    """Area under the ROC curve of a classifier that tells samples from real alloys; 0.5 where it cannot.

    Gradient boosting (100 trees of depth 3), mean over stratified folds, all fractions jittered on both sides
    (Lopez-Paz & Oquab 2017).

    Args:
        generated: shape ``(m, d)``; the larger side is thinned at random to the size of the other.
        real: shape ``(n, d)``.
        seed: of the thinning, jitter, folds and trees.
        folds: number of folds.

    Returns:
        The area, or NaN where a side has fewer than two rows per fold.
    """
    rng = np.random.default_rng(seed)
    size = min(len(generated), len(real))
    if size < 2 * folds:
        return float("nan")
    sides = [rows[rng.permutation(len(rows))[:size]] for rows in (generated, real)]
    x = jittered(np.concatenate(sides), rng)
    y = np.repeat([1, 0], size)
    areas = []
    for learn, test in StratifiedKFold(folds, shuffle=True, random_state=seed).split(x, y):
        model = GradientBoostingClassifier(random_state=seed).fit(x[learn], y[learn])
        areas.append(roc_auc_score(y[test], model.predict_proba(x[test])[:, 1]))
    return float(np.mean(areas))


def hits(fractions: Floats, errors: Floats, training: Floats, near: Neighbourhood) -> int:
    """How many samples under one condition would be worth a second look.

    A hit is within `TOLERANCE` in every property, in the data's neighbourhood with only pairs of elements that
    occur, no copy of a training alloy, and unlike every earlier hit (cosine below `ALIKE`).

    Args:
        fractions: valid samples in the order drawn, shape ``(m, d)``.
        errors: their relative errors, shape ``(m, p)``, fractions of 1.
        training: the training alloys, shape ``(n, d)``.
        near: their neighbourhood.
    """
    rows = fractions[(np.abs(errors) <= TOLERANCE).all(axis=1)]
    rows = rows[near.knows(rows)] if len(rows) else rows
    rows = rows[near.covers(rows)] if len(rows) else rows
    rows = rows[nearest_cosine(rows, training) < COPY] if len(rows) else rows
    kept: list[Floats] = []
    for row in directions(rows):
        if not kept or max(float(row @ other) for other in kept) < ALIKE:
            kept.append(row)
    return len(kept)


def _mean(values: Floats | Bools) -> float:
    return float(np.mean(values)) if np.size(values) else float("nan")
