"""Where a campaign of a given name lies, for commands that read one."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from alloys.errors import InputError

Directory = Annotated[Path, typer.Option("--directory", help="where campaigns lie")]
_FILES = ("campaign.db", "campaign.url")
"""What a campaign's folder holds: its database, or where that is."""


def _completed(context: typer.Context, incomplete: str) -> list[str]:
    """Names of campaigns, for the completion of a shell."""
    folder = Path(context.params.get("directory") or "campaigns")
    return [name for name in campaigns_in(folder) if name.startswith(incomplete)]


Name = Annotated[str, typer.Argument(help="a campaign", autocompletion=_completed)]


def campaigns_in(directory: Path) -> list[str]:
    """Names of the campaigns that lie in a folder."""
    found = (path for file in _FILES for path in directory.glob(f"*/{file}"))
    return sorted({path.parent.name for path in found if path.is_file()})


def said_directory(directory: str | Path) -> str:
    """The option that a command needs to find campaigns in a folder, for a shell; empty for the usual one."""
    return "" if str(directory) == "campaigns" else f" --directory {shlex.quote(str(directory))}"


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
        there = ", ".join(campaigns_in(directory)) or "none"
        raise InputError(f"there is no campaign {name!r} in {directory}; there are {there}")
    return path
