"""``alloyloop data``: a campaign's results brought, withdrawn and corrected by hand; tables from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alloys.errors import InputError
from alloys.mpea import read_mpea, write_rows
from loop.cli.console import Chosen, Json, Yes, chosen_variables, confirm_doubts, err, out, print_json
from loop.cli.console import who as _who
from loop.cli.materials.checking import data_check
from loop.config.lookup import Directory, Name, campaign_database

if TYPE_CHECKING:
    from loop.store import CampaignStore

app = typer.Typer(
    help="Results of a campaign, by hand; tables of alloys from elsewhere.", no_args_is_help=True, add_completion=False
)


By = Annotated[str | None, typer.Option(help="who does it, for the log; the user's name if not given")]
Why = Annotated[str, typer.Option(help="the reason, for the log")]

_DIRECTORY = Path("campaigns")


class Format(StrEnum):
    """Published tables that can be read."""

    MPEA = "mpea"


@app.callback()
def data() -> None:
    """Results of a campaign, by hand; tables of alloys from elsewhere."""


@contextmanager
def _store(directory: Path, name: str) -> Iterator[CampaignStore]:
    from loop.store import CampaignStore  # late, for a light start: with the database's libraries

    with CampaignStore.open(campaign_database(directory, name)) as store:
        yield store


@app.command("list")
def list_(
    name: Name,
    formula: Annotated[str | None, typer.Option(help="only of this alloy")] = None,
    variable: Chosen = None,
    json_: Json = False,
    directory: Directory = _DIRECTORY,
) -> None:
    """Every result with its number, whether it counts or not, and what was done to the data.

    For example: alloyloop data list my --formula Nb45Ta25Ti15Hf15
    """
    from loop.people.data_report import data_document, data_tables  # late, for a light start: with the database

    with _store(directory, name) as store:
        document = data_document(store, formula, chosen_variables(variable))
    if json_:
        print_json(document)
        return
    for part in data_tables(document):
        out().print(part)


@app.command()
def add(
    name: Name,
    file: Annotated[
        Path, typer.Argument(help="a table: as `data` of the campaign maps it, or heads named as properties")
    ],
    why: Annotated[str, typer.Option(help="a reason, for the log")] = "",
    by: By = None,
    yes: Yes = False,
    json_: Json = False,
    directory: Directory = _DIRECTORY,
) -> None:
    """Adds the rows of a table that are not there yet: all of them, or nothing.

    For example: alloyloop data add my more.csv
    """
    from loop.people.bringing import add_file  # late, for a light start: with the database

    with _store(directory, name) as store:
        added, left_out = add_file(store, file, who=_who(by), why=why, accept=partial(confirm_doubts, yes=yes))
    if json_:
        print_json({**asdict(added), "left_out": left_out})
        return
    for line in left_out:
        err().print(f"left out: {line}", markup=False, soft_wrap=True)
    err().print(
        f"{added.new} new, {added.repeats} of alloys measured before, {added.known} there already", markup=False
    )


@app.command()
def withdraw(
    name: Name,
    what: Annotated[str, typer.Argument(metavar="FORMULA|NUMBER", help="an alloy, or the number of one result")],
    why: Why,
    property_: Annotated[list[str] | None, typer.Option("--property", help="only values of this property")] = None,
    variable: Chosen = None,
    by: By = None,
    json_: Json = False,
    directory: Directory = _DIRECTORY,
) -> None:
    """Results no longer count: they stay in the log, marked, and the next proposal does without them.

    For example: alloyloop data withdraw my 17 --why "the wrong ingot"
    """
    from loop.people.bringing import numbers_of  # late, for a light start: with the database

    with _store(directory, name) as store:
        numbers = numbers_of(store, what, property_ or (), chosen_variables(variable))
        store.withdraw(numbers, names=property_ or (), who=_who(by), why=why)
    if json_:
        print_json({"withdrawn": numbers})
    else:
        err().print(f"withdrawn: {', '.join(map(str, numbers))}", markup=False)


@app.command()
def correct(
    name: Name,
    what: Annotated[str, typer.Argument(metavar="FORMULA|NUMBER", help="an alloy, or the number of one result")],
    set_: Annotated[
        str, typer.Option("--set", metavar="PROPERTY=VALUE", help="the right value, in the property's unit")
    ],
    why: Why,
    variable: Chosen = None,
    by: By = None,
    json_: Json = False,
    directory: Directory = _DIRECTORY,
) -> None:
    """Puts another value in the place of a wrong one, which stays in the log, marked.

    For example: alloyloop data correct my 17 --set solidus=2395 --why "a slip"
    """
    from loop.people.bringing import numbers_of  # late, for a light start: with the database

    property_, _, text = set_.partition("=")
    try:
        value = float(text)
    except ValueError:
        raise InputError(f"--set takes PROPERTY=VALUE, got {set_!r}") from None
    with _store(directory, name) as store:
        numbers = numbers_of(store, what, [property_], chosen_variables(variable))
        if len(numbers) > 1:
            raise InputError(
                f"{what} has {len(numbers)} results of {property_}: {', '.join(map(str, numbers))}; name one by its "
                f"number (`alloyloop data list {name}`)"
            )
        added = store.correct(numbers[0], property_, value, who=_who(by), why=why)
    if json_:
        print_json({"withdrawn": numbers, "added": added})
    else:
        err().print(f"{numbers[0]} is withdrawn, {added} takes its place", markup=False)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="the published table, as you downloaded it")],
    format_: Annotated[Format, typer.Option("--format", help="which table it is")],
    out: Annotated[
        Path | None, typer.Option(help="CSV file to write; beside the file, named alloys_FORMAT.csv")
    ] = None,
    json_: Json = False,
) -> None:
    """Reduces a published table to distinct compositions, and says what it dropped and why.

    For example: alloyloop data import MPEA.csv --format mpea --out mpea.csv
    """
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
                "unreadable": dict(imported.unreadable),
            }
        )
        return
    console = err()
    console.print(f"{imported.records} records, {len(imported.rows)} compositions written to {path}", markup=False)
    for why, count in imported.dropped.items():
        console.print(f"  dropped {count}: {why}", markup=False)
    for name, count in imported.ambiguous.items():
        console.print(f"  {name} left empty for {count} compositions whose records disagree", markup=False)
    for name, count in imported.unreadable.items():
        console.print(f"  {count} cells of {name!r} are no numbers, and are taken for empty", markup=False)


app.command("check")(data_check)
