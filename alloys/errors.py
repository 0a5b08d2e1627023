"""The error that a person can act on."""

from __future__ import annotations


class InputError(ValueError):
    """Something that was given is wrong; nothing was changed.

    The message says what rule was broken, what was got and what to do. The command line prints it on one line
    and exits with status 2.
    """
