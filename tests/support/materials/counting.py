"""An executor that notes what it is asked: which validations a materials table saves."""

from __future__ import annotations

from loop.execute.local import LocalExecutor
from loop.execute.tasks import ValidationTask, ValidatorSpec


class Counting(LocalExecutor):
    """This process, which notes the designs that its validators are asked of."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def submit(self, spec: ValidatorSpec, task: ValidationTask) -> None:
        """Does it, and notes it."""
        self.asked.append(task.canonical)
        super().submit(spec, task)
