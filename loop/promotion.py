"""Which alloys go on from a cheap validator to a dearer one: of those that passed, the ones worth their hours."""

from __future__ import annotations

import logging
import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from alloys.composition import Composition
from alloys.records import Candidate, Measured, Prediction, Selection
from loop.ranking import fit_surrogate
from loop.steps import seed_for
from loop.store import CampaignStore, JobState
from loop.tiers import Tier
from loop.view import Row, View
from surrogates.model import Surrogate
from surrogates.worth import Worth, worth_asking

if TYPE_CHECKING:
    from loop.campaign import Campaign

log = logging.getLogger(__name__)

ENOUGH = 3
"""Finished jobs from which their median says what one takes."""


@dataclass(frozen=True, slots=True)
class Round:
    """What is asked of dearer validators next.

    Attributes:
        selections: the alloys, ranked from 0.
        tiers: the validator that each goes to, counted from 0.
        note: how the round came about.
    """

    selections: list[Selection]
    tiers: list[int]
    note: dict[str, Any]


def promote(campaign: Campaign, index: int, progress: Callable[[str], None] = log.info) -> bool:
    """Asks the next of several validators, once what was asked in an iteration is answered; whether there are new jobs.

    Which alloys it is asked for is stored with the jobs, before anybody works on them. An alloy goes to a validator
    once.

    Args:
        campaign: an open campaign; where it has one validator nothing happens.
        index: the iteration, whose jobs are all answered.
        progress: called with the stage's name as it begins.
    """
    if len(campaign.tiers) < 2:
        return False
    store = campaign.store
    rounds = store.iteration(index).info.get("promotions", [])
    if rounds and not rounds[-1]["asked"]:
        return False
    progress("choosing for the dearer validators")
    found = next_round(campaign.view(), store, campaign.tiers, index, len(rounds))
    requests = [campaign.request(*pair) for pair in zip(found.selections, found.tiers, strict=True)]
    store.store_promotions(
        index,
        len(rounds),
        found.selections,
        requests,
        found.tiers,
        note=found.note,
        by_hand=[i for i, tier in enumerate(campaign.tiers) if tier.by_hand],
        hold=campaign.config.validation.hold,
    )
    return bool(requests)


def next_round(view: View, store: CampaignStore, tiers: Sequence[Tier], index: int, number: int) -> Round:
    """The round of that number of an iteration; empty where nothing is left to ask.

    A validator without hours gets every alloy that passed the gates before it. One with hours gets those with the
    largest expected gain per hour (`surrogates.worth`), as long as the expected seconds of this iteration's jobs
    fit into its hours. Alloys of earlier iterations that were passed over are looked at again.
    """
    standing = standings(view, store, tiers)
    chooser = _Chooser(view, store, tiers, seed_for(view.config.seed, index, "fidelity") + number)
    spent = _spent(store, index)
    selections: list[Selection] = []
    places: list[int] = []
    told: dict[str, Any] = {}
    for i, tier in enumerate(tiers[1:], start=1):
        rows = [row for row, following in standing if following == i]
        chosen = chooser.choose(rows, i, spent.get(tier.label, 0.0))
        told[tier.label] = {
            "passed": len(rows),
            "asked": len(chosen),
            "seconds": sum(entry.seconds for entry in chosen),
            "value": sum(entry.worth.value for entry in chosen if entry.worth is not None),
        }
        selections += [entry.selection(len(selections) + k, tiers[i - 1]) for k, entry in enumerate(chosen)]
        places += [i] * len(chosen)
    note: dict[str, Any] = {"asked": len(selections), "validators": told}
    if chooser.surrogate is not None:
        note |= {"surrogate": chooser.surrogate.digest, "notes": list(chooser.surrogate.notes)}
    return Round(selections, places, note)


def standings(view: View, store: CampaignStore, tiers: Sequence[Tier]) -> list[tuple[Row, int]]:
    """Alloys that passed every gate so far, with the validator that comes next, counted from 0.

    Left out is what all have answered, what failed a gate or was not measured, and what nobody was asked of yet.
    """
    asked: dict[Composition, set[int]] = {}
    for proposal in [*store.proposals(), *store.promotions()]:
        asked.setdefault(proposal.selection.candidate.composition, set()).add(proposal.tier)
    found = []
    for row in view.rows:
        following = _next(row, asked.get(row.composition, set()), tiers)
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
            if asked == (tier.validator.name, tier.validator.fingerprint) and isinstance(job.verdict, Measured):
                for count in (0, len(job.request.composition.elements)):
                    times.setdefault(count, []).append(max(job.verdict.seconds, 1e-6))
    return {0: tier.seconds} | {count: statistics.median(t) for count, t in times.items() if len(t) >= ENOUGH}


def _spent(store: CampaignStore, index: int) -> dict[str, float]:
    """Expected seconds of what this iteration has asked, by label."""
    spent: dict[str, float] = {}
    for note in store.iteration(index).info.get("promotions", []):
        for label, told in note["validators"].items():
            spent[label] = spent.get(label, 0.0) + told["seconds"]
    return spent


@dataclass(frozen=True, slots=True)
class _Chosen:
    row: Row
    seconds: float
    worth: Worth | None = None
    prediction: Prediction | None = None

    def selection(self, rank: int, before: Tier) -> Selection:
        why, score = f"passed {before.label}", 0.0
        if self.worth is not None:
            why += f"; expected gain {self.worth.value:.3g}, {self.worth.per_hour:.3g} an hour"
            score = math.log(self.worth.per_hour)
        return Selection(Candidate(self.row.composition, self.row.origin), rank, score, why, self.prediction)


@dataclass(slots=True)
class _Chooser:
    view: View
    store: CampaignStore
    tiers: Sequence[Tier]
    seed: int
    surrogate: Surrogate | None = field(default=None, init=False)

    def choose(self, rows: Sequence[Row], i: int, spent: float) -> list[_Chosen]:
        """Who goes to one validator."""
        tier = self.tiers[i]
        if not rows:
            return []
        by_count = expected_seconds(tier, self.store)
        seconds = [by_count.get(len(row.composition.elements), by_count[0]) for row in rows]
        if tier.hours is None:
            return [_Chosen(row, cost) for row, cost in zip(rows, seconds, strict=True)]
        left = 3600.0 * tier.hours - spent
        if min(seconds) > left:
            return []
        self.surrogate = self.surrogate or fit_surrogate(self.view)
        front = [self.view.goal.signed_objectives(row.confirmed) for row in self.view.rows if row.feasible]
        picks = worth_asking(
            self.surrogate,
            self.view.goal,
            self.view.fractions([row.composition for row in rows]),
            seconds,
            left,
            front=np.array(front, dtype=np.float64).reshape(-1, len(self.view.goal.objectives)),
            reference=self.view.reference_point(),
            feasible_known=bool(front),
            seed=self.seed,
        )
        return [_Chosen(rows[p.row], p.seconds, p, self._prediction(rows[p.row].composition)) for p in picks]

    def _prediction(self, composition: Composition) -> Prediction | None:
        if self.surrogate is None:
            return None
        described = self.surrogate.describe(self.view.fractions([composition]))
        means, stds = self.surrogate.predict(described)
        chance = float(self.surrogate.probability_feasible(described, self.view.goal)[0])
        numbers = [{name: float(column[0]) for name, column in part.items()} for part in (means, stds)]
        return Prediction(numbers[0], numbers[1], chance, self.surrogate.digest)
