"""The families of generators by name: those of this package, and those that other packages register.

Each module of `generators.families` holds one family and describes it by a `Family` called ``FAMILY``; its name is
the module's. Another package registers a family of its own by an entry point of the group ``alloyloop.generators``,
``NAME = "package.module:FAMILY"``. Nothing else is edited.

A family's settings can be read without torch, because whoever only checks a configuration should start quickly: its
file is then run as far as the line that assigns ``FAMILY``, and what needs torch stands below that line. A file that
imports torch above it works as well, only slower.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.abc import InspectLoader
from importlib.machinery import ModuleSpec
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from alloys.errors import InputError, first_line
from generators import families
from generators.interface import Generator, GeneratorClass, LearnedSpace
from generators.training.settings import MANY_ROWS, Family

GROUP = "alloyloop.generators"
"""Entry points of this group are families of other packages."""

SYMBOL = "FAMILY"
"""What a family's module calls its description."""


def family_names() -> tuple[str, ...]:
    """Names of all families, in order; their files are not read."""
    return tuple(sorted({*_own_names(), *(point.name for point in entry_points(group=GROUP))}))


def get_family(name: str) -> Family:
    """The description of a family.

    Raises:
        InputError: if there is no family of that name, or a package that registers one cannot be used.
    """
    module, symbol = _place_of(name)
    try:
        found = _description(module, symbol)
    except Exception as error:  # whatever a package's own code raises
        raise InputError(f"the generator family {name!r} of {module} cannot be loaded: {first_line(error)}") from error
    if not isinstance(found, Family) or found.name != name:
        raise InputError(f"{module}:{symbol} must be a Family named {name!r}, got {found!r}")
    return found


def load_family(name: str) -> GeneratorClass:
    """The class of a family's generators; imports torch.

    Raises:
        InputError: if there is no family of that name.
    """
    described = get_family(name)
    return cast(GeneratorClass, getattr(importlib.import_module(_place_of(name)[0]), described.generator))


def make(
    family: str, space: LearnedSpace, properties: Sequence[str], settings: Mapping[str, Any] | None = None
) -> Generator:
    """An untrained generator of a family.

    Args:
        family: its name.
        space: the compositions it may draw.
        properties: names of the conditions' columns, in order.
        settings: values of the family's settings that differ from the defaults.

    Raises:
        InputError: for an unknown family or setting, or a value out of range.
    """
    return load_family(family)(space, properties, settings or {})


def settings_of(family: str, settings: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Every setting of a family by name, the defaults where no other value is given; without torch.

    Raises:
        InputError: for an unknown family or setting, or a value out of range.
    """
    return get_family(family).settings.from_mapping(settings or {}).to_json()


def preset(family: str, rows: int, *, formulas: bool = False) -> dict[str, Any]:
    """Settings that differ from the family's defaults.

    Args:
        family: its name.
        rows: how many there are to learn from; from `MANY_ROWS` alloys on they ask for other settings than few.
        formulas: whether they are formulas.

    Raises:
        InputError: if there is no family of that name.
    """
    described = get_family(family)
    if formulas:
        return dict(described.formulas)
    return dict(described.many_rows) if rows >= MANY_ROWS else {}


def restore(content: bytes) -> Generator:
    """The generator, of whichever family, that `Generator.to_bytes` wrote.

    Raises:
        InputError: for anything else, or a damaged copy.
    """
    from generators.training.weights import describe  # late: imports torch

    return load_family(str(describe(content)["family"])).from_bytes(content)


def load(path: Path) -> Generator:
    """The generator in a file that `Generator.save` wrote.

    Raises:
        InputError: if the file cannot be read, is something else, or is damaged.
    """
    from generators.training.weights import read_file  # late: imports torch

    return restore(read_file(path))


def _own_names() -> list[str]:
    return [module.name for module in pkgutil.iter_modules(families.__path__)]


def _place_of(name: str) -> tuple[str, str]:
    """Module and symbol of a family's description."""
    if name in _own_names():
        return f"{families.__name__}.{name}", SYMBOL
    for point in entry_points(group=GROUP, name=name):
        return point.module, point.attr or SYMBOL
    raise InputError(f"unknown generator family {name!r}; available are {', '.join(family_names())}")


def _description(module: str, symbol: str) -> object:
    known = sys.modules.get(module) or _upper_part(module, symbol)
    return getattr(known, symbol, None)


class _TextLoader(InspectLoader):
    """Loads a module from its text."""

    def __init__(self, text: str) -> None:
        self.text = text

    def get_source(self, fullname: str) -> str:
        """The text."""
        return self.text


@cache
def _upper_part(module: str, symbol: str) -> ModuleType:
    """A module as far as the statement that assigns a symbol; all of it where there is no such statement.

    Raises:
        ImportError: if there is no such module.
    """
    spec = importlib.util.find_spec(module)
    whole = spec.loader.get_source(module) if spec and isinstance(spec.loader, InspectLoader) else None
    ends = [s.end_lineno for s in ast.parse(whole or "").body if _assigns(s, symbol)]
    if whole is None or not ends:
        return importlib.import_module(module)
    loader = _TextLoader("\n".join(whole.splitlines()[: ends[0]]))
    part = importlib.util.module_from_spec(ModuleSpec(f"{module}.{symbol}", loader))
    sys.modules[part.__name__] = part  # dataclasses look up the module of a class that they are applied to
    loader.exec_module(part)
    return part


def _assigns(statement: ast.stmt, symbol: str) -> bool:
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return any(isinstance(target, ast.Name) and target.id == symbol for target in targets)
