"""A campaign's database as somebody else would write to it, past every check of the program."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path


def write_past_the_store(path: Path, statement: str, parameters: tuple[object, ...] = ()) -> None:
    """Does a statement of SQL in a campaign's file."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement, parameters)


def insert_past_the_store(path: Path, table: str, row: Mapping[str, object]) -> None:
    """Puts a row into a table of a campaign's file."""
    columns, marks = ", ".join(row), ", ".join("?" * len(row))
    write_past_the_store(path, f"INSERT INTO {table} ({columns}) VALUES ({marks})", tuple(row.values()))
