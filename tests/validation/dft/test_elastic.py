from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from validation.dft.elastic import GPA, Cubic, curvature, monoclinic, orthorhombic
from validation.dft.equation_of_state import FitError, fit_birch_murnaghan
from validation.dft.levels import LEVELS
from validation.dft.work import elastic_constants, equilibrium, mesh

pytest.importorskip("ase", reason="ASE is not installed; `make setup-dft` brings it")

from ase.build import bulk
from ase.calculators.emt import EMT
from ase.calculators.morse import MorsePotential

from tests.validation.dft.lattice_sums import lattice_sums
from tests.validation.dft.potentials import BCC, FCC

Floats = NDArray[np.float64]


class Direct:
    """Energies straight from a calculator."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._calculator = make()

    def energy(self, name: str, atoms: Any, kpts: tuple[int, int, int]) -> float:
        """The energy, eV."""
        atoms.calc = self._calculator
        return float(atoms.get_potential_energy())


def birch_murnaghan(volume: Floats, v0: float, b0: float, slope: float) -> Floats:
    """Energy less that of the minimum (Birch 1947), in b0's unit times volume."""
    x = (v0 / volume) ** (2.0 / 3.0)
    return 9.0 / 16.0 * v0 * b0 * ((x - 1.0) ** 3 * slope + (x - 1.0) ** 2 * (6.0 - 4.0 * x))


def test_the_fit_gives_back_the_equation_of_state() -> None:
    volumes = np.linspace(14.5, 17.5, 6)
    fit = fit_birch_murnaghan(volumes, birch_murnaghan(volumes, 16.1, 1.91, 4.3) - 11.5)
    assert fit.volume == pytest.approx(16.1, rel=1e-9)
    assert fit.bulk_modulus == pytest.approx(1.91, rel=1e-7)
    assert fit.energy == pytest.approx(-11.5, abs=1e-9)
    assert fit.residual < 1e-10


@pytest.mark.parametrize(("low", "high"), [(10.0, 12.0), (20.0, 24.0)])
def test_energies_without_a_minimum_are_refused(low: float, high: float) -> None:
    volumes = np.linspace(low, high, 6)
    with pytest.raises(FitError, match=f"no minimum between {low:.2f} and {high:.2f}"):
        fit_birch_murnaghan(volumes, birch_murnaghan(volumes, 16.1, 1.91, 4.3))
    with pytest.raises(FitError, match="needs 4 volumes, got 3"):
        fit_birch_murnaghan(volumes[:3], volumes[:3])


@pytest.mark.parametrize("gradient", [orthorhombic, monoclinic])
def test_strains_keep_the_volume(gradient: Callable[[float], Floats]) -> None:
    for delta in (0.0, 0.02, 0.07):
        assert np.linalg.det(gradient(delta)) == pytest.approx(1.0, abs=1e-12)
    assert not np.allclose(gradient(0.05), np.eye(3))


def test_curvature_is_that_of_an_even_function() -> None:
    deltas = np.array([0.0, 0.02, 0.04, 0.06])
    found, residual = curvature(deltas, 3.0 + 7.5 * deltas**2 - 90.0 * deltas**4)
    assert found == pytest.approx(7.5, rel=1e-9)
    assert residual < 1e-12
    assert curvature(deltas[:2], 1.0 + 2.0 * deltas[:2] ** 2)[0] == pytest.approx(2.0)


def test_moduli_of_the_polycrystal() -> None:
    isotropic = Cubic(c11=270.0, c12=110.0, c44=80.0)
    assert isotropic.shear == pytest.approx(80.0)
    assert isotropic.properties()["poisson_ratio"] == pytest.approx(110.0 / (2 * (110.0 + 80.0)))
    # Tungsten's handbook constants; Voigt and Reuss give nearly the same, its handbook G is 161 GPa.
    tungsten = Cubic(522.0, 203.0, 160.0).properties()
    assert tungsten["shear_modulus"] == pytest.approx(160.0, abs=1.5)
    assert tungsten["bulk_modulus"] == pytest.approx(309.3, abs=0.1)
    assert tungsten["pugh_ratio"] == pytest.approx(309.3 / 159.8, rel=0.01)
    assert tungsten["cauchy_pressure"] == pytest.approx(43.0)
    copper = Cubic(171.0, 120.3, 73.2)
    assert copper.shear == pytest.approx((54.06 + 41.3) / 2, rel=0.01)
    assert Cubic(100.0, 120.0, 50.0).stability == pytest.approx(-10.0)
    assert Cubic(100.0, 50.0, -3.0).stability == pytest.approx(-3.0)


