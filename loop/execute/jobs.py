"""Work that can be done anywhere: plain data in, plain data out. No Ray here, so tests call the same functions."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Protocol

from alloys.design import Design
from alloys.errors import InputError
from alloys.records import UNADJUSTED, Adjustment, Failed, FailureKind, Verdict, canonical_json
from alloys.space import Floats, Points, Space
from generators.train import TrainedModel, train
from validation.base import Validator, adjusted
from validation.registry import make_validator


@dataclass(frozen=True, slots=True)
class TrainingJob:
    """What a trainer needs; see `generators.train.train` for the meaning and shapes.

    ``note`` is said in the report.
    """

    family: str
    space: Space
    properties: tuple[str, ...]
    points: Points
    conditions: Floats
    seed: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    device: str = "auto"
    warm: bytes | None = None
    note: str = ""

    def run(self) -> TrainedModel:
        """Trains, on one thread so that the result repeats bit by bit on the CPU.

        Warm weights that do not fit are left out, and the report says so.

        Raises:
            InputError: for anything else that training refuses.
        """
        try:
            trained = self._train(self.warm)
        except InputError as error:
            if self.warm is None:
                raise
            fresh = replace(self, warm=None, note=f"trained fresh: {error}")
            return fresh.run()
        note = "; ".join(filter(None, [self.note, trained.report.note]))
        return replace(trained, report=replace(trained.report, note=note))

    def _train(self, warm: bytes | None) -> TrainedModel:
        return train(
            self.family,
            self.space,
            self.properties,
            self.points,
            self.conditions,
            self.settings,
            seed=self.seed,
            device=self.device,
            threads=1,
            warm=warm,
        )


@dataclass(frozen=True, slots=True)
class ValidatorSpec:
    """A validator's name and settings as JSON text, from which any process makes the same validator."""

    name: str
    settings: str

    @classmethod
    def of(cls, validator: Validator) -> ValidatorSpec:
        """The spec of a validator."""
        return cls(validator.name, canonical_json(validator.portable_settings))


@lru_cache(maxsize=8)
def _made(spec: ValidatorSpec) -> Validator:
    return make_validator(spec.name, json.loads(spec.settings))


def validate(spec: ValidatorSpec, canonical: str, adjustment: Adjustment = UNADJUSTED) -> Verdict:
    """The verdict on a design; the validator is made once per process and kept.

    ``adjustment`` is what this try is given that the first was not.
    What breaks outside the validator's own science is a failure of the machinery.
    """
    try:
        return adjusted(_made(spec), adjustment).validate(Design.from_canonical(canonical))
    except InputError as error:
        return Failed(FailureKind.SUSPECT, str(error))
    except (MemoryError, OSError, ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:
        return Failed(FailureKind.INFRASTRUCTURE, f"{type(error).__name__}: {error}")


def timed_validate(
    spec: ValidatorSpec, canonical: str, adjustment: Adjustment = UNADJUSTED
) -> tuple[Verdict, float, float]:
    """The verdict of `validate`, and when it began and ended in unix seconds."""
    begun = time.time()
    return validate(spec, canonical, adjustment), begun, time.time()


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


class Work(Protocol):
    """Plain data with a function of it that takes long: a `TrainingJob`, a `loop.choose.proposal.ProposalJob`."""

    def run(self) -> Any:
        """What comes out; the same data give the same."""
        ...


@dataclass(frozen=True, slots=True)
class Finished:
    """What a piece of work gave, and when it began and ended in unix seconds of the machine that did it."""

    value: Any
    begun: float
    ended: float


def timed_run(work: Work) -> Finished:
    """Does a piece of work."""
    begun = time.time()
    return Finished(work.run(), begun, time.time())


class Executor(Protocol):
    """Where training, choosing and validation run."""

    @property
    def slots(self) -> int:
        """How many validations may be under way at once."""
        ...

    @property
    def pending(self) -> int:
        """How many are under way now."""
        ...

    def prepare(self) -> None:
        """Gets ready for works before the first one is begun, where that takes time."""
        ...

    def begin(self, name: str, work: Work) -> None:
        """Starts a piece of work; `results` gives what comes of it under this name."""
        ...

    def results(self, timeout: float) -> dict[str, Finished]:
        """Works that have finished since the last call, waiting up to ``timeout`` seconds for the first.

        Raises:
            WorkError: if one failed or took too long.
        """
        ...

    def submit(
        self, key: str, canonical: str, spec: ValidatorSpec | None = None, *, adjustment: Adjustment = UNADJUSTED
    ) -> None:
        """Starts a validation, by the executor's own validator if no other is named.

        ``adjustment`` is what this try is given that the first was not.
        """
        ...

    def collect(self, timeout: float) -> list[Done]:
        """Validations that have finished since the last call, waiting up to ``timeout`` seconds for the first.

        It comes back early where a piece of work has finished.
        """
        ...

    def close(self) -> None:
        """Ends everything it started."""
        ...


class LocalExecutor:
    """Everything in this process, one after another."""

    slots = 1

    def __init__(self, spec: ValidatorSpec | None) -> None:
        self._spec = spec
        self._waiting: list[tuple[str, str, Adjustment]] = []
        self._others: dict[str, ValidatorSpec] = {}
        self._finished: dict[str, Finished] = {}

    @property
    def pending(self) -> int:
        """Validations asked for and not yet collected."""
        return len(self._waiting)

    def train(self, job: TrainingJob) -> TrainedModel:
        """Trains here."""
        return job.run()

    def prepare(self) -> None:
        """Nothing to get ready."""

    def begin(self, name: str, work: Work) -> None:
        """Does the work here and now."""
        begun = time.time()
        value = self.train(work) if isinstance(work, TrainingJob) else work.run()
        self._finished[name] = Finished(value, begun, time.time())

    def results(self, timeout: float) -> dict[str, Finished]:
        """What was done since the last call."""
        finished, self._finished = self._finished, {}
        return finished

    def submit(
        self, key: str, canonical: str, spec: ValidatorSpec | None = None, *, adjustment: Adjustment = UNADJUSTED
    ) -> None:
        """Notes a validation; `collect` does it."""
        self._waiting.append((key, canonical, adjustment))
        if spec is not None:
            self._others[key] = spec

    def collect(self, timeout: float) -> list[Done]:
        """Validates what was submitted; the time limit does not apply here."""
        waiting, self._waiting = self._waiting, []
        done = []
        for key, canonical, given in waiting:
            spec = self._others.pop(key, self._spec)
            if spec is None:
                raise InputError("there is no validator: bring answers with Campaign.observe")
            done.append(Done(key, *timed_validate(spec, canonical, given)))
        return done

    def close(self) -> None:
        """Nothing to end."""
