"""Numbers of every element to americium: where they come from, what they are, and what it takes to read them."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest

from alloys.composition import SYMBOLS, Composition
from alloys.errors import InputError
from alloys.physics.closed_forms import closed_form, properties_of
from alloys.physics.periodic import periodic_table
from alloys.physics.registry import get_physics
from tests.support.golden import golden

STEEL = tuple("C Cr Fe Mn N Ni".split())


def test_every_element_to_americium_has_a_row() -> None:
    assert len(periodic_table()) == 95
    assert set(periodic_table()) < SYMBOLS
    assert list(periodic_table())[::94] == ["H", "Am"]
    for name in ("mass", "vec", "covalent_radius", "electronegativity_ghosh", "melting_point", "ionization_energy"):
        assert all(math.isfinite(row[name]) for row in periodic_table().values()), name


def test_the_table_agrees_with_published_numbers() -> None:
    for row in golden("periodic.csv"):
        numbers = periodic_table()[row["element"]]
        assert numbers["mass"] == pytest.approx(float(row["mass_g_mol"]), rel=1e-3)
        assert numbers["vec"] == float(row["vec"])
        if row["density_g_cm3"]:
            assert numbers["mass_density"] == pytest.approx(float(row["density_g_cm3"]), rel=0.03)
            assert numbers["melting_point"] == pytest.approx(float(row["melting_point_k"]), rel=0.01)
            volume = 4 / 3 * np.pi * (numbers["metallic_radius"] * 1e-10) ** 3 * 6.02214076e23
            assert volume == pytest.approx(float(row["miedema_volume_cm3_mol"]), rel=1e-3)


@pytest.mark.parametrize("symbol", list(periodic_table()))
def test_every_element_can_be_described_beside_iron(symbol: str) -> None:
    generic, elements = get_physics("generic"), tuple(sorted({symbol, "Fe"}))
    fractions = np.linspace(0, 1, 11)[:, None] * np.array([1, -1])[: len(elements)] + np.array([0, 1])[: len(elements)]
    described = generic.describe(elements, fractions if len(elements) == 2 else np.ones((11, 1)))
    assert described.shape == (11, len(generic.descriptors(elements)))
    assert np.isfinite(described).all()
    assert {"mean_mass", "spread_vec", "range_covalent_radius", "mixing_entropy"} <= set(generic.descriptors(elements))


def test_a_number_that_is_lacking_falls_out_with_a_note() -> None:
    generic = get_physics("generic")
    assert "nothing is described by molar volume: there is no number for N" in generic.notes(STEEL)
    assert not any("molar_volume" in name for name in generic.descriptors(STEEL))
    assert generic.notes(("Al", "Co", "Cr", "Fe", "Ni")) == ()


def test_statistics_of_iron_with_aluminium_are_those_of_the_table() -> None:
    generic, elements = get_physics("generic"), ("Al", "Fe")
    row = dict(zip(generic.descriptors(elements), generic.describe(elements, np.array([[0.25, 0.75]]))[0], strict=True))
    light, heavy = (periodic_table()[symbol]["mass"] for symbol in elements)
    assert row["mean_mass"] == pytest.approx(0.25 * light + 0.75 * heavy)
    assert row["spread_mass"] == pytest.approx(math.sqrt(0.25 * 0.75) * (heavy - light))
    assert row["range_mass"] == pytest.approx(heavy - light)
    assert row["mixing_enthalpy"] == pytest.approx(4 * 0.25 * 0.75 * -11)  # Takeuchi & Inoue 2005


def test_a_range_is_of_the_elements_that_are_there() -> None:
    generic, elements = get_physics("generic"), ("Al", "Fe", "W")
    names = generic.descriptors(elements)
    column = generic.describe(elements, np.array([[0.5, 0.5, 0.0], [0.0, 0.5, 0.5], [0.0, 1.0, 0.0]]))
    masses = [periodic_table()[symbol]["mass"] for symbol in elements]
    wanted = [masses[1] - masses[0], masses[2] - masses[1], 0.0]
    assert column[:, names.index("range_mass")] == pytest.approx(wanted)


def test_a_bronze_has_closed_forms_and_a_nitride_has_no_density() -> None:
    bronze = properties_of(Composition.parse("Cu94Sn6"))
    assert bronze["density"] == pytest.approx(8.8, abs=0.1)  # 8.80 g/cm3 of CuSn12, 8.86 of CuSn8: data sheets
    assert "shear_modulus" not in bronze
    with pytest.raises(InputError, match="no reference mass_density for N"):
        closed_form("density", ("Fe", "N"), np.array([[0.9, 0.1]]))


def test_reading_the_table_imports_no_slow_package() -> None:
    code = "import sys, alloys.physics.generic as g; g.BUNDLE.descriptors(('Al', 'Zn')); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"mendeleev", "pandas", "sqlalchemy", "pydantic"} & set(loaded)


def test_a_million_alloys_are_described_chunk_by_chunk_as_one_by_one() -> None:
    generic, elements = get_physics("generic"), tuple("Al Co Cr Fe Ni".split())
    fractions = np.random.default_rng(0).dirichlet(np.ones(5), 70_000)
    whole = generic.describe(elements, fractions)
    assert whole[::7001] == pytest.approx(generic.describe(elements, fractions[::7001]), rel=1e-12)
