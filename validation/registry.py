"""Validators by name: the project's own, and those that other packages register.

A validator of the project is a module of this package with a line ``VALIDATOR = Class``; its name is the module's, or
its folder's where the module is called ``validator``. Another package registers one by an entry point of the group
``alloyloop.validators``, ``NAME = "package.module:Class"``. Nothing else is edited.

Whoever only asks for names starts no engine: the modules' text is read, and a module runs when its validator is made.

What a class may have beside `validation.base.Validator`:

    ``uses_scratch``: true where it takes a folder for its files, as ``run.scratch`` of its settings.
    ``declares(settings)``: the properties that settings name beyond those that every campaign has.
    ``completed(settings, properties)``: the settings with what they need to know of a campaign's properties.
    ``settings_schema()``: what an editor should know of the settings, as a JSON schema.
    ``variables``: of an object, the variables that a design must have, as numbers.
    ``takes_measurements``: true where its setting ``table`` names a materials table, which whoever makes it reads.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from alloys.errors import InputError, first_line
from alloys.properties import PROPERTIES, Property
from validation.base import Validator

GROUP = "alloyloop.validators"
"""Entry points of this group name the classes of other packages' validators."""

_DECLARED = re.compile(r"^VALIDATOR = \w+$", re.MULTILINE)
_MEMBERS = tuple(name for name in vars(Validator) if not name.startswith("_"))


def validator_names() -> tuple[str, ...]:
    """Names of all validators, in order; none is imported."""
    return tuple(sorted({*_own(), *(point.name for point in entry_points(group=GROUP))}))


def make_validator(
    name: str,
    settings: Mapping[str, Any],
    scratch: Path | None = None,
    properties: Mapping[str, Property] = PROPERTIES,
) -> Validator:
    """The validator of that name.

    Args:
        name: one of `validator_names`.
        settings: its settings.
        scratch: a folder for its files, where it needs one and its settings name none.
        properties: that there are; a command is told the units of those that a campaign has declared.

    Raises:
        InputError: for an unknown name, settings that the validator refuses, or a package whose validator is none.
    """
    kind = _kind(name)
    if scratch is not None and getattr(kind, "uses_scratch", False):
        settings = _with_scratch(settings, scratch)
    complete = getattr(kind, "completed", None)
    if complete is not None and properties is not PROPERTIES:
        settings = _completed(name, complete, settings, properties)
    made: Validator = kind(settings) if name in _own() else _made(name, kind, settings)
    return made


@cache
def _own() -> dict[str, str]:
    """Module by name of the project's own validators."""
    root = Path(__file__).parent
    found = {}
    for path in sorted(root.rglob("*.py")):
        if _DECLARED.search(path.read_text(encoding="utf-8")):
            name = path.parent.name if path.stem == "validator" else path.stem
            found[name] = ".".join((__package__, *path.relative_to(root).with_suffix("").parts))
    return found


def declared_properties(name: str, settings: Mapping[str, Any]) -> Mapping[str, Property]:
    """The properties that a validator's settings name beyond those that every campaign has.

    Raises:
        InputError: for an unknown name, or settings that the validator refuses.
    """
    declares = getattr(_kind(name), "declares", None) if settings else None
    return declares(settings) if declares is not None else {}


def takes_measurements(name: str) -> bool:
    """Whether a validator's setting ``table`` names a materials table.

    Raises:
        InputError: for an unknown name.
    """
    return bool(getattr(_kind(name), "takes_measurements", False))


def settings_schemas() -> dict[str, dict[str, Any]]:
    """What an editor should know of the settings of the project's own validators, as JSON schemas by name."""
    kinds = {name: _kind(name) for name in _own()}
    return {name: kind.settings_schema() for name, kind in kinds.items() if hasattr(kind, "settings_schema")}


def _kind(name: str) -> Any:
    """The class of a validator.

    Raises:
        InputError: for an unknown name, or a package that cannot be loaded.
    """
    module = _own().get(name)
    return importlib.import_module(module).VALIDATOR if module else _loaded(_registered(name))


def _completed(
    name: str, complete: Any, settings: Mapping[str, Any], properties: Mapping[str, Property]
) -> Mapping[str, Any]:
    """The settings with what they need to know of a campaign's properties."""
    try:
        completed: Mapping[str, Any] = complete(settings, properties)
    except InputError as error:
        raise InputError(f"settings of the validator {name!r}: {error}") from error
    return completed


def _with_scratch(settings: Mapping[str, Any], scratch: Path) -> Mapping[str, Any]:
    run = settings.get("run", {})
    return {**settings, "run": {"scratch": str(scratch), **run}} if isinstance(run, Mapping) else settings


def _registered(name: str) -> EntryPoint:
    points = tuple(entry_points(group=GROUP, name=name))
    if not points:
        names = ", ".join(validator_names())
        raise InputError(f"unknown validator {name!r}; available are {names} and external (answers brought by hand)")
    if len({point.value for point in points}) > 1:
        raise InputError(f"several packages register a validator {name!r}: {', '.join(p.value for p in points)}")
    return points[0]


def _loaded(point: EntryPoint) -> Any:
    try:
        return point.load()
    except Exception as error:  # whatever a package's own code raises
        raise InputError(f"the validator {point.name!r} of {point.value} cannot be loaded: {_said(error)}") from error


def _made(name: str, kind: Any, settings: Mapping[str, Any]) -> Validator:
    """Another package's validator, held against the protocol."""
    try:
        made: Validator = kind(settings)
    except InputError:
        raise
    except Exception as error:  # whatever a package's own code raises
        raise InputError(f"the validator {name!r} cannot be made of these settings: {_said(error)}") from error
    lacking = [member for member in _MEMBERS if inspect.getattr_static(made, member, None) is None]
    if lacking:
        raise InputError(f"the validator {name!r} lacks {', '.join(lacking)}; see validation.base.Validator")
    if made.name != name:
        raise InputError(f"the validator {name!r} calls itself {made.name!r}; an entry point bears the same name")
    return made


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {first_line(error)}"
