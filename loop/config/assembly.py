"""From a configuration to the parts that it names."""

from __future__ import annotations

from pathlib import Path

from alloys.composition import parse_formulas
from alloys.design import Design
from alloys.errors import InputError
from alloys.goal import Goal
from alloys.physics.base import Physics
from alloys.physics.registry import get_physics
from alloys.problem import Problem
from alloys.space import AlloySpace, Space, TableSpace
from alloys.tables import read_rows
from loop.config.schema import CampaignConfig, SpaceConfig, StartConfig, TableSpaceConfig


def build_space(config: SpaceConfig | TableSpaceConfig) -> Space:
    """The design space.

    Raises:
        InputError: for contradictory or off-grid bounds, or a list of candidates that cannot be read.
    """
    if isinstance(config, TableSpaceConfig):
        return TableSpace.read(Path(config.file))
    return AlloySpace.build(
        config.elements,
        step=config.step,
        lower=config.lower,
        upper=config.upper,
        count=(config.count[0], config.count[1]),
        bounds={symbol: (pair[0], pair[1]) for symbol, pair in config.bounds.items()},
        limits=[(limit.element, limit.most, limit.where) for limit in config.limits],
    )


def build_goal(config: CampaignConfig) -> Goal:
    """The goal.

    Raises:
        InputError: for expressions that cannot be read or contradict each other.
    """
    return Goal.parse(config.objectives, config.constraints)


def build_problem(config: CampaignConfig) -> Problem:
    """Space, goal and physics together.

    Raises:
        InputError: as `build_space`, `build_goal`, or for an unknown physics.
    """
    return Problem(build_space(config.space), build_goal(config), get_physics(config.physics))


def start_table(config: StartConfig, physics: Physics) -> list[Design]:
    """The designs of the start table: those that the physics knows, or a CSV file with a ``formula`` column.

    Raises:
        InputError: if the file cannot be read or a formula is wrong.
    """
    if config.table is None:
        return [Design(composition) for composition in physics.start_table()]
    path = Path(config.table)
    _, rows = read_rows(path, "the start table")
    if not rows or "formula" not in rows[0]:
        raise InputError(f"the start table {path} needs a column 'formula' and at least one row")
    return [Design(composition) for composition in parse_formulas([str(row["formula"] or "") for row in rows])]
