"""Limits of a run that turned out too small: how that is seen, and what the next try is given instead."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from alloys.records import Failed, FailureKind, Verdict
from validation.jobs.guard import NOT_STARTED
from validation.jobs.settings import ProcessRun, Run

R = TypeVar("R", bound=Run)

FACTOR = 2.0
"""The next try is given so many times as much."""

# What programs say when an allocation fails: Python, NumPy, C++, the C library, Fortran, Julia, Java.
_OUT_OF_MEMORY = re.compile(
    r"MemoryError|Unable to allocate|std::bad_alloc|Cannot allocate memory|[Oo]ut of memory|OutOfMemoryError|"
    r"[Ii]nsufficient (virtual )?memory|[Aa]llocation (would exceed|failed)"
)


def short_of(run: Run, name: str, message: str) -> Failed:
    """A failure for a limit that was too small; `within_most` says how far it may be raised."""
    return Failed(FailureKind.RESOURCE, message, ask={name: FACTOR * run.limit(name)})


def unfinished(run: ProcessRun, what: str, status: int | None, said: str) -> Failed:
    """The failure of a command that ended without a verdict.

    Args:
        run: how it was run.
        what: the command, for the message.
        status: its exit status, None where the time limit ended it.
        said: what it said last, for the message.
    """
    if status is None:
        told = f"{what} took longer than run.time_limit = {run.time_limit:g} s and was ended{said}"
        # Where more time is not allowed, the machine may have been busy: asked again as it was.
        return short_of(run, "time_limit", told) if "time_limit" in run.most else _broken(told)
    if status == NOT_STARTED:
        return _broken(f"{what} or something that it needs is not installed here{said}")
    ended = f"was ended by signal {status - 128}" if status > 128 else f"ended with status {status}"
    if run.memory_mb and _OUT_OF_MEMORY.search(said):
        return short_of(run, "memory_mb", f"{what} {ended} under run.memory_mb = {run.memory_mb}{said}")
    return _broken(f"{what} {ended}{said}")


def _broken(message: str) -> Failed:
    return Failed(FailureKind.INFRASTRUCTURE, message)


def within_most(run: Run, verdict: Verdict) -> Verdict:
    """The verdict; a failure of class ``resource`` asks for no more than ``run.most`` allows, or for nothing.

    Where it does not say what it needs, it asks for more of everything that may be raised.
    """
    if not isinstance(verdict, Failed) or verdict.kind is not FailureKind.RESOURCE:
        return verdict
    wanted = verdict.ask or {name: FACTOR * run.limit(name) for name in run.most}
    ask = {name: min(most, float(wanted[name])) for name, most in run.most.items() if name in wanted}
    ask = {name: value for name, value in ask.items() if value > run.limit(name)}
    if ask:
        return replace(verdict, ask=ask)
    limits = [f"{name} = {run.limit(name):g} of {run.most.get(name, run.limit(name)):g}" for name in sorted(wanted)]
    told = f"{verdict.message} (no more is allowed by run.most: {', '.join(limits) or 'it names no limit'})"
    return replace(verdict, message=told, ask={})


def raised(run: R, resources: Mapping[str, float]) -> R:
    """The run with the limits that a further try is given, none beyond ``run.most``, none lower than it is."""
    update = {}
    for name, most in run.most.items():
        now = getattr(run, name)
        update[name] = max(now, type(now)(min(most, resources.get(name, now))))
    return run.model_copy(update=update)
