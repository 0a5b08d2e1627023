"""Thousands of validations outside any campaign: grouped by elements, spread over processes, written as they come."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import cache, partial
from itertools import groupby
from pathlib import Path
from typing import Any, TextIO

from alloys.design import Design, Value, read_variable
from alloys.errors import InputError, WorkError
from alloys.intake.tables import read_rows
from alloys.records import Measured, Verdict
from alloys.space.variables import Variables
from loop.execute.tasks import told_by
from validation.base import Validator
from validation.registry import make_validator

CHUNK = 20
"""Alloys of one set of elements that a process takes at once."""
NAMED = 8
"""How many mistakes one message names."""


def read_designs(
    path: Path, validator: Validator, variables: Variables, beside: Mapping[str, Value]
) -> dict[Design, str]:
    """The distinct designs of a CSV file with their formulas, each of which the validator can be asked.

    Args:
        path: a file with a column ``formula``, and one for each variable that some of its designs have.
        validator: who will be asked.
        variables: which columns are variables.
        beside: variables that all designs have.

    Raises:
        InputError: where the file cannot be read, has no such column or no row; or naming the first lines that are no
            design, or whose elements the validator lacks.
    """
    table = read_rows(path)
    if "formula" not in table.columns:
        raise InputError(f"{path} needs a column 'formula', got {', '.join(table.columns) or 'an empty file'}")
    if not table.rows:
        raise InputError(f"{path} has no row below its header")
    named = [name for name in variables.names if name in table.columns]
    found: dict[Design, str] = {}
    refused: dict[tuple[str, ...], str | None] = {}
    mistakes = []
    for number, row in table.numbered():
        formula = row["formula"].strip()
        told = {name: read_variable(cell) for name in named if (cell := row[name].strip())}
        try:
            design = Design.parse(formula, {**beside, **told})
            refuse_variables(design, variables)
        except InputError as error:
            mistakes.append(f"line {number}: {error}")
            continue
        elements = design.composition.elements
        if elements not in refused:
            refused[elements] = _refusal(validator, elements)
        reason = refused[elements]
        if reason is not None:
            mistakes.append(f"line {number}, {formula}: {reason}")
        found.setdefault(design, formula)
    if mistakes:
        rest = f"; and {len(mistakes) - NAMED} more" if len(mistakes) > NAMED else ""
        raise InputError(f"{path}: {'; '.join(mistakes[:NAMED])}{rest}")
    return found


def refuse_variables(design: Design, variables: Variables) -> None:
    """Refuses what the variables of a campaign's space cannot be; without any, all may be asked.

    Raises:
        InputError: naming each mistake.
    """
    mistakes = variables.mistakes_of(design.values) if len(variables) else []
    if mistakes:
        raise InputError(f"{design}: {'; '.join(mistakes)}")


def _refusal(validator: Validator, elements: Sequence[str]) -> str | None:
    try:
        validator.check(elements)
    except InputError as error:
        return str(error)
    return None


def verdict_document(formula: str, design: Design, verdict: Verdict, *, details: bool = False) -> dict[str, Any]:
    """What `validate` prints of one design, whose formula stays as it was given."""
    measured = verdict if isinstance(verdict, Measured) else None
    document = {
        **design.named(),
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

    def write(self, design: Design, document: Mapping[str, Any]) -> None:
        """Appends one line, which is in the file when this returns."""
        line = {**document, "composition": design.canonical(), "validator": self._fingerprint}
        self._stream.write(json.dumps(line, allow_nan=False) + "\n")
        self._stream.flush()

    def close(self) -> None:
        """Closes the file."""
        os.fsync(self._stream.fileno())
        self._stream.close()


def chunks(designs: Iterable[Design]) -> list[list[Design]]:
    """The designs in parts of one set of elements each, so that a process compiles each set once."""
    ordered = sorted(designs, key=lambda design: (design.composition.elements, design.canonical()))
    parts = []
    for _, group in groupby(ordered, key=lambda design: design.composition.elements):
        members = list(group)
        parts += [members[start : start + CHUNK] for start in range(0, len(members), CHUNK)]
    return parts


def answers(validator: Validator, designs: Iterable[Design], jobs: int) -> Iterator[tuple[Design, Verdict]]:
    """Verdicts as they come, each with its design.

    Args:
        validator: who is asked; other processes make the same one from its portable settings.
        designs: what about.
        jobs: how many processes; with 1 all happens here.

    Raises:
        WorkError: where a process died.
    """
    parts = chunks(designs)
    if jobs == 1 or len(parts) < 2:
        for part in parts:
            yield from ((design, told_by(partial(validator.validate, design))) for design in part)
        return
    # Forked processes would share the parent's threads and locks.
    context = multiprocessing.get_context("spawn")
    start = (validator.name, validator.portable_settings)
    with ProcessPoolExecutor(min(jobs, len(parts)), mp_context=context, initializer=_start, initargs=start) as pool:
        try:
            waiting = {pool.submit(_ask, part): part for part in parts}
            for future in as_completed(waiting):
                part = waiting.pop(future)
                yield from zip(part, future.result(), strict=True)
        except BrokenProcessPool as error:
            raise WorkError("a process that validated was killed, perhaps for memory; try fewer --jobs") from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


_start_of_mine: tuple[str, dict[str, Any]] | None = None
"""Name and settings of the validator of this process, where it is one of a pool."""


def _start(name: str, settings: dict[str, Any]) -> None:
    global _start_of_mine
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    _start_of_mine = name, settings


@cache
def _mine() -> Validator:
    """Made when it is first asked: what breaks here before would be taken for the death of the process."""
    if _start_of_mine is None:
        raise RuntimeError("the pool did not start this process with a validator")
    return make_validator(*_start_of_mine)


def _ask(designs: Sequence[Design]) -> list[Verdict]:
    mine = _mine()
    return [told_by(partial(mine.validate, design)) for design in designs]


def run_batch(
    validator: Validator, designs: Mapping[Design, str], jobs: int, write: Callable[[Design, dict[str, Any]], None]
) -> Counter[str]:
    """Asks about every design and writes each answer as it comes.

    Args:
        validator: who is asked.
        designs: with their formulas.
        jobs: how many processes.
        write: takes a design and its document with details.

    Returns:
        How many were measured, and how many failed by the first word of the message, its class.
    """
    counts: Counter[str] = Counter()
    for design, verdict in answers(validator, designs, jobs):
        write(design, verdict_document(designs[design], design, verdict, details=True))
        measured = isinstance(verdict, Measured)
        counts["measured" if measured else f"failed: {verdict.message.split(':')[0]}"] += 1  # type: ignore[union-attr]
    return counts
