"""The error that a person can act on."""

from __future__ import annotations


class InputError(ValueError):
    """Something that was given is wrong; nothing was changed.

    The message says what rule was broken, what was got and what to do. The command line prints it on one line
    and exits with status 2.
    """


class PeopleNeededError(RuntimeError):
    """Nothing goes on until people have decided or measured; the message says what, and how.

    The command line prints it and exits with status 3.
    """


class WorkError(RuntimeError):
    """Work that was asked for could not be done, through no fault of the input: the campaign can go on later.

    The command line prints it on one line and exits with status 1.
    """


def first_line(error: BaseException) -> str:
    """The first line of what an error says, or its kind where it says nothing: enough for a message of one line."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
