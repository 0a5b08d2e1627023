"""CTGAN, where somebody put it into a folder of its own: it needs pandas below 3, and its licence is no free one.

Nothing of the project needs it. ``make setup-ctgan`` puts the package, with the pandas that it needs, into a folder
that no other part of the project looks into. It runs in a process of its own, a CSV file in and a CSV file out.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from alloys.errors import InputError, first_line
from alloys.space import Floats

EPOCHS = 300
"""The package's own default."""

LEAST = 0.005
"""Atomic fractions below which what it draws counts as zero: it draws a little of every element, also below zero."""

SECONDS = 1800
"""One training may take so long."""

_PROGRAM = Path(__file__).with_name("program.py")


def is_installed(folder: Path) -> bool:
    """Whether ``make setup-ctgan`` has put it there."""
    return (folder / "ctgan" / "__init__.py").is_file()


def draw_rows(folder: Path, fractions: Floats, values: Floats, count: int, seed: int) -> tuple[Floats, Floats]:
    """Trains on fractions ``(n, d)`` and values ``(n,)``, and draws at most ``count`` rows of both.

    Rows without any element are left out; the others are scaled to sum one.

    Raises:
        InputError: if the program fails, with the last line that it said.
    """
    table = np.column_stack([fractions, values])
    with tempfile.TemporaryDirectory() as passing:
        source, target = Path(passing) / "in.csv", Path(passing) / "out.csv"
        head = ",".join(f"c{k}" for k in range(table.shape[1]))
        np.savetxt(source, table, delimiter=",", header=head, comments="", fmt="%.10g")
        # -P: this file's folder would come before the package of the same name
        command = [sys.executable, "-P", str(_PROGRAM), *map(str, (source, target, count, EPOCHS, seed))]
        environment = {**os.environ, "PYTHONPATH": str(folder.resolve())}
        try:
            subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=SECONDS)
            drawn = np.atleast_2d(np.loadtxt(target, delimiter=",", skiprows=1))
        except subprocess.CalledProcessError as error:
            said = (error.stderr or "").strip().splitlines() or [f"it ended with {error.returncode}"]
            raise InputError(f"CTGAN in {folder} failed: {said[-1]}; say make setup-ctgan anew") from error
        except (subprocess.TimeoutExpired, OSError, ValueError) as error:
            raise InputError(f"CTGAN in {folder} failed: {first_line(error)}") from error
    amounts = np.where(drawn[:, :-1] < LEAST, 0.0, drawn[:, :-1])
    kept = (amounts.sum(axis=1) > 0) & np.isfinite(drawn).all(axis=1)
    return amounts[kept] / amounts[kept].sum(axis=1, keepdims=True), drawn[kept, -1]
