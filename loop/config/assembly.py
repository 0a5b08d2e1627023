"""Builds the parts that a configuration names."""

from __future__ import annotations

from pathlib import Path

from alloys.design import Design
from alloys.errors import InputError
from alloys.goal import Goal
from alloys.intake.tables import read_rows
from alloys.physics.base import Physics
from alloys.physics.declaring import declare
from alloys.physics.registry import get_physics
from alloys.problem import Problem
from loop.config.schema import CampaignConfig, StartConfig


def build_problem(config: CampaignConfig) -> Problem:
    """Space, properties, goal and physics together.

    Raises:
        InputError: for an impossible space or property, an unknown physics, or a goal that cannot be read or
            contradicts itself.
    """
    space = config.space.build()
    physics = declare(get_physics(config.physics), config.properties, space.variables)
    goal = Goal.parse(config.objectives, config.constraints, physics.properties, config.choice.resolution)
    return Problem(space, goal, physics)


def start_table(config: StartConfig, physics: Physics) -> list[Design]:
    """The designs of the start table: those that the physics knows, or a CSV file with a ``formula`` column.

    Raises:
        InputError: if the file cannot be read, or naming the lines whose formula is wrong.
    """
    if config.table is None:
        return [Design(composition) for composition in physics.start_table()]
    path = Path(config.table)
    table = read_rows(path, "the start table")
    if not table.rows or "formula" not in table.columns:
        raise InputError(f"the start table {path} needs a column 'formula' and at least one row")
    designs, problems = list[Design](), list[str]()
    for line, row in table.numbered():
        try:
            designs.append(Design.parse(row["formula"]))
        except InputError as error:
            problems.append(f"line {line}: {error}")
    if problems:
        raise InputError(f"the start table {path}: " + "; ".join(problems))
    return designs
