"""The strength model: right in level where the edge model is not, and wider where nothing is known."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from alloys.physics.elements import known_elements
from tests.validation.strength.made_up_strengths import CELSIUS, LEVEL, made_up, made_up_rows, write_made_up
from validation.strength.covariance import TERMS, Covariance, Hyper, prior_of
from validation.strength.inputs import StrengthInputs
from validation.strength.measurements import StrengthMeasurements, read_measurements
from validation.strength.model import PredictedStrength, StrengthModel

UNSEEN = MappingProxyType({"Nb": 0.5, "Ta": 0.2, "Ti": 0.2, "W": 0.1})


@pytest.fixture(scope="module")
def model() -> StrengthModel:
    return StrengthModel.fit(made_up())


def at(*celsius: float, shares: Mapping[str, float] = UNSEEN, processing: str = "CAST") -> StrengthInputs:
    fractions = np.array([[shares.get(symbol, 0.0) for symbol in known_elements()]] * len(celsius))
    words = {"source": "", "processing": processing, "test": "compression"}
    groups = {name: np.full(len(celsius), word) for name, word in words.items()}
    return StrengthInputs.of_tests(fractions, np.array(celsius), groups)


def test_strengths_that_cannot_be_read_are_counted_and_not_lost_in_silence(tmp_path: Path) -> None:
    path = write_made_up(tmp_path / "t.csv")
    whole = read_measurements(path)
    head, first, second, *rest = path.read_text(encoding="utf-8").splitlines(keepends=True)
    odd = [
        re.sub(r",[\d.]+,([\d.]+),", r",RT,\1,", first, count=1),
        re.sub(r"(,[\d.]+,)[\d.]+,", r"\1<5,", second, count=1),
    ]
    path.write_text("".join([head, *odd, *rest]), encoding="utf-8")
    found = read_measurements(path)
    assert len(found) == len(whole) - 2
    assert [(count, "cannot be true or read" in why) for why, count in found.left_out.items()] == [(2, True)]


def test_other_papers_are_met_in_level_and_by_the_interval(model: StrengthModel) -> None:
    others = made_up(seed=5, papers=20)
    predicted = model.predict(StrengthInputs.of(others))
    assert 0.9 < np.median(predicted.median / others.values) < 1.1
    assert np.median(np.exp(StrengthInputs.of(others).prior) / others.values) == pytest.approx(1 / LEVEL, rel=0.1)
    low, high = predicted.interval
    assert 0.8 <= np.mean((low < others.values) & (others.values < high)) <= 0.99


def test_the_interval_widens_beyond_the_measurements(model: StrengthModel) -> None:
    spread = model.predict(at(*CELSIUS, 1100.0, 1200.0, 1300.0)).log_std
    assert (np.diff(spread[2:]) > 0).all()
    assert spread[-1] > 1.15 * spread[2]


def test_far_from_all_measurements_the_spread_is_that_before_them() -> None:
    measured = made_up()
    rows = np.flatnonzero(measured.fractions[:, known_elements().index("W")] == 0)
    learned = StrengthModel.fit(measured.take(rows))
    near = {symbol: 0.25 for symbol in ("Hf", "Nb", "Ta", "Ti")}
    close, far = (learned.predict(at(25.0, shares=shares)).log_std[0] for shares in (near, {"W": 1.0}))
    assert far > 2 * close


def test_known_processing_narrows_the_interval(model: StrengthModel) -> None:
    told, untold = (model.predict(at(25.0, processing=word)).log_std[0] for word in ("CAST", ""))
    assert told < untold


def test_a_published_paper_is_better_known_than_a_new_one(model: StrengthModel) -> None:
    measured = made_up()
    inputs = StrengthInputs.of(measured.take(np.arange(6)))
    new = StrengthInputs(
        inputs.prior, inputs.columns, inputs.places, {**inputs.groups, "source": np.full(6, "")}, inputs.heat
    )
    assert (model.predict(inputs).log_std < model.predict(new).log_std).all()


def test_the_same_measurements_give_the_same_prediction(model: StrengthModel) -> None:
    assert model.predict(at(25.0)).median == StrengthModel.fit(made_up()).predict(at(25.0)).median


def test_the_slope_of_the_covariance_is_its_derivative() -> None:
    inputs = StrengthInputs.of(made_up().take(np.arange(0, 60, 7)))
    covariance = Covariance(TERMS, inputs, inputs)
    theta = prior_of(TERMS)[0] + np.linspace(-0.3, 0.3, len(prior_of(TERMS)[0]))
    _, slopes = covariance.with_gradient(Hyper.of(TERMS, theta))
    for i, slope in enumerate(slopes):
        step = np.eye(len(theta))[i] * 1e-5
        ends = (covariance.at(Hyper.of(TERMS, theta + sign * step)) for sign in (1, -1))
        up, down = ends
        assert np.allclose((up - down) / 2e-5, slope, atol=1e-6)


def test_quantiles_of_a_mixture() -> None:
    mixture = PredictedStrength(np.array([[5.0], [7.0]]), np.array([[0.1], [0.1]]))
    assert mixture.quantile(0.25) == pytest.approx(5.0, abs=1e-6)
    assert mixture.below(np.array([6.0])) == pytest.approx(0.5)
    low, high = mixture.interval
    assert low[0] < np.exp(5.0) < np.exp(7.0) < high[0]


def test_a_measurement_that_a_later_paper_prints_again_counts_once_and_leaves_with_either() -> None:
    rows = made_up_rows()
    again = [*rows[0][:2], rows[0][2] * 1.0005, "OTHER", "compression", "10.1000/review", 2030]
    measured = StrengthMeasurements.of_rows([*rows, again])
    assert (measured.copies[0], measured.copies[-1]) == ([len(rows)], [0])
    assert len(rows) not in measured.each_once(np.arange(len(measured)))
    learned, held = measured.without_source("10.1000/review")
    assert held.tolist() == [len(rows)]
    assert 0 not in learned
    learned, _ = measured.without_source("10.1000/0")
    assert len(rows) not in learned
