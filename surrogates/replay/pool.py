"""A pool: a table of inputs whose answers are all known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alloys.errors import InputError
from alloys.space import Floats
from alloys.tables import read_rows
from surrogates.replay.inputs import InputColumns, choose_columns, compositions, describe_pool

FEWEST = 10
"""Distinct rows below which there is nothing to search in."""

LARGEST = 10_000
"""Rows above which a replay would take more memory than a small machine has."""

TOP = 0.05
"""The share of a pool that is looked for."""


@dataclass(frozen=True, slots=True)
class ReplayPool:
    """Distinct inputs and their answers; ``N`` of them, in an order that does not depend on the table's.

    Attributes:
        source: where they come from, for people.
        target: the column of answers.
        minimize: whether small answers are sought.
        names: names of the inputs.
        inputs: as given (numeric columns, atomic fractions), constant ones left out, shape ``(N, d)``.
        descriptors: what physics adds to them, shape ``(N, k)``; ``k`` may be zero.
        values: answers, turned so that larger is better, shape ``(N,)``.
        notes: what was left out, merged or ignored, in words.
    """

    source: str
    target: str
    minimize: bool
    names: tuple[str, ...]
    inputs: Floats
    descriptors: Floats
    values: Floats
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        source: str,
        target: str,
        names: Sequence[str],
        inputs: Floats,
        answers: Floats,
        *,
        descriptors: Floats | None = None,
        minimize: bool = False,
        notes: Sequence[str] = (),
    ) -> ReplayPool:
        """Merges equal inputs (the mean of their answers), drops constant columns and checks the rest.

        Args:
            source: as the attribute.
            target: as the attribute.
            names: one for each column of ``inputs``.
            inputs: finite, shape ``(n, d)``; equal rows are allowed.
            answers: finite, shape ``(n,)``.
            descriptors: functions of the inputs, shape ``(n, k)``.
            minimize: as the attribute.
            notes: what happened before.

        Raises:
            InputError: for too few distinct rows, constant inputs or answers that do not differ.
        """
        distinct, first, owner, count = np.unique(
            inputs, axis=0, return_index=True, return_inverse=True, return_counts=True
        )
        if len(distinct) < FEWEST:
            raise InputError(
                f"{source}: {len(distinct)} distinct row(s) with an answer in {target!r}; at least {FEWEST} are needed"
            )
        told = list(notes)
        if len(distinct) < len(inputs):
            told.append(f"{len(inputs) - len(distinct)} repeats of an input merged; the mean of their answers counts")
        values = np.bincount(owner.ravel(), weights=answers) / count
        if not np.ptp(values) > 1e-12 * np.abs(values).max():
            raise InputError(f"{source}: {target!r} is {values[0]:g} in every row; there is nothing to look for")
        kept = _varying(distinct)
        if not kept.any():
            raise InputError(f"{source}: every input is constant; name others with --features")
        if not kept.all():
            told.append("constant, left out: " + ", ".join(np.array(names)[~kept]))
        extra = np.zeros((len(distinct), 0)) if descriptors is None else descriptors[first]
        return cls(
            source, target, minimize, tuple(np.array(names)[kept].tolist()), distinct[:, kept],
            extra[:, _varying(extra)], -values if minimize else values, tuple(told),
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.values)

    @property
    def best(self) -> NDArray[np.bool_]:
        """Which rows are the top 5 %, rounded up; with ties for the last place, all of those."""
        place = math.ceil(TOP * len(self))
        return np.asarray(self.values >= np.sort(self.values)[-place])

    def scaled(self, *, described: bool) -> Floats:
        """Inputs, and descriptors if asked for, each with mean 0 and standard deviation 1 over the pool."""
        columns = np.hstack([self.inputs, self.descriptors]) if described else self.inputs
        return np.asarray((columns - columns.mean(axis=0)) / columns.std(axis=0))


def read_pool(
    path: Path,
    target: str,
    *,
    features: Sequence[str] = (),
    minimize: bool = False,
    sample: int | None = None,
    seed: int = 0,
) -> ReplayPool:
    """Reads a pool from a CSV file.

    Args:
        path: the file, with a header.
        target: the column of answers; rows without a number there are left out.
        features: the columns to learn from: numbers, and at most one of formulas. Where empty, the column of
            formulas if there is one, else every other column of numbers.
        minimize: whether small answers are sought.
        sample: so many rows, drawn at random, are kept of a larger table.
        seed: of that draw.

    Raises:
        InputError: if the file cannot be read or no pool comes of it, with the reason.
    """
    columns, records = read_rows(path, "the pool")
    if target not in columns:
        raise InputError(f"{path}: has no column {target!r}; there are {', '.join(map(repr, columns))}")
    notes: list[str] = []
    if sample is not None and sample < len(records):
        kept = np.sort(np.random.default_rng(seed).choice(len(records), sample, replace=False))
        notes.append(f"{sample} of {len(records)} rows drawn at random")
        records = [records[i] for i in kept]
    if len(records) > LARGEST:
        raise InputError(
            f"{path}: has {len(records)} rows; at most {LARGEST} can be replayed. "
            f"Draw some with --sample {LARGEST // 10}"
        )
    found = choose_columns(str(path), columns, records, target, features, notes)
    if not records:
        raise InputError(f"{path}: has no rows")
    answers = np.array([number(record.get(target)) for record in records])
    return _assemble(str(path), target, found, records, answers, minimize, notes)


def _assemble(
    source: str,
    target: str,
    columns: InputColumns,
    records: Sequence[dict[str, str]],
    answers: Floats,
    minimize: bool,
    notes: list[str],
) -> ReplayPool:
    numeric = np.array([[number(r.get(name)) for name in columns.numeric] for r in records]).reshape(len(records), -1)
    parsed = compositions(records, columns, notes)
    answered, complete = np.isfinite(answers), np.isfinite(numeric).all(axis=1)
    readable = np.array([composition is not None for composition in parsed]) if columns.composed else complete
    for ok, why in ((answered, f"no number in {target!r}"), (complete, "an input without a number")):
        if not ok.all():
            notes.append(f"{int((~ok).sum())} of {len(ok)} rows left out: {why}")
    keep = np.flatnonzero(answered & complete & readable)
    if len(keep) == 0:
        raise InputError(f"{source}: no row is left; " + ("; ".join(notes) or "the table is empty"))
    symbols, fractions, descriptors = describe_pool([parsed[i] for i in keep], notes)
    return ReplayPool.of(
        source, target, [*symbols, *columns.numeric], np.hstack([fractions, numeric[keep]]), answers[keep],
        descriptors=descriptors, minimize=minimize, notes=notes,
    )  # fmt: skip


def number(cell: str | None) -> float:
    """A finite number, or NaN for anything else."""
    try:
        value = float(cell or "")
    except (TypeError, ValueError):
        return math.nan
    return value if math.isfinite(value) else math.nan


def _varying(columns: Floats) -> NDArray[np.bool_]:
    return np.asarray(columns.std(axis=0) > 1e-9 * np.maximum(np.abs(columns).max(axis=0, initial=0.0), 1e-12))
