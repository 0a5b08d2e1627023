"""Energies of cells, each computed once: kept in files, tried again by the ladder, never believed unconverged."""

from __future__ import annotations

import json
import math
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alloys.files import write_atomic
from alloys.records import digest_of
from validation.dft.calculators import Numbers
from validation.dft.levels import RUNGS, Rung
from validation.jobs.files import printable

RELAXATION_STEPS = 60


class UnconvergedError(RuntimeError):
    """A state whose energy did not converge on any rung of the ladder."""


class NotRelaxedError(RuntimeError):
    """Forces that were still too large after the last step."""


@dataclass(frozen=True, slots=True)
class Method:
    """How the states of one run are computed.

    Attributes:
        make: the calculator for given numbers.
        digest: of everything but the numbers and the cell that decides the energy.
        cutoff: eV.
        smearing: eV.
        max_force: forces left in cells whose sites are not fixed by symmetry, eV/Å.
    """

    make: Callable[[Numbers], Any]
    digest: str
    cutoff: float
    smearing: float
    max_force: float


@dataclass(slots=True)
class Tally:
    """What a run did.

    Attributes:
        computed: states that were computed.
        resumed: states that were found in files.
        corrections: what the ladder had to do, in words.
    """

    computed: int = 0
    resumed: int = 0
    corrections: list[str] = field(default_factory=list)


class States:
    """Energies by cell, kept in a folder as one JSON file each; what is there is not computed again."""

    def __init__(self, folder: Path, method: Method, tally: Tally, rungs: Sequence[Rung] = RUNGS) -> None:
        self._folder = folder
        self._method = method
        self._rungs = rungs
        self.tally = tally

    def energy(self, name: str, atoms: Any, kpts: tuple[int, int, int]) -> float:
        """The energy of a cell, eV.

        Sites of cells with more than two atoms are relaxed; those of smaller ones are fixed by symmetry.

        Args:
            name: what the state is, for people.
            atoms: ASE's Atoms; left as they are.
            kpts: mesh.

        Raises:
            UnconvergedError: if no rung of the ladder converges, now or in an earlier run.
        """
        path = self._folder / f"{self._key(atoms, kpts)[:32]}.json"
        record = _shared(lambda: _read(path))
        if record is None:
            record = self._computed(name, atoms, kpts)
            _by_one(lambda: _write(path, record))
            self.tally.computed += 1
        else:
            self.tally.resumed += 1
        failed = [attempt for attempt in record["attempts"] if attempt["why"]]
        self.tally.corrections += [f"{name}: {a['rung']} failed ({a['why']})" for a in failed]
        if record["energy"] is None:
            raise UnconvergedError(f"{name} did not converge: {failed[-1]['why']}")
        return float(record["energy"])

    def _key(self, atoms: Any, kpts: tuple[int, int, int]) -> str:
        return digest_of(
            {
                "method": self._method.digest,
                "cutoff": self._method.cutoff,
                "smearing": self._method.smearing,
                "max_force": self._method.max_force,
                "kpts": list(kpts),
                "rungs": [[rung.mixing, rung.steps] for rung in self._rungs],
                "symbols": atoms.get_chemical_symbols(),
                "cell": atoms.cell.array.round(9).tolist(),
                "positions": atoms.get_scaled_positions(wrap=False).round(9).tolist(),
            }
        )

    def _computed(self, name: str, atoms: Any, kpts: tuple[int, int, int]) -> dict[str, Any]:
        attempts: list[dict[str, Any]] = []
        energy: float | None = None
        for rung in self._rungs:
            numbers = Numbers(self._method.cutoff, kpts, self._method.smearing, rung.mixing, rung.steps)
            try:
                energy = self._tried(atoms.copy(), numbers)
            except Exception as error:
                if not is_unconverged(error):
                    raise
                attempts.append({"rung": rung.name, "why": printable(f"{type(error).__name__}: {error}")[:300]})
                continue
            attempts.append({"rung": rung.name, "why": ""})
            break
        return {"name": name, "energy": energy, "attempts": attempts}

    def _tried(self, atoms: Any, numbers: Numbers) -> float:
        atoms.calc = self._method.make(numbers)
        if len(atoms) > 2:
            from ase.optimize import BFGS

            optimizer = BFGS(atoms, logfile=None)
            if not optimizer.run(fmax=self._method.max_force, steps=RELAXATION_STEPS):
                raise NotRelaxedError(f"forces above {self._method.max_force:g} eV/Å after {RELAXATION_STEPS} steps")
        energy = float(atoms.get_potential_energy())
        if not math.isfinite(energy) or getattr(atoms.calc, "converged", True) is False:
            raise UnconvergedError(f"the calculator gave {energy} and does not call it converged")
        return energy


def is_unconverged(error: Exception) -> bool:
    """Whether an error says that a calculation ran and did not converge; anything else is not the ladder's business."""
    from ase.calculators.calculator import CalculationFailed

    ours = (UnconvergedError, NotRelaxedError, CalculationFailed, subprocess.CalledProcessError)
    # GPAW's errors cannot be named here without importing it.
    return isinstance(error, ours) or any("Convergence" in kind.__name__ for kind in type(error).__mro__)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        record = json.loads(path.read_bytes())
        complete = isinstance(record["attempts"], list) and (
            record["energy"] is None or math.isfinite(float(record["energy"]))
        )
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError):
        # Not ours, or damaged: computed again and replaced.
        return None
    return record if complete else None


def _write(path: Path, record: dict[str, Any]) -> None:
    # Another alloy's job may be writing the same element's state: the last one stays.
    write_atomic(path, json.dumps(record, allow_nan=False, indent=1).encode())


def _shared(read: Callable[[], dict[str, Any] | None]) -> dict[str, Any] | None:
    """What the first of several parallel processes reads, told to all: they must not differ in what they compute."""
    from ase.parallel import broadcast, world

    record = read() if world.rank == 0 else None
    told: dict[str, Any] | None = broadcast(record) if world.size > 1 else record
    return told


def _by_one(write: Callable[[], None]) -> None:
    from ase.parallel import world

    if world.rank == 0:
        write()
