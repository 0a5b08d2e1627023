"""``alloyloop materials``: its commands, one from each file of this folder."""

from __future__ import annotations

import typer

from loop.cli.materials.adding import add
from loop.cli.materials.deciding import check
from loop.cli.materials.exporting import export
from loop.cli.materials.fetching import fetch
from loop.cli.materials.filling import fill
from loop.cli.materials.finding import find
from loop.cli.materials.serving import serve
from loop.cli.materials.showing import show
from loop.cli.materials.voids import voids

_HELP = "One table of what is known of materials, above all campaigns: published, validated, drawn and predicted."
app = typer.Typer(help=_HELP, no_args_is_help=True, add_completion=False)
for _command in (add, fetch, show, find, check, voids, fill, export, serve):
    app.command()(_command)
