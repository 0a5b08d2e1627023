"""When the next batch may be chosen, and what of the last one it is shown: exact, so that proposals repeat."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from alloys.design import Design
from loop.config.schema import CampaignConfig
from loop.config.tiers import Tier
from loop.store import CampaignStore
from validation.base import Validator

CHOOSING_SECONDS = 30.0
"""What training, fitting and ranking are taken to need, in s: twice that of the default campaign on an idle core."""
QUORUM = 0.5
"""Share of a batch that must be answered before stragglers are done without."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a proposal is shown, stored with its iteration before any work on it begins.

    Attributes:
        ahead: how many of the last batch's validations may be open.
        hidden: keys of jobs that count as open, whether they are or not; the rest is answered.
        late: those of them that were to be waited for, and did not come.
    """

    ahead: int = 0
    hidden: tuple[str, ...] = ()
    late: tuple[str, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """A plain document."""
        return {"ahead": self.ahead, "hidden": list(self.hidden), "late": list(self.late)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Reads what `to_json` wrote."""
        return cls(document["ahead"], tuple(document["hidden"]), tuple(document["late"]))


def stored(info: Mapping[str, Any]) -> Shown | None:
    """What an iteration's notes say that its proposal is shown."""
    return Shown.from_json(info["shown"]) if "shown" in info else None


def hidden_from(store: CampaignStore, design: Design) -> tuple[str, ...]:
    """Keys of the jobs that counted as open when a design was picked; none where it was not picked by a model."""
    found = [p.iteration for p in store.proposals() if p.selection.candidate.design == design]
    shown = stored(store.iteration(found[0]).info) if found else None
    return shown.hidden if shown is not None else ()


def ahead_of(config: CampaignConfig, validator: Validator | None, tiers: Sequence[Tier] = ()) -> int:
    """How many validations of the last batch may be open while the next is chosen: see `docs/concepts/schedule.md`.

    A function of the configuration and of what the validators declare, not of the machine.

    Args:
        config: the campaign's.
        validator: of several the first; None where people answer.
        tiers: several validators, or none.
    """
    schedule, slots = config.schedule, config.cluster.workers
    if schedule.mode == "synchronous":
        return 0
    if schedule.ahead != "auto":
        return schedule.ahead
    if validator is None or config.cluster.executor == "local":
        return 0
    each = tiers[-1].seconds if tiers else validator.description.expected_seconds
    whole = sum(_seconds(tier, config.batch) for tier in tiers) if tiers else config.batch * each
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
        shown: what it is shown once none is missing; None where the last iteration has not asked all yet.
        excused: what it is shown if it does without the missing ones; None where too few are answered.
    """

    missing: tuple[str, ...]
    shown: Shown | None
    excused: Shown | None


def surely_missing(store: CampaignStore, index: int, ahead: int, counts: Mapping[int, int]) -> bool:
    """Whether more jobs are open than the proposal of an iteration may do without: `standing` need not read them all.

    Args:
        store: the campaign's.
        index: the iteration, at least 1.
        ahead: how many of the last iteration may be open.
        counts: open jobs of each iteration that has any.
    """
    before = {iteration: count for iteration, count in counts.items() if iteration < index}
    return sum(before.values()) > ahead + len(_late(store, before, index))


def standing(store: CampaignStore, index: int, ahead: int, dearest: str | None = None) -> Standing:
    """What the proposal of an iteration would be shown now.

    It needs every answer but those of the last ``ahead`` jobs of the iteration before, in the order of proposing, and
    of jobs that an earlier proposal did without.

    Args:
        store: the campaign's.
        index: the next iteration, at least 1.
        ahead: how many may be open.
        dearest: label of the last of several validators; None where there is one.
    """
    batch = store.proposals(index - 1)
    asked = [*batch, *store.promotions(index - 1)]
    last = [proposal.key for proposal in asked][max(0, len(asked) - ahead) :] if ahead else []
    before = [job for job in store.open_jobs() if job.iteration is not None and job.iteration < index]
    unfinished = [job.key for job in before]
    late = _late(store, {job.iteration for job in before if job.iteration is not None}, index)
    missing = tuple(key for key in unfinished if key not in last and key not in late)
    hidden = (*last, *(key for key in unfinished if key not in last))
    shown = Shown(ahead, hidden) if not missing and _asked_all(store, index - 1, ahead, dearest) else None
    answered = len(batch) - len({proposal.key for proposal in batch} & set(unfinished))
    enough = answered >= QUORUM * len(batch)
    return Standing(missing, shown, Shown(ahead, tuple(unfinished), missing) if enough else None)


def _late(store: CampaignStore, iterations: Collection[int], index: int) -> set[str]:
    """Keys that proposals before this one did without."""
    if not iterations:
        return set()
    told = [stored(store.iteration(i).info) for i in range(min(iterations) + 1, index)]
    return {key for shown in told if shown is not None for key in shown.late}


def _asked_all(store: CampaignStore, index: int, ahead: int, dearest: str | None) -> bool:
    """Whether an iteration's dearest validator, if it has several, has been asked what it is going to be."""
    if dearest is None:
        return True
    rounds = store.iteration(index).info.get("promotions", [])
    asked = sum(note["validators"][dearest]["asked"] for note in rounds)
    return bool(rounds) and (rounds[-1]["asked"] == 0 or (ahead > 0 and asked > 0))
