"""Paths between latents, for every family."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from generators import registry
from generators.evaluation.paths import STEPS, interpolate, latent_paths, linear, spherical
from generators.evaluation.protocol import Conditions
from tests.generators.helpers import PROPERTIES, refractory_space, training_rows

SPACE = refractory_space()


@pytest.mark.parametrize("family", sorted(registry.family_names()))
def test_paths_run_between_two_alloys_of_the_space(family: str) -> None:
    points, values = training_rows(SPACE, 60)
    epochs = 80 if family == "cae" else 6  # an untrained autoencoder decodes to nothing in the space
    model = registry.make(family, SPACE, PROPERTIES, {"epochs": epochs, "retries": 0, "copies": 2})
    assert interpolate(model, values[0], 9, seed=0) is None  # not trained
    model.fit(points, values, seed=0)
    path = interpolate(model, values[0], 9, seed=0)
    assert path is not None
    assert path.shape == (9, SPACE.dimension)
    assert SPACE.contains(path[[0, -1]]).all()
    assert (path[0] != path[-1]).any()
    assert (path == interpolate(model, values[0], 9, seed=0)).all()
    # in small steps there is less change in each than from end to end
    steps = np.abs(np.diff(interpolate(model, values[0], 200, seed=0), axis=0)).sum(axis=1)  # type: ignore[arg-type]
    assert np.median(steps) < 0.3 * np.abs(path[0] - path[-1]).sum()


def test_what_has_no_latents_has_no_paths() -> None:
    asked = Conditions(np.ones((5, 1)), np.zeros(5, dtype=np.bool_), np.zeros(5))
    assert latent_paths(object(), asked, seed=0) == ()
    assert interpolate(object(), np.ones(1), STEPS, seed=0) is None


def test_a_line_and_an_arc_between_two_latents() -> None:
    first, last, share = torch.tensor([2.0, 0.0]), torch.tensor([0.0, 2.0]), torch.tensor([[0.0], [0.5], [1.0]])
    assert linear(first, last, share).tolist() == [[2.0, 0.0], [1.0, 1.0], [0.0, 2.0]]
    half = math.sqrt(2.0)
    assert torch.allclose(
        spherical(first, last, share), torch.tensor([[2.0, 0.0], [half, half], [0.0, 2.0]]), atol=1e-6
    )
    assert torch.equal(spherical(first, 2 * first, share), linear(first, 2 * first, share))  # no arc along a ray
