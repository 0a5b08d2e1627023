"""How far designs lie from each other, in atomic percent that change their element, whatever the steps of a grid."""

from __future__ import annotations

import numpy as np

from alloys.space import Floats, Points, Space

RANGE = 25.0
"""At.% that a variable's whole range counts as."""


def places(space: Space, points: Points) -> Floats:
    """Numbers of points ``(n, d)`` whose sums of absolute differences are distances in at.%, shape ``(n, k)``."""
    return places_of_inputs(space, space.inputs(points))


def places_of_inputs(space: Space, inputs: Floats) -> Floats:
    """The same of inputs ``(n, k)``, as `Space.inputs` gives them."""
    count = len(space.elements)
    return np.concatenate([50.0 * inputs[:, :count], RANGE * space.variables.distances(inputs[:, count:])], axis=1)


def distances(first: Floats, second: Floats) -> Floats:
    """Distances between ``(n, k)`` and ``(m, k)`` places, at.%, shape ``(n, m)``."""
    # To six digits: sums of the same amounts in another order are the same distance.
    return np.asarray(np.abs(first[:, None, :] - second[None, :, :]).sum(axis=2).round(6))
