"""The surrogate of a campaign, fitted on what is known."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np

from alloys.space import TableSpace
from loop.view import View
from surrogates.model.features import Described, Scaling
from surrogates.model.fidelity import FidelityData, fit_fidelities
from surrogates.model.learning.kept import kept_in
from surrogates.model.surrogate import Surrogate
from surrogates.model.transfer.tasks import ForeignTask


def kept_hyperparameters(database: Path) -> AbstractContextManager[None]:
    """Within it, a fit takes hyperparameters from the campaign's folder, where these are of the same data.

    Args:
        database: of the campaign, or the file that names the server where it is.
    """
    return kept_in(database.parent / "models" / "hyperparameters.json")


def fit_surrogate(view: View, before: Surrogate | None = None) -> Surrogate:
    """The surrogate of everything that only validation answers, fitted on all that is known.

    Args:
        view: what is known.
        before: the surrogate of nearly as much, where it is at hand; see `Surrogate.fit`.
    """
    known, foreign, inference = view.observed(), view.foreign, view.config.surrogate.inference
    physics, elements, variables = view.problem.physics, view.space.elements, view.space.variables
    inputs, tasks = view.inputs(known.designs, foreign), tasks_of(view)
    if len(view.tiers) > 1:
        levels = [
            FidelityData(label, view.inputs(data.designs, foreign), data.values, data.stds, data.asked)
            for label, data in view.fidelities()
        ]
        beside: dict[str, Any] = {"foreign": foreign, "variables": variables, "tasks": tasks}
        return fit_fidelities(physics, elements, levels, inference, tried=(inputs, known.failed), **beside)
    more: dict[str, Any] = {"failed": known.failed, "stds": known.stds, "foreign": foreign, "variables": variables}
    more |= {"asked": known.asked, "tasks": tasks}
    scaling = before.scaling if before is not None else _scaling_of_list(view)
    return Surrogate.fit(physics, elements, inputs, known.values, inference, **more, scaling=scaling, before=before)


def tasks_of(view: View) -> list[ForeignTask]:
    """What other sources or conditions say of the properties, as a surrogate takes it."""
    tasks = []
    for points in view.others:
        foreign = tuple(sorted(points.elements - set(view.space.elements)))
        inputs = view.inputs(points.designs, foreign)
        tasks.append(ForeignTask(points.name, inputs, points.values, points.stds, foreign))
    return tasks


def _scaling_of_list(view: View) -> Scaling | None:
    """That of all candidates of a list; None where there are none but those that are proposed."""
    if not isinstance(view.space, TableSpace):
        return None
    space = view.space
    everything = space.inputs(np.arange(len(space.designs))[:, None])
    described = Described.of(view.problem.physics, space.elements, everything, variables=space.variables)
    return Scaling.fit(described.raw(), described.indicators)
