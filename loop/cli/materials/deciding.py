"""``alloyloop materials check``: doubts about the points of a materials table, and what people decide about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alloys.errors import InputError
from loop.cli.console import Json, err, out, print_json, who
from loop.cli.materials.adding import runs
from loop.cli.materials.checking import counting_records, flag_document, flags_table
from loop.cli.materials.place import USUAL, Place

if TYPE_CHECKING:
    from loop.materials import MaterialsTable
    from loop.materials.governance.decisions import FlagState, StoredFlag

Numbers = list[int] | None


def check(
    approve: Annotated[
        Numbers, typer.Option(metavar="NUMBER", help="the points of this doubt are right: they count")
    ] = None,
    set_aside: Annotated[
        Numbers, typer.Option(metavar="NUMBER", help="the points of this doubt do not count any more")
    ] = None,
    reopen: Annotated[Numbers, typer.Option(metavar="NUMBER", help="this doubt is open again")] = None,
    point: Annotated[
        Numbers, typer.Option(metavar="NUMBER", help="with --set-aside: only this point of the doubt")
    ] = None,
    why: Annotated[str, typer.Option(help="the reason for a decision, for the log")] = "",
    by: Annotated[
        str | None, typer.Option("--by", "--who", help="who checks or decides; the user's name if not given")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="show also doubts that are decided")] = False,
    json_: Json = False,
    table: Place = USUAL,
) -> None:
    """Looks for what may be wrong with the points of the table, keeps new doubts, and lists the open ones; or takes
    decisions about doubts by their numbers. Points are never changed; those set aside stay, marked, and do not count.

    Exits with 1 if the table itself is damaged.

    For example: alloyloop materials check --set-aside 17 --why "in GPa"
    """
    from loop.materials import MaterialsTable  # late, for a light start: with the database's libraries
    from loop.materials.governance.decisions import FlagState, stored_flags

    chosen = {FlagState.KEPT: approve, FlagState.SET_ASIDE: set_aside, FlagState.OPEN: reopen}
    decided = [(state, numbers) for state, numbers in chosen.items() if numbers]
    if len(decided) > 1 or (point and not set_aside):
        raise InputError("give one of --approve, --set-aside and --reopen; --point goes with --set-aside")
    with MaterialsTable.open(table) as opened:
        if decided:
            _show(_decided(opened, *decided[0], point or (), who(by), why), 0, [], json_)
            return
        problems = opened.problems()
        new = _look(opened, who(by))
        _show(stored_flags(opened, None if every else FlagState.OPEN), new, problems, json_)
    if problems:
        raise typer.Exit(1)


def _decided(
    table: MaterialsTable, state: FlagState, numbers: Sequence[int], points: Sequence[int], by: str, why: str
) -> list[StoredFlag]:
    from loop.materials.governance.decisions import decide

    return decide(table, numbers, state, who=by, why=why, points=points)


def _look(table: MaterialsTable, by: str) -> int:
    """Checks the points that count, and keeps what is new."""
    from loop.materials.governance import check_records
    from loop.materials.governance.decisions import record_flags

    return record_flags(table, check_records(counting_records(table)), by)


def _show(found: Sequence[StoredFlag], new: int, problems: Sequence[str], json_: bool) -> None:
    documents = [_document(one) for one in found]
    if json_:
        print_json({"problems": list(problems), "new": new, "flags": documents})
        return
    for problem in problems:
        err().print(problem, markup=False, soft_wrap=True)
    if documents:
        out().print(flags_table(documents, "point"))
    states = {state: sum(one["state"] == state for one in documents) for state in ("open", "kept", "set aside")}
    told = ", ".join(f"{count} {state}" for state, count in states.items() if count) or "none"
    newest = runs([one["number"] for one in documents[len(documents) - new :]]) if new else ""
    err().print(f"doubts: {told}; {new} are new" + (f": {newest}" if newest else ""), markup=False)


def _document(stored: StoredFlag) -> dict[str, Any]:
    from loop.people.queue_report import moment  # late, for a light start

    told = {**flag_document(stored.number, stored.flag, "point"), "state": str(stored.state)}
    decision = {"set_aside": list(stored.set_aside), "who": stored.who, "why": stored.why}
    return told if not stored.who else {**told, **decision, "at": moment(stored.at)}
