"""Doubts about points of a materials table, and what people decide about them. Points stay as they are."""

from __future__ import annotations

import hashlib
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from alloys.errors import InputError
from alloys.points.checking import Flag
from loop.materials.query import last_decisions, set_aside
from loop.materials.schema import additions, decisions, flagged_points, flags, points_set_aside
from loop.materials.table import MaterialsTable
from loop.materials.writing import chunks, last_number, new_addition


class FlagState(StrEnum):
    """What became of a doubt: nothing yet; its points count all the same; or they do not count any more."""

    OPEN = "open"
    KEPT = "kept"
    SET_ASIDE = "set aside"


@dataclass(frozen=True, slots=True)
class StoredFlag:
    """A doubt as the table has it.

    Attributes:
        number: of the flag.
        flag: the doubt; its places are the numbers of points.
        state: by the last decision.
        set_aside: the points that the last decision sets aside.
        who: decided; empty while it is open.
        why: so.
        at: when, in unix seconds; 0 while it is open.
    """

    number: int
    flag: Flag
    state: FlagState
    set_aside: tuple[int, ...] = ()
    who: str = ""
    why: str = ""
    at: float = 0.0


def record_flags(table: MaterialsTable, found: Iterable[Flag], who: str, clock: Callable[[], float] = time.time) -> int:
    """Keeps the doubts that are not known yet; a doubt of one kind about the same points is the same doubt.

    Returns:
        how many are new.
    """
    told = {_key(flag): flag for flag in found}
    with table.write() as connection:
        known = {bytes(key) for key in connection.execute(sa.select(flags.c.key)).scalars()}
        new = [(key, flag) for key, flag in told.items() if key not in known]
        if not new:
            return 0
        addition = new_addition(connection, who, clock())
        first = last_number(connection, flags) + 1
        rows = [
            {
                "id": number,
                "key": key,
                "kind": flag.kind,
                "properties": ",".join(flag.properties),
                "reason": flag.reason,
                "suggestion": flag.suggestion,
                "addition": addition,
            }
            for number, (key, flag) in enumerate(new, start=first)
        ]
        connection.execute(sa.insert(flags), rows)
        connection.execute(sa.insert(flagged_points), [*_points(first, [flag for _, flag in new])])
    return len(new)


def stored_flags(table: MaterialsTable, state: FlagState | None = None) -> list[StoredFlag]:
    """The doubts of a table by number, those in a state if one is given."""
    with table.read() as connection:
        query = sa.select(decisions, additions.c.who, additions.c.at).join(additions)
        decided = {row.flag: row for row in connection.execute(query.where(decisions.c.id.in_(last_decisions())))}
        aside: dict[int, list[int]] = defaultdict(list)
        for decision, point in connection.execute(sa.select(points_set_aside).order_by(points_set_aside.c.point)):
            aside[decision].append(point)
        places: dict[tuple[int, bool], list[int]] = defaultdict(list)
        for flag, point, doubted in connection.execute(sa.select(flagged_points).order_by(flagged_points.c.point)):
            places[flag, doubted].append(point)
        rows = connection.execute(sa.select(flags).order_by(flags.c.id)).all()
    found = []
    for row in rows:
        properties = tuple(filter(None, row.properties.split(",")))
        doubted, beside = tuple(places[row.id, True]), tuple(places[row.id, False])
        flag = Flag(row.kind, doubted, row.reason, row.suggestion, properties, beside)
        said = decided.get(row.id)
        if said is None:
            found.append(StoredFlag(row.id, flag, FlagState.OPEN))
        else:
            gone = tuple(aside[said.id])
            found.append(StoredFlag(row.id, flag, FlagState(said.state), gone, said.who, said.why, said.at))
    return [one for one in found if state is None or one.state is state]


def decide(
    table: MaterialsTable,
    numbers: Sequence[int],
    state: FlagState,
    *,
    who: str,
    why: str,
    points: Sequence[int] = (),
    clock: Callable[[], float] = time.time,
) -> list[StoredFlag]:
    """Decides about doubts: all of them, or none. A later decision takes the place of an earlier one.

    Args:
        table: of the points.
        numbers: of the flags.
        state: what becomes of them.
        who: decides.
        why: so.
        points: the points of one flag that are set aside; those in doubt if none are given.

    Returns:
        the flags as they are then.

    Raises:
        InputError: if there is no such flag, nobody decides or says why, or a point is none of the flag's.
    """
    wanted = list(dict.fromkeys(numbers))
    there = {one.number: one for one in stored_flags(table)}
    _refuse_unfit(wanted, there, state, who, why, points)
    with table.write() as connection:
        addition = new_addition(connection, who.strip(), clock())
        first = last_number(connection, decisions) + 1
        rows = [
            {"id": first + place, "flag": number, "state": str(state), "why": why.strip(), "addition": addition}
            for place, number in enumerate(wanted)
        ]
        connection.execute(sa.insert(decisions), rows)
        if state is FlagState.SET_ASIDE:
            gone = [
                {"decision": first + place, "point": point}
                for place, number in enumerate(wanted)
                for point in (points or there[number].flag.places)
            ]
            connection.execute(sa.insert(points_set_aside), gone)
    return [one for one in stored_flags(table) if one.number in wanted]


def doubts_about(table: MaterialsTable, points: Iterable[int]) -> tuple[set[int], dict[int, list[int]]]:
    """Which of some points are set aside, and the numbers of the flags that doubt each, by point.

    Flags whose points people have called right doubt no more.
    """
    wanted = list(points)
    is_kept = decisions.c.state == str(FlagState.KEPT)
    kept = sa.select(decisions.c.flag).where(decisions.c.id.in_(last_decisions()), is_kept)
    with table.read() as connection:
        aside = set(connection.execute(set_aside()).scalars())
        flagged: dict[int, list[int]] = defaultdict(list)
        for part in chunks(wanted):
            query = sa.select(flagged_points.c.point, flagged_points.c.flag).where(
                flagged_points.c.point.in_(part), flagged_points.c.doubted, flagged_points.c.flag.not_in(kept)
            )
            for point, flag in connection.execute(query.order_by(flagged_points.c.flag)):
                flagged[point].append(flag)
    return aside & set(wanted), dict(flagged)


def _refuse_unfit(
    numbers: Sequence[int],
    there: dict[int, StoredFlag],
    state: FlagState,
    who: str,
    why: str,
    points: Sequence[int],
) -> None:
    unknown = [number for number in numbers if number not in there]
    if unknown or not numbers:
        raise InputError(f"there is no doubt of number {unknown[0]}" if unknown else "name at least one doubt")
    if not who.strip() or not why.strip():
        raise InputError("a decision needs who decides, and why: --why TEXT")
    if points and (len(numbers) > 1 or state is not FlagState.SET_ASIDE):
        raise InputError("points are named to set some of one doubt's points aside")
    if points:
        flag = there[numbers[0]].flag
        strangers = sorted({*points} - {*flag.places, *flag.beside})
        if strangers:
            known = ", ".join(map(str, (*flag.places, *flag.beside)))
            raise InputError(f"point {strangers[0]} is none of doubt {numbers[0]}; it has {known}")


def _key(flag: Flag) -> bytes:
    told = [flag.kind, sorted(flag.places), sorted(flag.beside), sorted(flag.properties)]
    return hashlib.sha256(json.dumps(told).encode()).digest()


def _points(first: int, new: Sequence[Flag]) -> Iterable[dict[str, int | bool]]:
    for number, flag in enumerate(new, start=first):
        for point in dict.fromkeys((*flag.places, *flag.beside)):
            yield {"flag": number, "point": point, "doubted": point in flag.places}
