"""Where the materials table is, for every command of the group."""

from __future__ import annotations

from typing import Annotated

import typer

USUAL = "materials.db"
"""The table of commands and configurations that name none."""
PLACE = "ALLOYLOOP_MATERIALS"
"""The environment variable that names another one."""

Place = Annotated[
    str,
    typer.Option(
        "--table",
        metavar="FILE|URL",
        envvar=PLACE,
        help="the table: a file, or a URL of PostgreSQL",
    ),
]
