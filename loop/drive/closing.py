"""What is stored as an iteration comes to its end: further questions, or its numbers and files."""

from __future__ import annotations

from loop.choose.promotion import PromotionDecision
from loop.drive.opened import OpenCampaign
from loop.store import IterationState
from loop.summaries import summary_to_note
from loop.view import View


def store_promotions(campaign: OpenCampaign, index: int, decision: PromotionDecision) -> bool:
    """Stores which alloys are asked for with their jobs, before anybody works on them; whether there are any.

    An alloy goes to a validator once.
    """
    store = campaign.store
    requests = [campaign.request(*pair) for pair in zip(decision.selections, decision.tiers, strict=True)]
    store.store_promotions(
        index,
        len(store.iteration(index).notes.promotions),
        decision.selections,
        requests,
        decision.tiers,
        note=decision.note,
        by_hand=[i for i, tier in enumerate(campaign.tiers) if tier.by_hand],
        hold=campaign.config.validation.hold,
    )
    return bool(requests)


def close_iteration(campaign: OpenCampaign, index: int) -> View:
    """Writes an iteration's numbers and files, closes it, and returns what is known then."""
    # Late: these bring pictures and models, which a driver that hands out jobs does without.
    from loop.review.artifacts import write_artifacts
    from loop.review.metrics import iteration_metrics

    view, store = _with_reference_point(campaign, index), campaign.store
    store.log_metrics(iteration_metrics(store, index, view), iteration=index)
    write_artifacts(store, campaign.config, index, view)
    store.note_iteration(index, summary=summary_to_note(store, view, index))
    store.close_iteration(index)
    return view


def _with_reference_point(campaign: OpenCampaign, index: int) -> View:
    """What is known as an iteration is closed; once iteration 0 is, hypervolumes are measured from one point.

    Without it every later result for iteration 0 would move the hypervolumes of the past.
    """
    view, store = campaign.view(), campaign.store
    fixed = campaign.config.reference_point or view.frozen or view.goal.any_feasible
    measured = any(view.goal.signed_objectives(row.values) is not None for row in view.upto(0))
    if fixed or not measured or (index > 0 and store.iteration(0).state is not IterationState.CLOSED):
        return view
    point = zip(view.goal.objectives, view.reference_point(), strict=True)
    store.freeze_reference_point({objective.name: float(objective.sign * value) for objective, value in point})
    return campaign.view()
