"""Another design in the place of one that a batch asks for."""

from __future__ import annotations

import numpy as np

from alloys.batches.shared import BatchLimits
from alloys.design import Design
from alloys.errors import InputError
from alloys.problem import Problem
from loop.config.schema import CampaignConfig
from loop.store import CampaignStore
from loop.view import outside


def refuse_unfit(store: CampaignStore, config: CampaignConfig, problem: Problem, asked: Design, design: Design) -> None:
    """Refuses a design that cannot stand in a batch in the place of another one.

    Raises:
        InputError: if it is outside the space, or the others of the batch leave no room for it.
    """
    point = problem.space.point_of(design)
    limits, rules, proposals = (
        BatchLimits.of(problem.space),
        config.batch_limits.rules(problem.space),
        store.proposals(),
    )
    place = next((p for p in proposals if p.selection.candidate.design == asked), None)
    if not (limits or rules) or place is None:
        return
    run = place.selection.rank // config.batch
    others = [
        p.selection.candidate.design
        for p in proposals
        if p.iteration == place.iteration and p.selection.rank // config.batch == run
    ]
    rows = [problem.space.point_of(other) for other in others if other != asked and not outside(problem.space, other)]
    batch = np.array([*rows, point])
    broken = [*limits.broken(batch), *rules.broken(batch)]
    if broken:
        raise InputError(
            f"{design} does not fit its batch: {'; '.join(broken)}; take one that the others leave room for"
        )
