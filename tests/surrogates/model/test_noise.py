"""Standard deviations that come with measurements, repeats, and rows with elements outside the palette."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from alloys.errors import InputError
from alloys.physics.registry import get_physics
from surrogates.model.calibration import HALF_WIDTH
from surrogates.model.fidelity import FidelityData, fit_fidelities
from surrogates.model.gp import GP
from surrogates.model.quick import made_quick
from surrogates.model.sparse import SparseGP
from surrogates.model.surrogate import Surrogate
from surrogates.model.warps import Logarithm, Saturating
from tests.surrogates.helpers import BUNDLE, SPACE, pool, prior_means, truth

Floats = np.ndarray
SOLIDUS = "solidus"
HYPER = (0.1, torch.full((3,), 0.8, dtype=torch.float64), 0.02)
PALETTE, FOREIGN = SPACE.elements[:5], SPACE.elements[5:]


def _rows(count: int, seed: int = 0, *, noisy: bool = True) -> tuple[Floats, Floats, Floats]:
    """Fractions, values and standard deviations of the solidus: 10 or 100 K, every other row."""
    stds = np.where(np.arange(count) % 2, 100.0, 10.0)
    values = truth(pool()[:count])[SOLIDUS]
    noise = np.random.default_rng(seed).normal(size=count) * stds
    return SPACE.fractions(pool()[:count]), values + noise * noisy, stds


def _fit(fractions: Floats, values: Floats, stds: Floats | None = None, physics: str = "refractory") -> Surrogate:
    given = None if stds is None else {SOLIDUS: stds}
    return Surrogate.fit(get_physics(physics), SPACE.elements, fractions, {SOLIDUS: values}, stds=given)


def test_repeats_narrow_the_prediction_as_the_root_of_their_number() -> None:
    fractions, values, _ = _rows(30, noisy=False)

    def at_first(repeats: int) -> float:
        rows = np.concatenate([np.zeros(repeats, dtype=np.int64), np.arange(1, 30)])
        found = _fit(fractions[rows], values[rows], np.full(len(rows), 20.0), "generic")
        return float(found.predict(fractions[:1])[1][SOLIDUS][0])

    once, four_times, often = at_first(1), at_first(4), at_first(16)
    assert once / four_times == pytest.approx(2.0, rel=0.15)
    assert four_times / often == pytest.approx(2.0, rel=0.15)
    assert often == pytest.approx(5.0, rel=0.15)


def test_a_measurement_with_a_large_standard_deviation_moves_the_model_less() -> None:
    fractions, values, _ = _rows(20, noisy=False)
    values[3] += 200.0
    moved = []
    for std in (5.0, 50.0, 500.0):
        stds = np.full(20, 5.0)
        stds[3] = std
        moved.append(_fit(fractions, values, stds).predict(fractions[3:4])[0][SOLIDUS][0] - values[3] + 200.0)
    assert moved[0] > 1.5 * moved[1] > 3 * moved[2]


@pytest.mark.parametrize("physics", ["refractory", "generic"])
def test_given_standard_deviations_give_better_and_honest_predictions(physics: str) -> None:
    unseen = pool()[300:600]
    true, inside, errors = truth(unseen)[SOLIDUS], [], []
    for seed in range(3):
        fractions, values, stds = _rows(60, seed)
        found = _fit(fractions, values, stds, physics)
        mean, std = (part[SOLIDUS] for part in found.predict(SPACE.fractions(unseen)))
        plain = _fit(fractions, values, physics=physics).predict(SPACE.fractions(unseen))[0][SOLIDUS]
        inside.append(np.abs(true - mean) <= HALF_WIDTH * std)
        errors.append([np.abs(true - mean).mean(), np.abs(true - plain).mean()])
    assert 0.80 <= np.mean(inside) <= 0.97
    with_stds, without = np.mean(errors, axis=0)
    assert with_stds < 0.9 * without


def test_the_noise_of_rows_without_a_standard_deviation_is_learned_from_them_alone() -> None:
    fractions, values, stds = _rows(60)
    quiet = np.where(stds > 50, stds, np.nan)
    gp = _fit(fractions, values, quiet).outputs[SOLIDUS].gp
    assert isinstance(gp, GP)
    assert gp.scale * gp.noise**0.5 < 30
    assert sorted(set(np.round(gp.scale * gp.noises.sqrt().numpy(), 6)))[-1] == pytest.approx(100.0)


def test_what_validation_will_say_scatters_as_the_given_standard_deviations_do() -> None:
    fractions, values, _ = _rows(40)
    found = _fit(fractions, values, np.full(40, 50.0))
    (_, quiet), (_, loud) = found.predict(fractions[:1]), found.predict(fractions[:1], noise=True)
    scatter = np.sqrt(loud[SOLIDUS][0] ** 2 - quiet[SOLIDUS][0] ** 2)
    assert scatter == pytest.approx(50.0 * found.outputs[SOLIDUS].inflation)


def test_the_order_of_rows_and_of_foreign_columns_does_not_matter() -> None:
    fractions, values, stds = _rows(20)
    wide = np.concatenate([fractions * 0.9, np.tile([0.04, 0.06], (20, 1))], axis=1)
    order = np.random.default_rng(3).permutation(20)
    ways = [(wide, ("Al", "Fe"), np.arange(20)), (wide[:, [*range(9), 10, 9]], ("Fe", "Al"), order)]
    digests = {
        Surrogate.fit(
            get_physics("generic"), SPACE.elements, table[rows], {SOLIDUS: values[rows]},
            stds={SOLIDUS: stds[rows]}, foreign=foreign,
        ).digest
        for table, foreign, rows in ways
    }  # fmt: skip
    assert len(digests) == 1


def test_standard_deviations_that_say_nothing_change_nothing() -> None:
    fractions, values, _ = _rows(20)
    plain = _fit(fractions, values)
    for nothing in (np.full(20, np.nan), np.zeros(20)):
        assert _fit(fractions, values, nothing).digest == plain.digest
    unused = np.concatenate([fractions, np.zeros((20, 1))], axis=1)
    assert Surrogate.fit(BUNDLE, SPACE.elements, unused, {SOLIDUS: values}, foreign=("Fe",)).digest == plain.digest


@pytest.mark.parametrize(
    ("stds", "message"),
    [
        ({SOLIDUS: np.ones(3)}, r"solidus must have shape \(20,\), got \(3,\)"),
        ({SOLIDUS: np.full(20, -1.0)}, "finite and not negative, got -1"),
        ({SOLIDUS: np.full(20, np.inf)}, "finite and not negative, got inf"),
        ({SOLIDUS: ["wide"] * 20}, "must be numbers"),
        ({"liquidus": np.ones(20)}, "no values of it"),
    ],
)
def test_standard_deviations_that_cannot_be_are_refused(stds: dict[str, Floats], message: str) -> None:
    fractions, values, _ = _rows(20)
    with pytest.raises(InputError, match=message):
        Surrogate.fit(BUNDLE, SPACE.elements, fractions, {SOLIDUS: values}, stds=stds)


def test_a_standard_deviation_reaches_the_scale_of_the_model() -> None:
    log = Logarithm(1e-3)
    mean, std = log.moments(*(np.array([value]) for value in (2.0, float(log.spread(100.0, 20.0)))))
    assert std / mean == pytest.approx(0.2)
    share = Saturating().spread(np.array([1.0, 0.9, 0.5]), np.full(3, 0.02))
    assert (np.diff(share) < 0).all()
    assert share[0] < 1
    assert share[2] == pytest.approx(0.02 / 0.501 / np.log(10), rel=0.01)


def test_inducing_points_weigh_observations_as_an_exact_posterior_does() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(size=(120, 3))
    given = np.where(np.arange(120) % 3 == 0, np.nan, 10.0 ** rng.uniform(-2, 0.5, 120))
    y = np.sin(4 * x[:, 0]) + x[:, 1] + rng.normal(size=120) * np.nan_to_num(given, nan=0.1)
    exact = GP.condition(x, y, 0.2, 1.3, HYPER, given)
    sparse = SparseGP.condition(x, y, 0.2, 1.3, HYPER, given, count=120)
    asked = rng.uniform(size=(50, 3))
    for ours, true in zip(
        (*sparse.predict(asked), *sparse.leave_one_out()), (*exact.predict(asked), *exact.leave_one_out()), strict=True
    ):
        np.testing.assert_allclose(ours, true, rtol=2e-3, atol=2e-3)
    assert (made_quick(exact).predict(asked)[1] >= exact.predict(asked)[1] - 1e-3).all()


def test_a_higher_fidelity_counts_the_standard_deviations_of_its_own() -> None:
    fractions, values, _ = _rows(30, noisy=False)
    above = values[:12] + 100.0
    above[5] += 400.0
    moved = []
    for std in (5.0, 400.0):
        stds = np.full(12, 5.0)
        stds[5] = std
        level = FidelityData("dft", fractions[:12], {SOLIDUS: above}, {SOLIDUS: stds})
        found = fit_fidelities(BUNDLE, SPACE.elements, [FidelityData("calphad", fractions, {SOLIDUS: values}), level])
        moved.append(float(found.predict(fractions[5:6])[0][SOLIDUS][0]) - values[5] - 100.0)
    assert moved[0] > 2 * moved[1]


def _mixed(count: int, foreign: float, seed: int) -> tuple[Floats, Floats]:
    """Alloys of the palette with that share of foreign elements, and their solidus."""
    rng = np.random.default_rng(seed)
    own = rng.dirichlet(np.full(len(PALETTE), 0.7), count) * (1 - foreign)
    fractions = np.concatenate([own, rng.dirichlet(np.full(len(FOREIGN), 0.7), count) * foreign], axis=1)
    matrix = np.random.default_rng(7).normal(size=(len(SPACE.elements),) * 2)
    bent = 120 * np.einsum("ni,ij,nj->n", fractions, matrix + matrix.T, fractions)
    return fractions, prior_means(fractions)[SOLIDUS] + bent + 100.0


def _of_palette(fractions: Floats, values: Floats, foreign: tuple[str, ...], physics: str = "generic") -> Surrogate:
    return Surrogate.fit(get_physics(physics), PALETTE, fractions, {SOLIDUS: values}, foreign=foreign)


@pytest.mark.parametrize("physics", ["refractory", "generic"])
def test_rows_with_elements_outside_the_palette_teach_the_model(physics: str) -> None:
    unseen, true = _mixed(100, 0.0, 50)
    errors = []
    for seed in range(3):
        (own, values), (others, more) = _mixed(12, 0.0, seed), _mixed(60, 0.2, seed + 1)
        few = _of_palette(own[:, :5], values, (), physics)
        both = _of_palette(np.concatenate([own, others]), np.concatenate([values, more]), FOREIGN, physics)
        errors.append([np.abs(found.predict(unseen[:, :5])[0][SOLIDUS] - true).mean() for found in (few, both)])
        assert not any("left out" in note for note in both.notes)
    alone, taught = np.mean(errors, axis=0)
    assert taught < 0.9 * alone


def test_rows_that_the_physics_cannot_describe_are_left_out_with_a_note() -> None:
    fractions, values = _mixed(10, 0.0, 0)
    wide = np.concatenate([fractions[:, :5], np.zeros((10, 1))], axis=1)
    wide[7:] = np.append(np.full(5, 0.18), 0.1)
    found = _of_palette(wide, values, ("Xe",))
    assert "3 row(s) with Xe are left out: their descriptors are not known" in found.notes
    without = _of_palette(fractions[:7, :5], values[:7], ())
    np.testing.assert_array_equal(
        found.predict(fractions[:, :5])[0][SOLIDUS], without.predict(fractions[:, :5])[0][SOLIDUS]
    )


def test_a_foreign_element_stands_once_and_outside_the_palette() -> None:
    with pytest.raises(InputError, match="not in the palette, but got Nb"):
        _of_palette(np.full((2, 6), 1 / 6), np.full(2, 2000.0), (PALETTE[3],))
