"""Pauses: a validator whose machinery fails many times in a row gets no jobs for a while, then a person is asked.

Back-off is for one job; without a pause a machine that is down would use up the retries of all of them.
"""

from __future__ import annotations

import sqlalchemy as sa

from loop.store.database.schema import validators
from loop.store.records import Pause

# So many failures in a row, of any of its jobs, pause a validator.
PAUSE_AFTER = 5
# Length of the first and second pause in seconds; the next one ends when a person says so. After a pause one more
# failure is enough for the next.
PAUSES = (300.0, 1200.0)

WORKS = {"failures": 0, "pauses": 0, "paused": False, "until": None, "message": None}


def note_failure(connection: sa.Connection, name: str, message: str, now: float) -> None:
    """Counts a failure of a validator's machinery, and pauses it if that was one too many."""
    row = connection.execute(sa.select(validators).where(validators.c.name == name)).one()
    if row.paused and (row.until is None or now < row.until <= now + max(PAUSES)):
        return  # work that was under way when the pause began
    values: dict[str, object] = {"failures": row.failures + 1, "message": message}
    if row.failures + 1 >= PAUSE_AFTER:
        until = now + PAUSES[row.pauses] if row.pauses < len(PAUSES) else None
        values |= {"paused": True, "pauses": row.pauses + 1, "until": until}
    connection.execute(sa.update(validators).where(validators.c.name == name).values(values))


def note_answer(connection: sa.Connection, name: str) -> None:
    """The machinery answered: nothing has failed in a row, and a pause is over."""
    connection.execute(
        sa.update(validators).where(validators.c.name == name, validators.c.failures > 0).values(**WORKS)
    )


def select_pauses(connection: sa.Connection, now: float) -> list[Pause]:
    """The pauses that are not over."""
    # A pause that seems longer than any was begun before the clock was set back.
    lasts = sa.and_(validators.c.until > now, validators.c.until <= now + max(PAUSES))
    query = sa.select(validators).where(validators.c.paused, sa.or_(validators.c.until.is_(None), lasts))
    rows = connection.execute(query.order_by(validators.c.name))
    return [Pause(row.name, row.failures, row.until, row.message) for row in rows]
