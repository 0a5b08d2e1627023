"""What a laboratory's batch may take: the key ``batch_limits``."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from alloys.batches.rules import BatchRules
from alloys.errors import InputError
from alloys.space import Space

_Positive = Annotated[float, Field(gt=0)]


class BatchLimitsConfig(BaseModel):
    """At most so many kg of an element in one batch, of samples of so many kg, and so many at.% between its designs."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    mass: dict[str, _Positive] = {}
    sample: _Positive | None = None
    distance: Annotated[float, Field(ge=0, le=100)] = 0.0

    def rules(self, space: Space) -> BatchRules:
        """The rules for the designs of a space.

        Raises:
            InputError: for an element that is not in the space, or masses without that of a sample.
        """
        strangers = [symbol for symbol in self.mass if symbol not in space.elements]
        if strangers:
            there = ", ".join(space.elements) or "none"
            raise InputError(f"mass: {', '.join(strangers)} is no element of the space; there are {there}")
        if bool(self.mass) != (self.sample is not None):
            raise InputError("mass and sample go together: give the kg of elements in a batch, and those of one sample")
        return BatchRules(space, tuple(self.mass), tuple(self.mass.values()), self.sample or 0.0, self.distance)

    def check(self, space: Space, batch: Any) -> None:
        """Refuses limits that no batch of that size can keep.

        Raises:
            InputError: saying how many designs fit.
        """
        rules = self.rules(space)
        if rules and isinstance(batch, int) and batch > 0:
            rules.check(batch)
