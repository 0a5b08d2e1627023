"""The reference models as a validator: closed forms, in microseconds."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from alloys.design import Design
from alloys.errors import InputError
from alloys.physics.closed_forms import CLOSED_FORMS, properties_of
from alloys.physics.elements import element_table, known_elements
from alloys.properties import get_property
from alloys.records import Failed, FailureKind, Measured, Verdict, digest_of, quantities
from validation.base import Description

VERSION = 1


class ReferenceValidator:
    """Every closed form of a composition; see `alloys.physics.closed_forms` for the formulas and their sources."""

    name = "reference"
    properties = tuple(CLOSED_FORMS)

    def __init__(self, settings: Mapping[str, Any]) -> None:
        """Takes no settings.

        Raises:
            InputError: if there are any.
        """
        if settings:
            raise InputError(f"the validator 'reference' has no settings, got {sorted(settings)}")

    @property
    def fingerprint(self) -> str:
        """Digest of the formulas' version and the element table."""
        table = {symbol: str(row) for symbol, row in element_table().items()}
        return digest_of({"name": self.name, "version": VERSION, "elements": table})

    @property
    def description(self) -> Description:
        """What it answers, and from what."""
        units = {name: get_property(name).unit for name in self.properties}
        data = (digest_of({symbol: str(row) for symbol, row in element_table().items()}),)
        return Description(self.name, units, "closed form", 1e-3, str(VERSION), data=data)

    @property
    def portable_settings(self) -> dict[str, Any]:
        """None are needed."""
        return {}

    def check(self, elements: Iterable[str]) -> None:
        """Refuses elements without reference data.

        Raises:
            InputError: naming them, and those there are.
        """
        lacking = sorted(set(elements) - set(known_elements()))
        if lacking:
            raise InputError(f"no reference data for {', '.join(lacking)}; available are {', '.join(known_elements())}")

    def validate(self, design: Design) -> Verdict:
        """The closed forms, or a failure where an element has no reference data."""
        start = time.perf_counter()
        try:
            values = quantities(properties_of(design.composition))
        except InputError as error:
            return Failed(FailureKind.PHYSICS, str(error), time.perf_counter() - start)
        return Measured(values, time.perf_counter() - start)


VALIDATOR = ReferenceValidator
