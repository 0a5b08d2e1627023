"""The loop: campaign, steps, driver, queue and store, tracking, cluster, configuration, command line, reports."""

from __future__ import annotations

import os.path
import sys
from importlib.machinery import ModuleSpec, PathFinder

# Only what Python has loaded by now is imported above: a person's file could be in place of anything else.

_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOMS = ("alloys", "generators", "surrogates", "validation", "loop")
"""The packages that alloyloop is made of."""


class _LateMatplotlib:
    """Finds matplotlib by `loop.matplotlib_settings`, which is imported when somebody imports that."""

    @staticmethod
    def find_spec(fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Where it lies; None for everything else."""
        if fullname not in ("matplotlib", "matplotlib.style"):
            return None
        from loop.matplotlib_settings import found

        return found(fullname, path or sys.path)


class _OurRooms:
    """Finds the rooms where this one lies: a person may have a file ``validation.py`` that comes first on the path."""

    @staticmethod
    def find_spec(fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Where a room lies; None for everything else."""
        return PathFinder.find_spec(fullname, [_ROOT]) if path is None and fullname in ROOMS else None


def _refuse_others() -> None:
    """Refuses what was imported under a room's name before.

    Raises:
        ImportError: naming its file.
    """
    for name in ROOMS:
        place = getattr(sys.modules.get(name), "__file__", None)
        if place and not os.path.abspath(place).startswith(os.path.join(_ROOT, name, "")):
            raise ImportError(
                f"{place} is in place of a part of alloyloop, which has the name {name!r} too; rename that file, or "
                "import alloyloop before it"
            )


def put_working_folder_last() -> None:
    """Lets a command find Python's own modules and the libraries before a person's files of the same names."""
    try:
        here = os.getcwd()
    except FileNotFoundError:  # somebody has removed it
        return
    if here != _ROOT:
        sys.path.sort(key=lambda folder: os.path.abspath(folder) == here)


_refuse_others()
sys.meta_path[:0] = [_OurRooms, _LateMatplotlib]
