"""What is expected of a property that should match a value or a range, where it is normally distributed.

The distance from the target is no normal variable: it is folded at the target. Its moments and what it is expected to
gain on the best distance known are closed forms all the same, sums of ramps max(y - k, 0).

References:
    Leone, Nelson & Nottingham, Technometrics 3 (1961) 543: the folded normal distribution.
    Jones, Schonlau & Welch, J. Global Optim. 13 (1998) 455, eq. 15: a ramp's expectation.
    Uhrenholt & Jensen, AISTATS 2019 (PMLR 89:2661): Bayesian optimisation of a distance from a target by the model of
        the property, not of the distance.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr
from scipy.stats import norm

from alloys.goal import Objective
from alloys.space import Floats

_SURE = 1e-12
"""Standard deviation that is never undercut, so that what is certain needs no case of its own."""


def signed_moments(objective: Objective, means: Floats, stds: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of an objective, larger is better.

    Args:
        objective: which.
        means: of the property, in its unit, any shape.
        stds: its standard deviations, same shape.
    """
    if objective.target is None:
        return objective.sign * means, stds
    low, high = objective.target
    stds = np.maximum(stds, _SURE)
    below, above = (low - means) / stds, (means - high) / stds
    first = stds * (_ramp(below) + _ramp(above))
    second = stds**2 * (_square_ramp(below) + _square_ramp(above))
    return -first, np.sqrt(np.maximum(second - first**2, 0.0))


def expected_gain(objective: Objective, means: Floats, stds: Floats, best: float) -> Floats:
    """What a property that should match is expected to gain on the smallest distance known, in its unit.

    The gain over the property's value is a trapezium: all of ``best`` in the range, nothing from ``best`` outside it.

    Args:
        objective: one that matches.
        means: of the property, in its unit, any shape.
        stds: its standard deviations, same shape.
        best: the smallest distance known.
    """
    low, high = objective.target or (-np.inf, np.inf)
    stds = np.maximum(stds, _SURE)
    corners = ((1.0, low - best), (-1.0, low), (-1.0, high), (1.0, high + best))
    ramps = [sign * stds * _ramp((means - corner) / stds) for sign, corner in corners]
    return np.asarray(np.maximum(np.sum(ramps, axis=0), 0.0))


def _ramp(z: Floats) -> Floats:
    """E max(Z + z, 0) of a standard normal Z."""
    return np.asarray(z * ndtr(z) + norm.pdf(z))


def _square_ramp(z: Floats) -> Floats:
    """E max(Z + z, 0)^2 of a standard normal Z."""
    return np.asarray((z**2 + 1.0) * ndtr(z) + z * norm.pdf(z))
