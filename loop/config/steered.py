"""What people did to a campaign as it goes on, and what is in force by it."""

from __future__ import annotations

from collections.abc import Sequence

from loop.store import Act, ActKind


def pause_in(acts: Sequence[Act]) -> Act | None:
    """The act that paused a campaign, where it is paused."""
    last = next((act for act in reversed(acts) if act.kind in (ActKind.PAUSE, ActKind.RESUME)), None)
    return last if last is not None and last.kind is ActKind.PAUSE else None


def stops_in(acts: Sequence[Act]) -> list[Act]:
    """The acts that ask for a stop after an iteration, which ``detail`` names; resuming takes back those before it."""
    resumed = max((act.id for act in acts if act.kind is ActKind.RESUME), default=0)
    return [act for act in acts if act.kind is ActKind.STOP and act.id > resumed]


def by(act: Act) -> str:
    """Who did it, and why, in words."""
    return f"by {act.who}" + (f": {act.why}" if act.why else "")
