"""The distributions of codes, and what the autoencoder reconstructs."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest
import torch

from alloys.errors import InputError
from generators.families.cae import CaeNetwork, CaeSettings, ConditionalAutoencoder, squared_error
from tests.generators.helpers import PROPERTIES, properties_of, refractory_space, training_rows

SPACE = refractory_space()


def fitted(**settings: object) -> ConditionalAutoencoder:
    points, values = training_rows(SPACE, 80)
    model = ConditionalAutoencoder(SPACE, PROPERTIES, {"epochs": 150, **settings})
    model.fit(points, values, seed=0)
    return model


def test_both_priors_follow_the_condition() -> None:
    asked = properties_of(SPACE, SPACE.sample(600, np.random.default_rng(8)))
    for prior in ("gaussian", "kernel"):
        drawn = fitted(prior=prior).sample(asked, seed=1)
        got = properties_of(SPACE, drawn.points)
        assert np.corrcoef(asked[drawn.rows, 0], got[:, 0])[0, 1] > 0.6, prior
        assert len(np.unique(drawn.points, axis=0)) > 0.9 * len(drawn.points), prior


def test_codes_given_conditions_have_the_posterior_in_closed_form() -> None:
    model = ConditionalAutoencoder(SPACE, PROPERTIES, {"latent": 2})
    net = cast(CaeNetwork, model.build(torch.Generator().manual_seed(0)))
    net.mean.copy_(torch.tensor([1.0, -1.0]))
    net.precision.copy_(torch.linalg.inv(torch.tensor([[2.0, 0.5], [0.5, 1.0]])))
    net.slopes.copy_(torch.tensor([[1.0, 0.0], [0.5, 0.5], [0.0, 0.0]]))
    net.offsets.copy_(torch.tensor([0.2, 0.0, 0.0]))
    net.noise.copy_(torch.tensor([0.1, 0.5, 1.0]))
    values = torch.tensor([[2.0, 0.0, 0.0]]).repeat(60_000, 1)
    known = torch.tensor([[1.0, 0.0, 0.0]]).repeat(60_000, 1)
    codes = model.draw_latents(net, values, known, torch.Generator().manual_seed(1))
    gain = np.array([2.0, 0.5]) / (2.0 + 0.1)
    np.testing.assert_allclose(codes.mean(dim=0), np.array([1.0, -1.0]) + gain * (2.0 - 0.2 - 1.0), atol=0.02)
    covariance = np.array([[2.0, 0.5], [0.5, 1.0]]) - np.outer(gain, [2.0, 0.5])
    np.testing.assert_allclose(np.cov(codes.T.numpy()), covariance, atol=0.02)


def test_the_narrowest_kernel_gives_codes_of_rows() -> None:
    model = fitted(prior="kernel", bandwidth=0.0)
    net = cast(CaeNetwork, model.network)
    _, values = training_rows(SPACE, 80)
    assert model.scale is not None
    asked, known = model.codec.standardise(values, model.scale)
    codes = model.draw_latents(net, asked, known, torch.Generator().manual_seed(0))
    assert torch.cdist(codes, net.codes).min(dim=1).values.max() < 1e-2


def test_reconstruction_does_not_see_a_common_shift_or_absent_elements() -> None:
    wanted = torch.tensor([[1.0, -1.0, 0.0]])
    presence = torch.tensor([[1.0, 1.0, 0.0]])
    shifted = torch.tensor([[4.0, 2.0, 99.0]])
    assert squared_error(shifted, wanted, presence).abs().max() < 1e-6
    assert squared_error(shifted * 0, wanted, presence).sum() == pytest.approx(2.0)


def test_an_unknown_prior_is_refused() -> None:
    with pytest.raises(InputError, match="prior must be one of gaussian, kernel, got 'flat'"):
        CaeSettings(prior="flat")
