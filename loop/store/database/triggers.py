"""What only triggers can hold: rows that stay as they are."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa


def refuse_changes(connection: sa.Connection, refused: Iterable[tuple[str, str, str, str]]) -> None:
    """Makes triggers that refuse changes.

    Args:
        connection: a transaction that may make them.
        refused: of each the trigger's name, what is refused as SQL has it (``DELETE ON jobs``), in which case (empty
            for every one), and what to say.
    """
    server = connection.dialect.name == "postgresql"
    if server:
        connection.execute(
            sa.text(
                "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ "
                "BEGIN RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation'; END $$"
            )
        )
    for name, where, when, said in refused:
        condition = f"WHEN ({when})" if when else ""
        if server:
            what = f"FOR EACH ROW {condition} EXECUTE FUNCTION refuse_change('{said}')"
        else:
            what = f"{condition} BEGIN SELECT RAISE(ABORT, '{said}'); END"
        connection.execute(sa.text(f"CREATE TRIGGER {name} BEFORE {where} {what}"))


def drop_triggers(connection: sa.Connection) -> None:
    """Takes them away, so that a migration can change what they hold."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("DROP FUNCTION IF EXISTS refuse_change CASCADE")
        return
    names = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars().all()
    for name in names:
        quoted = connection.dialect.identifier_preparer.quote_identifier(name)
        connection.execute(sa.DDL("DROP TRIGGER %(name)s", context={"name": quoted}))  # type: ignore[no-untyped-call]
