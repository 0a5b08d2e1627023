"""``alloyloop data``: tables of alloys from elsewhere."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from alloys.mpea import read_mpea, write_rows
from loop.cli.console import Json, err, print_json

app = typer.Typer(help="Tables of alloys from elsewhere.", no_args_is_help=True)


class Format(StrEnum):
    """Published tables that can be read."""

    MPEA = "mpea"


@app.callback()
def data() -> None:
    """Tables of alloys from elsewhere."""


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="the published table, as you downloaded it")],
    format_: Annotated[Format, typer.Option("--format", help="which table it is")],
    out: Annotated[
        Path | None, typer.Option(help="CSV file to write; beside the file, named alloys_FORMAT.csv")
    ] = None,
    json_: Json = False,
) -> None:
    """Reduces a published table to distinct compositions, and says what it dropped and why."""
    imported = read_mpea(file)
    path = out or file.with_name(f"alloys_{format_.value}.csv")
    write_rows(imported.rows, path)
    if json_:
        print_json(
            {
                "file": str(path),
                "records": imported.records,
                "rows": len(imported.rows),
                "dropped": dict(imported.dropped),
                "ambiguous": dict(imported.ambiguous),
            }
        )
        return
    console = err()
    console.print(f"{imported.records} records, {len(imported.rows)} compositions written to {path}", markup=False)
    for why, count in imported.dropped.items():
        console.print(f"  dropped {count}: {why}", markup=False)
    for name, count in imported.ambiguous.items():
        console.print(f"  {name} left empty for {count} compositions whose records disagree", markup=False)
