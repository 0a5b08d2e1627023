"""What candidates are guided by: closed forms where there are any, else the surrogate, with a margin for its doubt."""

from __future__ import annotations

import numpy as np

from alloys.space import Floats
from generators.asking.guidance import Guidance
from loop.choose.steps import KnownDesigns
from loop.view import View
from surrogates.model.surrogate import Surrogate

INSET = 0.03
"""How far inside its bound a constraint counts as satisfied, in standard deviations of the known values."""


def guidance_of(view: View, known: KnownDesigns, surrogate: Surrogate) -> Guidance:
    """How a goal's candidates are moved.

    An objective is the closed form, or the surrogate's posterior mean. Of a constraint that only validation answers
    the mean must keep one posterior standard deviation to the bound; of every constraint, `INSET`.

    Args:
        view: what is known; its goal is used.
        known: what the generators are trained on: it gives each property's scale.
        surrogate: fitted on the view.
    """
    goal = view.goal
    filled = np.where(np.isnan(known.conditions).all(axis=0), 0.0, known.conditions)
    centre = dict(zip(known.names, np.nanmean(filled, axis=0), strict=True))
    spread = dict(zip(known.names, np.nanstd(filled, axis=0), strict=True))
    scale = {name: float(value) if value > 0 else 1.0 for name, value in spread.items()}

    def outlook(inputs: Floats) -> Floats:
        means, stds = surrogate.predict(inputs)
        means |= view.problem.closed_forms(inputs)
        columns = [means[o.name] for o in goal.objectives]
        for c in goal.constraints:
            room = c.margin(means[c.name] - c.sign * stds.get(c.name, 0.0)) / scale[c.name]
            columns.append(np.maximum(INSET - room, 0.0))
        return np.stack(columns, axis=1)

    names = [o.name for o in goal.objectives]
    return Guidance(
        outlook=outlook,
        objectives=tuple(known.names.index(name) for name in names),
        constraints=len(goal.constraints),
        centre=np.array([centre[name] for name in names]),
        scale=np.array([scale[name] for name in names]),
    )
