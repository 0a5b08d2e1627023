"""Properties that a campaign computes from modelled ones."""

from __future__ import annotations

import numpy as np
import pytest

from alloys.goal import Goal
from alloys.physics.declaring import PropertySpec, declare
from alloys.physics.registry import get_physics
from alloys.problem import Problem
from alloys.space import AlloySpace
from surrogates.choosing.acquisition import choose_batch
from surrogates.choosing.screen import BatchContext
from surrogates.model.surrogate import Surrogate

SPECS = {
    "hardness": PropertySpec(unit="HV", range=[0.0, 2500.0]),
    "modulus": PropertySpec(unit="GPa", range=[1.0, 800.0]),
    "ratio": PropertySpec(unit="HV/GPa", expression="hardness / modulus"),
    "specific": PropertySpec(unit="HV·cm3/g", expression="hardness / density"),
}
PHYSICS = declare(get_physics("generic"), SPECS)
SPACE = AlloySpace.build(["Al", "Co", "Ni"], step="0.05", lower=0.05, upper=0.9, count=(2, 3))


@pytest.fixture(scope="module")
def points() -> np.ndarray:
    return SPACE.sample(20, np.random.default_rng(0))


@pytest.fixture(scope="module")
def surrogate(points: np.ndarray) -> Surrogate:
    x = SPACE.fractions(points)
    values = {"hardness": 200 + 600 * x[:, 0], "modulus": 100 + 100 * x[:, 1]}
    return Surrogate.fit(PHYSICS, SPACE.elements, x, values)


def test_mean_and_spread_follow_from_samples_of_the_parts(surrogate: Surrogate) -> None:
    x = SPACE.fractions(SPACE.sample(50, np.random.default_rng(1)))
    means, stds = surrogate.predict(x)
    rng = np.random.default_rng(2)
    drawn = {n: rng.normal(means[n], stds[n], size=(40_000, len(x))) for n in ("hardness", "modulus")}
    ratio = drawn["hardness"] / drawn["modulus"]
    np.testing.assert_allclose(means["ratio"], ratio.mean(axis=0), rtol=0.02)
    np.testing.assert_allclose(stds["ratio"], ratio.std(axis=0), rtol=0.2, atol=1e-3)
    density = PHYSICS.closed_forms["density"](SPACE.elements, x)
    np.testing.assert_allclose(means["specific"], means["hardness"] / density, rtol=1e-9)
    np.testing.assert_allclose(stds["specific"], stds["hardness"] / density, rtol=1e-6)


@pytest.mark.parametrize(
    ("objectives", "constraints"),
    [
        (["maximize ratio"], ["specific >= 60"]),
        (["maximize specific", "maximize modulus"], ["ratio >= 2"]),
    ],
)
def test_a_batch_is_chosen_by_computed_properties(
    surrogate: Surrogate, points: np.ndarray, objectives: list[str], constraints: list[str]
) -> None:
    problem = Problem(SPACE, Goal.parse(objectives, constraints, PHYSICS.properties), PHYSICS)
    x = SPACE.fractions(points)
    values = {"hardness": 200 + 600 * x[:, 0], "modulus": 100 + 100 * x[:, 1]}
    nothing = np.zeros((0, 3), dtype=np.int64)
    context = BatchContext(points, values, nothing, nothing, np.zeros(len(objectives)))
    pool = SPACE.sample(300, np.random.default_rng(3))
    batch = choose_batch(surrogate, problem, [(pool, "random")], context, q=3)
    assert len(batch.picks) == 3
    chosen = np.array([pick.point for pick in batch.picks])
    first = problem.goal.objectives[0].name

    def truth(rows: np.ndarray) -> np.ndarray:
        x = SPACE.fractions(rows)
        told = {"hardness": 200 + 600 * x[:, 0], "modulus": 100 + 100 * x[:, 1]}
        return np.asarray(PHYSICS.combined[first].evaluate(told, SPACE.elements, x))

    assert truth(chosen).max() > np.quantile(truth(pool), 0.9)
    assert {first, "hardness"} <= set(batch.picks[0].stds)
