"""What the tracker is to show: metrics and artifacts with fixed timestamps, so that it can be rebuilt at any time."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import PurePosixPath

import sqlalchemy as sa

from loop.store.base import StorePart
from loop.store.database.schema import artifacts, metrics
from loop.store.errors import StoreError
from loop.store.records import Artifact, Metric


class OutboxMethods(StorePart):
    """The part of the store that the tracker reads."""

    def log_metrics(self, values: Mapping[str, float], *, iteration: int | None = None, step: int = 0) -> int:
        """Records numbers of an iteration, or of the campaign; how many were new.

        A name and step that is there already keeps its first value and time, so that a replay changes nothing.

        Raises:
            StoreError: if there is no such iteration.
        """
        now = self._clock()
        added = 0
        with self._write() as connection:
            _check_iteration(connection, iteration)
            for name, value in values.items():
                place = (metrics.c.iteration.is_not_distinct_from(iteration), metrics.c.name == name)
                query = sa.select(metrics.c.id).where(*place, metrics.c.step == step)
                if connection.execute(query).first() is None:
                    row = {"iteration": iteration, "name": name, "step": step, "value": float(value), "at": now}
                    connection.execute(sa.insert(metrics).values(row))
                    added += 1
        return added

    def metrics(self, after: int = 0) -> list[Metric]:
        """Recorded numbers in order, those with an id above ``after``."""
        query = sa.select(metrics).where(metrics.c.id > after).order_by(metrics.c.id)
        with self._read() as connection:
            rows = connection.execute(query).all()
        return [
            Metric(row.id, row.iteration, row.name, row.step, math.nan if row.value is None else row.value, row.at)
            for row in rows
        ]

    def record_artifact(self, name: str, sha256: str, path: str, *, iteration: int | None = None) -> None:
        """Records a file that is already in the campaign's folder; a name given again names the newer file.

        Args:
            name: what it is, unique within its iteration.
            sha256: digest of the content, 64 hexadecimal digits.
            path: where it is, relative to the campaign's folder.
            iteration: whose it is; None for the campaign's.

        Raises:
            StoreError: for a digest or path that is none, or an iteration that is not there.
        """
        if not re.fullmatch(r"[0-9a-f]{64}", sha256):
            raise StoreError(f"an artifact's sha256 is 64 hexadecimal digits, got {sha256!r}")
        parts = PurePosixPath(path)
        if parts.is_absolute() or ".." in parts.parts or not parts.parts:
            raise StoreError(f"an artifact's path is relative to the campaign's folder and inside it, got {path!r}")
        content = {"sha256": sha256, "path": path}
        with self._write() as connection:
            _check_iteration(connection, iteration)
            place = (artifacts.c.iteration.is_not_distinct_from(iteration), artifacts.c.name == name)
            found = connection.execute(sa.select(artifacts).where(*place)).first()
            if found is None:
                row = {"iteration": iteration, "name": name, "at": self._clock(), **content}
                connection.execute(sa.insert(artifacts).values(row))
            elif (found.sha256, found.path) != (sha256, path):
                row = {"at": self._clock(), **content}
                connection.execute(sa.update(artifacts).where(artifacts.c.id == found.id).values(row))

    def artifacts(self, iteration: int | None = None) -> list[Artifact]:
        """Recorded files in order, of one iteration or of all."""
        query = sa.select(artifacts).order_by(artifacts.c.id)
        if iteration is not None:
            query = query.where(artifacts.c.iteration == iteration)
        with self._read() as connection:
            rows = connection.execute(query).all()
        return [Artifact(r.id, r.iteration, r.name, r.sha256, r.path, r.at) for r in rows]


def _check_iteration(connection: sa.Connection, iteration: int | None) -> None:
    if iteration is None:
        return
    found = connection.execute(sa.text('SELECT 1 FROM iterations WHERE "index" = :i'), {"i": iteration}).first()
    if found is None:
        raise StoreError(f"there is no iteration {iteration}; begin it first")
