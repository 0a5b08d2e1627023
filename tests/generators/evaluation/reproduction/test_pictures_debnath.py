"""The numbers under Debnath's figures: what each picture shows is what was drawn."""

from __future__ import annotations

import numpy as np
import pytest

from alloys.space import Floats
from generators.evaluation.measures import element_correlation
from generators.evaluation.oracle import Oracle
from generators.evaluation.reproduction.pictures.debnath import (
    PRESENT,
    asked_alone,
    corners,
    ensemble,
    others_given,
    parity,
)
from generators.evaluation.reproduction.pictures.records import DebnathPictures
from generators.evaluation.table import LabelledAlloys
from tests.generators.evaluation.reproduction.pictures_helpers import Nearest, known, small_debnath

GRID = 0.1
"""Percent that rounding to the grid of the space may change a property by."""


@pytest.fixture(scope="module")
def data() -> LabelledAlloys:
    return known()


@pytest.fixture(scope="module")
def pictures(data: LabelledAlloys) -> DebnathPictures:
    return small_debnath(data)


def test_an_ensemble_is_its_correlations_and_how_many_elements_it_has(data: LabelledAlloys) -> None:
    found = ensemble(data.fractions, data.fractions[:3])
    assert np.allclose(found.correlation, element_correlation(data.fractions), atol=2e-3)
    numbers = (data.fractions >= PRESENT).sum(axis=1)
    assert found.counts[numbers[0] - 1] == pytest.approx((numbers == numbers[0]).mean(), abs=1e-3)
    assert sum(found.counts) == pytest.approx(1, abs=1e-3)


def test_traces_of_a_softmax_count_as_nothing() -> None:
    almost = np.array([[0.5 - 0.002, 0.5 - 0.002, 0.004]])
    assert ensemble(almost, almost).counts == [0.0, 1.0, 0.0]


def test_parity_is_told_by_region_of_the_first_property(data: LabelledAlloys) -> None:
    drawn = data.fractions.copy()
    drawn[0] = np.nan
    found = parity(drawn, data, Oracle.of(data))
    assert found.mape == pytest.approx([100 / len(drawn)] * 2, abs=GRID)
    assert sum(found.region_alloys) == len(drawn)
    hit = [k for k, (low, high) in enumerate(found.regions) if low <= data.values[0, 0] < high]
    missed = [error for k, error in enumerate(found.region_mape) if k not in hit and np.isfinite(error)]
    assert missed == pytest.approx([0] * len(missed), abs=GRID)
    assert found.region_mape[hit[0]] > 0


def test_what_is_not_asked_is_drawn_as_the_data_have_it_there() -> None:
    modulus = np.repeat([40.0, 120.0], 500)
    values = np.column_stack([modulus, np.where(modulus < 80, 0.2, 0.6)])
    rng = np.random.default_rng(0)
    assert set(others_given(values, 40.0, 300, rng)[:, 0]) == {0.2}
    assert set(others_given(values, 120.0, 300, rng)[:, 0]) == {0.6}
    between = others_given(values, 80.0, 2000, rng)[:, 0]
    assert (between == 0.2).mean() == pytest.approx(0.5, abs=0.05)
    assert others_given(values, 1e6, 5, rng).shape == (5, 1)  # far beyond all alloys: the nearest ones


def test_only_the_first_property_is_asked(data: LabelledAlloys) -> None:
    seen: list[Floats] = []

    class Watched(Nearest):
        def draw(self, conditions: Floats, *, seed: int) -> Floats:
            seen.append(conditions)
            return super().draw(conditions, seed=seed)

    found = asked_alone([Watched(data)] * 2, data, Oracle.of(data), 60.0, 40, seed=0)
    assert (seen[0][:, 0] == 60.0).all()
    assert np.ptp(seen[0][:, 1]) > 0
    assert found.asked[0] == 60.0
    assert np.isnan(found.asked[1])
    assert len(found.means) == 2  # a mean composition by seed


def test_a_and_d_oppose_the_properties_and_b_and_c_do_not() -> None:
    values = np.column_stack([np.linspace(30, 130, 101), np.linspace(0.1, 0.9, 101)])
    found = corners(values)
    assert list(found) == ["a", "b", "c", "d"]
    assert found["a"] == pytest.approx([60, 0.66])
    assert found["b"] == pytest.approx([100, 0.66])
    assert found["c"] == pytest.approx([60, 0.34])
    assert found["d"] == pytest.approx([100, 0.34])


def test_a_model_that_answers_with_real_alloys_agrees_with_them(pictures: DebnathPictures) -> None:
    free, near = pictures.models
    assert near.agreement > 0.99
    assert near.count_distance < 0.05 < free.count_distance
    assert near.parity.mape == pytest.approx([0, 0], abs=GRID)
    assert [one.label for one in near.moduli] == ["30", "60", "90", "120"]
    means = [one.values[0].mean for one in near.moduli]
    assert np.all(np.diff(means) > 0)
