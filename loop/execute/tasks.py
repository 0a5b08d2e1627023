"""What can be done anywhere: plain data in, plain data out. No Ray here, so tests call the same functions."""

from __future__ import annotations

import importlib
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from alloys.design import Design
from alloys.errors import InputError, WorkError, without_secrets
from alloys.records import UNADJUSTED, Adjustment, Failed, FailureKind, Verdict, canonical_json
from validation.base import Validator, adjusted
from validation.registry import make_validator
from validation.tier import Tier


@dataclass(frozen=True, slots=True)
class ModelTask:
    """A function of plain data that takes long; the same data give the same.

    Attributes:
        name: by which its result is told from others'.
        function: ``module:function``, which whoever does the task imports.
        argument: what the function is given.
        trains: whether a trainer does it; else the scorer.
        tells: whether the function takes, beside its argument, whom it tells what it is doing.
    """

    name: str
    function: str
    argument: Any
    trains: bool = False
    tells: bool = False


@dataclass(frozen=True, slots=True)
class Finished:
    """What a task gave, and when it began and ended in unix seconds of the machine that did it."""

    value: Any
    begun: float
    ended: float


def nobody(text: str) -> None:
    """Is told, and does nothing."""


FOLDER = "ALLOYLOOP_FOLDER"
"""Names, in the environment of Ray's workers, the working folder of the driver."""


def enter_folder() -> None:
    """Goes where the driver is, so that relative paths mean the same; stays where there is no such folder here.

    Ray's workers begin in the project's own folder: see `loop.execute.cluster.start_cluster`.
    """
    folder = os.environ.get(FOLDER)
    if folder and os.path.isdir(folder):
        os.chdir(folder)


def do_task(task: ModelTask, tell: Callable[[str], None] = nobody) -> Finished:
    """Does a task; one that tells what it is doing tells it there."""
    enter_folder()
    module, name = task.function.split(":")
    function: Callable[..., Any] = getattr(importlib.import_module(module), name)
    begun = time.time()
    return Finished(function(task.argument, *([tell] if task.tells else [])), begun, time.time())


@dataclass(frozen=True, slots=True)
class ValidatorSpec:
    """A validator's name and settings as JSON text, from which any process makes the same validator."""

    name: str
    settings: str

    @classmethod
    def of(cls, validator: Validator) -> ValidatorSpec:
        """The spec of a validator."""
        return cls(validator.name, canonical_json(validator.portable_settings))

    @classmethod
    def of_tier(cls, tier: Tier) -> ValidatorSpec:
        """The spec of a tier's validator."""
        return cls(tier.validator, tier.settings)


@lru_cache(maxsize=8)
def _made(spec: ValidatorSpec) -> Validator:
    return make_validator(spec.name, json.loads(spec.settings))


@dataclass(frozen=True, slots=True)
class ValidationTask:
    """What a validator is asked once.

    Attributes:
        key: of its job.
        canonical: the design's canonical text.
        adjustment: what this try is given that the first was not.
    """

    key: str
    canonical: str
    adjustment: Adjustment = UNADJUSTED


@dataclass(frozen=True, slots=True)
class Done:
    """A finished validation.

    Attributes:
        key: of its job.
        verdict: what was answered; None where the worker died.
        begun: when the worker began, in unix seconds of its clock; None where that is not known.
        ended: when it ended.
        lost: whether the worker died because its node did.
    """

    key: str
    verdict: Verdict | None
    begun: float | None = None
    ended: float | None = None
    lost: bool = False


def validate(spec: ValidatorSpec, canonical: str, adjustment: Adjustment = UNADJUSTED) -> Verdict:
    """The verdict on a design; the validator is made once per process and kept."""
    return told_by(lambda: adjusted(_made(spec), adjustment).validate(Design.from_canonical(canonical)))


def told_by(ask: Callable[[], Verdict]) -> Verdict:
    """What a validator answers; what breaks outside its own science, whatever it raises, is a failure of machinery.

    Raises:
        WorkError: if it lacks a module, which no alloy and no further try can help.
    """
    try:
        return ask()
    except ImportError as error:
        raise WorkError(f"the validator cannot begin: {type(error).__name__}: {error}") from error
    except InputError as error:
        return Failed(FailureKind.SUSPECT, str(error))
    except (Exception, SystemExit) as error:
        if hasattr(error, "ray_terminate_msg"):  # Ray ends this worker, as it does on SIGTERM: no answer of a validator
            raise
        return Failed(FailureKind.INFRASTRUCTURE, f"{type(error).__name__}: {without_secrets(str(error))}")


def do_validation(spec: ValidatorSpec, task: ValidationTask) -> Done:
    """The verdict of `validate`, and when it began and ended."""
    enter_folder()
    begun = time.time()
    return Done(task.key, validate(spec, task.canonical, task.adjustment), begun, time.time())
