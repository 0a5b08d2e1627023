"""Thousands of validations outside any campaign: grouped by elements, spread over processes, written as they come."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from itertools import groupby
from pathlib import Path
from typing import Any, TextIO

from alloys.composition import Composition
from alloys.design import Design
from alloys.errors import InputError, WorkError
from alloys.records import Measured, Verdict
from alloys.tables import read_rows
from validation.base import Validator
from validation.registry import make_validator

CHUNK = 20
"""Alloys of one set of elements that a process takes at once."""
NAMED = 8
"""How many mistakes one message names."""


def read_formulas(path: Path) -> list[str]:
    """The column ``formula`` of a CSV file, in its order.

    Raises:
        InputError: where the file cannot be read, has no such column or no row.
    """
    columns, rows = read_rows(path)
    if "formula" not in columns:
        raise InputError(f"{path} needs a column 'formula', got {columns or 'an empty file'}")
    formulas = [(row["formula"] or "").strip() for row in rows]
    if not formulas:
        raise InputError(f"{path} has no row below its header")
    return formulas


def read_compositions(path: Path, validator: Validator) -> dict[str, Composition]:
    """The distinct compositions of a CSV file by formula, each of which the validator can be asked.

    Raises:
        InputError: naming the first lines that are no composition, or whose elements the validator lacks.
    """
    found: dict[Composition, str] = {}
    refused: dict[tuple[str, ...], str | None] = {}
    mistakes = []
    for number, formula in enumerate(read_formulas(path), start=2):
        try:
            composition = Composition.parse(formula)
        except InputError as error:
            mistakes.append(f"row {number}: {error}")
            continue
        if composition.elements not in refused:
            refused[composition.elements] = _refusal(validator, composition.elements)
        reason = refused[composition.elements]
        if reason is not None:
            mistakes.append(f"row {number}, {formula}: {reason}")
        found.setdefault(composition, formula)
    if mistakes:
        rest = f"; and {len(mistakes) - NAMED} more" if len(mistakes) > NAMED else ""
        raise InputError(f"{path}: {'; '.join(mistakes[:NAMED])}{rest}")
    return {formula: composition for composition, formula in found.items()}


def _refusal(validator: Validator, elements: Sequence[str]) -> str | None:
    try:
        validator.check(elements)
    except InputError as error:
        return str(error)
    return None


def verdict_document(formula: str, verdict: Verdict, *, details: bool = False) -> dict[str, Any]:
    """What `validate` prints of one alloy."""
    measured = verdict if isinstance(verdict, Measured) else None
    document = {
        "formula": formula,
        "status": "failed" if measured is None else "measured",
        "properties": {} if measured is None else {n: q.to_json() for n, q in measured.properties.items()},
        "message": verdict.message if not isinstance(verdict, Measured) else "",
        "seconds": round(verdict.seconds, 4),
    }
    if details and measured is not None:
        document["details"] = dict(measured.details)
    return document


_LINE = b'{"formula": '
"""How every line of an output begins."""


class AnswerFile:
    """A file of JSON lines that is gone on with.

    Args:
        path: the file; made where it is not there.
        fingerprint: the validator's; lines of another are not mixed with its own.

    Raises:
        InputError: where the file is not one of these, or another validator wrote it.
    """

    def __init__(self, path: Path, fingerprint: str) -> None:
        self._fingerprint = fingerprint
        self._path = path
        content = path.read_bytes() if path.exists() else b""
        whole = content[: content.rfind(b"\n") + 1]
        if not _LINE.startswith(content[len(whole) :][: len(_LINE)]):
            raise InputError(f"{path} ends in something else than lines of `validate --out`; name another file")
        lines = whole.decode("utf-8", errors="replace").splitlines()
        self.done = {self._checked(number, line) for number, line in enumerate(lines, start=1)}
        path.parent.mkdir(parents=True, exist_ok=True)
        self._stream: TextIO = path.open("a", encoding="utf-8")
        self._stream.truncate(len(whole))  # half a line, of a process that was killed

    def _checked(self, number: int, line: str) -> str:
        try:
            document = json.loads(line)
            written, canonical = document["validator"], document["composition"]
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{self._path}, line {number}: not a line of `validate --out`; name another file"
            ) from error
        if written != self._fingerprint:
            raise InputError(
                f"{self._path}, line {number}: answered by another validator, database or setting; name another file"
            )
        return str(canonical)

    def write(self, composition: Composition, document: Mapping[str, Any]) -> None:
        """Appends one line, which is in the file when this returns."""
        line = {**document, "composition": composition.canonical(), "validator": self._fingerprint}
        self._stream.write(json.dumps(line, allow_nan=False) + "\n")
        self._stream.flush()

    def close(self) -> None:
        """Closes the file."""
        os.fsync(self._stream.fileno())
        self._stream.close()


def chunks(compositions: Mapping[str, Composition]) -> list[list[tuple[str, Composition]]]:
    """The compositions in parts of one set of elements each, so that a process compiles each set once."""
    ordered = sorted(compositions.items(), key=lambda item: (item[1].elements, item[1].canonical()))
    parts = []
    for _, group in groupby(ordered, key=lambda item: item[1].elements):
        members = list(group)
        parts += [members[start : start + CHUNK] for start in range(0, len(members), CHUNK)]
    return parts


def answers(
    validator: Validator, compositions: Mapping[str, Composition], jobs: int
) -> Iterator[tuple[str, Composition, Verdict]]:
    """Verdicts as they come, each with its formula and composition.

    Args:
        validator: who is asked; other processes make the same one from its portable settings.
        compositions: by formula.
        jobs: how many processes; with 1 all happens here.

    Raises:
        WorkError: where a process died.
    """
    parts = chunks(compositions)
    if jobs == 1 or len(parts) < 2:
        for part in parts:
            yield from ((formula, alloy, validator.validate(Design(alloy))) for formula, alloy in part)
        return
    # Forked processes would share the parent's threads and locks.
    context = multiprocessing.get_context("spawn")
    start = (validator.name, validator.portable_settings)
    with ProcessPoolExecutor(min(jobs, len(parts)), mp_context=context, initializer=_start, initargs=start) as pool:
        try:
            waiting = {pool.submit(_ask, [alloy for _, alloy in part]): part for part in parts}
            for future in as_completed(waiting):
                part = waiting.pop(future)
                yield from ((*item, verdict) for item, verdict in zip(part, future.result(), strict=True))
        except BrokenProcessPool as error:
            raise WorkError("a process that validated was killed, perhaps for memory; try fewer --jobs") from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


_mine: Validator | None = None
"""The validator of this process, where it is one of a pool."""


def _start(name: str, settings: dict[str, Any]) -> None:
    global _mine
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    _mine = make_validator(name, settings)


def _ask(alloys: Sequence[Composition]) -> list[Verdict]:
    if _mine is None:
        raise RuntimeError("the pool did not start this process with a validator")
    return [_mine.validate(Design(alloy)) for alloy in alloys]


def run_batch(
    validator: Validator,
    compositions: Mapping[str, Composition],
    jobs: int,
    write: Callable[[Composition, dict[str, Any]], None],
) -> Counter[str]:
    """Asks about every composition and writes each answer as it comes.

    Args:
        validator: who is asked.
        compositions: by formula.
        jobs: how many processes.
        write: takes a composition and its document with details.

    Returns:
        How many were measured, and how many failed by the first word of the message, its class.
    """
    counts: Counter[str] = Counter()
    for formula, composition, verdict in answers(validator, compositions, jobs):
        write(composition, verdict_document(formula, verdict, details=True))
        measured = isinstance(verdict, Measured)
        counts["measured" if measured else f"failed: {verdict.message.split(':')[0]}"] += 1  # type: ignore[union-attr]
    return counts
