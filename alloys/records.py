"""The records that travel between rooms: frozen, checked when made, JSON both ways, identified by content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from alloys.design import Design
from alloys.errors import InputError
from alloys.properties import PROPERTIES, Property, checked_value


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces; NaN and infinities are refused."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest_of(value: Any) -> str:
    """sha256 of the canonical JSON."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit and, where known, its standard deviation in the same unit."""

    value: float
    unit: str
    std: float | None = None

    def to_json(self) -> dict[str, Any]:
        """``{"value", "unit", "std"?}``."""
        document: dict[str, Any] = {"value": self.value, "unit": self.unit}
        if self.std is not None:
            document["std"] = self.std
        return document


def quantities(
    values: Mapping[str, float],
    properties: Mapping[str, Property] = PROPERTIES,
    stds: Mapping[str, float] | None = None,
) -> dict[str, Quantity]:
    """Property values with the units of the property table, checked against each property's range.

    Raises:
        InputError: for an unknown property, a value that is not finite or outside the property's range.
    """
    stds = stds or {}
    return {
        name: Quantity(checked_value(name, value, properties), properties[name].unit, stds.get(name))
        for name, value in values.items()
    }


@dataclass(frozen=True, slots=True)
class Candidate:
    """A proposed design.

    Attributes:
        design: the alloy, and the variables chosen beside it.
        origin: the generator or sampler that proposed it; see `moved`.
    """

    design: Design
    origin: str


_MOVED = "polish of "


def moved(origin: str) -> str:
    """The origin of a candidate that has moved on the grid since it was proposed, once or often."""
    return _MOVED + proposer(origin)


