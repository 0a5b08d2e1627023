"""What the campaign database hands out: frozen records, one per kind of row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from alloys.records import Observation, Selection, ValidationRequest, Verdict
from loop.store.transitions import IterationState, JobState


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
class Iteration:
    """One turn of the loop; times in unix seconds, ``info`` free-form."""

    index: int
    state: IterationState
    started: float
    finished: float | None
    info: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Proposal:
    """A stored selection and the key of the job that answers it."""

    iteration: int
    selection: Selection
    key: str


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to answer one job until ``until`` (unix seconds), fenced by a token."""

    request: ValidationRequest
    token: str
    owner: str
    until: float
    attempt: int

    @property
    def key(self) -> str:
        """The job's key."""
        return self.request.key


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stands.

    Attributes:
        request: what is asked.
        iteration: the iteration that asked.
        rank: its rank there.
        attempts: how often it was leased.
        retries: how often the machinery failed.
        deaths: how often a worker died on it.
    """

    request: ValidationRequest
    iteration: int | None
    rank: int | None
    state: JobState
    attempts: int
    retries: int
    deaths: int
    token: str | None
    owner: str | None
    lease_until: float | None
    not_before: float | None
    error_class: str | None
    message: str | None
    created: float
    updated: float
    verdict: Verdict | None

    @property
    def key(self) -> str:
        """The job's key."""
        return self.request.key


@dataclass(frozen=True, slots=True)
class JobEvent:
    """One change of state of one job."""

    id: int
    key: str
    at: float
    from_state: JobState | None
    to_state: JobState
    owner: str | None
    token: str | None
    note: str


@dataclass(frozen=True, slots=True)
class StoredObservation:
    """An observation with where it came from.

    Attributes:
        observation: what was seen.
        iteration: the iteration that asked, None for results brought by hand.
        rank: the proposal's rank there.
        key: the job that answered.
        replicate: a later result for something already answered; not part of the dataset.
    """

    id: int
    observation: Observation
    iteration: int | None
    rank: int | None
    key: str | None
    replicate: bool
    at: float


@dataclass(frozen=True, slots=True)
class Added:
    """How many of the rows brought by hand were new, replicates of known ones, or already there."""

    new: int
    replicates: int
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
