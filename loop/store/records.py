"""What the campaign database hands out: frozen records, one per kind of row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from alloys.points.point import Point
from alloys.records import Adjustment, Observation, Selection, ValidationRequest, Verdict
from loop.store.notes import IterationNotes
from loop.store.states import ActKind, DataEventKind, IterationState, JobState


class Outcome(StrEnum):
    """What `finish` did with a verdict."""

    DONE = "done"
    FAILED = "failed"
    RETRY = "retry"
    REVIEW = "review"
    REPLICATE = "replicate"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class CampaignInfo:
    """The campaign's one row; ``created`` in unix seconds."""

    name: str
    config: Mapping[str, Any]
    config_digest: str
    seed: int
    code_version: str
    created: float


@dataclass(frozen=True, slots=True)
class CodeVersion:
    """A version of the program that went on with a campaign, from ``at`` on, in unix seconds."""

    version: str
    at: float


@dataclass(frozen=True, slots=True)
class Facts:
    """What became known of a campaign as it went on.

    Attributes:
        last_iteration: how far a run means to go; None where there was none.
        reference_point: by objective, in its unit, where hypervolumes are measured from; None before it is frozen.
        code_versions: those after the one that made the campaign.
    """

    last_iteration: int | None = None
    reference_point: Mapping[str, float] | None = None
    code_versions: tuple[CodeVersion, ...] = ()


@dataclass(frozen=True, slots=True)
class Iteration:
    """One turn of the loop; times in unix seconds."""

    index: int
    state: IterationState
    started: float
    finished: float | None
    notes: IterationNotes


@dataclass(frozen=True, slots=True)
class Proposal:
    """A stored selection and the key of the job that answers it; ``tier`` counts a campaign's validators from 0."""

    iteration: int
    selection: Selection
    key: str
    tier: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stands.

    Attributes:
        request: what is asked.
        iteration: the iteration that asked.
        rank: its rank there.
        tier: which of the campaign's validators is asked, counted from 0.
        attempts: how often somebody began to work on it.
        retries: how often the machinery failed.
        deaths: how often a worker died on it.
        nonce: of this round of asking; a person's file of answers must name it.
        by_hand: whether people answer it, and no worker gets it.
        conflicts: results that differ from the accepted one, which nobody has looked at.
        waits: how often there was no room for it.
        raises: how often a limit was too small.
        corrections: how often the method had to be set otherwise.
        adjustment: what the next try is given that the first was not.

    Counts are since it was last asked from the start.
    """

    request: ValidationRequest
    iteration: int | None
    rank: int | None
    tier: int | None
    state: JobState
    attempts: int
    retries: int
    deaths: int
    not_before: float | None
    error_class: str | None
    message: str | None
    created: float
    updated: float
    verdict: Verdict | None
    nonce: str
    by_hand: bool
    conflicts: int
    waits: int
    raises: int
    corrections: int
    adjustment: Adjustment

    @property
    def key(self) -> str:
        """The job's key."""
        return self.request.key


@dataclass(frozen=True, slots=True)
class JobEvent:
    """One change of state of one job; ``owner`` is the run that works on it, ``error_class`` the failure behind it."""

    id: int
    key: str
    at: float
    from_state: JobState | None
    to_state: JobState
    owner: str | None
    note: str
    error_class: str | None = None


@dataclass(frozen=True, slots=True)
class StoredObservation:
    """An observation with where it came from.

    Attributes:
        observation: what was seen.
        iteration: the iteration that asked, None for results brought by hand.
        rank: the proposal's rank there.
        key: the job that answered.
        replicate: a program's later result for a job that was answered, or a later failure of what was known; not
            part of the dataset.
        conflict: how a replicate differs from what was accepted.
        tier: which of the campaign's validators answered, counted from 0; None for results brought by hand.
        withdrawn: properties whose values no longer count; an empty name for a failure.
    """

    id: int
    observation: Observation
    iteration: int | None
    rank: int | None
    key: str | None
    replicate: bool
    at: float
    conflict: str | None = None
    tier: int | None = None
    withdrawn: frozenset[str] = frozenset()

    @property
    def standing(self) -> Observation | None:
        """What of it counts; None where nothing does."""
        seen = self.observation
        if self.replicate or (seen.failure is not None and self.withdrawn):
            return None
        if not self.withdrawn:
            return seen
        values, stds = ({n: v for n, v in each.items() if n not in self.withdrawn} for each in (seen.values, seen.stds))
        return Observation(seen.design, values, seen.source, None, stds) if values else None


