"""A validator's place in a campaign's list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from alloys.goal import Constraint


@dataclass(frozen=True, slots=True)
class Tier:
    """A validator's place in a campaign's list: plain data, from which any process can make the validator.

    Attributes:
        label: its name in the campaign.
        validator: the validator's own name.
        fingerprint: digest of all that decides its answers.
        properties: what it answers.
        by_hand: whether people answer.
        settings: the validator's, as JSON text.
        gates: what its answer must satisfy before the next validator is asked.
        hours: expected hours that it may be asked for in one iteration; None for every alloy that got so far.
        seconds: what one answer is expected to take; 0 where that is not known.
        measured: whether the seconds are those of its finished jobs, once there are some.
        version: of the validator's method; empty for people.
    """

    label: str
    validator: str
    fingerprint: str
    properties: tuple[str, ...]
    by_hand: bool = False
    settings: str = "{}"
    gates: tuple[Constraint, ...] = ()
    hours: float | None = None
    seconds: float = 0.0
    measured: bool = False
    version: str = ""

    def passes(self, values: Mapping[str, float]) -> bool:
        """Whether measured values satisfy every gate; a missing value does not.

        People may bring an answer in parts: nothing passes before all of it is there.
        """
        if self.by_hand and not set(self.properties) <= set(values):
            return False
        return all(constraint.met(values) for constraint in self.gates)

    def to_json(self) -> dict[str, Any]:
        """What a campaign's database keeps for its readers: label, properties, and whether people answer."""
        return {"label": self.label, "properties": list(self.properties), "by_hand": self.by_hand}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Reads what `to_json` wrote; what only a driver needs is empty then."""
        return cls(document["label"], "", "", tuple(document["properties"]), document["by_hand"])
