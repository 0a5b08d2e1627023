"""What people did to a campaign as it goes on, and what is in force by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from alloys.exclusion import without_element, without_region
from alloys.problem import Problem
from alloys.space import Space
from loop.store import Act, ActKind

CHOOSING = (ActKind.EXCLUDE, ActKind.CHANGE)
"""Acts that change what is chosen."""


@dataclass(frozen=True, slots=True)
class InForce:
    """What is wanted by now.

    Attributes:
        problem: as acts have changed it.
    """

    problem: Problem


def in_force(problem: Problem, acts: Sequence[Act]) -> InForce:
    """What a campaign wants by its own problem and what was done since.

    Raises:
        InputError: if an act contradicts what was before, which is refused where acts are recorded.
    """
    space = problem.space
    for act in acts:
        if act.kind is ActKind.EXCLUDE:
            space = narrowed(space, act.detail)
    return InForce(problem if space is problem.space else replace(problem, space=space))


def narrowed(space: Space, what: Mapping[str, Any]) -> Space:
    """A space without an ``element`` or a ``region``.

    Raises:
        InputError: if there is nothing of that kind to exclude, or nothing would be left.
    """
    return without_element(space, what["element"]) if "element" in what else without_region(space, what["region"])


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
