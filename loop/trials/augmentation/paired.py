"""Paired tests of two ways to learn over the same folds.

Folds share rows to learn from, so that their errors are not independent, and a plain t-test finds differences where
there are none. The corrected one takes the share of held rows into the variance.

References:
    Nadeau, C. & Bengio, Y. (2003). Inference for the generalization error. Mach. Learn. 52, 239: the corrected
        resampled t-test, section 5.
    Bouckaert, R. R. & Frank, E. (2004). Evaluating the replicability of significance tests for comparing learning
        algorithms. PAKDD, LNCS 3056, 3: the same over repeated folds.
    Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scand. J. Stat. 6, 65.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.stats import t as student

from alloys.space import Floats


def corrected_p(differences: Floats, held_share: float) -> float:
    """Two-sided p of a mean difference of zero; 1 where all differences are equal and zero.

    ``t = mean / sqrt((1 / k + held / learned) variance)`` with ``k - 1`` degrees of freedom.

    Args:
        differences: of errors, one for each fold, shape ``(k,)``, ``k >= 2``.
        held_share: rows held out over rows learned from, in a fold.
    """
    mean, variance = float(np.mean(differences)), float(np.var(differences, ddof=1))
    if variance == 0:
        return 1.0 if mean == 0 else 0.0
    statistic = mean / np.sqrt((1 / len(differences) + held_share) * variance)
    return float(2 * student.sf(abs(statistic), len(differences) - 1))


def holm(ps: Mapping[str, float]) -> dict[str, float]:
    """The same p, each as large as it must be where several are tested at once."""
    adjusted, largest = dict[str, float](), 0.0
    for place, name in enumerate(sorted(ps, key=lambda name: ps[name])):
        largest = max(largest, min(1.0, (len(ps) - place) * ps[name]))
        adjusted[name] = largest
    return {name: adjusted[name] for name in ps}
