"""Errors of the campaign database, each one clear line; nothing was changed when one is raised."""

# They are named for what is the case, as callers catch them: `except CampaignBusy`.
# ruff: noqa: N818

from __future__ import annotations

from alloys.errors import InputError, WorkError


class StoreError(InputError):
    """Base of every error of the campaign database."""


class NoCampaign(StoreError):
    """There is no campaign database at that path."""


class CampaignExists(StoreError):
    """A campaign database is already there."""


class UnknownSchema(StoreError):
    """The database was written by a newer version of the program; it is left as it is."""


class StoreBusy(StoreError, WorkError):
    """Another process held the database's write lock for too long."""


class StoreUnwritable(StoreError, WorkError):
    """The disk is full, broken or cannot be written; what was not committed is not there."""


class CampaignBusy(StoreError):
    """Another driver runs this campaign."""


class NetworkFolder(StoreError):
    """SQLite's locks cannot be trusted on a network filesystem."""


class IllegalMove(StoreError):
    """The table of moves does not allow that change of state."""


class NotRunning(StoreError):
    """Nobody is working on the job: it was queued again, cancelled or settled meanwhile."""


class UnknownJob(StoreError):
    """No job has that key."""


class BatchExists(StoreError):
    """The iteration has its batch already; the stored one wins."""


class IterationError(StoreError):
    """The iteration is missing, out of order, or not in a state that allows this."""


class ActsChanged(StoreError):
    """Somebody else did something to the campaign meanwhile."""
