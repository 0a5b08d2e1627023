"""Gaussian processes for many observations."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from surrogates.model import sparse
from surrogates.model.gp import GP, central_and_spread_out
from surrogates.model.sparse import SparseGP, fit_gp
from surrogates.model.surrogate import Surrogate
from tests.surrogates.helpers import BUNDLE, SPACE, pool, prior_means, truth

HYPER = (0.1, torch.full((4,), 1.5, dtype=torch.float64), 0.01)


def data(count: int) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(2)
    x = draw.normal(size=(count, 4))
    return x, np.sin(x).sum(axis=1) + 0.1 * draw.normal(size=count)


def test_with_every_observation_inducing_it_is_exact() -> None:
    x, y = data(60)
    exact, ours = GP.condition(x, y, 0.2, 1.3, HYPER), SparseGP.condition(x, y, 0.2, 1.3, HYPER)
    unseen = data(160)[0][60:]
    for first, second in zip(exact.predict(unseen), ours.predict(unseen), strict=True):
        np.testing.assert_allclose(second, first, atol=2e-3)
    np.testing.assert_allclose(ours.joint(unseen)[1], exact.joint(unseen)[1], atol=2e-3)
    for first, second in zip(exact.leave_one_out(), ours.leave_one_out(), strict=True):
        np.testing.assert_allclose(second, first, atol=5e-3)


def test_leaving_one_out_equals_conditioning_again(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = data(80)
    points = np.arange(0, 80, 4)
    monkeypatch.setattr(sparse, "central_and_spread_out", lambda *_: points)
    means, stds = SparseGP.condition(x, y, 0.0, 1.0, HYPER).leave_one_out()
    for i in (1, 2, 39):
        keep = np.arange(80) != i
        again = np.searchsorted(np.flatnonzero(keep), points)
        monkeypatch.setattr(sparse, "central_and_spread_out", lambda *_, again=again: again)
        mean, std = SparseGP.condition(x[keep], y[keep], 0.0, 1.0, HYPER).predict(x[i : i + 1])
        assert means[i] == pytest.approx(mean[0], abs=1e-4)
        assert stds[i] ** 2 == pytest.approx(std[0] ** 2 + 0.01, abs=1e-4)


def test_few_inducing_points_use_all_observations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparse, "INDUCING", 60)
    x, y = data(1200)
    x, y, unseen, wanted = x[:1000], y[:1000], x[1000:], np.sin(x[1000:]).sum(axis=1)
    ours = SparseGP.condition(x, y, 0.0, 1.0, HYPER)
    some = ours.inputs.numpy()
    alone = GP.condition(some, y[[int(np.abs(x - row).sum(axis=1).argmin()) for row in some]], 0.0, 1.0, HYPER)
    errors = [np.sqrt(np.mean((gp.predict(unseen)[0] - wanted) ** 2)) for gp in (ours, alone)]
    assert len(some) == 60
    assert errors[0] < 0.95 * errors[1]


def test_points_are_spread_out_and_never_taken_twice() -> None:
    points = torch.tensor([[0.0], [0.0], [1.0], [4.0], [10.0]], dtype=torch.float64)
    assert central_and_spread_out(points, 3).tolist() == [3, 4, 0]
    assert sorted(central_and_spread_out(points, 9).tolist()) in ([0, 2, 3, 4], [1, 2, 3, 4])


@pytest.mark.parametrize(("exact", "words"), [(100, "posterior exact"), (50, "through 32 inducing points")])
def test_the_size_chooses_the_model_and_the_notes_say_so(
    monkeypatch: pytest.MonkeyPatch, exact: int, words: str
) -> None:
    for name, value in {"LEARN": 40, "LEARN_ON": 30, "EXACT": exact, "INDUCING": 32}.items():
        monkeypatch.setattr(sparse, name, value)
    points = pool()[:80]
    values = {"solidus": truth(points)["solidus"]}
    surrogate = Surrogate.fit(BUNDLE, SPACE.elements, SPACE.fractions(points), values)
    note, *widened = surrogate.notes
    assert all("overconfident" in each for each in widened), widened
    assert note.startswith("solidus: 80 observations; hyperparameters learned on 30 of them")
    assert words in note
    unseen = pool()[100:300]
    mean, std = (column["solidus"] for column in surrogate.predict(SPACE.fractions(unseen)))
    wanted = truth(unseen)["solidus"]
    assert np.sqrt(np.mean((mean - wanted) ** 2)) < 0.35 * wanted.std()
    assert (np.abs(mean - wanted) < 2 * std).mean() > 0.8
    assert surrogate.leave_one_out()["solidus"].count == 80


def test_a_small_number_is_exact_and_says_nothing() -> None:
    x, y = data(20)
    gp, note = fit_gp(x, y, 0.0, 1.0)
    assert type(gp) is GP
    assert note == ""


@pytest.mark.parametrize("broken", [False, True])
def test_fall_backs_of_many_observations_are_sparse_too(monkeypatch: pytest.MonkeyPatch, broken: bool) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("singular")

    for name, value in {"EXACT": 50, "INDUCING": 32}.items():
        monkeypatch.setattr(sparse, name, value)
    if broken:
        monkeypatch.setattr(sparse, "learn", fails)
    points = pool()[:80]
    values = truth(points)["solidus"] if broken else prior_means(SPACE.fractions(points))["solidus"]
    surrogate = Surrogate.fit(BUNDLE, SPACE.elements, SPACE.fractions(points), {"solidus": values})
    assert ("the fit failed (singular)" if broken else "80 observations differ from") in surrogate.notes[0]
    gp = surrogate.outputs["solidus"].gp
    assert isinstance(gp, SparseGP)
    assert len(gp.inputs) == 32
