"""The element table: complete rows, rows with gaps, and errors that say what is missing."""

from __future__ import annotations

import numpy as np
import pytest

from alloys.composition import Composition
from alloys.errors import InputError
from alloys.physics.closed_forms import closed_form, properties_of
from alloys.physics.elements import column, element_table, known_elements, mixing_enthalpy_matrix, tabulated_elements
from tests.support.golden import golden


def test_nine_elements_are_complete_and_22_are_tabulated() -> None:
    assert known_elements() == ("Cr", "Hf", "Mo", "Nb", "Ta", "Ti", "V", "W", "Zr")
    assert len(tabulated_elements()) == 22
    assert set(known_elements()) < set(tabulated_elements())


def test_the_table_holds_the_published_numbers() -> None:
    published = {row["element"]: row for row in golden("elements.csv")}
    assert set(published) == set(element_table())
    for symbol, row in element_table().items():
        assert (row.structure or "") == published[symbol]["structure"]
        if row.structure:
            assert row.shear_modulus == float(published[symbol]["shear_modulus_gpa"]), symbol
            assert row.poisson == float(published[symbol]["poisson_ratio"]), symbol
            assert row.atomic_volume == float(published[symbol]["atomic_volume_a3"]), symbol
        assert row.radius == float(published[symbol]["radius_pm"])


def test_a_missing_number_is_named() -> None:
    with pytest.raises(InputError, match="no reference shear_modulus for O; available are Al, Be"):
        column(("Nb", "O"), "shear_modulus")
    with pytest.raises(InputError, match="no reference gamma_s for Mn"):
        closed_form("ductility_index", ("Cr", "Mn"), np.array([[0.5, 0.5]]))
    with pytest.raises(InputError, match="no reference mass_density for N; 84 other elements have one"):
        column(("Fe", "N"), "mass_density")
    with pytest.raises(InputError, match="no mixing enthalpy for Nb-O"):
        mixing_enthalpy_matrix(("Nb", "O"))


def test_every_closed_form_that_can_be_had() -> None:
    values = properties_of(Composition.parse("CoCrFeMnNi"))
    assert "ductility_index" not in values
    assert values["shear_modulus"] == pytest.approx((103.49 + 61.26 + 80.66 + 78.63 + 92.26) / 5)
    assert values["mixing_enthalpy"] == pytest.approx(-4.16)  # the Cantor alloy in Takeuchi & Inoue's model
