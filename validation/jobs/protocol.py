"""The documents that pass between alloyloop and a command: the request, and the verdict that comes back.

The fields are described in `docs/reference/validator_protocol.md`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from alloys.design import Design
from alloys.errors import InputError
from alloys.properties import PROPERTIES, checked_value
from alloys.records import UNADJUSTED, Adjustment, Failed, FailureKind, Measured, Quantity, Verdict
from validation.jobs.files import printable

PROTOCOL: Final = 1
"""Raised whenever a command written for the older documents could misread the new ones."""

VERDICT_BYTES = 1_000_000
"""A verdict is a handful of numbers; a larger one is a mistake."""


CORRECTION_BYTES = 4000
"""A correction is a few settings; it is kept with the job and sent again."""


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Request(_Document):
    """What a command is asked about one alloy."""

    protocol: Literal[1] = Field(default=PROTOCOL, description="version of these documents")
    key: str = Field(description="identity of the question; the verdict repeats it")
    nonce: str = Field(description="identity of this asking; the verdict repeats it")
    formula: str = Field(description="the alloy in at.%, to three decimals")
    composition: dict[str, float] = Field(description="atomic fraction by element, sum 1")
    variables: dict[str, str | bool | int | float] = Field(
        default={}, description="the values of the variables chosen beside the composition, where there are some"
    )
    properties: dict[str, str] = Field(description="what is wanted: unit by property")
    settings: dict[str, Any] = Field(default={}, description="the `settings` of the configuration, unchanged")
    resources: dict[str, float] = Field(
        default={}, description="limits of this try, by the names of `run`, where they are not those of the first"
    )
    corrections: list[dict[str, Any]] = Field(
        default=[], description="what earlier tries asked for in failures of class `correctable`, oldest first"
    )

    @classmethod
    def of(
        cls,
        design: Design,
        units: Mapping[str, str],
        settings: Mapping[str, Any],
        adjustment: Adjustment = UNADJUSTED,
        *,
        key: str,
        nonce: str,
    ) -> Request:
        """The request for an alloy and some properties, each with its unit."""
        return cls(
            key=key,
            nonce=nonce,
            formula=design.formula,
            composition=design.composition.fractions(),
            variables=design.values,
            properties=dict(units),
            settings=dict(settings),
            resources=dict(adjustment.resources),
            corrections=[dict(correction) for correction in adjustment.corrections],
        )

    def encoded(self) -> bytes:
        """The document as UTF-8 text, without the fields that are empty in most requests."""
        empty = {name for name in ("variables", "resources", "corrections") if not getattr(self, name)}
        return (json.dumps(self.model_dump(mode="json", exclude=empty), indent=1, allow_nan=False) + "\n").encode()


class Answer(_Document):
    """One property's value."""

    value: float = Field(description="a finite number")
    unit: str = Field(description="the unit that the request names, letter by letter")
    std: Annotated[float, Field(ge=0)] | None = Field(default=None, description="standard deviation in the same unit")


class Failure(_Document):
    """Why there are no values."""

    kind: Literal["infrastructure", "capacity", "resource", "correctable", "physics", "suspect"] = Field(
        alias="class",
        description="physics: kept as an answer, never asked again; infrastructure: asked again later, three times; "
        "capacity: asked again later, as often as it takes; resource: asked again with higher limits; correctable: "
        "asked again with `correction`, five times; suspect: set aside for a person",
    )
    message: Annotated[str, Field(min_length=1, max_length=4000)]
    resources: dict[str, Annotated[float, Field(gt=0)]] = Field(
        default={}, description="of class `resource`: limits that would do, by the names of `run`; doubled if none"
    )
    correction: dict[str, Any] = Field(
        default={}, description="of class `correctable`: what the next request should bring, in at most 4000 bytes"
    )

    @model_validator(mode="after")
    def _asks_for_what_its_class_can_have(self) -> Self:
        if self.resources and self.kind != "resource":
            raise ValueError(f"'resources' belong to a failure of class 'resource', not {self.kind!r}")
        if bool(self.correction) != (self.kind == "correctable"):
            raise ValueError("a failure of class 'correctable', and no other, needs a 'correction'")
        if len(json.dumps(self.correction)) > CORRECTION_BYTES:
            raise ValueError(f"'correction' is larger than {CORRECTION_BYTES} bytes")
        return self


