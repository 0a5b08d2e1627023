"""What people do to a campaign's data beside its queue: files that are added, and which results are meant."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from alloys.design import Design
from alloys.errors import InputError
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
        how many rows were added, and lines on those that were left out.

    Raises:
        InputError: if the table cannot be read; nothing is stored then.
    """
    (file,) = read_data([map_for(path, config_of(store).data, store.properties)], store.properties)
    accept(doubts(store, file.rows))
    detail = {"file": str(path), "sha256": file.sha256}
    return store.add_data(file.rows, DataEventKind.ADD, who=who, why=why, detail=detail), file.notes


def numbers_of(store: CampaignStore, what: str, names: Collection[str] = ()) -> list[int]:
    """The numbers of results that count: one that is named by its number, or those of an alloy.

    Args:
        store: the campaign's.
        what: a number or a formula.
        names: properties; of an alloy only results that have all of them.

    Raises:
        InputError: if there is none.
    """
    if what.isdecimal():
        return [int(what)]
    results = store.observations()
    wanted = Design.known_as(what, {stored.observation.design for stored in results}).composition
    found = [
        stored.id
        for stored in results
        if stored.observation.design.composition == wanted and set(names) <= set(stored.observation.values)
    ]
    if not found:
        told = f" of {', '.join(names)}" if names else ""
        raise InputError(f"no result{told} of {what} counts; `alloyloop data list` shows those there are")
    return found
