"""The autoregressive density: its likelihood is one, its draws follow it, and formulas are drawn without repetition."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from alloys.space import Points
from alloys.space.formula import FormulaSpace
from generators.families.autoregressive import AutoregressiveDensity
from tests.generators.helpers import with_settings

SPACE = FormulaSpace(("Ca", "Cl", "O"), most_atoms=3, fewest=1, most=3, charges="any")
FEW = {"epochs": 20, "retries": 0, "temperature": 1.0, "average": 0.0, "validation_share": 0.0}


@pytest.fixture(scope="module")
def every() -> Points:
    """All numbers of atoms, those with common divisors too."""
    return np.array([point for point in itertools.product(range(4), repeat=3) if any(point)])


@pytest.fixture(scope="module")
def model(every: Points) -> AutoregressiveDensity:
    points = every[SPACE.contains(every)][::2]
    made = AutoregressiveDensity(SPACE, ("oxygen",), FEW)
    made.fit(points, SPACE.fractions(points)[:, 2:], seed=1)
    return made


def chances(model: AutoregressiveDensity, points: Points, oxygen: float) -> np.ndarray:
    """What the loss says of each formula by itself, asked for a share of oxygen."""
    assert model.network is not None
    assert model.scale is not None
    found = []
    for point in points:
        rows = model.codec.encode(point[None], np.array([[oxygen]]), model.scale)
        with torch.no_grad():
            found.append(float(-model.loss(model.network, rows, torch.Generator(), 1.0)))
    return np.exp(found)


@pytest.mark.parametrize("oxygen", [0.2, 0.8, np.nan])
def test_all_formulas_together_have_the_chance_one(model: AutoregressiveDensity, every: Points, oxygen: float) -> None:
    assert chances(model, every, oxygen).sum() == pytest.approx(1.0, abs=1e-4)


def test_draws_are_as_likely_as_the_loss_says(model: AutoregressiveDensity, every: Points) -> None:
    assert model.network is not None
    assert model.scale is not None
    n = 20_000
    values, known = model.codec.standardise(np.full((n, 1), 0.5), model.scale)
    with torch.no_grad():
        latents = model.draw_latents(model.network, values, known, torch.Generator().manual_seed(0))
        presence, amounts = model.decode_latents(model.network, latents, values, known)
    drawn = (presence[:, :3] * amounts[:, :3].exp()).round().numpy()
    seen = (drawn[:, None] == every).all(axis=2).mean(axis=0)
    likely = chances(model, every, 0.5)
    assert (np.abs(seen - likely) < 5 * np.sqrt(likely / n) + 1e-4).all()


def test_formulas_are_drawn_without_repetition(model: AutoregressiveDensity, every: Points) -> None:
    nothing = np.full((25, 1), np.nan)
    once = with_settings(model, redraws=200)
    assert len(np.unique(model.sample(nothing, seed=0).points, axis=0)) < 25
    assert len(np.unique(once.sample(nothing, seed=0).points, axis=0)) == 25


def test_more_is_asked_for_than_there_is() -> None:
    narrow = FormulaSpace(("Ca", "Cl", "O"), most_atoms=2, fewest=2, most=2)
    points = narrow.sample(60, np.random.default_rng(0))
    made = AutoregressiveDensity(narrow, (), {**FEW, "redraws": 5})
    made.fit(points, np.zeros((60, 0)), seed=0)
    drawn = made.sample(np.zeros((60, 0)), seed=0).points
    assert len(drawn) == 60
    assert narrow.contains(drawn).all()
    assert len(np.unique(drawn, axis=0)) == len(np.unique(points, axis=0))