class VerdictDocument(_Document):
    """What a command answers: either all the properties that were wanted, or a failure."""

    protocol: Literal[1] = Field(description="version of these documents")
    key: str = Field(description="the request's key")
    nonce: str = Field(description="the request's nonce")
    properties: dict[str, Answer] = Field(default={}, description="every property of the request")
    failure: Failure | None = Field(default=None, description="why there are none")
    provenance: dict[str, Any] = Field(default={}, description="anything worth keeping: versions, settings, files")


def read_verdict(content: bytes, request: Request) -> Verdict:
    """The verdict in a command's answer; whatever is wrong with it makes a suspect failure that says what.

    Args:
        content: the answer as it came.
        request: what was asked.
    """
    try:
        document = _parsed(content)
        _match(document, request)
        if document.failure is not None:
            told = document.failure
            return Failed(FailureKind(told.kind), printable(told.message), ask=told.resources or told.correction)
        return Measured(_values(document, request), details={"provenance": document.provenance})
    except InputError as error:
        return Failed(FailureKind.SUSPECT, f"the command's verdict is refused: {error}")


def _parsed(content: bytes) -> VerdictDocument:
    if not content.strip():
        raise InputError("it is empty")
    if len(content) > VERDICT_BYTES:
        raise InputError(f"it is larger than {VERDICT_BYTES} bytes")
    try:
        data = json.loads(
            content.decode("utf-8"), object_pairs_hook=_no_duplicates, parse_float=_finite, parse_constant=_finite
        )
        return VerdictDocument.model_validate(data)
    except ValidationError as error:
        raise InputError(mistakes_in(error)) from error
    except (ValueError, RecursionError) as error:
        start = content[:80].decode("utf-8", "replace")
        raise InputError(f"it is not a JSON document ({error}); it begins with {start!r}") from error


def mistakes_in(error: ValidationError) -> str:
    """A validation error on one line: where, what is wrong, what was got."""
    parts = []
    for detail in error.errors(include_url=False):
        where = ".".join(str(part) for part in detail["loc"]) or "the document"
        got = "" if detail["type"] == "missing" else f", got {str(detail['input'])[:60]!r}"
        parts.append(f"{where}: {detail['msg']}{got}")
    return "; ".join(parts[:8])


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise InputError(f"numbers must be finite, got {text}")
    return value


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        names = [name for name, _ in pairs]
        raise InputError(f"{next(n for n in names if names.count(n) > 1)!r} is given twice")
    return document


def _match(document: VerdictDocument, request: Request) -> None:
    for name in ("key", "nonce"):
        got, wanted = getattr(document, name), getattr(request, name)
        if got != wanted:
            raise InputError(f"it answers another request: its {name} is {got[:80]!r}, the request's is {wanted!r}")
    if document.failure is not None and document.properties:
        raise InputError("it has properties and a failure; give one of them")


def _values(document: VerdictDocument, request: Request) -> dict[str, Quantity]:
    wanted, got = set(request.properties), set(document.properties)
    if wanted - got:
        raise InputError(f"it lacks {', '.join(sorted(wanted - got))}; it has {', '.join(sorted(got)) or 'nothing'}")
    if got - wanted:
        raise InputError(f"it has {', '.join(sorted(got - wanted))}, which was not asked for")
    for name, answer in document.properties.items():
        if answer.unit != request.properties[name]:
            raise InputError(f"{name} must be in {request.properties[name]!r}, got {answer.unit!r}")
        if name in PROPERTIES:  # what a campaign has declared is held against its range when it is stored
            checked_value(name, answer.value)
    return {name: Quantity(answer.value, answer.unit, answer.std) for name, answer in document.properties.items()}
