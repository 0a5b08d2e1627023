"""Values that are too far from the model's prediction to be taken without a question."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from alloys.records import Observation
from loop.measurements import rounded
from loop.store import CampaignStore, Proposal
from loop.view import view_of

FAR = 6.0
"""Standard deviations from the prediction at which a person is asked."""
_FEWEST = 8
"""Measurements of a property below which its model is no judge."""


def surprises(rows: Sequence[Observation], proposals: Sequence[Proposal]) -> list[str]:
    """Lines on values of suggested alloys that are further than `FAR` from what was predicted when they were chosen."""
    predicted = {p.selection.candidate.design: p.selection.prediction for p in proposals}
    found = []
    for row in rows:
        if (told := predicted.get(row.design)) is None:
            continue
        for name, value in row.values.items():
            mean, std = told.means.get(name, value), told.stds.get(name, math.inf)
            away = abs(value - mean) / max(std, 1e-300)
            if away > FAR:
                found.append(f"{row.design}: {name} {value:.6g} is {away:.0f} standard deviations from {mean:.4g}")
    return found


def doubts(store: CampaignStore, rows: Sequence[Observation]) -> list[str]:
    """Lines on values of new results that are further from the prediction than `FAR` standard deviations.

    The prediction is that of what validation will say, its scatter included. What is there already is passed over, and
    so are alloys with other elements and properties of which little is known.

    Args:
        store: the campaign's.
        rows: results that are to be added.
    """
    view = view_of(store)
    known, palette = view.observed(), set(view.space.elements)
    names = {name for name, column in known.values.items() if np.isfinite(column).sum() >= _FEWEST}
    new = [row for row in rows if names & set(row.values) and set(row.design.composition.elements) <= palette]
    stored = [each.observation for each in store.observations(include_replicates=True)] if new else []
    there = {(seen.design, *sorted(seen.values.items())) for seen in stored}
    new = [row for row in new if (row.design, *sorted(row.values.items())) not in there]
    if not new:
        return []
    from loop.choose.fitting import fit_surrogate  # late: with torch, which most commands do without

    surrogate = fit_surrogate(view)
    described = surrogate.describe(view.inputs([row.design for row in new]))
    latent, inputs = surrogate.latent(described), surrogate.latent_inputs(described)
    means, stds = surrogate.predict(described, latent, noise=True)
    found = []
    for i, row in enumerate(new):
        for name in sorted(names & set(row.values) & set(latent)):
            output, unit = surrogate.outputs[name], view.problem.properties[name].unit
            value = output.warp.forward(np.array([row.values[name]]))[0]
            away = abs(value - latent[name][0][i]) / np.hypot(latent[name][1][i], output.noise(inputs[i : i + 1])[0])
            if away > FAR:
                told = f"predicted {means[name][i]:.4g} ± {rounded(stds[name][i])}"
                found.append(
                    f"{row.design}: {name} {row.values[name]:.6g} {unit} is {away:.0f} standard deviations off ({told})"
                )
    return found
