"""What a campaign and its iterations came to: the notes on closed ones, or the results themselves."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from typing import Any

from loop.config.steering.in_force import CHOOSING, pause_in
from loop.store import CampaignStore, IterationState
from loop.store.notes import Summary
from loop.store.states import FOR_PEOPLE
from loop.view import View, several_tiers, standing, view_of


def campaign_state(store: CampaignStore) -> str:
    """``new``, ``paused``, ``waiting`` (for people), ``running``, ``stopped`` (there is more to do) or ``finished``."""
    if pause_in(store.acts()) is not None:
        return "paused"
    iterations = store.iterations()
    if not iterations:
        return "new"
    counts = store.counts()
    if any(counts.get(state) for state in FOR_PEOPLE):
        return "waiting"
    closed = sum(iteration.state is IterationState.CLOSED for iteration in iterations)
    # The driver notes how far it means to go; by hand, every closed campaign may be the end.
    wanted = store.facts().last_iteration
    if closed > (len(iterations) - 1 if wanted is None else wanted):
        return "finished"
    return "stopped" if store.driver() is None else "running"


def summary_to_note(store: CampaignStore, view: View, index: int) -> Summary:
    """What an iteration came to, noted as it is closed: it holds as long as no other results of its time are known.

    What is withdrawn later was true then, so that the note counts every result, whether it still counts or not.
    """
    asked = store.observation_counts()
    known = sum(count for number, count in asked.items() if number is not None and number <= index)
    return replace(summary_of(view, index), observations=known + asked.get(None, 0), acts=store.last_act())


def summary_of(view: View, index: int) -> Summary:
    """What an iteration came to, by the results that count."""
    then = view.upto(index)
    own = [row for row in then if row.iteration == index]
    return Summary(
        feasible=sum(row.feasible for row in own),
        failed=sum(row.failure is not None for row in own),
        hypervolume=view.hypervolume(then),
        observations=sum(len(row.answers) for row in then),
    )


def iteration_summaries(store: CampaignStore, view: View | None = None) -> list[dict[str, Any]]:
    """One plain document for each iteration, as ``alloyloop status --json`` prints it.

    Where people changed what is wanted since an iteration was closed, its numbers are computed anew, and
    ``hypervolume_then`` is what it was by what was wanted then.

    Args:
        store: the campaign's database.
        view: the campaign, if it was read already; it is read where the notes on closed iterations do not suffice.
    """
    asked, by_hand, sizes = store.observation_counts(), store.times_by_hand(), store.batch_sizes()
    answered = store.answered_counts()
    known, tiered = 0, bool(several_tiers(store))
    changed = max((act.id for act in store.acts() if act.kind in CHOOSING), default=0)
    summaries = []
    for iteration in store.iterations():
        index, end = iteration.index, iteration.finished
        known += asked.get(index, 0)
        noted = iteration.notes.summary
        if end is None:
            summary: dict[str, Any] = {**standing(store, index), "hypervolume": None}
            seconds = None
        else:
            then, other = noted, noted is not None and noted.acts < changed
            if noted is None or noted.observations != known + bisect_right(by_hand, end) or tiered or other:
                view = view or view_of(store)
                noted = summary_of(view, index)
            summary = {"feasible": noted.feasible, "failed": noted.failed, "hypervolume": noted.hypervolume}
            summary |= {"hypervolume_then": then.hypervolume} if then is not None and other else {}
            seconds = round(end - iteration.started, 3)
        counts = {"selected": sizes.get(index, 0), "validated": answered.get(index, 0)}
        summaries.append({"index": index, **counts, **summary, "seconds": seconds})
    return summaries
