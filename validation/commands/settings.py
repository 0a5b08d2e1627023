"""Settings of the validators that ask a command: what decides the answer, and under ``run`` how it is got."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import Field, ValidationInfo, field_validator, model_validator

from alloys.errors import InputError
from alloys.properties import get_property
from validation.jobs.settings import (
    JobSettings,
    JsonDocument,
    ProcessRun,
    Run,
    Seconds,
    Text,
    digested,
    found_file,
    settings_of,
)

REQUEST, VERDICT = "{request}", "{verdict}"
"""Arguments that stand for the paths of the two documents."""

_INTERPRETER = re.compile(r"(python|bash|sh|perl|ruby|julia|node|Rscript)[\d.]*")


class SlurmRun(Run):
    """How `slurm` submits a command and waits for it; ``memory_mb`` and ``job_seconds`` become options of sbatch."""

    LIMITS = ("memory_mb", "job_seconds")

    # A job outlives whoever waits for it; its folder holds what the next one needs.
    keep: Literal["failed", "always"] = "always"
    options: list[Text] = Field(default=[])
    job_seconds: Annotated[int, Field(ge=0)] = 0
    time_limit: Seconds = 86400.0
    poll_seconds: Seconds = 5.0
    poll_longest: Seconds = 60.0
    grace_seconds: Seconds = 120.0
    command_seconds: Seconds = 60.0
    history_days: Annotated[int, Field(ge=1, le=3650)] = 30
    accounting: bool = True
    cancel_on_sigterm: bool = False

    @field_validator("options")
    @classmethod
    def _options_are_ours_to_pass_on(cls, options: list[str]) -> list[str]:
        for option in options:
            match = re.fullmatch(r"--([a-z][a-z0-9-]*)(=.*)?", option, re.DOTALL)
            if match is None:
                raise ValueError(f"options of sbatch are written --name or --name=value, got {option!r}")
            if any(name.startswith(match[1]) for name in _OURS):
                raise ValueError(f"{option!r} cannot be given: alloyloop sets or needs to do without it")
        return options

    @model_validator(mode="after")
    def _limits_are_given_once(self) -> Self:
        for name, begins in (("memory_mb", "mem"), ("job_seconds", "time")):
            double = [option for option in self.options if option.startswith(f"--{begins}")]
            if getattr(self, name) and double:
                raise ValueError(f"give either {name} or the option {double[0]!r}, not both")
        return self

    @property
    def longest_seconds(self) -> float:
        """How long a job is waited for, and the three commands of the last look."""
        return self.time_limit + 3 * self.command_seconds

    def limit_options(self) -> list[str]:
        """Memory of each node and time of the job as sbatch takes them."""
        memory = [f"--mem={self.memory_mb}M"] if self.memory_mb else []
        minutes, seconds = divmod(self.job_seconds, 60)
        return [*memory, f"--time={minutes}:{seconds:02d}"] if self.job_seconds else memory


# sbatch also takes shortened names, so their beginnings are refused too.
_OURS = (
    "array chdir clusters comment dependency error export export-file get-user-env help input job-name no-requeue "
    "output parsable quiet requeue test-only usage version wait wrap"
).split()


class CommandSettings(JobSettings):
    """What decides a command's answers."""

    command: Annotated[list[Text], Field(min_length=1)]
    version: str = "1"
    fidelity: Text = "external"
    settings: JsonDocument = Field(default={})

    @field_validator("properties")
    @classmethod
    def _properties_are_known(cls, names: list[str], given: ValidationInfo) -> list[str]:
        for name in names:
            if name not in given.data.get("units", {}):
                get_property(name)
        if len(set(names)) != len(names):
            raise ValueError("properties must be distinct")
        return names

    @model_validator(mode="after")
    def _placeholders_are_arguments(self) -> Self:
        for placeholder in (REQUEST, VERDICT):
            if placeholder in self.command[:1] or self.command.count(placeholder) > 1:
                raise ValueError(f"{placeholder} must be an argument of the command, at most once")
        return self


class ScriptSettings(CommandSettings):
    """Settings of `script`."""

    run: ProcessRun = ProcessRun()


class SlurmSettings(CommandSettings):
    """Settings of `slurm`."""

    run: SlurmRun = SlurmRun()


S = TypeVar("S", bound=CommandSettings)


def read_settings(model: type[S], name: str, settings: Mapping[str, Any]) -> S:
    """The settings, their paths made absolute and their files found and digested.

    Settings that have travelled are taken as they are: what they name may be missing here.

    Raises:
        InputError: naming every mistake.
    """
    with settings_of(name):
        read = model.model_validate(dict(settings))
        if read.digests is not None:
            return read
        command, named = _resolved(read.command)
        return read.model_copy(update={"command": command, "digests": digested([*named, *read.files])})


def _resolved(command: list[str]) -> tuple[list[str], list[str]]:
    """The command with absolute paths, and the files that it names by path."""
    program = command[0]
    if "/" in program:
        program = str(found_file(program))
    if shutil.which(program) is None:
        raise InputError(f"the command {command[0]!r} is not installed, or may not be executed")
    if len(command) > 1 and _INTERPRETER.fullmatch(Path(program).name) and not command[1].startswith(("-", "{")):
        found_file(command[1])
    resolved = [program, *(str(found_file(text)) if Path(text).is_file() else text for text in command[1:])]
    return resolved, [text for text in resolved if Path(text).is_absolute() and Path(text).is_file()]
