"""A property of which next to nothing is known: what is expected of it has its own size, whatever its unit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from alloys.physics.registry import get_physics
from alloys.properties import PROPERTIES
from surrogates.model.surrogate import Surrogate
from tests.surrogates.helpers import PROBLEM, SPACE, pool, wanted

MODELLED = [name for name in PROPERTIES if name not in PROBLEM.physics.closed_forms]
BUNDLES = ["generic", "refractory"]


def _usual(name: str) -> float:
    low, high = PROPERTIES[name].usual
    return (low * high) ** 0.5 if PROPERTIES[name].scale == "log" else (low + high) / 2


def _fitted(name: str, physics: str, answers: int) -> Surrogate:
    values = np.full(4, np.nan)
    values[:answers] = _usual(name)
    return Surrogate.fit(get_physics(physics), SPACE.elements, SPACE.fractions(pool()[:4]), {name: values})


@pytest.mark.parametrize("physics", BUNDLES)
@pytest.mark.parametrize("name", MODELLED)
@pytest.mark.parametrize("answers", [0, 1, 2])
def test_what_is_usual_is_thought_possible(name: str, physics: str, answers: int) -> None:
    surrogate = _fitted(name, physics, answers)
    unseen = SPACE.fractions(pool()[20:40])
    means, stds = surrogate.predict(unseen)
    row = PROPERTIES[name]
    # A physics that says where an alloy lies is narrower than all materials together, and may lie off their middle.
    off = np.abs(means[name] - _usual(name)) / (row.usual[1] - row.usual[0])
    assert (off < 2.0).all()
    assert (stds[name] > 0).all()
    assert (stds[name] < 3 * (row.usual[1] - row.usual[0])).all()


@pytest.mark.parametrize("name", [name for name in MODELLED if PROPERTIES[name].scale == "linear"])
@pytest.mark.parametrize("answers", [0, 1])
def test_a_usual_bound_is_neither_hopeless_nor_sure(name: str, answers: int) -> None:
    surrogate = _fitted(name, "generic", answers)
    problem = wanted([f"maximize {name}"], [f"{name} >= {_usual(name):g}"])
    chance = surrogate.probability_feasible(SPACE.fractions(pool()[20:40]), problem)
    assert ((chance > 0.02) & (chance < 0.98)).all()


@pytest.mark.parametrize("answers", [1, 12])
@pytest.mark.parametrize("name", ["solidus", "yield_strength_1300c"])
def test_the_scatter_that_a_property_declares_is_the_least_noise(
    monkeypatch: pytest.MonkeyPatch, name: str, answers: int
) -> None:
    fractions, scatter = SPACE.fractions(pool()[:answers]), 0.1 * _usual(name)
    values = {name: _usual(name) * (1.0 + 0.1 * fractions[:, 0])}
    _, silent = Surrogate.fit(get_physics("generic"), SPACE.elements, fractions, values).predict(fractions, noise=True)
    monkeypatch.setitem(PROPERTIES, name, replace(PROPERTIES[name], scatter=scatter))
    noisy = Surrogate.fit(get_physics("generic"), SPACE.elements, fractions, values)
    assert (noisy.predict(fractions, noise=True)[1][name] > 0.9 * scatter).all()
    assert (noisy.predict(fractions, noise=True)[1][name] > silent[name]).all()
