"""The campaign database with the validation queue inside: one SQLite file, the only truth of a campaign."""

from __future__ import annotations

from loop.store.errors import (
    BatchExists,
    CampaignBusy,
    CampaignExists,
    IllegalMove,
    IterationError,
    NetworkFolder,
    NoCampaign,
    StaleLease,
    StoreBusy,
    StoreError,
    StoreUnwritable,
    UnknownJob,
    UnknownSchema,
)
from loop.store.history import check_history, check_store
from loop.store.lock import DriverLock
from loop.store.records import (
    Added,
    Artifact,
    CampaignInfo,
    Imported,
    Iteration,
    Job,
    JobEvent,
    Lease,
    Metric,
    Outcome,
    Pause,
    Proposal,
    Result,
    StoredObservation,
)
from loop.store.store import CampaignStore
from loop.store.transitions import IterationState, JobState

__all__ = [
    "Added",
    "Artifact",
    "BatchExists",
    "CampaignBusy",
    "CampaignExists",
    "CampaignInfo",
    "CampaignStore",
    "DriverLock",
    "IllegalMove",
    "Imported",
    "Iteration",
    "IterationError",
    "IterationState",
    "Job",
    "JobEvent",
    "JobState",
    "Lease",
    "Metric",
    "NetworkFolder",
    "NoCampaign",
    "Outcome",
    "Pause",
    "Proposal",
    "Result",
    "StaleLease",
    "StoreBusy",
    "StoreError",
    "StoreUnwritable",
    "StoredObservation",
    "UnknownJob",
    "UnknownSchema",
    "check_history",
    "check_store",
]
