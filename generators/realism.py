"""Measures of realism: can samples be told from published alloys, and do they lie where alloys are known?

References:
    Lopez-Paz, D. & Oquab, M. (2017). Revisiting classifier two-sample tests. ICLR.
    Naeem, M. F. et al. (2020). Reliable fidelity and diversity metrics for generative models. ICML, equations 3
        (precision) and 6 (coverage): balls of the k nearest neighbours of the real samples.
    Hellinger, E. (1909). J. reine angew. Math. 136, 210.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist

from alloys.space import Bools, Floats
from generators.measures import COPY, directions, nearest_cosine

NEIGHBOURS = 5
"""k of the balls, in coverage, precision and hits alike."""

JITTER = 0.10
"""Relative standard deviation of the noise on fractions, because published alloys sit on round ratios."""

TOLERANCE = 0.025
"""Largest relative error of a hit in any property."""

ALIKE = 0.95
"""Cosine from which two hits count as one."""


def jittered(fractions: Floats, rng: np.random.Generator) -> Floats:
    """Each fraction times ``exp(JITTER z)`` with a standard normal ``z``, scaled back to sum one."""
    moved = fractions * np.exp(JITTER * rng.standard_normal(fractions.shape))
    return np.asarray(moved / moved.sum(axis=1, keepdims=True))


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
    # late: every training imports this file for its balls alone
    from sklearn.ensemble import GradientBoostingClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold

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


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """Where alloys are known: balls around real alloys, each out to its k-th neighbour, and pairs that occur.

    Attributes:
        roots: square roots of the real fractions, shape ``(n, d)``; their Euclidean distance is Hellinger's
            times the square root of 2.
        radii: shape ``(n,)``.
        pairs: which elements occur together, shape ``(d, d)``.
    """

    roots: Floats
    radii: Floats
    pairs: Bools

    @classmethod
    def of(cls, real: Floats, k: int = NEIGHBOURS) -> Neighbourhood:
        """The neighbourhood of real alloys, shape ``(n, d)`` with ``n > k``."""
        roots = np.sqrt(real)
        radii = np.partition(cdist(roots, roots), k, axis=1)[:, k]  # the 0th is the alloy itself
        present = (real > 0).astype(np.int64)
        return cls(roots, radii, present.T @ present > 0)

    def covers(self, fractions: Floats) -> Bools:
        """Which samples lie in a ball, shape ``(m,)``."""
        inside = [self._inside(fractions[i : i + 2048]).any(axis=1) for i in range(0, len(fractions), 2048)]
        return np.concatenate(inside) if inside else np.empty(0, dtype=np.bool_)

    def tightest(self, fractions: Floats) -> Floats:
        """Radius of the smallest ball that each sample lies in, infinite where there is none, shape ``(m,)``."""
        found = [
            np.where(self._inside(fractions[i : i + 2048]), self.radii, np.inf).min(axis=1)
            for i in range(0, len(fractions), 2048)
        ]
        return np.concatenate(found) if found else np.empty(0)

    def knows(self, fractions: Floats) -> Bools:
        """Which samples have only pairs of elements that occur, shape ``(m,)``."""
        present = (fractions > 0).astype(np.int64)
        strange = np.einsum("ni,ij,nj->n", present, (~self.pairs).astype(np.int64), present, optimize=True)
        return np.asarray(strange == 0, dtype=np.bool_)

    def precision(self, fractions: Floats) -> float:
        """Share of samples in a ball (Naeem 2020, equation 3)."""
        return float(self.covers(fractions).mean()) if len(fractions) else float("nan")

    def coverage(self, fractions: Floats) -> float:
        """Share of balls with a sample in them (Naeem 2020, equation 6).

        With as many samples as real alloys, and both from one distribution, it is about ``1 - 2^-k``: 0.97.
        """
        return float(self._inside(fractions).any(axis=0).mean()) if len(fractions) else float("nan")

    def _inside(self, fractions: Floats) -> Bools:
        return np.asarray(cdist(np.sqrt(fractions), self.roots) <= self.radii + 1e-12)


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
