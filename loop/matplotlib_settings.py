"""Matplotlib can be imported whatever a person's settings of it are: a ``matplotlibrc`` that is no UTF-8, a backend
that is none.

Pictures have their own settings (`loop.review.figures.style`), and pycalphad imports matplotlib to compute.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

log = logging.getLogger(__name__)

_BACKEND = "MPLBACKEND"


class _WithoutSettings:
    """Loads matplotlib as its loader does; where that fails, once more with its own settings."""

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
            with contextlib.chdir(self._data):  # where its own matplotlibrc lies, which wins over all others
                self._loader.exec_module(module)


def found(name: str) -> ModuleSpec | None:
    """Where matplotlib lies, with its loader made patient."""
    spec = PathFinder.find_spec(name, sys.path)
    if spec is not None and spec.loader is not None and spec.origin is not None:
        loader: Any = _WithoutSettings(spec.loader, Path(spec.origin).parent / "mpl-data")
        spec.loader = loader
    return spec
