"""When the next batch may be chosen, and what of the last one it is shown: exact, so that proposals repeat."""

from __future__ import annotations

import logging
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from alloys.design import Design
from loop.config.schema import CampaignConfig
from loop.store import CampaignStore, ProposalInputs
from validation.tier import Tier

log = logging.getLogger(__name__)

CHOOSING_SECONDS = 30.0
"""What training, fitting and ranking are taken to need, in s: twice that of the default campaign on an idle core."""
QUORUM = 0.5
"""Share of a batch that must be answered before stragglers are done without."""


def shown_to(store: CampaignStore, design: Design) -> tuple[tuple[str, ...], int | None]:
    """What the proposal that picked a design was shown: `ProposalInputs.hidden` and ``acts``.

    Nothing is hidden, and all acts count, where it was not picked by a model.
    """
    found = [p.iteration for p in store.proposals() if p.selection.candidate.design == design]
    inputs = store.iteration(found[0]).notes.inputs if found else None
    return (inputs.hidden, inputs.acts) if inputs is not None else ((), None)


def ahead_of(config: CampaignConfig, tiers: Sequence[Tier]) -> int:
    """How many validations of the last batch may be open while the next is chosen: see `docs/concepts/schedule.md`.

    A function of the configuration and of what the validators declare, not of the machine.

    Args:
        config: the campaign's.
        tiers: its validators.
    """
    schedule, slots = config.schedule, config.cluster.workers
    if schedule.mode == "synchronous":
        return 0
    if schedule.ahead != "auto":
        return schedule.ahead
    if tiers[0].by_hand or config.cluster.executor == "local":
        return 0
    each, whole = tiers[-1].seconds, sum(_seconds(tier, config.batch) for tier in tiers)
    if 0.0 < whole <= CHOOSING_SECONDS * slots:
        return 0
    turns = math.ceil(CHOOSING_SECONDS / each) if each > 0 else 1
    return min(slots * turns, max(1, config.batch // 2))


def _seconds(tier: Tier, batch: int) -> float:
    return batch * tier.seconds if tier.hours is None else 3600.0 * tier.hours


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the iterations before the next one stand.

    Attributes:
        missing: open jobs that its proposal should be shown the answers of.
        inputs: what it is shown once none is missing; None where the last iteration has not asked all yet.
        inputs_without_stragglers: what it is shown if it does without the missing ones; None where too few are
            answered.
    """

    missing: tuple[str, ...]
    inputs: ProposalInputs | None
    inputs_without_stragglers: ProposalInputs | None


@dataclass(frozen=True, slots=True)
class Schedule:
    """When the next proposal may begin.

    Attributes:
        store: the campaign's.
        ahead: how many validations of the last batch may be open.
        last_tier: label of the last of several validators; None where there is one.
        patience: seconds for which a slot may be idle before stragglers are done without; None for ever.
    """

    store: CampaignStore
    ahead: int
    last_tier: str | None
    patience: float | None

    @classmethod
    def of(cls, store: CampaignStore, config: CampaignConfig, tiers: Sequence[Tier]) -> Self:
        """The schedule that a configuration asks for."""
        patience = config.schedule.patience_seconds if config.schedule.mode == "asynchronous" else None
        return cls(store, ahead_of(config, tiers), tiers[-1].label if len(tiers) > 1 else None, patience)

    def inputs(self, index: int, counts: Mapping[int, int], idle: float) -> ProposalInputs | None:
        """What the proposal of an iteration is shown if it may begin now, else None.

        Args:
            index: the iteration, at least 1.
            counts: open jobs of each iteration that has any.
            idle: seconds for which a slot has had nothing to do.
        """
        patient = self.patience is None or idle < self.patience
        if patient and self._too_many_open(index, counts):
            return None
        found = self.standing(index)
        if found.inputs is not None or patient or found.inputs_without_stragglers is None:
            return found.inputs
        log.warning(
            "iteration %d: a slot was idle for %.0f s; it goes on without %d answers that are still to come",
            index,
            idle,
            len(found.missing),
        )
        return found.inputs_without_stragglers

    def _too_many_open(self, index: int, counts: Mapping[int, int]) -> bool:
        """Whether more jobs are open than the proposal may do without: `standing` need not read them all."""
        before = {iteration: count for iteration, count in counts.items() if iteration < index}
        return sum(before.values()) > self.ahead + len(self._late(before, index))

    def standing(self, index: int) -> Standing:
        """What the proposal of an iteration, at least 1, would be shown now.

        It needs every answer but those of the last ``ahead`` jobs of the iteration before, in the order of proposing,
        and of jobs that an earlier proposal did without.
        """
        batch = self.store.proposals(index - 1)
        asked = [*batch, *self.store.promotions(index - 1)]
        last = [proposal.key for proposal in asked][max(0, len(asked) - self.ahead) :] if self.ahead else []
        before = [job for job in self.store.open_jobs() if job.iteration is not None and job.iteration < index]
        unfinished = [job.key for job in before]
        late = self._late({job.iteration for job in before if job.iteration is not None}, index)
        missing = tuple(key for key in unfinished if key not in last and key not in late)
        hidden = (*last, *(key for key in unfinished if key not in last))
        ready = not missing and self._asked_all(index - 1)
        answered = len(batch) - len({proposal.key for proposal in batch} & set(unfinished))
        without = ProposalInputs(self.ahead, tuple(unfinished), missing) if answered >= QUORUM * len(batch) else None
        return Standing(missing, ProposalInputs(self.ahead, hidden) if ready else None, without)

    def _late(self, iterations: Collection[int], index: int) -> set[str]:
        """Keys that proposals before this one did without."""
        if not iterations:
            return set()
        earlier = [self.store.iteration(i).notes.inputs for i in range(min(iterations) + 1, index)]
        return {key for inputs in earlier if inputs is not None for key in inputs.late}

    def _asked_all(self, index: int) -> bool:
        """Whether an iteration's last validator, of several, has been asked what it is going to be."""
        if self.last_tier is None:
            return True
        decided = self.store.iteration(index).notes.promotions
        asked = sum(each.validators[self.last_tier].asked for each in decided)
        return bool(decided) and (decided[-1].asked == 0 or (self.ahead > 0 and asked > 0))
