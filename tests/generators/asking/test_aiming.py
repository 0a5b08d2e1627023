"""Draws of a generator moved onto their targets by what is known of the properties."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from alloys.space import Floats
from generators.asking.aiming import AimedGenerator
from generators.asking.distance import training_spreads
from generators.asking.request import draw_distinct, parse_targets
from generators.interface import Generator
from generators.likeness import NEIGHBOURS
from generators.registry import make
from tests.generators.helpers import PROPERTIES, QUICK, properties_of, refractory_space, training_rows

SPACE = refractory_space()
POINTS, VALUES = training_rows(SPACE, 100, missing=0.0)
SHIFT = VALUES.mean(axis=0)
"""Taken off, so that targets lie about zero, where relative errors mean nothing."""


def answers(fractions: Floats, names: Sequence[str]) -> Floats:
    table = np.linalg.lstsq(SPACE.fractions(POINTS), VALUES - SHIFT, rcond=None)[0]
    return np.asarray((fractions @ table)[:, [PROPERTIES.index(name) for name in names]])


@pytest.fixture(scope="module")
def generator() -> Generator:
    model = make("flow", SPACE, PROPERTIES, {**QUICK, "epochs": 20})
    model.fit(POINTS, VALUES - SHIFT, seed=0)
    return model


def aimed(generator: Generator, known: int = 100, *names: str) -> AimedGenerator:
    spreads = training_spreads(generator) or {}
    return AimedGenerator(generator, POINTS[:known], answers, {n: spreads[n] for n in names or PROPERTIES})


def test_draws_have_what_they_were_asked_for(generator: Generator) -> None:
    targets = parse_targets(["vec=0", "melting_point=-50..50"])
    std = VALUES.std(axis=0)
    errors = []
    for source in (generator, aimed(generator)):
        drawn = draw_distinct(source, targets, 30, seed=1)
        assert len(np.unique(drawn.points, axis=0)) == 30
        assert SPACE.contains(drawn.points).all()
        found = (properties_of(SPACE, drawn.points) - SHIFT)[:, [0, 2]]
        errors.append(np.abs(found - drawn.asked).mean(axis=0) / std[[0, 2]])
    plain, moved = errors
    assert (moved < 0.1).all()
    assert (moved < 0.3 * plain).all()


def test_a_seed_repeats(generator: Generator) -> None:
    asked = np.tile([0.1, np.nan, np.nan], (20, 1))
    one, two, other = (aimed(generator).sample(asked, seed=seed).points for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert (one != other).any()


def test_a_target_beyond_all_bounds_is_answered(generator: Generator) -> None:
    with np.errstate(over="ignore"):
        drawn = aimed(generator).sample(np.tile([1e300, np.nan, np.nan], (5, 1)), seed=0)
    assert SPACE.contains(drawn.points).all()
    assert len(drawn.points) == 5


def test_where_nothing_helps_draws_are_the_generators_own(generator: Generator) -> None:
    nothing, vec = np.full((10, 3), np.nan), np.tile([0.1, np.nan, np.nan], (10, 1))
    cases = [
        (aimed(generator), nothing),
        (aimed(generator, NEIGHBOURS), vec),
        (aimed(generator, 100, *PROPERTIES[1:]), vec),
    ]
    for source, asked in cases:
        own = generator.sample(asked, seed=3).points
        np.testing.assert_array_equal(source.sample(asked, seed=3).points, own)
