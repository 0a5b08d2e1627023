"""Several fidelities: offset and correlation, few accurate observations, and none."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from alloys.errors import InputError
from surrogates.choosing.acquisition import choose_batch
from surrogates.choosing.screen import BatchContext, Settings
from surrogates.model.fidelity import FidelityData, FidelityOutput, fit_fidelities
from surrogates.model.surrogate import Surrogate
from tests.surrogates.helpers import BUNDLE, PROBLEM, REFERENCE, SPACE, pool, truth

Floats = NDArray[np.float64]

CHEAP = 40
RHO, OFFSET = 1.3, -120.0
UNSEEN = slice(300, 450)


def fractions(rows: slice | NDArray[np.int64]) -> Floats:
    return SPACE.fractions(pool()[rows])


def cheap(count: int = CHEAP, *names: str) -> FidelityData:
    values = truth(pool()[:count])
    return FidelityData("calphad", fractions(slice(0, count)), {name: values[name] for name in names or values})


def accurate_solidus(rows: slice) -> Floats:
    """The accurate truth: the cheap one scaled about 2300 K and moved, and a little bend of its own."""
    bend = 30.0 * np.cos(20.0 * fractions(rows)[:, 3])
    return 2300.0 + RHO * (truth(pool()[rows])["solidus"] - 2300.0) + OFFSET + bend


def accurate(count: int, values: Floats | None = None) -> FidelityData:
    rows = slice(0, count)
    return FidelityData("dft", fractions(rows), {"solidus": accurate_solidus(rows) if values is None else values})


@cache
def both(count: int) -> Surrogate:
    return fit_fidelities(BUNDLE, SPACE.elements, [cheap(CHEAP, "solidus"), accurate(count)])


def solidus(surrogate: Surrogate) -> FidelityOutput:
    output = surrogate.outputs["solidus"]
    assert isinstance(output, FidelityOutput)
    return output


def error(surrogate: Surrogate) -> tuple[Floats, Floats]:
    means, stds = surrogate.predict(fractions(UNSEEN))
    return means["solidus"] - accurate_solidus(UNSEEN), stds["solidus"]


def test_offset_and_correlation_are_found() -> None:
    output = solidus(both(15))
    centre = output.link.centre
    assert abs(output.link.rho - RHO) < max(3 * output.link.rho_std, 0.05)
    assert output.link.rho_std < 0.1
    assert abs(output.offset - (2300.0 + RHO * (centre - 2300.0) + OFFSET - centre)) < 40.0


@pytest.mark.parametrize("count", [4, 8])
def test_with_few_accurate_observations_it_beats_these_alone(count: int) -> None:
    alone = Surrogate.fit(BUNDLE, SPACE.elements, accurate(count).inputs, accurate(count).values)
    rmse = {name: np.sqrt((error(model)[0] ** 2).mean()) for name, model in (("both", both(count)), ("alone", alone))}
    assert rmse["both"] < 0.6 * rmse["alone"]


@pytest.mark.parametrize("count", [4, 8, 15])
def test_its_spread_is_honest(count: int) -> None:
    apart, std = error(both(count))
    assert (np.abs(apart) < 1.645 * std).mean() >= 0.75
    assert std.mean() < 150.0


def test_without_accurate_observations_the_cheap_ones_stand_with_a_broad_spread() -> None:
    low = Surrogate.fit(BUNDLE, SPACE.elements, *_fitted_on(cheap(CHEAP, "solidus")))
    found = both(0)
    (means, stds), (below, spread) = found.predict(fractions(UNSEEN)), low.predict(fractions(UNSEEN))
    np.testing.assert_allclose(means["solidus"], below["solidus"])
    np.testing.assert_allclose(stds["solidus"], np.hypot(spread["solidus"], 150.0))
    assert any("no observation by dft; what calphad says stands" in note and "150" in note for note in found.notes)


def _fitted_on(level: FidelityData) -> tuple[Floats, dict[str, Floats]]:
    return level.inputs, dict(level.values)


def test_one_accurate_observation_moves_all_and_leaves_them_broad() -> None:
    apart, std = error(both(1))
    assert np.abs(apart).mean() < np.abs(error(both(0))[0]).mean()
    assert std.mean() > 100.0
    assert solidus(both(1)).link.rho == 1.0
    assert any(note.startswith("solidus by dft: 1 observation") for note in both(1).notes)


@pytest.mark.parametrize(
    ("level", "note"),
    [
        (accurate(4, np.full(4, 2500.0)), ""),
        (accurate(6, np.array([2500.0, np.nan, np.nan, np.nan, np.nan, np.nan])), "1 observation"),
        (
            FidelityData("dft", np.repeat(fractions(slice(0, 1)), 5, axis=0), {"solidus": np.full(5, 2400.0)}),
            "of 1 alloy",
        ),
        (
            FidelityData("dft", fractions(slice(0, 5)), {"solidus": truth(pool()[:5])["solidus"] + 55.0}),
            "by the same amount",
        ),
    ],
    ids=["constant", "one known", "repeated", "exactly the cheap one and an offset"],
)
def test_degenerate_data_have_a_defined_result(level: FidelityData, note: str) -> None:
    found = fit_fidelities(BUNDLE, SPACE.elements, [cheap(12, "solidus"), level])
    means, stds = found.predict(fractions(UNSEEN))
    assert np.isfinite(means["solidus"]).all()
    assert (stds["solidus"] > 1.0).all()
    assert note in " ".join(found.notes)


def test_cheap_ones_that_did_not_answer_leave_the_prior() -> None:
    nothing = FidelityData("calphad", fractions(slice(0, 0)), {"solidus": np.zeros(0)})
    found = fit_fidelities(BUNDLE, SPACE.elements, [nothing, accurate(4)])
    means, stds = found.predict(fractions(UNSEEN))
    assert np.isfinite(means["solidus"]).all()
    assert (stds["solidus"] > 100.0).all()
    assert any("the prior stands" in note for note in found.notes)


def test_a_covariance_that_cannot_be_factorised_is_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("not positive definite")

    monkeypatch.setattr("surrogates.model.fidelity.refine_link", broken)
    found = fit_fidelities(BUNDLE, SPACE.elements, [cheap(12, "solidus"), accurate(5)])
    assert any("rho by ridge regression alone (not positive definite)" in note for note in found.notes)
    assert np.isfinite(found.predict(fractions(UNSEEN))[0]["solidus"]).all()


def test_an_offset_without_scatter_is_taken_over() -> None:
    shifted = FidelityData("dft", fractions(slice(0, 5)), {"solidus": truth(pool()[:5])["solidus"] + 55.0})
    found = fit_fidelities(BUNDLE, SPACE.elements, [cheap(CHEAP, "solidus"), shifted])
    apart = found.predict(fractions(UNSEEN))[0]["solidus"] - truth(pool()[UNSEEN])["solidus"]
    assert np.median(apart) == pytest.approx(55.0, abs=15.0)


def test_one_level_is_the_plain_surrogate() -> None:
    level = cheap(12)
    plain, found = (
        Surrogate.fit(BUNDLE, SPACE.elements, *_fitted_on(level)),
        fit_fidelities(BUNDLE, SPACE.elements, [level]),
    )
    assert found.digest == plain.digest
    assert found.notes == plain.notes
    for name, mean in plain.predict(fractions(UNSEEN))[0].items():
        np.testing.assert_array_equal(found.predict(fractions(UNSEEN))[0][name], mean)


def test_the_spread_of_the_level_below_is_passed_on() -> None:
    described = both(8).describe(fractions(UNSEEN))
    inputs, priors = both(8).latent_inputs(described), described.prior_means()
    output = solidus(both(8))
    _, below = output.lower.predict(inputs, priors)
    assert (output.predict(inputs, priors)[1] >= output.link.rho * below).all()
    poorer = fit_fidelities(BUNDLE, SPACE.elements, [cheap(10, "solidus"), accurate(8)])
    assert error(poorer)[1].mean() > error(both(8))[1].mean()


def test_joint_and_single_predictions_agree() -> None:
    described = both(8).describe(fractions(UNSEEN))
    inputs, priors = both(8).latent_inputs(described), described.prior_means()
    mean, covariance = solidus(both(8)).joint(inputs, priors)
    alone, std = solidus(both(8)).predict(inputs, priors)
    np.testing.assert_allclose(mean, alone, rtol=1e-9)
    np.testing.assert_allclose(np.sqrt(covariance.diagonal()), std, rtol=1e-3)
    assert np.linalg.eigvalsh(covariance).min() > -1e-6 * covariance.max()
    quick = both(8).quick().outputs["solidus"].predict(inputs, priors)
    np.testing.assert_allclose(quick[0], alone, atol=1.0)
    assert (quick[1] > 0.99 * std).all()


def test_every_accurate_observation_is_left_out_in_turn() -> None:
    score = both(15).leave_one_out()["solidus"]
    assert score.count == 15
    assert score.rmse < 100.0
    truths = solidus(both(15)).leave_one_out()[2]  # type: ignore[index]
    np.testing.assert_allclose(np.sort(truths), np.sort(accurate_solidus(slice(0, 15))))


def test_a_strength_follows_the_accurate_solidus() -> None:
    name = "specific_yield_strength_1300c"
    levels = [cheap(CHEAP, "solidus", name), accurate(8)]
    found = fit_fidelities(BUNDLE, SPACE.elements, levels)
    only = Surrogate.fit(BUNDLE, SPACE.elements, *_fitted_on(levels[0]))
    assert found.outputs[name].chained
    above, alone = found.predict(fractions(UNSEEN))[0], only.predict(fractions(UNSEEN))[0]
    apart = np.abs(above["solidus"] - alone["solidus"]) > 20.0
    hotter = above["solidus"] > alone["solidus"]
    assert apart.sum() > 50
    np.testing.assert_array_equal((above[name] > alone[name])[apart], hotter[apart])
    accurate_strength = FidelityData("dft", levels[1].inputs, {**levels[1].values, name: 0.9 * truth(pool()[:8])[name]})
    again = fit_fidelities(BUNDLE, SPACE.elements, [levels[0], accurate_strength])
    assert isinstance(again.outputs[name], FidelityOutput)
    assert again.outputs[name].chained
    assert np.isfinite(again.predict(fractions(UNSEEN))[1][name]).all()


def test_three_levels_stand_on_one_another() -> None:
    middle = FidelityData("draft", fractions(slice(0, 12)), {"solidus": truth(pool()[:12])["solidus"] + 40.0})
    found = fit_fidelities(BUNDLE, SPACE.elements, [cheap(CHEAP, "solidus"), middle, accurate(5)])
    lower = solidus(found).lower
    assert isinstance(lower, FidelityOutput)
    assert not isinstance(lower.lower, FidelityOutput)
    assert np.sqrt((error(found)[0] ** 2).mean()) < 100.0


def test_a_batch_is_chosen_by_it() -> None:
    points, values = pool()[:12], truth(pool()[:12])
    levels = [cheap(12), accurate(4)]
    batch = choose_batch(
        fit_fidelities(BUNDLE, SPACE.elements, levels),
        PROBLEM,
        [(pool()[20:220], "test")],
        BatchContext(
            points,
            {**values, "solidus": np.where(np.arange(12) < 4, accurate_solidus(slice(0, 12)), np.nan)},
            pending=pool()[12:13],
            barred=pool()[:0],
            reference=REFERENCE,
        ),
        q=2,
        settings=Settings(short_list=24, samples=32, polish=0, check=0),
    )
    assert len(batch.picks) == 2


@pytest.mark.parametrize(
    ("levels", "message"),
    [
        ([], "at least one level"),
        ([FidelityData("a", fractions(slice(0, 2)), {"density": np.ones(2)})], "is not a property to model"),
        ([cheap(5, "solidus"), FidelityData("b", fractions(slice(0, 2)), {"solidus": np.ones(3)})], "must have shape"),
    ],
)
def test_levels_that_cannot_be_are_refused(levels: list[FidelityData], message: str) -> None:
    with pytest.raises(InputError, match=message):
        fit_fidelities(BUNDLE, SPACE.elements, levels)
