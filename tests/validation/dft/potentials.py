"""Morse potentials as calculators, healthy and not; imported by the jobs of the tests too."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from ase.calculators.calculator import SCFError
from ase.calculators.morse import MorsePotential

# Long-ranged, so that bcc is stable; smoothed between the two radii.
BCC = {"epsilon": 0.8, "r0": 3.2, "rho0": 3.6, "rcut1": 1.5, "rcut2": 2.2}
# Steeper and shorter: bcc slides.
UNSTABLE = {"epsilon": 1.0, "r0": 2.6, "rho0": 6.0, "rcut1": 1.6, "rcut2": 2.2}
# About copper's.
FCC = {"epsilon": 0.34, "r0": 2.87, "rho0": 3.9, "rcut1": 2.5, "rcut2": 3.0}


class Counted(MorsePotential):
    """Writes a line into a file for each calculation, and dies in the one with the given number."""

    def __init__(self, count: str, dies_at: int = 0, hangs_at: int = 0, **parameters: Any) -> None:
        super().__init__(**parameters)
        self._count, self._dies_at, self._hangs_at = Path(count), dies_at, hangs_at

    def calculate(self, *arguments: Any, **named: Any) -> None:
        """As Morse, and then counted."""
        done = len(self._count.read_text().splitlines()) if self._count.exists() else 0
        if done + 1 == self._dies_at:
            self._mark("died")
            os.kill(os.getpid(), signal.SIGKILL)
        if done + 1 == self._hangs_at:
            self._mark("hung")
            time.sleep(600)
        super().calculate(*arguments, **named)
        self._mark("done")

    def _mark(self, word: str) -> None:
        with self._count.open("a") as stream:
            stream.write(f"{word}\n")


class Stubborn(MorsePotential):
    """Converges only with little mixing and much smearing."""

    def __init__(self, mixing: float, smearing: float, most: float, least: float, **parameters: Any) -> None:
        super().__init__(**parameters)
        self._converges = mixing <= most and smearing >= least
        self._shift = smearing

    def calculate(self, *arguments: Any, **named: Any) -> None:
        """As Morse, each atom's energy moved by the smearing: two smearings in one answer would show."""
        if not self._converges:
            raise SCFError("no convergence after the last step")
        super().calculate(*arguments, **named)
        self.results["energy"] += self._shift * len(self.atoms)


class Hungry(MorsePotential):
    """Asks for far more memory than there is."""

    def calculate(self, *arguments: Any, **named: Any) -> None:
        """Never comes to an end."""
        bytearray(64 * 2**30)


class Noisy(MorsePotential):
    """Energies with an error that depends on the volume by no law."""

    def calculate(self, *arguments: Any, **named: Any) -> None:
        """As Morse, and then disturbed."""
        super().calculate(*arguments, **named)
        self.results["energy"] += 0.02 * (hash(round(self.atoms.get_volume(), 6)) % 7 - 3)
