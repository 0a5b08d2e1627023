"""What the parts of the store share: the database, the clock, and JSON that is checked before it is written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from alloys.design import Design
from alloys.physics.declaring import declared_properties
from alloys.properties import Property
from alloys.records import canonical_json
from alloys.space import spec_of
from loop.store.database.engine import Database
from loop.store.database.schema import campaign
from loop.store.errors import StoreError

Clock = Callable[[], float]
_SHOWN = "alloyloop_shown"
"""The option of a connection that says how designs are written."""


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
        return declared_properties(self._science)

    def design(self, text: str) -> Design:
        """The design of a canonical text, written as the campaign's space has it."""
        return self._shown(Design.from_canonical(text))

    def driver(self) -> str | None:
        """Which process drives the campaign; None where none does."""
        return self._database.driver()

    def _read(self) -> AbstractContextManager[sa.Connection]:
        return self._showing(self._database.read)

    def _write(self) -> AbstractContextManager[sa.Connection]:
        return self._showing(self._database.write)

    @contextmanager
    def _showing(self, begin: Callable[[], AbstractContextManager[sa.Connection]]) -> Iterator[sa.Connection]:
        """A transaction that knows how designs are written, which is read before it begins."""
        shown = self._shown
        with begin() as connection:
            yield connection.execution_options(**{_SHOWN: shown})

    @cached_property
    def _science(self) -> Mapping[str, Any]:
        """What the campaign's configuration says of its science; it never changes."""
        with self._database.read() as connection:
            written = connection.execute(sa.select(campaign.c.config)).scalar_one()
        found: Mapping[str, Any] = decode(written).get("science", {})
        return found

    @cached_property
    def _shown(self) -> Callable[[Design], Design]:
        """How designs of the campaign's space are written."""
        space = self._science.get("space")
        return spec_of(space).shown if space else lambda design: design


def design_in(connection: sa.Connection, text: str) -> Design:
    """The design of a canonical text, written as the campaign's space has it."""
    shown: Callable[[Design], Design] = connection.get_execution_options()[_SHOWN]
    return shown(Design.from_canonical(text))


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
