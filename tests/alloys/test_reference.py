"""The reference models against published numbers."""

from __future__ import annotations

import csv
from importlib import resources

import numpy as np
import pytest

from alloys.composition import Composition
from alloys.physics.closed_forms import properties_of
from alloys.physics.edge import SOFTENING_RATE, SOFTENING_START, edge_parameters, edge_strength, softening
from alloys.physics.solution import demixing_margin, melting_estimates
from tests.support.golden import golden


def _fractions(composition: Composition) -> np.ndarray:
    return np.array([list(composition.fractions().values())])


TOLERANCES = {
    "shear_modulus": 0.051,
    "pugh_ratio": 0.006,
    "unstable_fault_energy": 0.0006,
    "fracture_toughness": 0.0006,
    "vec": 0.006,
    "size_mismatch": 0.006,
    "mixing_enthalpy": 0.006,
    "density": 0.05,
}
"""By property: the last digit that the table of golden numbers gives."""


@pytest.mark.parametrize("row", golden("descriptors.csv"), ids=lambda row: row["alloy"])
def test_closed_forms_reproduce_published_descriptors(row: dict[str, str]) -> None:
    """Descriptors of well-known alloys, tabulated to two or three digits."""
    computed = properties_of(Composition.parse(row["alloy"]))
    for name, tolerance in TOLERANCES.items():
        assert computed[name] == pytest.approx(float(row[name]), abs=tolerance), name


def test_edge_model_reproduces_published_strengths() -> None:
    """Maresca & Curtin's model as evaluated in an open implementation: within 1 % or 1 MPa."""
    for row in golden("edge_strengths.csv"):
        composition = Composition.parse(row["alloy"])
        fractions = _fractions(composition)
        strength = edge_strength(composition.elements, fractions, float(row["temperature_c"]) + 273.15)[0]
        assert strength == pytest.approx(float(row["strength_mpa"]), rel=0.01, abs=1.0), row
        stress, barrier = edge_parameters(composition.elements, fractions)
        assert stress[0] == pytest.approx(float(row["strength_0k_mpa"]), rel=0.005, abs=1.0), row
        assert barrier[0] == pytest.approx(float(row["barrier_ev"]), abs=0.01), row


def test_strength_at_1300c_reproduces_published_values() -> None:
    for row in golden("descriptors.csv"):
        composition = Composition.parse(row["alloy"])
        strength = edge_strength(composition.elements, _fractions(composition), 1573.15)[0]
        assert strength == pytest.approx(float(row["edge_strength_1300c"]), rel=0.02, abs=1.5), row["alloy"]


def test_softening_rate_is_the_fit_of_its_table() -> None:
    text = resources.files("alloys").joinpath("data/edge_softening.csv").read_text(encoding="utf-8")
    excess, drop = [], []
    for row in csv.DictReader(text.splitlines()):
        composition = Composition.parse(row["formula"])
        temperature = float(row["temperature_k"])
        edge = edge_strength(composition.elements, _fractions(composition), temperature)[0]
        ratio = float(row["yield_strength_mpa"]) / edge / float(row["low_temperature_ratio"])
        excess.append(temperature / float(row["solidus_k"]) - SOFTENING_START)
        drop.append(-np.log(ratio))
    assert np.dot(excess, drop) / np.dot(excess, excess) == pytest.approx(SOFTENING_RATE, abs=0.05)


def test_softening_runs_from_one_to_zero() -> None:
    factors = softening(1573.15, np.array([1573.15, 1600.0, 2000.0, 2500.0, 2621.9, 4000.0]))
    assert factors[0] == 0.0
    assert (np.diff(factors) >= 0).all()
    assert factors[-2:] == pytest.approx([1.0, 1.0], abs=1e-3)


def test_melting_estimate_stands_near_calphad() -> None:
    """Against a CALPHAD database on well-known alloys: the estimate knows bcc and liquid only."""
    errors = []
    for row in golden("melting.csv"):
        composition = Composition.parse(row["alloy"])
        estimate = melting_estimates(composition.elements, _fractions(composition))
        errors.append(abs(estimate["solidus"][0] - float(row["solidus_k"])))
        assert estimate["liquidus"][0] >= estimate["solidus"][0]
    assert np.median(errors) < 40


def test_pure_elements_melt_where_sgte_says() -> None:
    for symbol, kelvin in {"Nb": 2750.0, "W": 3695.0, "Zr": 2128.0, "Hf": 2506.0}.items():
        estimate = melting_estimates((symbol,), np.ones((1, 1)))
        assert estimate["solidus"][0] == pytest.approx(kelvin, abs=5.0)


def test_demixing_margin_tells_a_gap_from_a_solution() -> None:
    def margin(formula: str) -> float:
        composition = Composition.parse(formula)
        return float(demixing_margin(composition.elements, _fractions(composition), 1473.15)[0])

    assert margin("NbMoTaW") > 0.3
    assert margin("CrMoNbV") < 0
    assert margin("WTaCrV") < 0


def test_estimates_of_an_alloy_do_not_depend_on_the_others() -> None:
    elements = ("Mo", "Nb", "Ta", "Ti", "W")
    fractions = np.array([[1, 0, 0, 0, 0], [0.5, 0.5, 0, 0, 0], [0, 0, 0.2, 0.3, 0.5], [0.2, 0.2, 0.2, 0.2, 0.2]])
    together = melting_estimates(elements, fractions)
    margins = demixing_margin(elements, fractions, 1473.15)
    for i, row in enumerate(fractions):
        present = row > 0
        alone = melting_estimates(tuple(np.array(elements)[present]), row[None, present])
        assert {name: column[i] for name, column in together.items()} == {n: c[0] for n, c in alone.items()}
        margin = demixing_margin(tuple(np.array(elements)[present]), row[None, present], 1473.15)[0]
        assert margins[i] == pytest.approx(margin, abs=1e-9)
