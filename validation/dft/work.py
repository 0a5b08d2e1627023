"""From a composition to its properties: equation of state, shear strains, the elements' energies, and the checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from validation.dft.elastic import GPA, Cubic, curvature, monoclinic, orthorhombic
from validation.dft.equation_of_state import EquationOfState, FitError, fit_birch_murnaghan
from validation.dft.levels import DftLevel
from validation.dft.settings import ELASTIC
from validation.dft.structures import Plan, build, start_volume

Floats = NDArray[np.float64]

KJ_PER_MOL = 96.48533212331
"""kJ/mol in one eV per atom."""

_CENTRED = 0.5
_ROUNDS = 4


class Energies(Protocol):
    """Where energies come from; see `states.States`."""

    def energy(self, name: str, atoms: Any, kpts: tuple[int, int, int]) -> float:
        """The energy of a cell, eV."""
        ...


class UnstableError(ValueError):
    """The crystal is mechanically unstable: a property of the alloy."""


class SuspectError(ValueError):
    """Numbers that contradict each other or the method, so that a person should look."""


def mesh(atoms: Any, density: float) -> tuple[int, int, int]:
    """A mesh of k-points with at least this density, k-points for each Å^-1 along each reciprocal vector."""
    lengths = 2.0 * np.pi * np.linalg.norm(atoms.cell.reciprocal().array, axis=1)
    first, second, third = (max(1, int(np.ceil(length * density - 1e-9))) for length in lengths)
    return first, second, third


def scaled(atoms: Any, factor: float) -> Any:
    """The cell with its volume times a factor, sites moved along."""
    other = atoms.copy()
    other.set_cell(atoms.cell.array * factor ** (1.0 / 3.0), scale_atoms=True)
    return other


def strained(atoms: Any, gradient: Floats) -> Any:
    """The cell under a deformation gradient of shape ``(3, 3)``, sites moved along."""
    other = atoms.copy()
    other.set_cell(atoms.cell.array @ gradient.T, scale_atoms=True)
    return other


@dataclass(frozen=True, slots=True)
class RelaxedCell:
    """A cell at its volume of least energy.

    Attributes:
        atoms: the cell.
        fit: for the whole cell.
        kpts: the mesh of the fit.
        recentred: how often the volumes had to be moved.
    """

    atoms: Any
    fit: EquationOfState
    kpts: tuple[int, int, int]
    recentred: int

    @property
    def volume(self) -> float:
        """Å3 for each atom."""
        return self.fit.volume / len(self.atoms)

    @property
    def energy(self) -> float:
        """eV for each atom."""
        return self.fit.energy / len(self.atoms)


def equilibrium(name: str, atoms: Any, level: DftLevel, energies: Energies) -> RelaxedCell:
    """The volume of least energy and the bulk modulus; volumes are moved until the minimum lies in their middle half.

    Raises:
        SuspectError: if they never do, or the fit misses the energies.
    """
    kpts = mesh(atoms, level.kpoint_density)
    centre = atoms
    factors = np.linspace(1.0 - level.volume_range, 1.0 + level.volume_range, level.volumes)
    for moved in range(_ROUNDS):
        volumes = centre.get_volume() * factors
        found = np.array([energies.energy(f"{name} V x {f:.3f}", scaled(centre, f), kpts) for f in factors])
        try:
            fit = fit_birch_murnaghan(volumes, found)
            target = fit.volume / centre.get_volume()
        except FitError:
            target = float(factors[int(np.argmin(found))])
            fit = None
        if fit is not None and abs(target - 1.0) <= _CENTRED * level.volume_range:
            _refuse_misfit(f"the equation of state of {name}", fit.residual / len(atoms), level)
            return RelaxedCell(scaled(centre, target), fit, kpts, moved)
        # To a grid, so that a run that is taken up again asks for the same cells.
        centre = scaled(centre, round(target, 3))
    raise SuspectError(f"the equation of state of {name} has no minimum after moving its volumes {_ROUNDS} times")


def _refuse_misfit(what: str, residual: float, level: DftLevel) -> None:
    if residual * 1000.0 > level.fit_tolerance:
        raise SuspectError(
            f"{what} misses its energies by {residual * 1000:.3g} meV/atom, more than the {level.fit_tolerance:g} that "
            "the level allows: the energies are noisy; take a finer level"
        )


def elastic_constants(name: str, at: RelaxedCell, level: DftLevel, energies: Energies) -> Cubic:
    """C11, C12 and C44 of a cubic crystal.

    Raises:
        SuspectError: if a fit misses the energies.
    """
    kpts = mesh(at.atoms, level.shear_kpoint_density)
    deltas = np.array(level.strains)
    volume, found = at.atoms.get_volume(), []
    for word, gradient in (("orthorhombic", orthorhombic), ("monoclinic", monoclinic)):
        values = [energies.energy(f"{name} {word} {d:g}", strained(at.atoms, gradient(d)), kpts) for d in deltas]
        coefficient, residual = curvature(deltas, np.array(values))
        _refuse_misfit(f"the {word} strain of {name}", residual / len(at.atoms), level)
        found.append(coefficient / volume * GPA)
    return Cubic.from_moduli(at.fit.bulk_modulus * GPA, found[0] / 2.0, 2.0 * found[1])


def refuse_unstable(name: str, crystal: Cubic, level: DftLevel) -> None:
    """Refuses crystals that Born's criteria call unstable, or that are too near to tell.

    Raises:
        UnstableError: where the level can tell that it is unstable.
        SuspectError: where it cannot.
    """
    numbers = f"C11 = {crystal.c11:.1f}, C12 = {crystal.c12:.1f}, C44 = {crystal.c44:.1f} GPa"
    if crystal.stability < -level.margin:
        raise UnstableError(f"{name} is mechanically unstable at 0 K: {numbers}")
    if crystal.stability <= 0:
        raise SuspectError(
            f"{name} may be mechanically unstable: {numbers}, which the level knows to about {level.margin:g} GPa; "
            "take a finer level"
        )


def properties_of(
    plan: Plan, formula: str, wanted: Sequence[str], level: DftLevel, energies: Energies, seed: int = 0
) -> tuple[dict[str, float], dict[str, Any]]:
    """The wanted properties, and what is worth keeping beside them.

    Args:
        plan: the cell.
        formula: for messages.
        wanted: names of properties; elastic ones only for cubic cells.
        level: how finely.
        energies: where energies come from.
        seed: of the quasi-random cell.

    Raises:
        UnstableError: for an unstable crystal, where elastic properties are wanted.
        SuspectError: for numbers that cannot be believed.
        UnconvergedError: from ``energies``.
    """
    at = equilibrium(formula, build(plan, start_volume(plan.symbols), seed), level, energies)
    values = {
        "lattice_parameter": (2.0 * at.volume) ** (1.0 / 3.0),
        "bulk_modulus": at.fit.bulk_modulus * GPA,
    }
    details: dict[str, Any] = {
        "structure": plan.structure,
        "sites": list(at.atoms.get_chemical_symbols()),
        "deviation": plan.deviation,
        "kpts": list(at.kpts),
        "recentred": at.recentred,
        "energy_ev_per_atom": at.energy,
    }
    if "mixing_energy" in wanted:
        values["mixing_energy"] = KJ_PER_MOL * (at.energy - _elements_energy(plan, level, energies, at, details))
    if set(wanted) & set(ELASTIC):
        crystal = elastic_constants(formula, at, level, energies)
        details["elastic_gpa"] = {"c11": crystal.c11, "c12": crystal.c12, "c44": crystal.c44}
        refuse_unstable(formula, crystal, level)
        values |= crystal.properties()
    return {name: values[name] for name in wanted}, details


def _elements_energy(
    plan: Plan, level: DftLevel, energies: Energies, at: RelaxedCell, details: dict[str, Any]
) -> float:
    """Mean energy of the elements in bcc, eV for each atom."""
    if len(set(plan.symbols)) == 1:
        return at.energy
    total = 0.0
    for symbol in sorted(set(plan.symbols)):
        pure = Plan("A2", (symbol,), True, 0.0)
        alone = equilibrium(symbol, build(pure, start_volume(pure.symbols)), level, energies)
        details.setdefault("elements_ev_per_atom", {})[symbol] = alone.energy
        total += alone.energy * plan.symbols.count(symbol) / len(plan.symbols)
    return total
