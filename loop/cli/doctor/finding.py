"""What was found of one thing that campaigns need, or may need."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Health(StrEnum):
    """Whether a thing can be used: it can, it is not there, or it is there and something is wrong with it."""

    OK = "ok"
    MISSING = "missing"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's.

    Attributes:
        check: what was looked at.
        health: how it is.
        found: what was found, in words.
        advice: what to do; empty where there is nothing to do.
        needed: whether campaigns cannot do without it.
    """

    check: str
    health: Health
    found: str
    advice: str = ""
    needed: bool = True

    @property
    def stands_in_the_way(self) -> bool:
        """Whether something that is needed cannot be used."""
        return self.needed and self.health is not Health.OK

    def to_json(self) -> dict[str, Any]:
        """A plain document."""
        return {**asdict(self), "health": str(self.health)}


def judged(check: str, found: str, fault: str = "", *, needed: bool = True) -> Finding:
    """A finding that is ok unless there is something to do about it."""
    return Finding(check, Health.FAULT if fault else Health.OK, found, fault, needed)
