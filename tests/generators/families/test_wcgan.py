"""The adversarial game: what the critic sees, how it is held, and looking ahead."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from alloys.errors import InputError
from alloys.space import AlloySpace
from generators.families.wcgan import ConditionalWassersteinGAN, WcganNetwork, WcganSettings, energy_score
from generators.training.codec.base import SHARPEN, ConditionScale, EncodedRows
from tests.generators.helpers import PROPERTIES, properties_of, refractory_space, training_rows
from tests.strategies import spaces

SPACE = refractory_space()


def made(**more: object) -> tuple[ConditionalWassersteinGAN, WcganNetwork, EncodedRows]:
    model = ConditionalWassersteinGAN(SPACE, PROPERTIES, more)
    points, values = training_rows(SPACE, 40)
    batch = model.codec.encode(points, values, ConditionScale.of(values))
    return model, cast(WcganNetwork, model.build(seeded())), batch


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def gradients(value: Tensor, module: nn.Module) -> Tensor:
    slopes = torch.autograd.grad(value, list(module.parameters()), retain_graph=True)
    return torch.cat([slope.flatten() for slope in slopes])


@settings(max_examples=20, deadline=None)
@given(space=spaces(), seed=st.integers(0, 1000))
def test_the_critic_sees_what_is_emitted(space: AlloySpace, seed: int) -> None:
    model = ConditionalWassersteinGAN(space, ("content",))
    net = model.build(seeded(seed))
    d = space.dimension
    batch = EncodedRows(
        torch.zeros((30, d)), torch.zeros((30, d)), torch.randn((30, 1), generator=seeded()), torch.ones(30, 1)
    )
    seen = model.emitted(net, batch, seeded(seed)).detach()
    with torch.no_grad():
        drawn = model.codec.decode(*model.draw(net, batch.values, batch.known, seeded(seed)))
    np.testing.assert_array_equal(np.rint(seen[:, d : 2 * d].numpy() / SHARPEN * space.total), drawn)
    presence = seen[:, :d].round()
    assert ((seen[:, :d] - presence).abs() < 1e-6).all()
    full = drawn.sum(axis=1) == space.total
    np.testing.assert_array_equal((presence.numpy() > 0)[full], (drawn > 0)[full])


def test_real_rows_are_seen_exactly() -> None:
    model, _, batch = made()
    points, _ = training_rows(SPACE, 40)
    seen = model.real(batch)
    np.testing.assert_allclose(seen[:, 9:18].numpy() / SHARPEN, SPACE.fractions(points), atol=1e-6)
    np.testing.assert_array_equal(seen[:, :9].numpy(), points > 0)


def test_unrolling_by_0_steps_or_without_steps_is_the_plain_game() -> None:
    plain, net, batch = made(unroll=0)
    value = plain.loss(net, batch, seeded(), 0.5)
    assert torch.equal(plain.unrolled(net, batch, seeded(), 0.5), value)
    still, _, _ = made(unroll=3, unroll_rate=0.0)
    looked = still.unrolled(net, batch, seeded(), 0.5)
    torch.testing.assert_close(looked, value)
    torch.testing.assert_close(gradients(looked, net.generator), gradients(value, net.generator))


@pytest.mark.parametrize("penalty", ["gradient", "clip"])
def test_looking_ahead_changes_the_gradient_and_leaves_the_critic(penalty: str) -> None:
    model, net, batch = made(unroll=2, penalty=penalty)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    ahead = model.unrolled(net, batch, seeded(), 0.5)
    value = model.loss(net, batch, seeded(), 0.5)
    assert not torch.allclose(gradients(ahead, net.generator), gradients(value, net.generator))
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_the_critic_ahead_has_gone_up() -> None:
    values = []
    for steps in (0, 1, 5):
        model, net, batch = made(unroll=steps, penalty_weight=0.0)
        values.append(float(model.unrolled(net, batch, seeded(), 0.5).detach()))
    assert values[0] < values[1] < values[2]


def test_the_gradient_goes_through_the_steps_ahead() -> None:
    model, net, batch = made(unroll=1, unroll_rate=0.3, penalty_weight=0.0)
    net.double()
    batch = EncodedRows(*(part.double() for part in (batch.presence, batch.amounts, batch.values, batch.known)))
    shift = torch.zeros((), dtype=torch.float64, requires_grad=True)
    fake = model.emitted(net, batch, seeded()).detach()

    class Shifted(ConditionalWassersteinGAN):
        def emitted(self, network: WcganNetwork, batch: EncodedRows, rng: torch.Generator) -> Tensor:
            return fake + shift

    moved = Shifted(SPACE, PROPERTIES, model.settings)
    slope = torch.autograd.grad(moved.unrolled(net, batch, seeded(), 0.5), shift)[0]
    values = []
    for step in (1e-4, -1e-4):
        with torch.no_grad():
            shift.fill_(step)
        values.append(float(moved.unrolled(net, batch, seeded(), 0.5).detach()))
    assert float(slope) == pytest.approx((values[0] - values[1]) / 2e-4, rel=1e-4)


def test_clipping_holds_the_critic_and_only_it() -> None:
    model, net, batch = made(penalty="clip", clip=0.03)
    update = model.updater(net)
    for _ in range(3):
        assert np.isfinite(update(batch, seeded(), 0.5))
    assert max(float(p.detach().abs().max()) for p in net.critic.parameters()) <= 0.03
    assert max(float(p.detach().abs().max()) for p in net.generator.parameters()) > 0.03


def test_the_gradient_penalty_of_a_slope_of_1_is_0() -> None:
    model, _, batch = made(penalty_weight=2.0)
    real = model.real(batch)

    class Slope(nn.Module):
        def __init__(self, size: float) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.tensor(size))

        def forward(self, x: Tensor) -> Tensor:
            return self.weight * x[:, :1] + 7 * x[:, 20:21]  # slopes in the conditions are free

    for size, expected in ((1.0, 0.0), (3.0, 8.0)):
        critic = Slope(size)
        got = model.penalty(critic, dict(critic.named_parameters()), real, real.flip(0), seeded())
        assert got.item() == pytest.approx(expected, abs=1e-4)
    clipped, _, _ = made(penalty="clip")
    assert clipped.penalty(critic, dict(critic.named_parameters()), real, real, seeded()).item() == 0


@pytest.mark.parametrize("more", [{"penalty": "clip"}, {"unroll": 0}])
def test_other_games_follow_the_condition_too(more: dict[str, object]) -> None:
    points, values = training_rows(SPACE, 80)
    model = ConditionalWassersteinGAN(SPACE, PROPERTIES, {"epochs": 250, **more})
    report = model.fit(points, values, seed=0, threads=1)
    assert not report.diverged
    assert not report.collapsed
    asked = properties_of(SPACE, SPACE.sample(600, np.random.default_rng(8)))
    drawn = model.sample(asked, seed=1)
    got = properties_of(SPACE, drawn.points)
    assert np.corrcoef(asked[drawn.rows, 0], got[:, 0])[0, 1] > 0.5


def test_the_energy_score_is_least_for_the_right_law() -> None:
    rows = torch.randn((4000, 3), generator=seeded(1))
    scores = [
        float(energy_score(rows, scale * torch.randn((4, 4000, 3), generator=seeded(2)) + shift))
        for scale, shift in ((1.0, 0.0), (0.5, 0.0), (2.0, 0.0), (1.0, 0.7), (0.0, 0.0))
    ]
    assert scores[0] == min(scores)


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(InputError, match="penalty must be one of gradient, clip, got 'none'"):
        WcganSettings(penalty="none")
    with pytest.raises(InputError, match="unroll must lie in"):
        WcganSettings(unroll=-1)
