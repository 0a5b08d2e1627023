"""Validators by name."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alloys.errors import InputError
from validation.base import Validator

# Module and class by name; a module is imported only when its validator is asked for.
_WHERE = {
    "calphad": ("validation.calphad.validator", "CalphadValidator"),
    "dft": ("validation.dft.validator", "DftValidator"),
    "script": ("validation.commands.script", "ScriptValidator"),
    "slurm": ("validation.commands.slurm", "SlurmValidator"),
    "reference": ("validation.reference", "ReferenceValidator"),
}

VALIDATORS: tuple[str, ...] = tuple(_WHERE)


def make_validator(name: str, settings: Mapping[str, Any], scratch: Path | None = None) -> Validator:
    """The validator of that name.

    Args:
        name: one of `VALIDATORS`.
        settings: its settings.
        scratch: a folder for its files, where it needs one and its settings name none.

    Raises:
        InputError: for an unknown name or settings that the validator refuses.
    """
    if name not in _WHERE:
        raise InputError(
            f"unknown validator {name!r}; available are {', '.join(_WHERE)} and external (answers brought by hand)"
        )
    module, attribute = _WHERE[name]
    kind = getattr(importlib.import_module(module), attribute)
    if scratch is not None and getattr(kind, "uses_scratch", False):
        settings = _with_scratch(settings, scratch)
    made: Validator = kind(settings)
    return made


def _with_scratch(settings: Mapping[str, Any], scratch: Path) -> Mapping[str, Any]:
    run = settings.get("run", {})
    return {**settings, "run": {"scratch": str(scratch), **run}} if isinstance(run, Mapping) else settings
