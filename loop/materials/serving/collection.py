"""The entries of a snapshot as a collection of the server of `optimade`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from optimade.models import StructureResource
from optimade.server.config import ServerConfig
from optimade.server.entry_collections import EntryCollection
from optimade.server.mappers import StructureMapper

from loop.materials.serving.filters import FilterTransformer
from loop.materials.serving.masks import Truth
from loop.materials.serving.snapshot import ServedTable


class MaterialsCollection(EntryCollection):  # type: ignore[misc]
    """Answers questions about structures from a snapshot; nothing can be inserted.

    Args:
        snapshot: of the table.
        config: of the server.
    """

    def __init__(self, snapshot: ServedTable, config: ServerConfig) -> None:
        mapper = StructureMapper(config)
        super().__init__(StructureResource, mapper, FilterTransformer(mapper, snapshot.column), config)
        self._snapshot = snapshot

    def __len__(self) -> int:
        return len(self._snapshot)

    def insert(self, data: Any) -> None:
        """Refuses: points join the table by `alloyloop materials add`."""
        raise NotImplementedError("The materials table is served read-only.")

    def count(self, **_: Any) -> int:
        """How many materials there are."""
        return len(self._snapshot)

    def _run_db_query(
        self, criteria: dict[str, Any], single_entry: bool = False
    ) -> tuple[list[dict[str, Any]], int | None, bool]:
        if "page_above" in criteria:
            raise NotImplementedError("Pages are told by page_offset or page_number.")
        rows = self._rows(criteria)
        skip, limit = criteria.get("skip", 0), criteria["limit"]
        page = [self._entry(int(row)) for row in rows[skip : skip + limit]]
        return page, len(rows), not single_entry and skip + len(page) < len(rows)

    def _rows(self, criteria: dict[str, Any]) -> NDArray[np.int64]:
        """The rows that match, in the order that is asked for."""
        truth = criteria["filter"]
        rows = np.flatnonzero(truth.true) if isinstance(truth, Truth) else np.arange(len(self._snapshot))
        for name, direction in reversed(criteria.get("sort", [])):
            column = self._snapshot.column(name)
            known = column.there[rows]
            there, unknown = rows[known], rows[~known]
            order = np.argsort(column.order()[there], kind="stable")
            if direction < 0:
                order = len(there) - 1 - np.argsort(column.order()[there][::-1], kind="stable")[::-1]
            rows = np.concatenate([there[order], unknown])
        return rows

    def _entry(self, row: int) -> dict[str, Any]:
        """An entry with every property that one may have; None where it is unknown."""
        return {**dict.fromkeys(self.all_fields - {"links"}), **self._snapshot.entry(row)}
