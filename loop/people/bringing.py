"""What people do to a campaign's data beside its queue: files that are added, and which results are meant."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from alloys.design import Design, Value
from alloys.errors import InputError
from alloys.intake.tables import shown
from loop.config.assembly import build_problem
from loop.config.data import map_for, read_data
from loop.people.doubts import doubts
from loop.store import Added, CampaignStore, DataEventKind
from loop.view import config_of


def add_file(
    store: CampaignStore, path: Path, *, who: str, why: str = "", accept: Callable[[list[str]], None]
) -> tuple[Added, list[str]]:
    """Adds the rows of a table that are not there yet, all or none.

    Args:
        store: the campaign's.
        path: the table; see `loop.config.data.map_for`.
        who: the person.
        why: the reason.
        accept: shown what is far from the prediction; raises where that is not to be taken.

    Returns:
        how many rows were added, and lines on columns and rows that were left out.

    Raises:
        InputError: if the table cannot be read; nothing is stored then.
    """
    config = config_of(store)
    problem = build_problem(config)
    entry, unread = map_for(path, config.data, problem.properties, problem.space.variables)
    (file,) = read_data([entry], problem.properties, problem.space)
    accept(doubts(store, file.rows))
    detail = {"file": str(path), "sha256": file.sha256}
    columns = [f"{path}: no property or variable is named by {', '.join(map(shown, unread))}"] if unread else []
    added = store.add_data(file.rows, DataEventKind.ADD, who=who, why=why, detail=detail)
    return added, [*columns, *file.notes]


def numbers_of(
    store: CampaignStore, what: str, names: Collection[str] = (), variables: Mapping[str, Value] | None = None
) -> list[int]:
    """The numbers of results that count: one that is named by its number, or those of a design.

    Args:
        store: the campaign's.
        what: a number or a formula.
        names: properties; of a design only results that have all of them.
        variables: of the design, or as many as tell it from others of this formula.

    Raises:
        InputError: if there is none, or several designs are meant.
    """
    if what.isdecimal():
        if variables:
            raise InputError(f"{what} is the number of one result; leave its variables out")
        return [int(what)]
    results = [(stored.id, stored.observation) for stored in store.observations()]
    wanted = Design.known_as(what, (seen.design for _, seen in results), variables)
    found = [number for number, seen in results if seen.design == wanted and set(names) <= set(seen.values)]
    if not found:
        told = f" of {', '.join(names)}" if names else ""
        raise InputError(f"no result{told} of {wanted} counts; `alloyloop data list` shows those there are")
    return found