def proposer(origin: str) -> str:
    """Which generator or sampler proposed a candidate of this origin, whether it has moved since or not."""
    return origin.removeprefix(_MOVED)


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model predicted before validation: mean and standard deviation by property."""

    means: Mapping[str, float]
    stds: Mapping[str, float]
    probability_feasible: float
    model: str

    def to_json(self) -> dict[str, Any]:
        """A plain document."""
        return {
            "means": dict(self.means),
            "stds": dict(self.stds),
            "probability_feasible": self.probability_feasible,
            "model": self.model,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Prediction:
        """Reads what `to_json` wrote."""
        return cls(document["means"], document["stds"], document["probability_feasible"], document["model"])


@dataclass(frozen=True, slots=True)
class Selection:
    """A candidate that was chosen for validation, and why."""

    candidate: Candidate
    rank: int
    score: float
    why: str
    prediction: Prediction | None = None


@dataclass(frozen=True, slots=True)
class ValidationRequest:
    """The question to a validator.

    Attributes:
        design: the alloy, and the variables chosen beside it.
        validator: the validator's name.
        fingerprint: digest of the validator's version, settings and database.
    """

    design: Design
    validator: str
    fingerprint: str

    @property
    def key(self) -> str:
        """The idempotency key: the same question has the same key, whoever asks it."""
        return digest_of(
            {
                "composition": self.design.canonical(),
                "validator": self.validator,
                "fingerprint": self.fingerprint,
            }
        )


class FailureKind(StrEnum):
    """Why there is no answer: the machinery failed, or the science did.

    What the queue does after each is in `loop.store.queue.error_classes`.
    """

    INFRASTRUCTURE = "infrastructure"
    CAPACITY = "capacity"
    RESOURCE = "resource"
    CORRECTABLE = "correctable"
    PHYSICS = "physics"
    SUSPECT = "suspect"


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What a further try gets that the first did not.

    Attributes:
        resources: limits by name, such as ``memory_mb``, instead of those that were too small.
        corrections: of the method, oldest first; what each means is the validator's business.
    """

    resources: Mapping[str, float] = field(default_factory=dict)
    corrections: tuple[Mapping[str, Any], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """``{"resources"?, "corrections"?}``, without what is empty."""
        given = {"resources": dict(self.resources), "corrections": [dict(each) for each in self.corrections]}
        return {name: value for name, value in given.items() if value}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Adjustment:
        """Reads what `to_json` wrote."""
        return cls(document.get("resources", {}), tuple(document.get("corrections", ())))

    def after(self, failed: Failed) -> Adjustment:
        """What the try after a failure gets."""
        if failed.kind is FailureKind.RESOURCE:
            return Adjustment({**self.resources, **failed.ask}, self.corrections)
        if failed.kind is FailureKind.CORRECTABLE:
            return Adjustment(self.resources, (*self.corrections, failed.ask))
        return self


UNADJUSTED = Adjustment()
"""A first try."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A verdict with values; properties carry their units, details are free-form JSON."""

    properties: Mapping[str, Quantity]
    seconds: float = 0.0
    details: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """``{"status": "measured", "properties", "seconds", "details"}``."""
        return {
            "status": "measured",
            "properties": {name: quantity.to_json() for name, quantity in self.properties.items()},
            "seconds": self.seconds,
            "details": dict(self.details),
        }


@dataclass(frozen=True, slots=True)
class Failed:
    """A verdict without values: the kind of failure and its reason.

    Attributes:
        kind: the class of the failure.
        message: the reason.
        seconds: how long it took.
        ask: what the next try should be given: limits by name for `RESOURCE`, a correction of the method for
            `CORRECTABLE`; empty where nothing is left to ask for.
    """

    kind: FailureKind
    message: str
    seconds: float = 0.0
    ask: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """``{"status": "failed", "kind", "message", "seconds", "ask"?}``."""
        document = {"status": "failed", "kind": str(self.kind), "message": self.message, "seconds": self.seconds}
        return {**document, "ask": dict(self.ask)} if self.ask else document


Verdict = Measured | Failed


def verdict_from_json(document: Mapping[str, Any], properties: Mapping[str, Property] | None = PROPERTIES) -> Verdict:
    """Reads what a verdict's ``to_json`` wrote, checking every value against the properties that there are.

    Without properties it is taken as it is, as one that was checked before it was stored.

    Raises:
        InputError: if the document is not a verdict.
    """
    try:
        if document["status"] == "failed":
            told = (FailureKind(document["kind"]), str(document["message"]), float(document["seconds"]))
            return Failed(*told, dict(document.get("ask", {})))
        if document["status"] != "measured":
            raise InputError(f"a verdict's status must be 'measured' or 'failed', got {document['status']!r}")
        entries = document["properties"].items()
        full = {name: Quantity(float(each["value"]), each.get("unit"), each.get("std")) for name, each in entries}
        if properties is not None:
            _refuse_impossible(full, properties)
        return Measured(full, float(document["seconds"]), document.get("details", {}))
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"not a verdict: {error!r} in {str(document)[:200]}") from error


def _refuse_impossible(answered: Mapping[str, Quantity], properties: Mapping[str, Property]) -> None:
    checked = quantities({name: quantity.value for name, quantity in answered.items()}, properties)
    for name, quantity in answered.items():
        if quantity.unit != checked[name].unit:
            raise InputError(f"{name} must be in {checked[name].unit}, got {quantity.unit!r}")


@dataclass(frozen=True, slots=True)
class Observation:
    """A design and the verdict of its validation.

    Attributes:
        design: the alloy, and the variables chosen beside it.
        values: property values in the units of the property table; empty for a failure.
        source: who measured it.
        failure: the reason where validation failed.
        stds: standard deviations of some of the values, in the same units.
    """

    design: Design
    values: Mapping[str, float]
    source: str
    failure: str | None = None
    stds: Mapping[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """A plain document; the dataset digest is made of these."""
        document = {
            "composition": self.design.canonical(),
            "values": dict(self.values),
            "source": self.source,
            "failure": self.failure,
        }
        return {**document, "stds": dict(self.stds)} if self.stds else document


def dataset_digest(observations: list[Observation]) -> str:
    """A digest of the observations' contents that does not depend on their order."""
    return digest_of(sorted(canonical_json(observation.to_json()) for observation in observations))
