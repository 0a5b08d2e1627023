"""What an evaluation of generators is given as a file: settings of the entrants."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alloys.errors import InputError
from loop.config import read_document


def read_settings(path: Path) -> dict[str, dict[str, Any]]:
    """Settings by entrant from a YAML file, as `generators.evaluation.entrants.entrants` takes them.

    Raises:
        InputError: if the file cannot be read or is no mapping, or naming every mistake in it with its line.
    """
    from generators.evaluation.entrants import check_settings

    document = read_document(path)
    mistakes = list(document.mistakes)
    mistakes += [(document.line_of(where), f"{where[0]}: {what}") for where, what in check_settings(document.data)]
    if mistakes:
        raise InputError("\n".join(f"{path}: line {line}: {message}" for line, message in sorted(mistakes)))
    return {name: values or {} for name, values in document.data.items()}
