"""A design on a bound is feasible everywhere: where it is chosen, where it is reported and where it is counted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from alloys.goal import Constraint, Goal, Objective
from alloys.problem import Problem
from loop.config.assembly import build_problem
from loop.config.reading import load_config
from loop.view import View, row_of
from tests.loop.loop_helpers import ROOT

CONFIGS = sorted(path for path in (ROOT / "configs").glob("*.yaml") if path.stem not in ("generators_mpea", "formulas"))
DESIGNS = 10_000
REPORTED = 25
"""Designs of each configuration that are read as results too, which takes longer."""


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_designs_on_a_bound_are_feasible_everywhere(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    config = load_config(path)
    problem = build_problem(config)
    count = -(-DESIGNS // len(CONFIGS))
    points = problem.space.sample(count, np.random.default_rng(16))
    inputs = problem.space.inputs(points)
    names = [name for name in problem.goal.names if problem.has_closed_form(name)]
    names = names or [name for name in ("density", "vec") if problem.has_closed_form(name)]
    for name in names:
        at_once = problem.closed_form(name, inputs)
        for place, vectorised in enumerate(at_once):
            exact = problem.exact(problem.space.design(points[place]))[name]
            for bound, sign in ((exact, 1), (exact, -1), (float(vectorised), 1), (float(vectorised), -1)):
                constraint = Constraint(name, sign, bound)
                assert constraint.holds(np.asarray(vectorised)), (name, bound)
                assert constraint.met({name: exact}), (name, bound)
                farther = replace(constraint, bound=bound + sign * 1e-6 * max(abs(bound), 1.0))
                assert not farther.holds(np.asarray(vectorised)), (name, bound)
                assert not farther.met({name: exact}), (name, bound)
        for place in range(min(REPORTED, count)):
            _reported(config, problem, points[place], Constraint(name, -1, float(at_once[place])))


def _reported(config: object, problem: Problem, point: object, constraint: Constraint) -> None:
    """The same by the choice of candidates, and by a row of results."""
    goal = Goal((Objective(constraint.name, 1),), (constraint,))
    bounded = replace(problem, goal=goal)
    assert bounded.passes(np.asarray(point)[None]).all()
    view = View(config, bounded, (), ())  # type: ignore[arg-type]
    row = row_of(view, bounded.space.design(np.asarray(point)), ())
    assert set(row.values) >= {constraint.name}
    assert goal.feasible(row.values)
