"""``alloyloop init``: reads a table, says what it holds, and writes the file of a campaign."""

from __future__ import annotations

import re
import shlex
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from alloys.errors import InputError
from alloys.files import write_atomic
from alloys.intake.drafting import Draft, draft
from alloys.intake.guessing import Guess, guess, with_variables
from alloys.intake.spaces import space_around
from alloys.intake.tables import RawTable, read_table
from alloys.physics.registry import get_physics
from loop.cli.console import Json, err, print_json
from loop.cli.init.config_text import config_text
from loop.cli.init.page import kind_of, print_columns, print_draft
from loop.config.reading import check_config

_PHYSICS = "generic"


def init(
    file: Annotated[Path, typer.Argument(help="a table of results: CSV, XLSX or JSON")],
    maximize: Annotated[list[str] | None, typer.Option(help="a property, or the header of its column")] = None,
    minimize: Annotated[list[str] | None, typer.Option(help="likewise")] = None,
    match: Annotated[list[str] | None, typer.Option(help="PROPERTY=VALUE or PROPERTY=LOW..HIGH")] = None,
    constraint: Annotated[list[str] | None, typer.Option(help="such as 'yield strength >= 300'")] = None,
    out: Annotated[Path | None, typer.Option(help="the file to write; NAME.yaml of FILE's name")] = None,
    sheet: Annotated[str | None, typer.Option(help="of an XLSX file; its first")] = None,
    balance: Annotated[str | None, typer.Option(help="the element that takes the rest to 100 %")] = None,
    variable: Annotated[list[str] | None, typer.Option(help="a column of what was done to the alloys")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="ask nothing")] = False,
    force: Annotated[bool, typer.Option("--force", help="overwrite the file to write")] = False,
    json_: Json = False,
) -> None:
    """From a table of results to the file of a campaign that begins from it.

    For example: alloyloop init results.csv --maximize hardness
    """
    table = read_table(file, sheet)
    found = with_variables(guess(table, file.stem, balance), variable or [])
    if not json_:
        print_columns(err(), table, found, str(file))
    asks = not yes and not json_ and sys.stdin.isatty() and err().is_terminal
    given = {"maximize": maximize, "minimize": minimize, "match": match}
    goals = [(direction, name) for direction, names in given.items() for name in names or []]
    goals = goals or (_asked(found) if asks else [])
    if not goals and not constraint:
        names = ", ".join(column.what for column in found.numbers) or "none: no column has numbers"
        raise InputError(
            "name a goal: --maximize PROPERTY, --minimize PROPERTY or --match PROPERTY=VALUE, "
            "or a --constraint alone for any alloy that keeps it; "
            f"properties of the table are {names}"
        )
    drafted = draft(table, found, goals, constraint or [], get_physics(_PHYSICS), str(file), sheet)
    path = out or Path(f"{_name(file)}.yaml")
    compositions = [row.design.composition for row in drafted.intake.rows]
    around = space_around(compositions, by_weight=drafted.entry.basis == "wt.%", varied=bool(drafted.variables))
    if not json_:
        print_draft(err(), table, drafted, around)
    if asks and not typer.confirm(f"Write {path}?", default=True, err=True):
        raise typer.Exit(0)
    _write(path, config_text(drafted, found, _name(path), around, shlex.quote(str(path))), force=force)
    if json_:
        print_json({**_document(file, table, found, drafted), "outside": list(around.outside), "written": str(path)})
    else:
        err().print(
            f"{path} is written. Look at it, then: alloyloop run {shlex.quote(str(path))}", markup=False, soft_wrap=True
        )


def _asked(found: Guess) -> list[tuple[str, str]]:
    """The goal that a person at the terminal names; none where the table has no numbers."""
    names = [column.what for column in found.numbers]
    if not names:
        return []
    for number, name in enumerate(names, start=1):
        err().print(f"  {number}  {name}", markup=False)
    answer = typer.prompt("Which property should be better? Its number or name", err=True).strip()
    name = names[int(answer) - 1] if answer.isdigit() and 0 < int(answer) <= len(names) else answer
    larger = typer.confirm(f"Is more of {name} better?", default=True, err=True)
    return [("maximize" if larger else "minimize", name)]


def _name(path: Path) -> str:
    return re.sub(r"[^a-z0-9_-]+", "_", path.stem.lower()).strip("_-")[:64] or "campaign"


def _write(path: Path, text: str, *, force: bool) -> None:
    """Writes the file.

    Raises:
        InputError: if there is such a file already, or what would stand in it is no campaign.
    """
    if path.exists() and not force:
        raise InputError(f"{path} is there already; give --force to overwrite it, or another --out")
    with tempfile.TemporaryDirectory() as folder:
        draft_file = Path(folder) / "draft.yaml"
        draft_file.write_text(text, "utf-8")
        _, mistakes = check_config(draft_file)
    if mistakes:
        raise InputError(f"nothing is written, for it would be no campaign: {'; '.join(mistakes)}")
    write_atomic(path, text.encode(), mode=0o644)


def _document(file: Path, table: RawTable, found: Guess, drafted: Draft) -> dict[str, Any]:
    amounts, intake = found.amounts, drafted.intake
    columns = [
        {
            "column": column.name,
            "is": None if column.kind == "unknown" else kind_of(column),
            "name": column.what,
            "unit": column.unit,
            "assumed": column.assumed,
            "filled": column.profile.filled,
        }
        for column in found.columns
    ]
    return {
        "file": str(file),
        "records": len(table.rows),
        "columns": columns,
        "basis": amounts and amounts.basis,
        "balance": amounts and amounts.balance,
        "assumed": list(amounts.assumed) if amounts else [],
        "objectives": list(drafted.objectives),
        "constraints": list(drafted.constraints),
        "variables": drafted.variables,
        "rows": len(intake.rows),
        "rounded": intake.rounded,
        "repeated_alloys": len(drafted.repeats),
        "dropped": [{"line": line, "reason": reason} for line, reason in intake.dropped],
        "unread": [{"line": line, "reason": reason} for line, reason in intake.unread],
        "notes": list(intake.notes),
    }
