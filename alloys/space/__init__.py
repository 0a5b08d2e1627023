"""Spaces: which designs may be asked for. One protocol, `base.Space`, and one file or folder for each kind.

It has the space and, as ``SPEC``, how a configuration describes it; nothing else names the kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from alloys.space.alloy import AlloySpace
from alloys.space.base import Bools, Floats, Points, Space, SpaceSpec
from alloys.space.formula import FormulaSpace
from alloys.space.grid import Limit
from alloys.space.rules import LinearRule
from alloys.space.table import TableSpace
from alloys.space.varied import GridSpace, VariedSpace

__all__ = [
    "AlloySpace",
    "Bools",
    "Floats",
    "FormulaSpace",
    "GridSpace",
    "Limit",
    "LinearRule",
    "Points",
    "Space",
    "SpaceSpec",
    "TableSpace",
    "VariedSpace",
    "kinds_of_space",
    "spec_of",
]


def kinds_of_space() -> dict[str, type[SpaceSpec]]:
    """How a configuration describes each kind of space, by the kind's name."""
    modules = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    specs = [module.SPEC for module in modules if hasattr(module, "SPEC")]
    kinds = {spec.model_fields["kind"].annotation.__args__[0]: spec for spec in specs}
    return dict(sorted(kinds.items()))


def spec_of(document: Mapping[str, Any]) -> SpaceSpec:
    """How a space was described, from the plain document of it."""
    return kinds_of_space()[document.get("kind", "alloy")].model_validate(document)
