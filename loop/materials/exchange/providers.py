"""OPTIMADE databases that are known by name, and what their own fields mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from alloys.errors import InputError
from alloys.files import packaged_rows
from alloys.units import check_unit

_NAMED = re.compile(r"(?P<field>_[a-z0-9]+_[^=\s]+)=(?P<name>[a-z][a-z0-9_]*):(?P<unit>\S.*)")


@dataclass(frozen=True, slots=True)
class Provider:
    """A database that answers by OPTIMADE.

    Attributes:
        name: that sources of its points begin with.
        base_url: its address, with or without the version behind it.
        title: as a person would call it.
        doi: of the publication that describes it; empty where none is known.
    """

    name: str
    base_url: str
    title: str
    doi: str = ""


@dataclass(frozen=True, slots=True)
class ProviderField:
    """A field of a provider's own, and the property that it gives.

    Attributes:
        path: its name, and the keys within it.
        property_name: of the points.
        unit: that the provider states it in.
        test: how such values come to be, in the conditions of the points.
    """

    path: tuple[str, ...]
    property_name: str
    unit: str
    test: str

    @property
    def column(self) -> str:
        """The field as it is asked for."""
        return self.path[0]

    def value(self, attributes: Mapping[str, Any]) -> Any:
        """What an entry says; None where it says nothing.

        Raises:
            ValueError: if it is no object where one has to be.
        """
        found: Any = attributes
        for key in self.path:
            if found is None:
                return None
            if not isinstance(found, Mapping):
                raise ValueError(f"{'.'.join(self.path)} is {found!r:.40}, no object with {key!r}")
            found = found.get(key)
        return found


def provider_of(given: str) -> Provider:
    """A provider by its name, or by an address of any other.

    Raises:
        InputError: if it is neither.
    """
    known = {row["name"]: Provider(**row) for row in packaged_rows("loop.materials.exchange", "providers.csv")}
    if given in known:
        return known[given]
    if "://" not in given:
        raise InputError(f"{given!r} is no provider; known are {', '.join(known)}, or give an address with http(s)://")
    return next((one for one in known.values() if one.base_url == given.rstrip("/")), Provider("", given, given))


@cache
def known_fields() -> tuple[ProviderField, ...]:
    """Fields of providers whose meaning is known (``provider_fields.csv``)."""
    return tuple(
        ProviderField(tuple(row["field"].split(".")), row["property"], row["unit"], row["test"])
        for row in packaged_rows("loop.materials.exchange", "provider_fields.csv")
    )


def fields_of(texts: Iterable[str]) -> tuple[ProviderField, ...]:
    """Fields as a person names them: ``_own_field.key=property:GPa``.

    Raises:
        InputError: for what is none.
    """
    found = []
    for text in texts:
        match = _NAMED.fullmatch(text.strip())
        if match is None:
            raise InputError(f"a field is named as _PREFIX_FIELD=PROPERTY:UNIT, with the keys within it; got {text!r}")
        unit = check_unit(match["unit"].strip())
        found.append(ProviderField(tuple(match["field"].split(".")), match["name"], unit, ""))
    return tuple(found)
