"""What people did to a campaign as it goes on, and what is in force by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from alloys.exclusion import without_element, without_region
from alloys.goal import Constraint, Goal, Objective
from alloys.problem import Problem
from alloys.properties import Property
from alloys.space import Space
from loop.config.schema import CampaignConfig
from loop.store import Act, ActKind

CHOOSING = (ActKind.EXCLUDE, ActKind.CHANGE)
"""Acts that change what is chosen."""


@dataclass(frozen=True, slots=True)
class InForce:
    """What is wanted by now.

    Attributes:
        config: the configuration, with the goal and the batch that people changed.
        problem: likewise.
        reference: by objective that was changed, in its unit, where hypervolume is measured from since.
    """

    config: CampaignConfig
    problem: Problem
    reference: Mapping[str, float]


def in_force(config: CampaignConfig, problem: Problem, acts: Sequence[Act]) -> InForce:
    """What a campaign wants by its own configuration and what was done since.

    Raises:
        InputError: if an act contradicts what was before, which is refused where acts are recorded.
    """
    space, first = problem.space, config
    reference: dict[str, float] = {}
    for act in acts:
        if act.kind is ActKind.EXCLUDE:
            space = narrowed(space, act.detail)
        elif act.kind is ActKind.CHANGE:
            config = changed(config, act.detail, problem.properties)
            reference |= act.detail.get("reference", {})
    if reference and config.reference_point:
        config = config.model_copy(update={"reference_point": {**config.reference_point, **reference}})
    goal = (
        problem.goal
        if config is first
        else Goal.parse(config.objectives, config.constraints, problem.properties, config.choice.resolution)
    )
    return InForce(config, replace(problem, space=space, goal=goal), reference)


def changed(config: CampaignConfig, what: Mapping[str, Any], properties: Mapping[str, Property]) -> CampaignConfig:
    """A configuration with another ``batch``, another ``objective`` of a property, or another ``constraint``.

    A constraint takes the place of the one on the same property from the same side, or joins the others.
    """
    if "batch" in what:
        return config.model_copy(update={"batch": what["batch"]})
    if "objective" in what:
        name = Objective.parse(what["objective"], properties).name
        named = [(Objective.parse(text, properties).name, text) for text in config.objectives]
        told = [what["objective"] if of == name else text for of, text in named]
        return config.model_copy(update={"objectives": told})
    side = _side(what["constraint"], properties)
    others = [text for text in config.constraints if _side(text, properties) != side]
    place = next((i for i, text in enumerate(config.constraints) if _side(text, properties) == side), len(others))
    return config.model_copy(update={"constraints": [*others[:place], what["constraint"], *others[place:]]})


def _side(text: str, properties: Mapping[str, Property]) -> tuple[str, int]:
    """The property that a constraint bounds, and from which side."""
    constraint = Constraint.parse(text, properties)
    return constraint.name, constraint.sign


def narrowed(space: Space, what: Mapping[str, Any]) -> Space:
    """A space without an ``element`` or a ``region``.

    Raises:
        InputError: if there is nothing of that kind to exclude, or nothing would be left.
    """
    return without_element(space, what["element"]) if "element" in what else without_region(space, what["region"])


def pause_in(acts: Sequence[Act]) -> Act | None:
    """The act that paused a campaign, where it is paused."""
    last = next((act for act in reversed(acts) if act.kind in (ActKind.PAUSE, ActKind.RESUME)), None)
    return last if last is not None and last.kind is ActKind.PAUSE else None


def stops_in(acts: Sequence[Act]) -> list[Act]:
    """The acts that ask for a stop after an iteration, which ``detail`` names; resuming takes back those before it."""
    resumed = max((act.id for act in acts if act.kind is ActKind.RESUME), default=0)
    return [act for act in acts if act.kind is ActKind.STOP and act.id > resumed]


def by(act: Act) -> str:
    """Who did it, and why, in words."""
    return f"by {act.who}" + (f": {act.why}" if act.why else "")
