"""Properties that the settings of a campaign's validators name, such as a phase fraction at a temperature."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from alloys.errors import InputError, MistakesError
from alloys.properties import Property
from validation.registry import declared_properties


def with_declared(data: Any) -> Any:
    """The document with such properties among its own; what it says of them itself wins.

    What cannot be read of it is left as it is, to whoever checks it.

    Raises:
        MistakesError: where it says what a validator answers by a mixture or an expression too.
    """
    if not isinstance(data, dict) or not isinstance(data.get("properties", {}), dict):
        return data
    given = data.get("properties", {})
    found = {name: row for each in _validators(data) for name, row in _declared(each).items()}
    twice = [name for name in found if {"mixture", "expression"} & set(_said(given, name))]
    if twice:
        told = "a validator's quantity has that name; give one of the two another"
        raise MistakesError([(("properties", name), f"properties: {name}: {told}") for name in twice])
    merged = {name: {**_spec(row), **_said(given, name)} for name, row in found.items()}
    usable = {name: spec for name, spec in merged.items() if isinstance(given.get(name, {}), dict)}
    return {**data, "properties": {**given, **usable}} if usable else data


def _validators(data: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Name and settings of every validator, as far as they can be read."""
    listed = data.get("validators")
    for entry in listed if isinstance(listed, list) and listed else [data.get("validator")]:
        if isinstance(entry, dict):
            name, settings = entry.get("name"), entry.get("settings")
        else:
            name, settings = getattr(entry, "name", None), getattr(entry, "settings", None)
        if isinstance(settings, dict):
            yield str(name), settings


def _declared(validator: tuple[str, Mapping[str, Any]]) -> Mapping[str, Property]:
    try:
        return declared_properties(*validator)
    except InputError:
        return {}


def _said(given: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    said = given.get(name)
    return said if isinstance(said, dict) else {}


def _spec(row: Property) -> dict[str, Any]:
    """A property as a document declares it."""
    spec = {"unit": row.unit, "range": [row.low, row.high], "usual": list(row.usual)}
    return (
        spec
        | ({"scale": row.scale} if row.scale != "linear" else {})
        | ({"difference": True} if row.difference else {})
    )
