"""Variables that a batch shares: one furnace run has one temperature."""

from __future__ import annotations

import numpy as np
import pytest

from alloys.batches.shared import BatchLimits
from alloys.design import Design
from alloys.goal import Goal
from alloys.physics.declaring import PropertySpec, declare
from alloys.physics.registry import get_physics
from alloys.problem import Problem
from alloys.space import Points, Space, TableSpace, kinds_of_space
from loop.choose.starting import StartPlan, initial_design
from surrogates.choosing.acquisition import choose_batch
from surrogates.choosing.screen import BatchContext, Settings
from surrogates.model.surrogate import Surrogate

TEMPERATURE = {"low": 600, "high": 1000, "step": 50, "unit": "degC"}
HARDNESS = PropertySpec(unit="HV", range=[0.0, 2000.0], usual=[100.0, 600.0])


def _problem(most: int | None) -> Problem:
    variables = {
        "route": ["cast", "annealed"],
        "temperature": {**TEMPERATURE, "per_batch": most, "when": {"route": "annealed"}},
    }
    if most is None:
        del variables["temperature"]["per_batch"]
    document = {"elements": ["Co", "Cr", "Fe", "Ni"], "count": [2, 4], "variables": variables}
    space = kinds_of_space()["alloy"].model_validate(document, strict=False).build()
    return _with_hardness(space)


def _with_hardness(space: Space) -> Problem:
    physics = declare(get_physics("generic"), {"own_hardness": HARDNESS}, space.variables)
    return Problem(space, Goal.parse(["maximize own_hardness"], [], physics.properties), physics)


def _hardness(problem: Problem, points: Points) -> np.ndarray:
    """Grows with chromium; annealed alloys are hardest at 700 and at 900 degrees, and harder than those as cast."""
    inputs = problem.space.inputs(points)
    annealed = 200.0 - 0.01 * np.square(np.abs(inputs[:, -1] - 800.0) - 100.0)
    return 300.0 + 400.0 * inputs[:, 1] + np.where(inputs[:, -2] == 1, np.nan_to_num(annealed), 0.0)


def _batch(problem: Problem, count: int = 40) -> Points:
    space, rng = problem.space, np.random.default_rng(1)
    points = space.sample(count, rng)
    values = {"own_hardness": _hardness(problem, points)}
    surrogate = Surrogate.fit(problem.physics, space.elements, space.inputs(points), values, variables=space.variables)
    nothing = points[:0]
    context = BatchContext(points, values, nothing, nothing, np.array([0.0]))
    settings = Settings(short_list=200, samples=32, climb=3, polish=1)
    chosen = choose_batch(surrogate, problem, [(space.sample(800, rng), "random")], context, q=5, settings=settings)
    assert len(chosen.picks) == 5
    return np.array([pick.point for pick in chosen.picks])


def _temperatures(problem: Problem, points: Points) -> set[float]:
    column = problem.space.inputs(points)[:, -1]
    return set(column[np.isfinite(column)].tolist())


@pytest.mark.parametrize("most", [1, 2])
def test_a_batch_has_no_more_temperatures_than_it_may(most: int) -> None:
    problem = _problem(most)
    found = _temperatures(problem, _batch(problem))
    assert 1 <= len(found) <= most
    assert found & {650.0, 700.0, 750.0, 850.0, 900.0, 950.0}


def test_without_a_limit_a_batch_has_several_temperatures() -> None:
    problem = _problem(None)
    assert len(_temperatures(problem, _batch(problem))) > 1


def test_the_start_is_several_furnace_runs_with_a_temperature_each() -> None:
    problem = _problem(1)
    chosen = initial_design(problem, [], StartPlan(15, 0.0, 5), seed=3)
    points = np.array([problem.space.point_of(each.candidate.design) for each in chosen])
    runs = [_temperatures(problem, points[i : i + 5]) for i in (0, 5, 10)]
    assert all(len(run) == 1 for run in runs)
    assert len(set.union(*runs)) == 3


def test_a_list_keeps_to_the_limit_of_its_own_column() -> None:
    designs = [
        Design.parse(f"Fe{90 - n}Cr{10 + n}", {"furnace": 700 + 100 * (n % 3), "hours": n % 4}) for n in range(24)
    ]
    limited = TableSpace(tuple(designs), per_batch={"furnace": 1})
    limits = BatchLimits.of(limited)
    everything = np.arange(24)[:, None]
    assert not limits.hold(everything)
    assert limits.hold(everything[::3])
    assert limits.broken(everything[:2]) == ["furnace may have 1 value(s) in a batch, not 700, 800"]
    for allowed in limits.openings(everything):
        assert limits.hold(everything[limits.fit(everything, allowed)])
