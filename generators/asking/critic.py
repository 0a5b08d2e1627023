"""A critic of realism: the odds that a candidate is a known alloy, by a forest that learns to tell them apart.

Candidates weighted by these odds follow the known alloys' law where the forest sees them rightly: the odds are the
ratio of the two densities. Both sides' fractions are jittered, because published alloys sit on round ratios.

References:
    Azadi, S. et al. (2019). Discriminator rejection sampling. ICLR. Equation 6, for weights instead of rejection.
    Breiman, L. (2001). Random forests. Machine Learning 45, 5.
"""

from __future__ import annotations

import numpy as np
from sklearn.ensemble import RandomForestClassifier

from alloys.space import Floats
from generators.likeness import jittered

COPIES = 5
"""Jittered copies of a known alloy that the forest sees."""

TREES = 200

LEAF = 5
"""Smallest number of rows in a leaf."""

SURE = 1e-3
"""Probabilities are held between this and its complement."""


def log_odds(
    candidates: Floats, shown: Floats, known: Floats, rng: np.random.Generator, elements: int | None = None
) -> Floats:
    """Log of the odds that each candidate is a known alloy, shape ``(m,)``.

    Args:
        candidates: fractions, ``d`` of them, and variables as models see them, shape ``(m, k)``.
        shown: candidates that teach the forest, shape ``(l, k)``; at most as many as copies of known alloys do.
        known: the same of known alloys, shape ``(n, k)``.
        rng: of the choice, the jitter and the forest.
        elements: how many columns are fractions, ``d``; all of them if None.
    """
    d = known.shape[1] if elements is None else elements
    real = _jittered(np.tile(known, (COPIES, 1)), d, rng)
    some = _jittered(shown[rng.permutation(len(shown))[: len(real)]], d, rng)
    forest = RandomForestClassifier(
        TREES, min_samples_leaf=LEAF, class_weight="balanced", random_state=int(rng.integers(2**31))
    )
    forest.fit(_features(np.concatenate((real, some)), d), np.repeat([1, 0], [len(real), len(some)]))
    chance = np.clip(forest.predict_proba(_features(candidates, d))[:, 1], SURE, 1 - SURE)
    return np.asarray(np.log(chance / (1 - chance)))


def _jittered(rows: Floats, d: int, rng: np.random.Generator) -> Floats:
    """Rows whose fractions, the first ``d`` columns, are jittered; variables are as they are in known alloys."""
    return np.concatenate((jittered(rows[:, :d], rng), rows[:, d:]), axis=1)


def _features(rows: Floats, d: int) -> Floats:
    """The rows, and the number of elements, which no single fraction shows; shape ``(m, k + 1)``."""
    return np.concatenate((rows, (rows[:, :d] > 0).sum(axis=1, keepdims=True)), axis=1)
