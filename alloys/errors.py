"""The error that a person can act on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class InputError(ValueError):
    """Some input is wrong; nothing was changed.

    The message says which rule was broken, what was given and what to do. The command line prints it on one line
    and exits with status 2.
    """


Mistake = tuple[tuple[str | int, ...], str]
"""What is wrong, behind the path of the value that is wrong, in the terms of whoever wrote it."""


class MistakesError(InputError):
    """Several things that are wrong at once.

    Attributes:
        mistakes: each with its place.
    """

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("; ".join(text for _, text in mistakes))
        self.mistakes = tuple(mistakes)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.mistakes,)


class PeopleNeededError(RuntimeError):
    """The campaign cannot go on until people have decided or measured; the message says what, and how.

    The command line prints it and exits with status 3.
    """


class WorkError(RuntimeError):
    """Work failed although the input is right: the campaign can go on later.

    The command line prints it on one line and exits with status 1.
    """


def first_line(error: BaseException) -> str:
    """The first line of an error's text, or its kind if it has no text: enough for a message of one line."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
