"""What the laws over generators share: a small space, a linear property, and quick settings."""

from __future__ import annotations

from typing import Any

import numpy as np

from alloys.physics.elements import column
from alloys.space import AlloySpace, Floats, Points
from generators.interface import Generator
from generators.registry import restore
from generators.training.weights import pack, unpack

PROPERTIES = ("vec", "shear_modulus", "melting_point")
QUICK = {"epochs": 6}


def refractory_space() -> AlloySpace:
    return AlloySpace.build("Cr Hf Mo Nb Ta Ti V W Zr".split(), limits=[("Cr", 0.10, "Zr")])


def properties_of(space: AlloySpace, points: Points) -> Floats:
    """Three linear properties, shape ``(n, 3)``."""
    table = np.stack([column(space.elements, name) for name in PROPERTIES], axis=1)
    return np.asarray(space.fractions(points) @ table)


def training_rows(space: AlloySpace, n: int, seed: int = 0, missing: float = 0.3) -> tuple[Points, Floats]:
    rng = np.random.default_rng(seed)
    points = space.sample(n, rng)
    values = properties_of(space, points)
    values[rng.random(values.shape) < missing] = np.nan
    return points, values


def with_settings(model: Generator, **changes: Any) -> Generator:
    """The same trained model with other settings, by way of its bytes."""
    tensors, document = unpack(model.to_bytes())
    settings = {**document["settings"], **changes}
    del document["content_sha256"]
    return restore(pack(tensors, {**document, "settings": settings}))
