"""Vectors of bits and amounts, guidance, and the ways from noise to data."""

from __future__ import annotations

import math
from typing import cast

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from alloys.space import AlloySpace
from generators import registry
from generators.families.diffusion import ConditionalDiffusion, alpha_sigma, fresh_noise
from generators.families.flow import ConditionalFlow
from generators.training.analog import AnalogGenerator, AnalogNetwork
from generators.training.codec import ConditionScale
from tests.generators.helpers import PROPERTIES, properties_of, refractory_space, training_rows, with_settings
from tests.strategies import spaces

SPACE = refractory_space()
BOTH = pytest.mark.parametrize("family", ["diffusion", "flow"])


def untrained(family: str, **more: object) -> tuple[AnalogGenerator, AnalogNetwork]:
    model = registry.make(family, SPACE, PROPERTIES, more)
    assert isinstance(model, AnalogGenerator)
    return model, cast(AnalogNetwork, model.build(torch.Generator().manual_seed(0)))


class Known(torch.nn.Module):
    """A network that knows the answer for data that are all one point."""

    def __init__(self, family: str, point: Tensor) -> None:
        super().__init__()
        self.family, self.point, self.spread = family, point, torch.ones(())

    def forward(self, x: Tensor, time: Tensor, values: Tensor, known: Tensor) -> Tensor:
        if self.family == "flow":
            return (self.point - x) / (1 - time)
        signal, sigma = (time * math.pi / 2).cos(), (time * math.pi / 2).sin()
        return (signal * x - self.point) / sigma


@settings(max_examples=25, deadline=None)
@given(space=spaces(), seed=st.integers(0, 1000))
def test_blurred_amounts_stay_in_their_cells(space: AlloySpace, seed: int) -> None:
    points = space.sample(20, np.random.default_rng(seed))
    model = ConditionalFlow(space, ())
    nothing = np.zeros((20, 0))
    batch = model.codec.encode(points, nothing, ConditionScale.of(nothing))
    chance = torch.rand(batch.amounts.shape, generator=torch.Generator().manual_seed(seed))
    blurred = model.codec.blurred(batch.presence, batch.amounts, chance)
    assert torch.isfinite(blurred).all()
    np.testing.assert_array_equal(model.codec.decode(batch.presence, blurred), points)
    assert (blurred[batch.presence == 0] == 0).all()


@BOTH
@pytest.mark.parametrize("steps", [1, 2, 7, 50])
def test_any_number_of_steps_ends_at_the_data(family: str, steps: int) -> None:
    model, _ = untrained(family, steps=steps, guidance=0.0)
    point = torch.linspace(-1, 1, 18)
    noise = torch.randn((5, 18), generator=torch.Generator().manual_seed(0))
    net = cast(AnalogNetwork, Known(family, point))
    values = torch.zeros((5, 3))
    moved = model.travel(net, noise, values, values, torch.Generator().manual_seed(0))
    torch.testing.assert_close(moved, point.expand(5, 18), atol=1e-4, rtol=0)


@BOTH
def test_the_known_answer_has_no_error(family: str) -> None:
    model, _ = untrained(family)
    point = torch.linspace(-1, 1, 18).expand(6, 18)
    noise = torch.randn((6, 18), generator=torch.Generator().manual_seed(0))
    chance = torch.linspace(0.05, 0.9, 6)[:, None]
    values = torch.zeros((6, 3))
    net = cast(AnalogNetwork, Known(family, point[0]))
    assert model.error(net, point, noise, chance, values, values).max() < 1e-6


@BOTH
def test_guidance_of_strength_0_is_none(family: str) -> None:
    free, net = untrained(family, guidance=0.0)
    guided, _ = untrained(family, guidance=2.0)
    x = torch.randn((4, 18), generator=torch.Generator().manual_seed(0))
    values, known = torch.ones((4, 3)), torch.ones((4, 3))
    at = torch.full((4, 1), 0.3)
    conditional = net(x, at, values, known)
    unconditional = net(x, at, values * 0, known * 0)
    assert torch.equal(free.predict(net, x, 0.3, values, known), conditional)
    torch.testing.assert_close(guided.predict(net, x, 0.3, values, known), 3 * conditional - 2 * unconditional)
    unasked = guided.predict(net, x, 0.3, values * 0, known * 0)
    torch.testing.assert_close(unasked, unconditional)


@BOTH
def test_guidance_draws_nearer_to_the_target(family: str) -> None:
    points, rows = training_rows(SPACE, 80)
    model = registry.make(family, SPACE, PROPERTIES, {"epochs": 300, "guidance": 0.0})
    model.fit(points, rows, seed=0, threads=1)
    asked = properties_of(SPACE, SPACE.sample(800, np.random.default_rng(8)))
    errors = []
    for strength in (0.0, 1.0):
        drawn = with_settings(model, guidance=strength).sample(asked, seed=1)
        got = properties_of(SPACE, drawn.points)
        errors.append((np.abs(got - asked[drawn.rows]) / asked.std(axis=0)).mean())
    assert errors[1] < 0.95 * errors[0]


def test_ddim_has_no_noise_of_its_own_and_ddpm_has() -> None:
    noise = torch.randn((5, 18), generator=torch.Generator().manual_seed(0))
    values = torch.zeros((5, 3))
    for eta, same in ((0.0, True), (1.0, False)):
        model, net = untrained("diffusion", eta=eta)
        one, two = (model.travel(net, noise, values, values, torch.Generator().manual_seed(s)) for s in (1, 2))
        assert torch.equal(one, two) == same


def test_ddpm_noise_is_the_posterior_of_the_forward_process() -> None:
    assert isinstance(untrained("diffusion")[0], ConditionalDiffusion)
    for now, then in ((1.0, 0.9), (0.5, 0.4), (0.1, 0.0)):
        (a, s), (a_next, s_next) = alpha_sigma(now), alpha_sigma(then)
        assert a**2 + s**2 == pytest.approx(1)
        beta = 1 - (a / a_next) ** 2
        posterior = beta * s_next**2 / s**2  # Ho, Jain & Abbeel 2020, equation 7
        assert fresh_noise(now, then) == pytest.approx(math.sqrt(posterior))
        assert fresh_noise(now, then) <= s_next + 1e-12
