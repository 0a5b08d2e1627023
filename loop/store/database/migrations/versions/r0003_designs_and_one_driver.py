"""Designs instead of compositions, jobs without leases, facts of the campaign beside the notes on its iterations.

Tables that change their shape are made anew, as `loop.store.database.migrations.tables_0003` has them, and filled from
the old ones.

Revision ID: 0003
"""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

from loop.store.database.migrations.tables_0003 import facts, job_events, jobs, observations, proposals

revision: str = "0003"
down_revision: str | None = "0002"

_RENAMED = {"design": "composition"}
_AT_WORK = ("leased", "submitting", "external", "retrieving")
_STATES = ("state", "from_state", "to_state")


def upgrade() -> None:
    """Makes the new tables, and moves what the notes say of the campaign."""
    connection = op.get_bind()
    remade = (jobs, proposals, job_events, observations)
    for table in reversed(remade):  # those first that refer to others
        _set_aside(connection, table.name)
    for table in remade:
        table.create(connection)
        _fill(connection, table)
    facts.create(connection)
    op.execute("ALTER TABLE iterations RENAME COLUMN info TO notes")
    _move_notes(connection)


def _set_aside(connection: sa.Connection, name: str) -> None:
    rows = sa.select(sa.text("*")).select_from(sa.table(name))
    connection.exec_driver_sql(f"CREATE TEMPORARY TABLE old_{name} AS {rows.compile(connection)}")
    connection.exec_driver_sql(f"DROP TABLE {name}")


def _fill(connection: sa.Connection, table: sa.Table) -> None:
    """The old rows; whatever was at work is running, until a driver queues it again."""
    names = [column.name for column in table.columns]
    old = sa.table(f"old_{table.name}", *(sa.column(_RENAMED.get(name, name)) for name in names))
    values = [old.c[_RENAMED.get(name, name)] for name in names]
    new = [sa.case((v.in_(_AT_WORK), "running"), else_=v) if v.name in _STATES else v for v in values]
    connection.execute(sa.insert(table).from_select(names, sa.select(*new)))
    connection.exec_driver_sql(f"DROP TABLE {old.name}")
    if connection.dialect.name == "postgresql" and "id" in table.c:
        following = sa.func.coalesce(sa.func.max(table.c.id), 0) + 1
        sequence = sa.func.pg_get_serial_sequence(table.name, "id")
        connection.execute(sa.select(sa.func.setval(sequence, following, sa.false())))


def _move_notes(connection: sa.Connection) -> None:
    """The first iteration's notes were the place of what the campaign as a whole had to note."""
    rows = connection.exec_driver_sql('SELECT "index", notes FROM iterations ORDER BY "index"').all()
    written: dict[str, Any] = {"last_iteration": None, "code_versions": []}
    for index, text in rows:
        notes = json.loads(text)
        if index == 0:
            written = {name: notes.pop(name, value) for name, value in written.items()}
        if "shown" in notes:
            notes["inputs"] = notes.pop("shown")
        change = sa.text('UPDATE iterations SET notes = :notes WHERE "index" = :index')
        connection.execute(change, {"notes": json.dumps(notes, sort_keys=True, separators=(",", ":")), "index": index})
    versions = json.dumps(written["code_versions"], sort_keys=True, separators=(",", ":"))
    row = {"id": 1, "last_iteration": written["last_iteration"], "code_versions": versions}
    connection.execute(sa.insert(facts).values(row))
