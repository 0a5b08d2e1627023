"""What a surrogate is fitted on: checked, and in an order of its own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from alloys.errors import InputError
from alloys.physics.base import Physics
from alloys.properties import PROPERTIES
from alloys.space import Bools, Floats
from surrogates.model.failures import Failures
from surrogates.model.output import Output


@dataclass(frozen=True, slots=True)
class Training:
    """Alloys and what validation said of them; made by `checked`.

    Attributes:
        fractions: atomic fractions, shape ``(n, d)``.
        table: by property, shape ``(n,)``; NaN where unknown.
        failed: which validations failed for good, shape ``(n,)``.
    """

    fractions: Floats
    table: Mapping[str, Floats]
    failed: Bools

    @classmethod
    def checked(
        cls,
        physics: Physics,
        elements: tuple[str, ...],
        fractions: Floats,
        values: Mapping[str, Floats],
        failed: Bools | None = None,
    ) -> Training:
        """The rows in an order by their content, so that the order they come in does not change a bit of a fit.

        Args:
            physics: what is known before any data.
            elements: the palette, in the order of the columns.
            fractions: atomic fractions, shape ``(n, len(elements))``.
            values: by property, shape ``(n,)`` each; NaN where unknown.
            failed: shape ``(n,)``; if None, the rows of which nothing is known.

        Raises:
            InputError: as `surrogates.model.surrogate.Surrogate.fit` does.
        """
        fractions = numbers("fractions", fractions)
        table = {name: numbers(name, column) for name, column in values.items()}
        check_fractions(elements, fractions)
        if not table:
            raise InputError("a surrogate needs at least one property to model")
        for name, column in table.items():
            _check_column(physics, name, column, len(fractions))
        lost = _failed(table, failed, len(fractions))
        keys = np.column_stack([fractions, *(table[name] for name in sorted(table)), lost])
        order = np.lexsort(keys.T[::-1])
        return cls(fractions[order], {name: column[order] for name, column in table.items()}, lost[order])

    @property
    def seen(self) -> Bools:
        """Of which rows something is known, shape ``(n,)``."""
        return np.asarray(np.any([np.isfinite(column) for column in self.table.values()], axis=0))


def digest_of_fit(
    elements: tuple[str, ...],
    levels: Sequence[Training],
    outputs: Mapping[str, Output],
    failures: Failures | None,
) -> str:
    """sha256 of the training data of each level, and of everything that was learned."""
    content = hashlib.sha256(json.dumps([elements, *(sorted(level.table) for level in levels)]).encode())
    left = dict(outputs)
    for level in reversed(levels):
        content.update(np.ascontiguousarray(level.fractions).tobytes())
        for name in sorted(level.table):
            content.update(np.ascontiguousarray(level.table[name]).tobytes())
            content.update(json.dumps(left.pop(name).hyperparameters() if name in left else []).encode())
    if failures is not None:
        content.update(json.dumps(failures.hyperparameters()).encode())
    return content.hexdigest()


def numbers(name: str, values: object) -> Floats:
    """An array of numbers.

    Raises:
        InputError: for anything else.
    """
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must be numbers, NaN where unknown: {error}") from error


def check_fractions(elements: tuple[str, ...], fractions: Floats) -> None:
    """Refuses what is no table of compositions.

    Raises:
        InputError: for a wrong shape, numbers that are negative or not finite, rows that do not sum to 1.
    """
    if fractions.ndim != 2 or fractions.shape[1] != len(elements):
        raise InputError(f"fractions of shape (n, {len(elements)}) are needed, got {fractions.shape}")
    if not np.isfinite(fractions).all() or (np.abs(fractions.sum(axis=1) - 1) > 1e-6).any():
        raise InputError("atomic fractions must be finite and every row must sum to 1")
    if (fractions < 0).any():
        raise InputError(f"atomic fractions must not be negative, got {fractions.min():g}")


def _failed(table: Mapping[str, Floats], failed: Bools | None, count: int) -> Bools:
    unknown = np.all([np.isnan(column) for column in table.values()], axis=0)
    if failed is None:
        return np.asarray(unknown)
    failed = np.asarray(failed)
    if failed.shape != (count,) or failed.dtype != np.bool_:
        raise InputError(f"failed must be {count} truth values, got {failed.dtype} of shape {failed.shape}")
    if (failed & ~unknown).any():
        row = int(np.flatnonzero(failed & ~unknown)[0])
        raise InputError(f"row {row} is said to have failed, but has values; a failed validation has none")
    return failed


def _check_column(physics: Physics, name: str, column: Floats, count: int) -> None:
    if name not in PROPERTIES or name in physics.closed_forms:
        known = [known for known in PROPERTIES if known not in physics.closed_forms]
        raise InputError(f"{name!r} is not a property to model; those that need validation are {', '.join(known)}")
    if column.shape != (count,):
        raise InputError(f"{name} must have shape ({count},), got {column.shape}")
    if np.isinf(column).any():
        raise InputError(f"{name} has infinite values; write NaN where it is unknown")
    row = PROPERTIES[name]
    slack = 1e-9 * (row.high - row.low)
    wrong = column[(column < row.low - slack) | (column > row.high + slack)]
    if len(wrong):
        raise InputError(
            f"{name} lies between {row.low:g} and {row.high:g} {row.unit}, but got {wrong[0]:g}; "
            "write NaN where it is unknown"
        )
