"""When a campaign has done enough: the section ``stop`` of a configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from alloys.errors import InputError
from alloys.goal import Constraint
from alloys.physics.base import Physics

Positive = Annotated[float, Field(gt=0)]


class StopConfig(BaseModel):
    """Limits, of which the first that is reached ends a run before it begins another batch.

    Attributes:
        validations: so many at most are asked for, whole batches only.
        hours: so long a driver has run the campaign.
        cost: so much money at most, by the ``cost`` of each validator's answers, whole batches only.
        no_gain: so many iterations in a row added next to nothing to the hypervolume.
        target: limits, all of which one feasible design keeps.
        gain: the best candidate is expected to add less than this share of the hypervolume.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    validations: Annotated[int, Field(ge=1)] | None = None
    hours: Positive | None = None
    cost: Positive | None = None
    no_gain: Annotated[int, Field(ge=1)] | None = None
    target: list[str] = []
    gain: Annotated[float, Field(gt=0, lt=1)] | None = None


def stop_mistakes(data: Mapping[str, Any], physics: Physics) -> list[tuple[tuple[str | int, ...], str]]:
    """What is wrong with the section beyond types: targets that cannot be read, money that nobody asks for."""
    try:
        stop = StopConfig.model_validate(data.get("stop", {}))
    except ValidationError:
        return []
    found: list[tuple[tuple[str | int, ...], str]] = []
    for i, text in enumerate(stop.target):
        try:
            Constraint.parse(text, physics.properties)
        except InputError as error:
            found.append((("stop", "target", i), f"stop: target: {error}"))
    asked = data.get("validators") or [data.get("validator", {})]
    costs = [entry.get("cost") for entry in asked if isinstance(entry, dict)] if isinstance(asked, list) else []
    if stop.cost is not None and not any(costs):
        found.append((("stop", "cost"), "stop: cost: no validator has a cost; give it one, or leave stop.cost out"))
    return found
