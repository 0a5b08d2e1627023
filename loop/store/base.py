"""What the parts of the store share: the database, the clock, and JSON that is checked before it is written."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from alloys.physics.declaring import declared_properties
from alloys.properties import Property
from alloys.records import canonical_json
from loop.store.database.engine import Database
from loop.store.database.schema import campaign
from loop.store.errors import StoreError

Clock = Callable[[], float]


class StorePart:
    """Base of the store's parts.

    Args:
        database: where the rows are.
        clock: gives unix seconds.
        nonces: gives a fresh one at every call.
    """

    def __init__(self, database: Database, clock: Clock, nonces: Callable[[], str]) -> None:
        self._database = database
        self._clock = clock
        self._nonces = nonces

    @cached_property
    def properties(self) -> Mapping[str, Property]:
        """The properties that the campaign knows, its own among them."""
        with self._read() as connection:
            written = connection.execute(sa.select(campaign.c.config)).scalar_one()
        return declared_properties(decode(written).get("science", {}))

    def driver(self) -> str | None:
        """Which process drives the campaign; None where none does."""
        return self._database.driver()

    def _read(self) -> AbstractContextManager[sa.Connection]:
        return self._database.read()

    def _write(self) -> AbstractContextManager[sa.Connection]:
        return self._database.write()


def encode(value: Any, what: str) -> str:
    """Canonical JSON.

    Raises:
        StoreError: if the value has no JSON form, saying what it was for.
    """
    try:
        return canonical_json(value)
    except (TypeError, ValueError) as error:
        raise StoreError(f"{what} cannot be written as JSON ({error}); give plain, finite values") from error


def decode(text: str) -> Any:
    """Reads what `encode` wrote."""
    return json.loads(text)
