"""The forward model learned from rows: a quadratic is found again, noise is not believed, slopes are exact."""

from __future__ import annotations

import numpy as np
import pytest

from alloys.errors import InputError
from alloys.space import AlloySpace, Floats
from generators.training.forward import FEWEST, MixtureModel

SPACE = AlloySpace.build("Hf Mo Nb Ta Zr".split(), step="0.001", lower=0.01, upper=0.97)
D = SPACE.dimension
LINEAR = np.array([[50.0, 120.0, 80.0, 100.0, 60.0], [5.0, 2.0, 9.0, 4.0, 7.0]])
PAIRS = np.random.default_rng(3).normal(size=(2, D, D)) * np.array([40.0, 3.0])[:, None, None]
"""Coefficients of products; what lies above the diagonal counts."""


def quadratic(fractions: Floats) -> Floats:
    """Two properties, shape ``(m, 2)``, term by term as in Scheffé 1958, equation 1.2."""
    values = fractions @ LINEAR.T
    for i in range(D):
        for j in range(i + 1, D):
            values = values + PAIRS[:, i, j] * (fractions[:, i] * fractions[:, j])[:, None]
    return np.asarray(values)


def rows(n: int, seed: int = 0) -> Floats:
    return SPACE.fractions(SPACE.sample(n, np.random.default_rng(seed)))


def test_a_quadratic_is_found_again() -> None:
    model = MixtureModel(rows(300), quadratic(rows(300)))
    np.testing.assert_allclose(model(rows(50, seed=1)), quadratic(rows(50, seed=1)), rtol=2e-4)
    np.testing.assert_allclose(model.linear, LINEAR, rtol=2e-3)
    for k in range(2):
        np.testing.assert_allclose(2 * np.triu(model.products[k], 1), np.triu(PAIRS[k], 1), atol=0.05 * 40 ** (1 - k))
        assert not model.products[k].diagonal().any()
    assert (model.explained > 0.9999).all()
    assert (model.error < 1e-3).all()


def test_unknown_values_are_left_out_of_their_own_property_alone() -> None:
    fractions = rows(300)
    values = quadratic(fractions)
    some = values.copy()
    some[::3, 1] = np.nan
    model = MixtureModel(fractions, some)
    fewer = MixtureModel(np.delete(fractions, np.s_[::3], 0), np.delete(values, np.s_[::3], 0)[:, 1:])
    np.testing.assert_array_equal(model.linear[0], MixtureModel(fractions, values).linear[0])
    np.testing.assert_array_equal(model.linear[1], fewer.linear[0])


def test_noise_is_not_explained_and_its_error_is_that_of_rows_unseen() -> None:
    rng = np.random.default_rng(0)
    noise = 100 + 10 * rng.standard_normal((120, 1))
    model = MixtureModel(rows(120), noise)
    assert -0.2 < model.explained[0] < 0.1
    fresh = 100 + 10 * rng.standard_normal((2000, 1))
    unseen = np.sqrt(np.mean((model(rows(2000, seed=5)) / fresh - 1) ** 2))
    assert model.error[0] == pytest.approx(unseen, rel=0.15)


def test_noise_is_not_explained_where_every_row_can_be_met() -> None:
    """With fewer rows than coefficients the least penalty meets them all, and none that was left out."""
    for n in (FEWEST, 12):
        noise = 100 + 10 * np.random.default_rng(n).standard_normal((n, 1))
        model = MixtureModel(rows(n), noise)
        assert model.explained[0] < 0.3
        assert model.error[0] > 0.05


def test_the_errors_of_rows_left_out_are_those_of_models_without_them() -> None:
    fractions = rows(60)
    values = quadratic(fractions)[:, :1] * np.exp(0.05 * np.random.default_rng(1).standard_normal((60, 1)))
    without = [MixtureModel(np.delete(fractions, i, 0), np.delete(values, i, 0)) for i in range(60)]
    misses = np.array([model(fractions[i : i + 1])[0, 0] / values[i, 0] - 1 for i, model in enumerate(without)])
    model = MixtureModel(fractions, values)
    assert model.error[0] == pytest.approx(np.sqrt(np.mean(misses**2)), rel=0.1)  # each chose a penalty of its own
    assert model.error[0] > 1.15 * np.sqrt(np.mean((model(fractions) / values - 1) ** 2))


def test_slopes_are_those_of_differences() -> None:
    model, some, size = MixtureModel(rows(300), quadratic(rows(300))), rows(20, seed=2), 1e-6
    slopes = model.slopes(some)
    assert slopes.shape == (20, 2, D)
    for i in range(D):
        step = size * np.eye(D)[i]
        there = some[:, i] > 0
        difference = (model((some + step) / (1 + size)) - model((some - step) / (1 - size))) / (2 * size)
        np.testing.assert_allclose(slopes[there, :, i], difference[there], rtol=1e-5, atol=1e-5)
        assert not slopes[~there, :, i].any()
    assert (some == 0).any()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.arange(FEWEST - 1.0), f"at least {FEWEST} different values of each property; property 2 has 7 values"),
        (np.full(30, 4.0), "property 2 has 30 values, 1 of them different"),
        (np.empty(0), "property 2 has 0 values"),
    ],
)
def test_too_few_or_equal_values_are_refused(values: Floats, message: str) -> None:
    table = np.full((30, 2), np.nan)
    table[:, 0] = np.arange(30)
    table[: len(values), 1] = values
    with pytest.raises(InputError, match=message):
        MixtureModel(rows(30), table)
