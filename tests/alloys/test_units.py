"""Units as people write them."""

from dataclasses import replace

import pytest

from alloys.errors import InputError
from alloys.expressions import Expression
from alloys.properties import PROPERTIES
from alloys.units import check_dimensions, check_unit, scale_of, to_base, to_kelvin

HARDNESS = replace(PROPERTIES["shear_modulus"], name="hardness", unit="HV")


@pytest.mark.parametrize(
    ("name", "unit", "factor", "offset"),
    [
        ("solidus", "°C", 1.0, 273.15),
        ("freezing_range", "°C", 1.0, 0.0),
        ("shear_modulus", "MPa", 1e-3, 0.0),
        ("specific_yield_strength_1300c", "kN·m/kg", 1.0, 0.0),
        ("fracture_toughness", "MPa√m", 1.0, 0.0),
        ("fracture_toughness", "kPa·m^0.5", 1e-3, 0.0),
        ("density", "kg·m⁻³", 1e-3, 0.0),
        # CODATA 2018: the elementary charge and Avogadro's number are exact.
        ("mixing_enthalpy", "eV/atom", 96.48533212331, 0.0),
        ("bcc_fraction_1300c", "at.%", 1e-2, 0.0),
        ("size_mismatch", "1", 100.0, 0.0),
        ("lattice_parameter", "nm", 10.0, 0.0),
        ("price", "USD/g", 1000.0, 0.0),
    ],
)
def test_values_come_in_any_unit_of_the_same_kind(name: str, unit: str, factor: float, offset: float) -> None:
    assert scale_of(PROPERTIES[name], unit) == pytest.approx((factor, offset), rel=1e-9)


def test_vickers_hardness_is_kgf_by_mm2() -> None:
    """ISO 6507-1: 1 HV is 9.80665 MPa; it is no strength."""
    assert scale_of(HARDNESS, "GPa")[0] == pytest.approx(1000 / 9.80665)
    assert scale_of(HARDNESS, "kgf/mm²")[0] == pytest.approx(1.0)
    with pytest.raises(InputError, match="cannot be given in 'HV'"):
        scale_of(PROPERTIES["yield_strength_1300c"], "HV")
    with pytest.raises(InputError, match="cannot be given in 'HRC': its unit is HV"):
        scale_of(HARDNESS, "HRC")


@pytest.mark.parametrize("text", ["nonsense", "10^-6/K", "1e-6/K", "GPa; ls", "os.system('x')", "V vs SHE", "√", "\0"])
def test_what_is_no_unit_is_told(text: str) -> None:
    with pytest.raises(InputError, match="unknown unit"):
        check_unit(text)


@pytest.mark.parametrize("row", PROPERTIES.values(), ids=lambda row: str(row.name))
def test_every_built_in_unit_is_known(row: object) -> None:
    assert to_base(check_unit(row.unit))[0] > 0  # type: ignore[attr-defined]


@pytest.mark.parametrize("unit", ["K", "degC", "°C"])
def test_usual_temperatures_are_those_of_pint(unit: str) -> None:
    assert to_kelvin(unit) == to_base(unit)


def test_units_of_an_expression_agree() -> None:
    units = {"hardness": "HV", "density": "g/cm3", "t": "°C"}
    check_dimensions(Expression.parse("hardness / density"), units, "HV·cm3/g")
    check_dimensions(Expression.parse("hardness / density"), units, "MPa·cm3/g")
    with pytest.raises(InputError, match="do not agree"):
        check_dimensions(Expression.parse("hardness + density"), units, "HV")
    with pytest.raises(InputError, match="do not agree"):
        check_dimensions(Expression.parse("log(hardness)"), units, "1")
    with pytest.raises(InputError, match="which is no GPa"):
        check_dimensions(Expression.parse("hardness / density"), units, "GPa")
    assert to_base("°C") == pytest.approx((1.0, 273.15))
