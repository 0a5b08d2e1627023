"""People among a campaign's validators: what they are asked for. Their answers come by the file, not from here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alloys.design import Design
from alloys.errors import InputError
from alloys.properties import get_property
from alloys.records import Failed, FailureKind, Verdict
from validation.base import Description

VERSION = 1


@dataclass(frozen=True, slots=True)
class People:
    """Who measures some properties by hand: a laboratory, a furnace, a colleague.

    Attributes:
        name: ``human`` or ``external``.
        label: who they are; two laboratories with the same properties are two validators.
        properties: what they answer.
    """

    name: str
    label: str
    properties: tuple[str, ...]

    @classmethod
    def of(cls, name: str, label: str, settings: Mapping[str, Any], default: Sequence[str]) -> People:
        """From a configuration's settings, whose one key is ``properties``: ``default`` where it is not given.

        Raises:
            InputError: for another key, or properties that are none, named twice or unknown.
        """
        stray = sorted(set(settings) - {"properties"})
        if stray:
            raise InputError(f"unknown settings of {label!r}: {', '.join(stray)}; people have one, properties")
        names = settings.get("properties", list(default))
        if not isinstance(names, list) or not names or len(set(map(str, names))) < len(names):
            raise InputError(f"properties of {label!r} must be a list of different names, at least one, got {names!r}")
        return cls(name, label, tuple(get_property(str(name)).name for name in names))

    @property
    def fingerprint(self) -> str:
        """Digest of who they are and what they answer."""
        return self.description.digest()

    @property
    def description(self) -> Description:
        """What they answer; what that costs is for the campaign to say."""
        units = {name: get_property(name).unit for name in self.properties}
        return Description(self.name, units, "measured by people", 0.0, str(VERSION), {"label": self.label})

    @property
    def portable_settings(self) -> dict[str, Any]:
        """The properties."""
        return {"properties": list(self.properties)}

    def check(self, elements: Iterable[str]) -> None:
        """People may be asked of any element."""

    def validate(self, design: Design) -> Verdict:
        """Never a value: people answer their jobs by the file."""
        return Failed(FailureKind.SUSPECT, f"people ({self.label}) answer {design}, not a program: `queue import`")
