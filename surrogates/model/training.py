"""What a surrogate is fitted on: checked, and in an order of its own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alloys.errors import InputError
from alloys.physics.base import Physics
from alloys.space import Bools, Floats
from alloys.space.variables import Variables
from surrogates.model.failures import Failures
from surrogates.model.features import NO_VARIABLES, Described
from surrogates.model.output import Output


@dataclass(frozen=True, slots=True)
class Training:
    """Alloys and what validation said of them; made by `checked`.

    Attributes:
        described: the alloys; those with foreign elements whose descriptors are not known are left out.
        table: by property, shape ``(n,)``; NaN where unknown.
        failed: which validations failed for good, shape ``(n,)``.
        stds: standard deviations by property, shape ``(n,)``; NaN where not given. Only properties that have some.
        asked: the batch that each came with, shape ``(n,)``; None where they did not come in batches.
    """

    described: Described
    table: Mapping[str, Floats]
    failed: Bools
    stds: Mapping[str, Floats]
    asked: NDArray[np.int64] | None = None

    @classmethod
    def checked(
        cls,
        physics: Physics,
        elements: tuple[str, ...],
        inputs: Floats,
        values: Mapping[str, Floats],
        failed: Bools | None = None,
        stds: Mapping[str, Floats] | None = None,
        foreign: tuple[str, ...] = (),
        notes: list[str] | None = None,
        variables: Variables = NO_VARIABLES,
        asked: NDArray[np.int64] | None = None,
        bare: bool = False,
    ) -> Training:
        """The rows in an order by their content, so that the order they come in does not change a bit of a fit.

        Args:
            physics: what is known before any data.
            elements: the palette, in the order of the columns.
            inputs: atomic fractions, then the variables' columns, shape ``(n, len(elements + foreign) + v)``.
            values: by property, shape ``(n,)`` each; NaN where unknown.
            failed: shape ``(n,)``; if None, the rows of which nothing is known.
            stds: standard deviations of values, by property, shape ``(n,)`` each; NaN or 0 where not given.
            foreign: elements of the columns behind the palette's.
            notes: receives a line if rows are left out.
            variables: what may be chosen beside the composition, ``v`` of them.
            asked: the batch of each row, shape ``(n,)``; None where they did not come in batches.
            bare: whether rows stay whose descriptors are not known.

        Raises:
            InputError: as `surrogates.model.surrogate.Surrogate.fit` does.
        """
        inputs = numbers("inputs", inputs)
        table = {name: numbers(name, column) for name, column in values.items()}
        _check_foreign(elements, foreign)
        fractions, chosen = split_inputs(elements + foreign, variables, inputs)
        if not table:
            raise InputError("a surrogate needs at least one property to model")
        for name, column in table.items():
            _check_column(physics, name, column, len(fractions))
        lost, given = _failed(table, failed, len(fractions)), _given(table, stds or {})
        foreign, fractions = _used(elements, foreign, fractions)
        columns = [*(table[name] for name in sorted(table)), lost, *(given[name] for name in sorted(given))]
        keys = [fractions, np.nan_to_num(chosen, nan=-1e300), *columns, *([] if asked is None else [asked])]
        order = np.lexsort(np.column_stack(keys).T[::-1])
        described = Described.of(physics, elements, np.hstack([fractions, chosen])[order], foreign, variables)
        kept = np.arange(len(described)) if bare else describable(described, [] if notes is None else notes)
        order = order[kept]
        table, given = ({name: column[order] for name, column in part.items()} for part in (table, given))
        return cls(described.take(kept), table, lost[order], given, None if asked is None else asked[order])

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
        content.update(json.dumps(level.described.foreign).encode() if level.described.foreign else b"")
        content.update(np.ascontiguousarray(level.described.fractions).tobytes())
        content.update(np.ascontiguousarray(level.described.chosen).tobytes())
        for name in sorted(level.table):
            content.update(np.ascontiguousarray(level.table[name]).tobytes())
            content.update(np.ascontiguousarray(level.stds[name]).tobytes() if name in level.stds else b"")
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


def split_inputs(elements: tuple[str, ...], variables: Variables, inputs: Floats) -> tuple[Floats, Floats]:
    """Atomic fractions, shape ``(n, len(elements))``, and the variables' columns, shape ``(n, len(variables))``.

    Raises:
        InputError: for a wrong shape, fractions that are negative, not finite or do not sum to 1, and variables that
            are infinite.
    """
    count = len(elements)
    if inputs.ndim != 2 or inputs.shape[1] != count + len(variables):
        beside = f" and {len(variables)} variables" if len(variables) else ""
        raise InputError(
            f"inputs of shape (n, {count + len(variables)}) are needed, {count} fractions{beside}; got {inputs.shape}"
        )
    if np.isinf(inputs[:, count:]).any():
        raise InputError("variables must be finite, or NaN where they are not chosen")
    if count:
        _check_fractions(inputs[:, :count])
    return inputs[:, :count], inputs[:, count:]


def _check_fractions(fractions: Floats) -> None:
    if not np.isfinite(fractions).all() or (np.abs(fractions.sum(axis=1) - 1) > 1e-6).any():
        raise InputError("atomic fractions must be finite and every row must sum to 1")
    if (fractions < 0).any():
        raise InputError(f"atomic fractions must not be negative, got {fractions.min():g}")


def _check_foreign(elements: tuple[str, ...], foreign: tuple[str, ...]) -> None:
    names = [*elements, *foreign]
    if twice := sorted({name for name in foreign if names.count(name) > 1}):
        raise InputError(f"foreign elements stand once, and not in the palette, but got {', '.join(twice)}")


def _used(elements: tuple[str, ...], foreign: tuple[str, ...], fractions: Floats) -> tuple[tuple[str, ...], Floats]:
    """The foreign elements that any row has, by name, and the fractions without the columns of the others."""
    if not foreign:
        return foreign, fractions
    kept = sorted((name, len(elements) + i) for i, name in enumerate(foreign) if fractions[:, len(elements) + i].any())
    columns = [*range(len(elements)), *(i for _, i in kept)]
    return tuple(name for name, _ in kept), np.ascontiguousarray(fractions[:, columns])


def describable(described: Described, notes: list[str]) -> NDArray[np.int64]:
    """The rows whose descriptors are known; ``notes`` receives a line if others are left out."""
    known = np.isfinite(described.descriptors).all(axis=1) | (not described.foreign)
    if not known.all():
        present = np.flatnonzero(described.fractions[~known, len(described.elements) :].any(axis=0))
        names = ", ".join(described.foreign[i] for i in present)
        notes.append(f"{(~known).sum()} row(s) with {names} are left out: their descriptors are not known")
    return np.flatnonzero(known)


def _given(table: Mapping[str, Floats], stds: Mapping[str, Floats]) -> dict[str, Floats]:
    """The standard deviations, NaN where not given; of the properties that have any."""
    given = {}
    for name, column in stds.items():
        std = numbers(f"standard deviations of {name}", column)
        if name not in table:
            raise InputError(f"standard deviations of {name!r} are given, but no values of it")
        if std.shape != table[name].shape:
            raise InputError(f"standard deviations of {name} must have shape {table[name].shape}, got {std.shape}")
        if wrong := std[(std < 0) | np.isinf(std)].tolist():
            raise InputError(f"standard deviations of {name} must be finite and not negative, got {wrong[0]:g}")
        std = np.where((std > 0) & np.isfinite(table[name]), std, np.nan)
        if np.isfinite(std).any():
            given[name] = std
    return given


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
    if name not in physics.properties or name not in physics.measured_parts(name):
        known = [known for known in physics.properties if known in physics.measured_parts(known)]
        raise InputError(f"{name!r} is not a property to model; those that need validation are {', '.join(known)}")
    if column.shape != (count,):
        raise InputError(f"{name} must have shape ({count},), got {column.shape}")
    if np.isinf(column).any():
        raise InputError(f"{name} has infinite values; write NaN where it is unknown")
    row = physics.properties[name]
    slack = 1e-9 * (row.high - row.low)
    wrong = column[(column < row.low - slack) | (column > row.high + slack)]
    if len(wrong):
        raise InputError(
            f"{name} lies between {row.low:g} and {row.high:g} {row.unit}, but got {wrong[0]:g}; "
            "write NaN where it is unknown"
        )
