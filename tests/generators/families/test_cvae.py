"""The logistic-normal's density, and the guard against collapse."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from alloys.errors import InputError
from generators.families.cvae import ConditionalVAE, CvaeSettings, logistic_normal_nll
from generators.training.settings import TrainingSettings
from tests.generators.helpers import PROPERTIES, refractory_space, training_rows


def test_density_is_the_integral_over_the_common_shift() -> None:
    rng = np.random.default_rng(0)
    y, mean, log_std = rng.normal(size=(3, 4))
    present = np.array([1.0, 1.0, 0.0, 1.0])
    shifts = np.linspace(-40, 40, 200_001)
    z = (y[None] + shifts[:, None] - mean) / np.exp(log_std)
    logs = -0.5 * z**2 - log_std - 0.5 * math.log(2 * math.pi)
    density = np.exp((logs * present).sum(axis=1)).sum() * (shifts[1] - shifts[0])
    parts = [torch.tensor(a, dtype=torch.float32)[None] for a in (y, mean, log_std, present)]
    assert logistic_normal_nll(*parts).item() == pytest.approx(-math.log(density), rel=1e-4)


def test_one_element_has_no_freedom() -> None:
    one = torch.tensor([[1.0, 0.0]])
    assert logistic_normal_nll(one * 0, one + 2, one - 3, one).item() == pytest.approx(0, abs=1e-5)


class Collapsed(ConditionalVAE):
    """Draws the same composition whatever is asked."""

    def draw(self, network: Any, values: Tensor, known: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        presence = torch.zeros((len(values), self.space.dimension))
        presence[:, 2:6] = 1
        return presence, torch.zeros_like(presence)


class Empty(ConditionalVAE):
    """Draws compositions of nothing."""

    def draw(self, network: Any, values: Tensor, known: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        nothing = torch.zeros((len(values), self.space.dimension))
        return nothing, nothing


def test_a_collapsed_model_is_trained_again_and_named() -> None:
    space = refractory_space()
    points, values = training_rows(space, 30)
    model = Collapsed(space, PROPERTIES, CvaeSettings(epochs=2))
    report = model.fit(points, values, seed=0)
    assert report.collapsed
    assert report.unique_share == 1 / 256
    assert report.pairwise_cosine == pytest.approx(1.0)
    assert "trained 2 times" in report.note
    assert "collapsed" in report.note


def test_a_space_that_is_never_hit_gives_less_and_says_so() -> None:
    space = refractory_space()
    points, values = training_rows(space, 30)
    model = Empty(space, PROPERTIES, CvaeSettings(epochs=2))
    model.fit(points, values, seed=0)
    drawn = model.sample(values[:10], seed=0)
    assert len(drawn.points) == 0
    assert drawn.first_draw_valid == 0
    assert "10 of 10 conditions" in drawn.note


def test_settings_of_another_family_are_refused() -> None:
    with pytest.raises(InputError, match="CvaeSettings"):
        ConditionalVAE(refractory_space(), PROPERTIES, TrainingSettings())
    with pytest.raises(InputError, match="latent must be a whole number"):
        CvaeSettings(latent=True)
    with pytest.raises(InputError, match="beta must lie in"):
        CvaeSettings(beta=float("nan"))
