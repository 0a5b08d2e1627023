"""Classes of errors and what each does to a job, in one table that the queue, its checker and its manual share."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from alloys.records import FailureKind
from loop.store.states import JobState

# Each wait is longer by up to this share, another for each job, so that they do not all come back at once.
JITTER = 0.1
POISON, REJECTED = "poison", "rejected"
# The note of the event that ends a wait by itself.
DUE = "retry is due"


@dataclass(frozen=True, slots=True)
class Rule:
    """What happens to a job after a failure of one class.

    Attributes:
        meaning: what has failed, in words.
        end: where the job goes when it is not tried again.
        counter: the column of the job that counts such failures since it was last asked afresh.
        waits: seconds before the first further try, the second, ...; the last holds for all later ones.
        most: how many further tries; None for as many as it takes.
        again: where the job goes for a further try.
        asks: whether a further try needs something that the failure asks for; without that there is none.
        works: whether it says that the validator's machinery works; None where it says nothing of that.
    """

    meaning: str
    end: JobState
    counter: str | None = None
    waits: tuple[float, ...] = ()
    most: int | None = 0
    again: JobState = JobState.RETRY_WAIT
    asks: bool = False
    works: bool | None = True

    def goes_on(self, failures: int, *, asked: bool) -> bool:
        """Whether the job is tried again after so many failures of this class, the present one counted."""
        return (self.most is None or failures <= self.most) and (asked or not self.asks)

    def wait(self, failures: int) -> float:
        """Seconds until the try after so many failures, without what is added to spread them."""
        return self.waits[min(failures, len(self.waits)) - 1]


_REVIEW = JobState.NEEDS_REVIEW

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        FailureKind.INFRASTRUCTURE: Rule(
            "the machinery failed", _REVIEW, "retries", waits=(30.0, 300.0, 1200.0), most=3, works=False
        ),
        FailureKind.CAPACITY: Rule(
            "no room just now", _REVIEW, "waits", waits=(60.0, 300.0, 900.0), most=None, works=None
        ),
        FailureKind.RESOURCE: Rule("a limit was too small", _REVIEW, "raises", waits=(0.0,), most=5, asks=True),
        FailureKind.CORRECTABLE: Rule(
            "the method must be set otherwise", _REVIEW, "corrections", waits=(0.0,), most=5, asks=True
        ),
        FailureKind.PHYSICS: Rule("the science has no answer", JobState.FAILED),
        FailureKind.SUSPECT: Rule("an answer that cannot be true", _REVIEW),
        POISON: Rule("a worker died on it", _REVIEW, "deaths", most=2, again=JobState.QUEUED, works=False),
        REJECTED: Rule("a person said no", JobState.CANCELLED),
    }
)
"""By class; every `FailureKind` of a verdict is one."""

LONGEST_WAIT = (1 + JITTER) * max(wait for rule in RULES.values() for wait in rule.waits)
"""Seconds that no wait exceeds; one that seems to was begun before the clock was set back, and is over."""

COUNTERS = tuple(rule.counter for rule in RULES.values() if rule.counter is not None)
"""The columns of a job that count failures, all zero when it is asked afresh."""


def back_off(error_class: str, key: str, failures: int) -> float:
    """Seconds until a job is tried again after so many failures of a class; the same whenever it is asked."""
    share = int(hashlib.sha256(f"{key} {failures}".encode()).hexdigest()[:8], 16) / 2**32
    return RULES[error_class].wait(failures) * (1 + JITTER * share)
