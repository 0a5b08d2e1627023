"""Who does tasks and validations, and the one that does them in this process."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from loop.execute.tasks import Done, Finished, ModelTask, ValidationTask, ValidatorSpec, do_task, do_validation, nobody

if TYPE_CHECKING:
    from surrogates.choosing.stream import Spreader


class Executor(Protocol):
    """Where training, choosing and validation run.

    Attributes:
        tell: is told what a task is doing, where it tells that.
    """

    tell: Callable[[str], None]

    @property
    def slots(self) -> int:
        """How many validations may be under way at once."""
        ...

    @property
    def pending(self) -> int:
        """How many are under way now."""
        ...

    @property
    def spreader(self) -> Spreader | None:
        """Who looks at the blocks of a long screening; None for threads."""
        ...

    def prepare(self) -> None:
        """Gets ready for tasks before the first one is begun, where that takes time."""
        ...

    def begin(self, task: ModelTask) -> None:
        """Starts a task; `results` gives what comes of it under its name."""
        ...

    def results(self, timeout: float) -> dict[str, Finished]:
        """Tasks that have finished since the last call, waiting up to ``timeout`` seconds for the first.

        Raises:
            WorkError: if one failed or took too long.
        """
        ...

    def submit(self, spec: ValidatorSpec, task: ValidationTask) -> None:
        """Asks a validator."""
        ...

    def collect(self, timeout: float) -> list[Done]:
        """Validations that have finished since the last call, waiting up to ``timeout`` seconds for the first.

        It comes back early where a task has finished.
        """
        ...

    def close(self) -> None:
        """Ends everything it started."""
        ...


class LocalExecutor:
    """Everything in this process, one after another."""

    slots = 1
    spreader: Spreader | None = None

    def __init__(self) -> None:
        self.tell: Callable[[str], None] = nobody
        self._waiting: list[tuple[ValidatorSpec, ValidationTask]] = []
        self._finished: dict[str, Finished] = {}

    @property
    def pending(self) -> int:
        """Validations asked for and not yet collected."""
        return len(self._waiting)

    def prepare(self) -> None:
        """Nothing to get ready."""

    def begin(self, task: ModelTask) -> None:
        """Does the task here and now."""
        self._finished[task.name] = do_task(task, self.tell)

    def results(self, timeout: float) -> dict[str, Finished]:
        """What was done since the last call."""
        finished, self._finished = self._finished, {}
        return finished

    def submit(self, spec: ValidatorSpec, task: ValidationTask) -> None:
        """Notes a validation; `collect` does it."""
        self._waiting.append((spec, task))

    def collect(self, timeout: float) -> list[Done]:
        """Validates what was submitted; the time limit does not apply here."""
        waiting, self._waiting = self._waiting, []
        return [do_validation(spec, task) for spec, task in waiting]

    def close(self) -> None:
        """Nothing to end."""
