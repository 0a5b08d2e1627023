"""Settings that every validator with jobs has: what decides its answers, and under ``run`` how its jobs are run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from alloys.composition import SYMBOLS
from alloys.errors import InputError
from alloys.records import canonical_json
from validation.jobs.files import file_digest
from validation.jobs.protocol import mistakes_in

Text = Annotated[str, Field(min_length=1, max_length=4096, pattern=r"^[^\x00]+$")]
Seconds = Annotated[float, Field(gt=0, le=1e8)]


def _known(symbols: list[str] | None) -> list[str] | None:
    stray = sorted(set(symbols or ()) - SYMBOLS)
    if stray:
        raise ValueError(f"not chemical elements: {', '.join(stray)}")
    return symbols


def _json(document: dict[str, Any]) -> dict[str, Any]:
    try:
        canonical_json(document)
    except (TypeError, ValueError) as error:
        raise ValueError(f"they must be what JSON can say: {error}") from error
    return document


Elements = Annotated[list[str] | None, AfterValidator(_known)]
"""Chemical symbols that a validator covers; None for any."""
JsonDocument = Annotated[dict[str, Any], AfterValidator(_json)]
"""What is passed on as JSON."""


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
    time_limit: Seconds = 1500.0
    memory_mb: Annotated[int, Field(ge=0)] = 0

    def limit(self, name: str) -> float:
        """A limit's value; 0 where there is none, or none of that name."""
        return float(getattr(self, name)) if name in self.LIMITS else 0.0

    @property
    def longest_seconds(self) -> float:
        """How long one validation may take before it gives up by itself."""
        return self.most.get("time_limit", self.time_limit)

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

    grace_seconds: Annotated[float, Field(ge=0, le=600)] = 5.0
    output_kb: Annotated[int, Field(ge=1, le=1_000_000)] = 1000

    @property
    def longest_seconds(self) -> float:
        """The time limit as far as it may be raised, and the grace that follows it."""
        return super().longest_seconds + self.grace_seconds


class JobSettings(Strict):
    """What decides the answers of a validator with jobs.

    ``units`` (of the properties that the campaign has declared) and, where the settings travel to another process,
    ``digests`` (sha256 by path of the files that answers rest on) are set by alloyloop.
    """

    units: dict[str, str] = {}
    properties: Annotated[list[str], Field(min_length=1)]
    expected_seconds: Annotated[float, Field(ge=0)] = 0.0
    elements: Elements = None
    files: list[Text] = []
    digests: dict[str, str] | None = None
    run: Run = Run()


@contextmanager
def settings_of(name: str) -> Iterator[None]:
    """Around the reading of a validator's settings: whatever is wrong with them becomes one message.

    Raises:
        InputError: naming the validator and every mistake.
    """
    try:
        yield
    except ValidationError as error:
        raise InputError(f"settings of the validator {name!r}: {mistakes_in(error)}") from error
    except (InputError, OSError) as error:
        raise InputError(f"settings of the validator {name!r}: {error}") from error


def found_file(text: str) -> Path:
    """The absolute path of a file that settings name.

    Raises:
        InputError: if it is not there.
    """
    path = Path(text).expanduser().absolute()
    if not path.is_file():
        raise InputError(f"there is no file {text!r} (looked for {path})")
    return path


def digested(paths: Iterable[str | Path]) -> dict[str, str]:
    """sha256 by absolute path of the files that settings name.

    Raises:
        InputError: if one is not there.
        OSError: if one cannot be read.
    """
    return {str(path): file_digest(path) for path in (found_file(str(text)) for text in paths)}
