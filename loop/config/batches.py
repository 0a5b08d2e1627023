"""What a batch may take, and who makes how much of it: the keys ``batch_limits`` and ``laboratories``."""

from __future__ import annotations

from collections.abc import Mapping
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


def check_laboratories(sizes: Mapping[str, int], batch: Any, *, by_people: bool) -> None:
    """Refuses laboratories whose sizes are not the batch's, or that nobody works in.

    Args:
        sizes: designs of a batch that each takes, by its name.
        batch: designs of a batch.
        by_people: whether people answer what is asked first.

    Raises:
        InputError: saying what does not fit.
    """
    if sizes and not by_people:
        raise InputError("laboratories are people's: name the validator human or external, the first one of several")
    total = sum(sizes.values())
    if sizes and isinstance(batch, int) and total != batch:
        told = ", ".join(f"{name} {size}" for name, size in sizes.items())
        raise InputError(f"they take {total} designs ({told}), and a batch has {batch}; make them the same")


def laboratory_of(sizes: Mapping[str, int], rank: int) -> str:
    """Who makes the design of a rank, counted from 0; empty where there are no laboratories.

    Ranks go round the batch. Each laboratory gets its share of the first ones too: of the places so far it is due
    whoever is farthest behind (Balinski & Young, Am. Math. Mon. 82 (1975) 701: the quota method).
    """
    if not sizes:
        return ""
    total, given = sum(sizes.values()), dict.fromkeys(sizes, 0)
    due = ""
    for place in range(1, rank % total + 2):
        due = max(sizes, key=lambda name: sizes[name] * place / total - given[name])
        given[due] += 1
    return due