@pytest.mark.parametrize(("kind", "parameters", "start"), [("bcc", BCC, 3.1), ("fcc", FCC, 3.75)])
def test_pair_potentials_have_the_constants_of_their_lattice_sums(
    kind: str, parameters: dict[str, float], start: float
) -> None:
    edge, c11, c12, c44 = lattice_sums(kind, parameters)
    energies = Direct(lambda: MorsePotential(**parameters))
    at = equilibrium("X", bulk("Cu", kind, a=start), LEVELS["tight"], energies)
    found = elastic_constants("X", at, LEVELS["tight"], energies)
    conventional = 2 if kind == "bcc" else 4
    assert (conventional * at.volume) ** (1 / 3) == pytest.approx(edge, rel=2e-4)
    assert found.c11 == pytest.approx(c11, rel=0.01)
    assert found.c12 == pytest.approx(c12, rel=0.01)
    assert found.c44 == pytest.approx(c44, rel=0.01)
    # Cauchy's relation holds for pairs alone.
    assert found.c12 == pytest.approx(found.c44, rel=0.01)


@pytest.mark.parametrize(("symbol", "start"), [("Cu", 3.6), ("Ni", 3.5), ("Al", 4.0)])
def test_a_many_body_potential_has_the_constants_of_its_stresses(symbol: str, start: float) -> None:
    energies = Direct(EMT)
    # EMT's cutoff bends its energies over several per cent of volume, so the derivatives at zero need small strains.
    small = replace(LEVELS["tight"], volume_range=0.015, strains=(0.0, 0.004, 0.008, 0.012))
    at = equilibrium(symbol, bulk(symbol, "fcc", a=start), small, energies)
    found = elastic_constants(symbol, at, small, energies)

    def stress(strain: Floats) -> Floats:
        atoms = at.atoms.copy()
        atoms.set_cell(atoms.cell.array @ (np.eye(3) + strain), scale_atoms=True)
        atoms.calc = EMT()
        voigt: Floats = atoms.get_stress() * GPA
        return voigt

    h = 1e-4
    axial, shear = np.diag([h, 0.0, 0.0]), np.array([[0, h / 2, 0], [h / 2, 0, 0], [0, 0, 0.0]])
    along = (stress(axial) - stress(-axial)) / (2 * h)
    across = (stress(shear) - stress(-shear)) / (2 * h)
    assert found.c11 == pytest.approx(along[0], rel=0.005)
    assert found.c12 == pytest.approx(along[1], rel=0.005)
    assert found.c44 == pytest.approx(across[5], rel=0.005)


def test_a_bad_start_is_moved_to_the_minimum() -> None:
    energies = Direct(EMT)
    near = equilibrium("Cu", bulk("Cu", "fcc", a=3.59), LEVELS["standard"], energies)
    far = equilibrium("Cu", bulk("Cu", "fcc", a=3.85), LEVELS["standard"], energies)
    assert (near.recentred, far.recentred > 0) == (0, True)
    assert far.volume == pytest.approx(near.volume, rel=1e-3)


def test_meshes_follow_the_cell() -> None:
    small, large = bulk("W", "bcc", a=3.16), bulk("W", "bcc", a=3.16, cubic=True)
    assert mesh(small, 5.0) == (15, 15, 15)
    assert mesh(large, 5.0) == (10, 10, 10)
    assert mesh(large.repeat((1, 1, 2)), 5.0) == (10, 10, 5)
