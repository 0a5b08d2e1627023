"""What a validator is: a design in, a verdict out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from alloys.design import Design
from alloys.records import UNADJUSTED, Adjustment, Verdict, digest_of


@dataclass(frozen=True, slots=True)
class Description:
    """What a validator says of itself, so that a person can choose between several and trust what comes back.

    Attributes:
        name: the validator's.
        units: the unit of each property that it answers.
        fidelity: how true its answers are, in a word.
        expected_seconds: what one answer usually takes; 0 where that is not known.
        version: of its method.
        settings: the settings that decide its answers.
        data: digests of the databases and files that its answers rest on.
    """

    name: str
    units: Mapping[str, str]
    fidelity: str
    expected_seconds: float
    version: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    data: tuple[str, ...] = ()

    def digest(self) -> str:
        """Digest of all that decides the answers: everything but fidelity and cost."""
        return digest_of(
            {
                "name": self.name,
                "version": self.version,
                "units": dict(self.units),
                "settings": dict(self.settings),
                "data": list(self.data),
            }
        )


class Validator(Protocol):
    """Answers some properties of any design.

    A validator is a plain object: a test, a Ray task or a worker outside can call it. It never raises for what a
    design does: a failure is a verdict. One that knows nothing of a design's variables answers for its composition.
    """

    @property
    def name(self) -> str:
        """The word used in configurations and records."""
        ...

    @property
    def properties(self) -> tuple[str, ...]:
        """The properties that it answers."""
        ...

    @property
    def fingerprint(self) -> str:
        """Digest of version, settings and database: two validators with one fingerprint give the same answer."""
        ...

    @property
    def description(self) -> Description:
        """Its properties with units, fidelity, expected cost, and what enters the fingerprint."""
        ...

    def check(self, elements: Iterable[str]) -> None:
        """Refuses elements that it cannot answer for.

        Raises:
            InputError: naming what is lacking, and what there is.
        """
        ...

    @property
    def portable_settings(self) -> dict[str, Any]:
        """Settings from which any process makes the same validator."""
        ...

    def validate(self, design: Design) -> Verdict:
        """What is true of the design, or why that is not known."""
        ...


@runtime_checkable
class Adjustable(Protocol):
    """A validator that can be asked again with more memory or time, or with its method set otherwise."""

    def adjusted(self, adjustment: Adjustment) -> Validator:
        """The same validator, with the same fingerprint, for a further try."""
        ...


def adjusted(validator: Validator, adjustment: Adjustment) -> Validator:
    """The validator for a further try; as it is where nothing is asked of it, or it cannot be adjusted."""
    if adjustment == UNADJUSTED or not isinstance(validator, Adjustable):
        return validator
    return validator.adjusted(adjustment)
