"""The error that a person can act on."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any

_SECRETS = (
    # Of two slashes a path may have lost one. USER is what messages say that a person writes there.
    re.compile(r"(\b[a-z][\w+.-]*:/{1,2})(?!USER@)(?:[^\s/@]*:\S*|[^\s/@]+)(?=@)", re.IGNORECASE),
    re.compile(r"([?&][\w.-]*(?:pass|pwd|key|token|secret)[\w.-]*=)[^\s&'\"]+", re.IGNORECASE),
)
"""Where a URL holds what only its owner should see: before the host, and in what is asked."""


def without_secrets(text: str) -> str:
    """A text without the names, passwords and keys of the URLs in it, such as a message or a line of a log.

    >>> without_secrets("nobody answers at 'http://me@head:80/x?key=1&page=2'")
    "nobody answers at 'http://***@head:80/x?key=***&page=2'"
    >>> without_secrets("it is at postgresql://USER@HOST/DATABASE, got http://me@head")
    'it is at postgresql://USER@HOST/DATABASE, got http://***@head'
    """
    for pattern in _SECRETS:
        text = pattern.sub(r"\1***", text)
    return text


class _ToldError(Exception):
    """An error whose message people see, also in logs that they pass on: it shows no password of a URL."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*(without_secrets(one) if isinstance(one, str) else one for one in args))


class InputError(_ToldError, ValueError):
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


class PeopleNeededError(_ToldError, RuntimeError):
    """The campaign cannot go on until people have decided or measured; the message says what, and how.

    The command line prints it and exits with status 3.
    """


class WorkError(_ToldError, RuntimeError):
    """Work failed although the input is right: the campaign can go on later.

    The command line prints it on one line and exits with status 1.
    """


def first_line(error: BaseException) -> str:
    """The first line of an error's text, or its kind if it has no text: enough for a message of one line."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def no_text(names: Iterable[str]) -> str:
    """What to do about the first name of a file or folder that is no text in this locale; empty if all are.

    >>> no_text(["caf\\udce9"])
    'the name caf? is no text in utf-8, the encoding of this locale; rename it, or set LC_ALL=C.UTF-8'
    """
    shown = ((name, name.encode(errors="replace").decode()) for name in names)
    return next((_NO_TEXT.format(said, sys.getfilesystemencoding()) for name, said in shown if said != name), "")


_NO_TEXT = "the name {} is no text in {}, the encoding of this locale; rename it, or set LC_ALL=C.UTF-8"
