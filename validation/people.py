"""People among a campaign's validators: what they are asked for. Their answers come by the file, not from here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alloys.design import Design
from alloys.errors import InputError
from alloys.properties import PROPERTIES, Property, get_property
from alloys.records import Failed, FailureKind, Verdict
from validation.base import Description

VERSION = 1


@dataclass(frozen=True, slots=True)
class People:
    """Who measures some properties by hand: a laboratory, a furnace, a colleague.

    Attributes:
        name: ``human`` or ``external``.
        label: who they are; two laboratories with the same properties are two validators.
        units: the unit of each property that they answer.
    """

    name: str
    label: str
    units: Mapping[str, str]

    @classmethod
    def of(
        cls,
        name: str,
        label: str,
        settings: Mapping[str, Any],
        default: Sequence[str],
        known: Mapping[str, Property] = PROPERTIES,
    ) -> People:
        """From a configuration's settings, whose one key is ``properties``: ``default`` where it is not given.

        ``known`` are all properties that there are.

        Raises:
            InputError: for another key, or properties that are none, named twice or unknown.
        """
        stray = sorted(set(settings) - {"properties"})
        if stray:
            raise InputError(f"unknown settings of {label!r}: {', '.join(stray)}; people have one, properties")
        names = settings.get("properties", list(default))
        if not isinstance(names, list) or (not names and default) or len(set(map(str, names))) < len(names):
            raise InputError(f"properties of {label!r} must be a list of different names, at least one, got {names!r}")
        return cls(name, label, {str(each): get_property(str(each), known).unit for each in names})

    @property
    def properties(self) -> tuple[str, ...]:
        """What they answer."""
        return tuple(self.units)

    @property
    def fingerprint(self) -> str:
        """Digest of who they are and what they answer."""
        return self.description.digest()

    @property
    def description(self) -> Description:
        """What they answer; what that costs is for the campaign to say."""
        return Description(self.name, self.units, "measured by people", 0.0, str(VERSION), {"label": self.label})

    @property
    def portable_settings(self) -> dict[str, Any]:
        """The properties."""
        return {"properties": list(self.properties)}

    def check(self, elements: Iterable[str]) -> None:
        """People may be asked of any element."""

    def validate(self, design: Design) -> Verdict:
        """Never a value: people answer their jobs by the file."""
        return Failed(FailureKind.SUSPECT, f"people ({self.label}) answer {design}, not a program: `queue import`")
