"""Which alloys go on from one validator to the next: of those that passed, the ones worth their hours."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from alloys.design import Design
from alloys.points.verdicts import KNOWN
from alloys.records import Measured, Selection
from loop.choose.seeds import seed_for
from loop.config.schema import CampaignConfig, TierConfig
from loop.store import CampaignStore, Job, JobState
from loop.view import Row, View, view_of
from validation.tier import Tier

ENOUGH = 3
"""Finished jobs from which their median says what one takes."""


@dataclass(frozen=True, slots=True)
class PromotionDecision:
    """What is asked of the further validators next.

    Attributes:
        selections: the alloys, ranked from 0.
        tiers: the validator that each goes to, counted from 0.
        note: how the decision came about.
    """

    selections: list[Selection]
    tiers: list[int]
    note: dict[str, Any]


@dataclass(frozen=True, slots=True)
class PromotionCandidates:
    """The alloys that may go to one of several validators, and what asking it costs.

    Attributes:
        tier: the validator, counted from 0.
        label: its name in the campaign.
        before: that of the one before it.
        rows: alloys that passed every gate so far.
        seconds: what one answer is expected to take, one for each row.
        left: seconds of its hours that are left in this iteration; None where every alloy is asked.
    """

    tier: int
    label: str
    before: str
    rows: tuple[Row, ...]
    seconds: tuple[float, ...]
    left: float | None


@dataclass(frozen=True, slots=True)
class PromotionJob:
    """What a decision about promotions needs: plain data, so that any process can take it.

    Attributes:
        view: what is known.
        candidates: one entry for each validator but the first.
        seed: of the choice.
    """

    view: View
    candidates: tuple[PromotionCandidates, ...]
    seed: int


def next_promotions(
    store: CampaignStore, tiers: Sequence[Tier], config: CampaignConfig, index: int
) -> PromotionJob | None:
    """What the next promotions of an iteration are to be chosen from; None where there are none to choose.

    A validator without hours gets every alloy that passed the gates before it. One with hours gets those with the
    largest expected gain per hour (`surrogates.choosing.budget`), as long as the expected seconds of this iteration's
    jobs fit into its hours. Alloys of earlier iterations that were passed over are looked at again.

    Args:
        store: the campaign's.
        tiers: its validators.
        config: its configuration.
        index: the iteration, whose jobs are all answered.
    """
    decided = store.iteration(index).notes.promotions
    if len(tiers) == 1 or (decided and not decided[-1].asked):
        return None
    # What was chosen ahead may have answers already: promotions are what they would have been without.
    ahead = [p.key for p in [*store.proposals(), *store.promotions()] if p.iteration > index]
    view = view_of(store, config, ahead)
    before = [_with_gates(*pair, view) for pair in zip(tiers[:-1], config.validators[:-1], strict=True)]
    tiers = [*before, tiers[-1]]
    standing, spent = standings(view, store, tiers), _spent(store, index)
    found = []
    for i, tier in enumerate(tiers[1:], start=1):
        rows = tuple(row for row, following in standing if following == i)
        by_count = expected_seconds(tier, store)
        seconds = tuple(by_count.get(len(row.design.composition.elements), by_count[0]) for row in rows)
        left = None if tier.hours is None else 3600.0 * tier.hours - spent.get(tier.label, 0.0)
        found.append(PromotionCandidates(i, tier.label, tiers[i - 1].label, rows, seconds, left))
    return PromotionJob(view, tuple(found), seed_for(config.seed, index, "fidelity") + len(decided))


def _with_gates(tier: Tier, entry: TierConfig, view: View) -> Tier:
    """A validator, whose gates are the goal's by now where none were given."""
    goal = tuple(constraint for constraint in view.goal.constraints if constraint.name in tier.properties)
    return replace(tier, gates=goal) if entry.gates is None else tier


def standings(view: View, store: CampaignStore, tiers: Sequence[Tier]) -> list[tuple[Row, int]]:
    """Alloys that passed every gate so far, with the validator that comes next, counted from 0.

    Left out is what all have answered, what failed a gate or was not measured, what nobody was asked of yet, and what
    was excluded since.
    """
    asked: dict[Design, set[int]] = {}
    for proposal in [*store.proposals(), *store.promotions()]:
        asked.setdefault(proposal.selection.candidate.design, set()).add(proposal.tier)
    found = []
    for row in view.rows:
        following = None if row.outside else _next(row, asked.get(row.design, set()), tiers)
        if following is not None:
            found.append((row, following))
    return found


def _next(row: Row, asked: set[int], tiers: Sequence[Tier]) -> int | None:
    for i, tier in enumerate(tiers):
        if i not in asked:
            return i or None
        answers = [answer for answer in row.answers if answer.tier == i]
        # The first that spoke of a property is believed.
        values = {name: value for answer in reversed(answers) for name, value in answer.values.items()}
        if not answers or any(answer.failure is not None for answer in answers) or not tier.passes(values):
            return None
    return None


def expected_seconds(tier: Tier, store: CampaignStore) -> Mapping[int, float]:
    """What one answer takes, by the alloy's number of elements; the key 0 stands for any other number."""
    times: dict[int, list[float]] = {0: []}
    if tier.measured:
        for job in store.jobs(JobState.DONE):
            asked = (job.request.validator, job.request.fingerprint)
            if asked == (tier.validator, tier.fingerprint) and _took_time(job):
                for count in (0, len(job.request.design.composition.elements)):
                    times.setdefault(count, []).append(max(job.verdict.seconds if job.verdict else 0.0, 1e-6))
    return {0: tier.seconds} | {count: statistics.median(t) for count, t in times.items() if len(t) >= ENOUGH}


def _took_time(job: Job) -> bool:
    """Whether a validator measured it, and the answer was not known from elsewhere."""
    return isinstance(job.verdict, Measured) and not job.verdict.details.get(KNOWN)


def _spent(store: CampaignStore, index: int) -> dict[str, float]:
    """Expected seconds of what this iteration has asked, by label."""
    spent: dict[str, float] = {}
    for each in store.iteration(index).notes.promotions:
        for label, told in each.validators.items():
            spent[label] = spent.get(label, 0.0) + told.seconds
    return spent
