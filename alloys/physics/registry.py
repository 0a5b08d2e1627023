"""Physics bundles by name: the project's own, and those that installed packages bring."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import iter_modules

import alloys.physics
from alloys.errors import InputError, first_line
from alloys.physics.base import Physics

GROUP = "alloyloop.physics"
"""Entry points of this group name a `Physics` object of another package."""

DEFAULT = "refractory"


@cache
def _own() -> dict[str, Physics]:
    """The project's bundles: a file of this folder that has one calls it ``BUNDLE``."""
    here = alloys.physics.__path__
    names = [found.name for found in iter_modules(here) if found.name not in ("base", "registry")]
    modules = {name: import_module(f"alloys.physics.{name}") for name in names}
    return {name: module.BUNDLE for name, module in modules.items() if hasattr(module, "BUNDLE")}


def physics_names() -> tuple[str, ...]:
    """The names of all bundles, the project's own first."""
    return (*_own(), *sorted(set(entry_points(group=GROUP).names) - set(_own())))


@cache
def get_physics(name: str) -> Physics:
    """The bundle of that name.

    Raises:
        InputError: if there is none, or a package's bundle cannot be loaded or is something else.
    """
    if name in _own():
        return _own()[name]
    found = entry_points(group=GROUP, name=name)
    if not found:
        raise InputError(f"unknown physics {name!r}; available are {', '.join(physics_names())}")
    try:
        bundle = next(iter(found)).load()
    except Exception as error:  # whatever a package's own code raises
        raise InputError(f"the physics {name!r} cannot be loaded: {first_line(error)}") from error
    if not isinstance(bundle, Physics):
        raise InputError(f"the physics {name!r} is no alloys.physics.base.Physics, but {type(bundle).__name__}")
    return bundle
