"""Validators by name."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from alloys.errors import InputError
from validation.base import Validator

# Module and class by name; a module is imported only when its validator is asked for.
_WHERE = {
    "calphad": ("validation.calphad.validator", "CalphadValidator"),
    "reference": ("validation.reference", "ReferenceValidator"),
}

VALIDATORS: tuple[str, ...] = tuple(_WHERE)


def make_validator(name: str, settings: Mapping[str, Any]) -> Validator:
    """The validator of that name.

    Raises:
        InputError: for an unknown name or settings that the validator refuses.
    """
    if name not in _WHERE:
        raise InputError(
            f"unknown validator {name!r}; available are {', '.join(_WHERE)} and external (answers brought by hand)"
        )
    module, attribute = _WHERE[name]
    made: Validator = getattr(importlib.import_module(module), attribute)(settings)
    return made
