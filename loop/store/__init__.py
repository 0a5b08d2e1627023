"""The campaign database with the validation queue inside: one SQLite file, the only truth of a campaign."""

from __future__ import annotations

from loop.store.database.lock import DriverLock
from loop.store.errors import (
    BatchExists,
    CampaignBusy,
    CampaignExists,
    IllegalMove,
    IterationError,
    NetworkFolder,
    NoCampaign,
    NotRunning,
    StoreBusy,
    StoreError,
    StoreUnwritable,
    UnknownJob,
    UnknownSchema,
)
from loop.store.notes import IterationNotes, ProposalInputs
from loop.store.queue.history import check_history, check_store
from loop.store.records import (
    Added,
    Artifact,
    CampaignInfo,
    CodeVersion,
    DataEvent,
    Facts,
    Imported,
    Iteration,
    Job,
    JobEvent,
    Metric,
    Outcome,
    Pause,
    Proposal,
    Result,
    StoredObservation,
)
from loop.store.states import DataEventKind, IterationState, JobState
from loop.store.store import CampaignStore

__all__ = [
    "Added",
    "Artifact",
    "BatchExists",
    "CampaignBusy",
    "CampaignExists",
    "CampaignInfo",
    "CampaignStore",
    "CodeVersion",
    "DataEvent",
    "DataEventKind",
    "DriverLock",
    "Facts",
    "IllegalMove",
    "Imported",
    "Iteration",
    "IterationError",
    "IterationNotes",
    "IterationState",
    "Job",
    "JobEvent",
    "JobState",
    "Metric",
    "NetworkFolder",
    "NoCampaign",
    "NotRunning",
    "Outcome",
    "Pause",
    "Proposal",
    "ProposalInputs",
    "Result",
    "StoreBusy",
    "StoreError",
    "StoreUnwritable",
    "StoredObservation",
    "UnknownJob",
    "UnknownSchema",
    "check_history",
    "check_store",
]
