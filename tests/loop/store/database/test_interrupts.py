"""Ctrl-C while a transaction is open: the transaction ends, and nobody is locked out."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import sqlalchemy as sa

from loop.store.database.engine import Database


def _interrupted_writing(database: Database) -> None:
    with database.write() as connection:
        connection.execute(sa.text("CREATE TABLE facts (word TEXT)"))
        os.kill(os.getpid(), signal.SIGINT)
        connection.execute(sa.text("INSERT INTO facts VALUES ('kept')"))


def _interrupted_reading(database: Database, read: list[int]) -> None:
    with database.read() as connection:
        os.kill(os.getpid(), signal.SIGINT)
        read.append(connection.execute(sa.text("SELECT 1")).scalar_one())


def test_ctrl_c_in_a_transaction_waits_for_its_end(tmp_path: Path) -> None:
    database, other = Database.at(tmp_path / "a.db"), Database.at(tmp_path / "a.db")
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        _interrupted_writing(database)
    assert signal.getsignal(signal.SIGINT) is before
    with other.write() as connection:
        assert connection.execute(sa.text("SELECT word FROM facts")).scalar_one() == "kept"
    database.close()
    other.close()


def test_ctrl_c_while_reading_is_told_after_it(tmp_path: Path) -> None:
    database = Database.at(tmp_path / "a.db")
    read: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        _interrupted_reading(database, read)
    assert read == [1]
    database.close()
