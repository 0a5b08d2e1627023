"""Where a campaign of a given name lies, for commands that read one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from alloys.errors import InputError

Directory = Annotated[Path, typer.Option("--directory", help="where campaigns lie")]


def campaign_database(directory: Path, name: str) -> Path:
    """The database of a campaign, or the file that names the server where it is.

    Raises:
        InputError: if the name cannot be one, or there is no such campaign, naming the existing ones.
    """
    from loop.config.identity import DATABASE, URL  # late: with the database's libraries
    from loop.config.schema import valid_name

    valid_name(name)
    path = directory / name / (URL if (directory / name / URL).is_file() else DATABASE)
    if not path.is_file():
        found = [p for file in (DATABASE, URL) for p in directory.glob(f"*/{file}")] if directory.is_dir() else []
        there = sorted(p.parent.name for p in found if p.is_file())
        raise InputError(f"there is no campaign {name!r} in {directory}; there are {', '.join(there) or 'none'}")
    return path
