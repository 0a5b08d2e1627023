"""How alike compositions are: cosines, small random changes, and the neighbourhood of known alloys.

Pure functions of atomic fractions, shape ``(n, d)``.

References:
    Tung, C.-H. et al. (2022). Evaluating generative models for inverse design of high-entropy refractory alloys,
        section 4: cosine similarities.
    Naeem, M. F. et al. (2020). Reliable fidelity and diversity metrics for generative models. ICML, equations 3
        (precision) and 6 (coverage): balls of the k nearest neighbours of the real samples.
    Hellinger, E. (1909). J. reine angew. Math. 136, 210.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist

from alloys.space import Bools, Floats

COPY = 0.99
"""Cosine to a known alloy from which a composition counts as its copy."""

SAME = 0.05
"""Distance between variables up to which they are alike, where the whole range of one is 1."""

NEIGHBOURS = 5
"""k of the balls, in coverage, precision and hits alike."""

JITTER = 0.10
"""Relative standard deviation of the noise on fractions, because published alloys sit on round ratios."""


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


def nearest_cosine(fractions: Floats, training: Floats) -> Floats:
    """Cosine similarity of each sample to the training alloy most like it, shape ``(n,)``."""
    against = directions(training).T
    pieces = [(directions(fractions[i : i + 2048]) @ against).max(axis=1) for i in range(0, len(fractions), 2048)]
    return np.concatenate(pieces) if pieces else np.empty(0)


def copied(fractions: Floats, training: Floats, beside: Floats, training_beside: Floats) -> Bools:
    """Which samples are copies of training alloys, shape ``(m,)``: their cosine is at least `COPY`.

    Variables beside them, as models see them (`Variables.encoded`), must be alike too.
    """
    if not beside.shape[1]:
        return np.asarray(nearest_cosine(fractions, training) >= COPY)
    against, found = directions(training).T, np.zeros(len(fractions), dtype=np.bool_)
    for start in range(0, len(fractions), 2048):
        part = slice(start, start + 2048)
        near = cdist(beside[part], training_beside, "cityblock") <= SAME
        found[part] = ((directions(fractions[part]) @ against >= COPY) & near).any(axis=1)
    return found


def jittered(fractions: Floats, rng: np.random.Generator) -> Floats:
    """Each fraction times ``exp(JITTER z)`` with a standard normal ``z``, scaled back to sum one."""
    moved = fractions * np.exp(JITTER * rng.standard_normal(fractions.shape))
    return np.asarray(moved / moved.sum(axis=1, keepdims=True))


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
