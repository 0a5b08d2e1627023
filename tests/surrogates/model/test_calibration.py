"""Calibration is judged by a test, and remedied where it is significantly overconfident."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from surrogates.choosing.table import build_table
from surrogates.model.calibration import Remedy, Score, remedy, score
from surrogates.model.gp import GP
from surrogates.model.output import Output
from surrogates.model.surrogate import Surrogate
from surrogates.model.warps import Identity
from tests.surrogates.helpers import BUNDLE, PROBLEM, SPACE, fitted, pool, truth


def _z(count: int = 60) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(count)


@pytest.mark.parametrize(("spread", "verdict"), [(1.0, "consistent"), (0.4, "overconfident"), (4.0, "underconfident")])
def test_the_verdict_follows_the_coverage(spread: float, verdict: str) -> None:
    found = score(np.zeros(60), np.full(60, spread), _z())
    assert found.verdict == verdict
    assert found.miscalibrated == (verdict != "consistent")


@pytest.mark.parametrize(("covered", "count", "verdict"), [(0, 1, "consistent"), (1, 3, "consistent")])
def test_few_predictions_are_no_evidence(covered: int, count: int, verdict: str) -> None:
    assert Score(count, covered / count, 0.0, 1.0, 1.0).verdict == verdict


def test_the_verdict_is_the_exact_binomial_test() -> None:
    # P(X <= 17) = 0.0121 and P(X <= 16) = 0.0028 of 23 at 0.9; nothing above is as unlikely as either.
    assert Score(23, 17 / 23, 0.0, 1.0, 1.0).verdict == "consistent"
    assert Score(23, 16 / 23, 0.0, 1.0, 1.0).verdict == "overconfident"
    assert Score(2, 0.0, 0.0, 1.0, 1.0).verdict == "overconfident"  # 0.1 ** 2, the limit itself
    assert Score(0, np.nan, np.nan, np.nan, np.nan).verdict == "consistent"


def test_the_remedy_is_the_shrunk_maximum_likelihood_factor() -> None:
    z = _z()
    found = remedy("solidus", np.zeros(60), np.full(60, 0.4), z)
    assert found.factor == pytest.approx(np.sqrt((10 + ((z / 0.4) ** 2).sum()) / 70))
    assert 1.5 < found.factor < 1 / 0.4
    assert "overconfident" in found.note


def test_it_never_makes_a_model_surer() -> None:
    found = remedy("solidus", np.zeros(60), np.full(60, 4.0), _z())
    assert found.factor == 1.0
    assert "underconfident" in found.note
    assert "nothing is changed" in found.note


def test_where_coverage_and_spread_disagree_nothing_is_changed() -> None:
    z = np.where(np.arange(60) < 18, 1.7, 0.1)  # 70 % covered, mean square below 1
    found = remedy("solidus", np.zeros(60), np.ones(60), z)
    assert found.factor == 1.0
    assert "overconfident" in found.note


def test_a_calibrated_model_is_left_alone() -> None:
    assert remedy("solidus", np.zeros(60), np.ones(60), _z()) == Remedy()


def test_a_recalibrated_output_keeps_its_mean_and_widens_everything_else() -> None:
    draw = np.random.default_rng(3)
    x, y = draw.normal(size=(40, 3)), 50 * draw.normal(size=40)
    sure = GP.condition(x, y, 0.0, 10.0, (0.0, torch.full((3,), 1.0, dtype=torch.float64), 0.01))
    notes: list[str] = []
    before = Output("solidus", Identity(), "none", 0.0, 150.0, sure)
    after = before.recalibrated(notes)
    assert after.inflation > 1.5
    assert len(notes) == 1
    unseen = draw.normal(size=(5, 3))
    for old, new, power in ((before.residual, after.residual, 1), (_joint(before), _joint(after), 2)):
        np.testing.assert_array_equal(new(unseen)[0], old(unseen)[0])
        np.testing.assert_allclose(new(unseen)[1], after.inflation**power * old(unseen)[1], atol=1e-12)
    coverages = [score(*output.leave_one_out()).coverage for output in (before, after)]
    assert coverages[0] < 0.6 < 0.8 < coverages[1]


def _joint(output: Output):
    return lambda inputs: output.joint(inputs, {})


def test_a_fit_that_is_too_sure_is_recalibrated_noted_and_has_a_digest_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def too_sure(x: np.ndarray, targets: np.ndarray, *_: object) -> tuple[float, torch.Tensor, float]:
        return 0.0, torch.full((x.shape[1],), 30.0, dtype=torch.float64), 1e-5

    monkeypatch.setattr("surrogates.model.sparse.learn", too_sure)
    points = pool()[:40]
    values = {"solidus": truth(points)["solidus"]}
    wide = Surrogate.fit(BUNDLE, SPACE.elements, SPACE.fractions(points), values)
    assert wide.outputs["solidus"].inflation > 1.0
    assert any("solidus: overconfident" in note for note in wide.notes)
    monkeypatch.setattr("surrogates.model.output.remedy", lambda *_: Remedy())
    narrow = Surrogate.fit(BUNDLE, SPACE.elements, SPACE.fractions(points), values)
    assert narrow.digest != wide.digest
    assert narrow.leave_one_out()["solidus"].nll > wide.leave_one_out()["solidus"].nll
    unseen = SPACE.fractions(pool()[300:310])
    ratio = wide.predict(unseen)[1]["solidus"] / narrow.predict(unseen)[1]["solidus"]
    np.testing.assert_allclose(ratio, wide.outputs["solidus"].inflation)


def test_a_fit_that_is_not_too_sure_is_left_alone() -> None:
    assert {output.inflation for output in fitted().outputs.values()} == {1.0}


def test_intervals_are_those_of_the_latent_in_the_propertys_unit() -> None:
    fractions = SPACE.fractions(pool()[300:320])
    means, stds = fitted().predict(fractions)
    low, high = fitted().intervals(fractions, 1.5)
    np.testing.assert_allclose(low["solidus"], means["solidus"] - 1.5 * stds["solidus"])
    np.testing.assert_allclose(high["solidus"], means["solidus"] + 1.5 * stds["solidus"])
    for name in PROBLEM.validated:
        assert (low[name] <= high[name]).all()
    assert ((low["bcc_fraction_1200c"] >= 0) & (high["bcc_fraction_1200c"] <= 1)).all()


def test_what_chooses_a_batch_sees_the_wider_spread() -> None:
    outputs = {name: replace(output, inflation=2.0) for name, output in fitted().outputs.items()}
    wide, described = replace(fitted(), outputs=outputs), fitted().describe(SPACE.fractions(pool()[300:320]))
    before, after = (build_table(surrogate, PROBLEM, described, np.zeros(2)) for surrogate in (fitted(), wide))
    np.testing.assert_allclose(after.deviations, 2.0 * before.deviations, rtol=1e-6)
    np.testing.assert_array_equal(after.means, before.means)
