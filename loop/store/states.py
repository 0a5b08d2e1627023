"""States of a job and every move between them, in one table.

All code that changes a job goes through `check_move`; the database holds the same table in a trigger.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from loop.store.errors import IllegalMove


class JobState(StrEnum):
    """Where a validation job stands."""

    HELD = "held"
    QUEUED = "queued"
    RUNNING = "running"
    RETRY_WAIT = "retry_wait"
    NEEDS_REVIEW = "needs_review"
    AWAITING_HUMAN = "awaiting_human"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class IterationState(StrEnum):
    """Where an iteration stands."""

    PROPOSING = "proposing"
    VALIDATING = "validating"
    CLOSED = "closed"


class DataEventKind(StrEnum):
    """What happened to the data beside the queue: at a campaign's begin its own files and other campaigns' results."""

    START = "start"
    CAMPAIGN = "campaign"
    ADD = "add"
    WITHDRAW = "withdraw"
    CORRECT = "correct"


class ActKind(StrEnum):
    """What somebody did to a campaign as it goes on; ``END`` is a stop rule's."""

    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    ADD = "add"
    EXCLUDE = "exclude"
    CHANGE = "change"
    END = "end"


DECIDING = (ActKind.ADD, ActKind.EXCLUDE, ActKind.CHANGE)
"""Acts that decide what is validated; the others only when."""


S = JobState

# From a state (None: the job is new) to the states that may follow it. A move to the same state is a person's
# word that a conflicting result was looked at.
MOVES: Mapping[JobState | None, frozenset[JobState]] = {
    None: frozenset({S.HELD, S.QUEUED, S.AWAITING_HUMAN}),
    S.HELD: frozenset({S.QUEUED, S.AWAITING_HUMAN, S.CANCELLED}),
    S.QUEUED: frozenset({S.RUNNING, S.AWAITING_HUMAN, S.CANCELLED}),
    S.RUNNING: frozenset({S.DONE, S.FAILED, S.RETRY_WAIT, S.NEEDS_REVIEW, S.QUEUED, S.CANCELLED}),
    S.RETRY_WAIT: frozenset({S.QUEUED, S.AWAITING_HUMAN, S.CANCELLED}),
    S.AWAITING_HUMAN: frozenset({S.AWAITING_HUMAN, S.DONE, S.FAILED, S.CANCELLED}),
    S.NEEDS_REVIEW: frozenset({S.QUEUED, S.AWAITING_HUMAN, S.FAILED, S.DONE, S.CANCELLED}),
    S.DONE: frozenset({S.DONE}),
    S.FAILED: frozenset({S.FAILED}),
    S.CANCELLED: frozenset({S.CANCELLED}),
}

# Only a person can move it on.
FOR_PEOPLE = (S.HELD, S.AWAITING_HUMAN, S.NEEDS_REVIEW)
# An answer will still come: an iteration with such a job cannot be closed. A job that needs review is set
# aside, so that one bad alloy does not hold up the campaign.
OPEN = (S.HELD, S.QUEUED, S.RUNNING, S.RETRY_WAIT, S.AWAITING_HUMAN)
# There is an accepted answer, positive or negative.
ANSWERED = (S.DONE, S.FAILED)


def move_text(source: JobState, target: JobState) -> str:
    """The move as the database's trigger writes it, ``queued>running``."""
    return f"{source}>{target}"


def check_move(source: JobState | None, target: JobState) -> None:
    """Refuses a move that is not in the table.

    Raises:
        IllegalMove: naming what is allowed from that state.
    """
    if target not in MOVES[source]:
        raise IllegalMove(f"a job that is {source or 'new'} cannot become {target}; it can become {following(source)}")


def following(source: JobState | None) -> str:
    """The states that may follow another one, as text."""
    return ", ".join(sorted(MOVES[source] - {source})) or "nothing else"