@dataclass(frozen=True, slots=True)
class DataEvent:
    """What somebody did to the data beside the queue.

    Attributes:
        at: unix seconds.
        who: the person, or the campaign itself at its start.
        kind: what was done.
        why: the reason, where one was given.
        detail: of a file its name and digest; of a withdrawal or correction the rows and properties.
    """

    id: int
    at: float
    who: str
    kind: DataEventKind
    why: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class KnownPoint:
    """A point of the materials table as it was when the campaign began.

    Attributes:
        number: its id in the table.
        property_name: the campaign's property that it speaks of; empty for an answer of one of its validators.
        point: what it says.
    """

    number: int
    property_name: str
    point: Point


@dataclass(frozen=True, slots=True)
class GivenVerdict:
    """A verdict that a campaign's job was given, and that counts.

    Attributes:
        number: of its observation; a later one has a larger number.
        observation: what was seen; who says so is its source.
        validator: who was asked.
        fingerprint: of the validator.
        by_hand: whether people answered.
    """

    number: int
    observation: Observation
    validator: str
    fingerprint: str
    by_hand: bool


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody did to the campaign as it goes on: see `loop.config.steering.in_force` for what each kind means.

    Attributes:
        id: counts them from 1, in their order.
        at: unix seconds.
        who: the person; of a stop rule the campaign itself.
        kind: what was done.
        why: the reason, where one was given.
        detail: what it is about.
    """

    id: int
    at: float
    who: str
    kind: ActKind
    why: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Pause:
    """A validator that gets no jobs: its machinery failed many times in a row.

    Attributes:
        validator: its name.
        failures: how many in a row.
        until: end of the pause in unix seconds; None until a person says that it works again.
        message: the last failure.
    """

    validator: str
    failures: int
    until: float | None
    message: str


@dataclass(frozen=True, slots=True)
class Result:
    """A person's answer to a job, as one line of a file brings it: values in the properties' units, or a failure.

    Attributes:
        line: where it stands in the file.
        key: of the job.
        nonce: of the round of asking.
        values: property values.
        stds: standard deviations of some of them.
        failure: why there are no values.
    """

    line: int
    key: str
    nonce: str
    values: Mapping[str, float]
    stds: Mapping[str, float]
    failure: str | None = None


@dataclass
class Imported:
    """What became of the rows of a file.

    Attributes:
        answered: jobs that are answered now.
        kept: rows that answer no job, because they say a part of what is asked or the job is cancelled; kept.
        known: rows that were there already.
        repeats: further measurements of what was known; they count beside it.
        conflicts: failures of what is known: kept, and marked for review.
    """

    answered: int = 0
    kept: int = 0
    known: int = 0
    repeats: int = 0
    conflicts: int = 0


@dataclass(frozen=True, slots=True)
class Added:
    """How many of the rows brought by hand were new, measured a known property again, or were there already."""

    new: int
    repeats: int
    known: int


@dataclass(frozen=True, slots=True)
class Metric:
    """A number for the tracker; ``iteration`` None belongs to the campaign, ``at`` in unix seconds never changes."""

    id: int
    iteration: int | None
    name: str
    step: int
    value: float
    at: float


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file for the tracker; ``path`` is relative to the campaign's folder."""

    id: int
    iteration: int | None
    name: str
    sha256: str
    path: str
    at: float
