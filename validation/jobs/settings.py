"""Settings that every validator with jobs has: which elements it covers, and under ``run`` how its jobs are run."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from alloys.composition import SYMBOLS

Text = Annotated[str, Field(min_length=1, max_length=4096, pattern=r"^[^\x00]+$")]
Seconds = Annotated[float, Field(gt=0, le=1e8)]


def _known(symbols: list[str] | None) -> list[str] | None:
    stray = sorted(set(symbols or ()) - SYMBOLS)
    if stray:
        raise ValueError(f"not chemical elements: {', '.join(stray)}")
    return symbols


Elements = Annotated[list[str] | None, AfterValidator(_known)]
"""Chemical symbols that a validator covers; None for any."""


class Strict(BaseModel):
    """Settings without unknown names, loose types or numbers that are not finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Run(Strict):
    """How a job is run; nothing here changes what it answers, so it may change within a campaign.

    ``most`` holds how far limits may be raised for an alloy that needs more than they allow.
    """

    LIMITS: ClassVar[tuple[str, ...]] = ()

    scratch: Text | None = None
    most: dict[str, Annotated[float, Field(gt=0, le=1e9)]] = {}
    keep: Literal["failed", "always"] = "failed"
    environment: list[Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]] = []
    least_free_mb: Annotated[int, Field(ge=0)] = 100

    def limit(self, name: str) -> float:
        """A limit's value; 0 where there is none, or none of that name."""
        return float(getattr(self, name)) if name in self.LIMITS else 0.0

    @model_validator(mode="after")
    def _most_is_of_limits(self) -> Self:
        for name, most in self.most.items():
            if name not in self.LIMITS:
                raise ValueError(f"most: {name!r} cannot be raised; those that can are {', '.join(self.LIMITS)}")
            if not 0 < self.limit(name) <= most:
                raise ValueError(f"most: 0 < {name} <= most.{name} must hold, got {self.limit(name):g} and {most:g}")
        return self


class ProcessRun(Run):
    """How a command is run in a process of this machine."""

    LIMITS = ("memory_mb", "time_limit")

    time_limit: Seconds = 1500.0
    grace_seconds: Annotated[float, Field(ge=0, le=600)] = 5.0
    memory_mb: Annotated[int, Field(ge=0)] = 0
    output_kb: Annotated[int, Field(ge=1, le=1_000_000)] = 1000
