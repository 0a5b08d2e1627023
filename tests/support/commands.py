"""Every command of the command line, found by itself, and what a line that calls one would be read as."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import typer

from loop.cli.main import COMMANDS, load


@cache
def commands() -> dict[str, Any]:
    """By the words that call it: each command, those of groups too."""
    return dict(_commands())


def _commands() -> Iterator[tuple[str, Any]]:
    for name in COMMANDS:
        command = load(name)
        members = getattr(command, "commands", None)
        yield from [(name, command)] if members is None else [(f"{name} {sub}", one) for sub, one in members.items()]


def misread(line: str | Sequence[str]) -> str | None:
    """What the command line finds wrong with a line as it reads it, without doing anything; None if it is fine."""
    words = shlex.split(line) if isinstance(line, str) else list(line)
    program, *rest = words
    name = next((name for name in (" ".join(rest[:2]), *rest[:1]) if name in commands()), None)
    if program != "alloyloop" or name is None:
        return f"no command of alloyloop: {' '.join(words)}"
    try:
        with commands()[name].make_context(f"alloyloop {name}", rest[len(name.split()) :]):
            return None
    except typer.Exit:  # --help
        return None
    except Exception as error:
        if hasattr(error, "format_message"):
            return f"{' '.join(words)}: {error.format_message()}"
        raise
