"""Matplotlib can be imported whatever a person's settings of it are: a ``matplotlibrc`` that is no UTF-8, a backend
that is none, a style in their folder of styles that is no text.

Pictures have their own settings (`loop.review.figures.style`), and pycalphad imports matplotlib to compute.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

log = logging.getLogger(__name__)

_BACKEND = "MPLBACKEND"


class _WithoutSettings:
    """Loads matplotlib, or its styles, as the loader does; where that fails, once more with their own settings."""

    def __init__(self, loader: Any, data: Path) -> None:
        self._loader, self._data = loader, data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def exec_module(self, module: ModuleType) -> None:
        """Runs the module."""
        try:
            self._loader.exec_module(module)
        except (ValueError, OSError) as error:
            log.warning("your settings of matplotlib are left out, it cannot be imported with them: %s", error)
            os.environ.pop(_BACKEND, None)
            with contextlib.chdir(self._data), self._styles_of_its_own(sys.modules["matplotlib"]):
                self._loader.exec_module(module)  # in the folder of its own matplotlibrc, which wins over all others

    @contextlib.contextmanager
    def _styles_of_its_own(self, matplotlib: Any) -> Iterator[None]:
        """Matplotlib's own folder of styles in place of the person's, once it is imported."""
        theirs = getattr(matplotlib, "get_configdir", None)
        matplotlib.get_configdir = lambda: str(self._data)
        try:
            yield
        finally:
            if theirs is not None:
                matplotlib.get_configdir = theirs


def found(name: str, path: Any) -> ModuleSpec | None:
    """Where matplotlib lies, or its styles, with a loader made patient."""
    spec = PathFinder.find_spec(name, path)
    if spec is not None and spec.loader is not None and spec.origin is not None:
        folder = Path(spec.origin).parents[name.count(".")]
        loader: Any = _WithoutSettings(spec.loader, folder / "mpl-data")
        spec.loader = loader
    return spec
