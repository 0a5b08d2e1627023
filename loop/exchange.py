"""Jobs out to people as a CSV file, and their answers back in: checked whole before anything is stored."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from alloys.composition import SYMBOLS, Composition
from alloys.errors import InputError
from alloys.files import open_atomic, open_plain
from alloys.properties import PROPERTIES
from alloys.records import Failed, FailureKind, Measured
from alloys.units import scale_of
from loop.assembly import build_goal
from loop.csv_cells import escape, unescape
from loop.files import usual_mode
from loop.store import CampaignStore, Imported, Job, Result
from loop.store.imports import BATCH, JobHead, Problem, listing, refusal
from loop.view import config_of

_COLUMN = re.compile(r"^\s*([a-z0-9_]+?)(_std)?\s*(?:\[\s*(.+?)\s*\])?\s*$")
_PLAIN = ("key", "nonce", "formula", "failure", "bounds")
MOST_BYTES = 10**10
"""The largest file that is imported; it is read line by line."""
# Problems that are kept to be told; of more the number is enough.
_KEPT_PROBLEMS = 1000
# How far a fraction in a file may be from the job's: what a formula's three decimals of at.% and a spreadsheet leave.
_TOLERANCE = 1e-4


# Out --------------------------------------------------------------------------------------------------------


def export_jobs(store: CampaignStore, out: Path, state: str | None) -> int:
    """Writes jobs as a CSV file for people to fill in; how many there were.

    Columns: key, nonce, formula, the elements' atomic fractions, ``NAME [UNIT]`` and ``NAME_std [UNIT]`` for each
    property that is wanted, ``failure``, and the bounds of what can be true. Answers that are there are filled in.

    Args:
        store: the campaign's database.
        out: the file.
        state: of the jobs; None for all.

    Raises:
        InputError: if the file cannot be written, or there is no such state.
    """
    config = config_of(store)
    wanted = build_goal(config).unknown
    elements = config.space.elements
    heads = [head for name in wanted for head in _heads_of(name)]
    bounds = "; ".join(_bounds_of(name) for name in wanted)
    count = 0
    jobs = store.each_job(state)
    first = next(jobs, None)
    if out.exists() and not out.is_file():
        raise InputError(f"cannot write {out}: it is there and is no plain file")
    try:
        with open_atomic(out.resolve(), mode=usual_mode(out)) as stream:
            text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(map(escape, ["key", "nonce", "formula", *elements, *heads, "failure", "bounds"]))
            job = first
            while job is not None:
                writer.writerow(map(escape, _cells(job, elements, wanted, bounds)))
                count += 1
                job = next(jobs, None)
            text.detach()
    except OSError as error:
        raise InputError(f"cannot write {out}: {error.strerror or error}") from error
    return count


def _heads_of(name: str) -> tuple[str, str]:
    unit = PROPERTIES[name].unit
    return f"{name} [{unit}]", f"{name}_std [{unit}]"


def _bounds_of(name: str) -> str:
    row = PROPERTIES[name]
    return f"{row.low:g} <= {name} <= {row.high:g} {row.unit}"


def _cells(job: Job, elements: Sequence[str], wanted: Sequence[str], bounds: str) -> list[str]:
    composition, verdict = job.request.composition, job.verdict
    amounts = composition.fractions()
    measured = verdict.properties if isinstance(verdict, Measured) else {}
    values = []
    for name in wanted:
        quantity = measured.get(name)
        values.append("" if quantity is None else repr(quantity.value))
        values.append("" if quantity is None or quantity.std is None else repr(quantity.std))
    failed = isinstance(verdict, Failed) and verdict.kind is FailureKind.PHYSICS
    failure = verdict.message if failed and isinstance(verdict, Failed) else ""
    fractions = [f"{amounts.get(symbol, 0.0):.10g}" for symbol in elements]
    return [job.key, job.nonce, str(composition), *fractions, *values, failure, bounds]


# In ---------------------------------------------------------------------------------------------------------


_Values = tuple[tuple[int, str, str, float, float], ...]
"""Place, property, unit, factor and offset of columns of values."""
_Stds = tuple[tuple[int, str, float], ...]
"""Place, property and factor of columns of standard deviations."""


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where things stand in a row."""

    width: int
    key: int
    nonce: int
    formula: int | None
    failure: int | None
    elements: tuple[tuple[int, str], ...]
    values: _Values
    stds: _Stds


@dataclass(frozen=True, slots=True)
class _Line:
    """A row that was read: the answer, and what it says of the alloy."""

    result: Result
    formula: str
    fractions: tuple[tuple[str, float], ...]


@dataclass
class _Problems:
    """What is wrong with a file."""

    kept: list[Problem] = field(default_factory=list)
    more: int = 0

    def add(self, line: int, text: str) -> None:
        if len(self.kept) < _KEPT_PROBLEMS:
            self.kept.append((line, text))
        else:
            self.more += 1


def import_results(store: CampaignStore, path: Path, *, source: str) -> tuple[Imported, int]:
    """Takes a file of people's answers, as `export_jobs` wrote it: all of it in one transaction, or nothing.

    Rows without any answer are passed over. A property's column may name a unit that is known for it.

    Args:
        store: the campaign's database.
        path: the file.
        source: who measured.

    Returns:
        what became of the rows, and how many were not filled in.

    Raises:
        InputError: naming the lines that are wrong; nothing is stored then.
    """
    config = config_of(store)
    if config.validators:
        raise InputError("jobs of several validators are answered by these; bring results with Campaign.observe")
    wanted = build_goal(config).unknown
    with tempfile.TemporaryFile("w+", encoding="utf-8") as spool:
        empty = _check(store, path, spool)
        spool.seek(0)
        try:
            counts = store.import_results(_spooled(spool), source=source, wanted=wanted)
        except InputError as error:
            raise InputError(f"{path}: {error}") from error
    return counts, empty


def _check(store: CampaignStore, path: Path, spool: IO[str]) -> int:
    """Reads the whole file, writes its answers to the spool, and returns how many rows have none.

    Raises:
        InputError: naming everything that is wrong.
    """
    problems = _Problems()
    empty = 0
    try:
        with open_plain(path, "", MOST_BYTES) as content:
            reader = csv.reader(io.TextIOWrapper(content, encoding="utf-8-sig", newline=""))
            columns = _columns([unescape(cell) for cell in next(reader, [])])
            batch: list[_Line] = []
            for line in _lines(reader, columns, problems):
                if line is None:
                    empty += 1
                    continue
                batch.append(line)
                if len(batch) == BATCH:
                    _check_batch(store, batch, problems, spool)
                    batch = []
            _check_batch(store, batch, problems, spool)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"cannot read {path}: {error}") from error
    if problems.kept:
        raise InputError(f"{path}: {listing(problems.kept, problems.more)}")
    return empty


def _columns(header: list[str]) -> _Columns:
    """What the header says.

    Raises:
        InputError: for a missing, doubled or unknown column, or a unit that the property cannot be given in.
    """
    places = {name.strip(): place for place, name in enumerate(header)}
    if len(places) != len(header):
        raise InputError("a column is named twice")
    for name in ("key", "nonce"):
        if name not in places:
            raise InputError(f"needs a column {name!r}; begin with a file of `alloyloop queue export`")
    values, stds = _property_columns(places)
    elements = tuple((place, name) for name, place in places.items() if name in SYMBOLS)
    formula, failure = places.get("formula"), places.get("failure")
    return _Columns(len(header), places["key"], places["nonce"], formula, failure, elements, values, stds)


def _property_columns(places: Mapping[str, int]) -> tuple[_Values, _Stds]:
    """The columns of values and of standard deviations."""
    values: dict[str, tuple[int, str, str, float, float]] = {}
    stds: dict[str, tuple[int, str, float]] = {}
    unknown = []
    for column, place in places.items():
        if column in _PLAIN or column in SYMBOLS:
            continue
        match = _COLUMN.match(column)
        if match is None or match[1] not in PROPERTIES:
            unknown.append(column)
            continue
        name, unit = match[1], match[3] or PROPERTIES[match[1]].unit
        if name in (stds if match[2] else values):
            raise InputError(f"{name} has two columns")
        factor, offset = scale_of(name, unit)
        if match[2]:
            stds[name] = (place, name, factor)
        else:
            values[name] = (place, name, unit, factor, offset)
    if unknown:
        raise InputError(f"unknown columns {', '.join(unknown)}; properties are {', '.join(PROPERTIES)}")
    return tuple(values.values()), tuple(stds.values())


def _lines(reader: Iterator[list[str]], columns: _Columns, problems: _Problems) -> Iterator[_Line | None]:
    """Rows with an answer, None for those without; what is wrong is noted and left out."""
    for number, cells in enumerate(reader, start=2):
        line = getattr(reader, "line_num", number)
        if not any(cells):
            continue
        try:
            yield _line(line, [unescape(cell).strip() for cell in cells], columns)
        except InputError as error:
            problems.add(line, str(error))


def _line(line: int, cells: list[str], columns: _Columns) -> _Line | None:
    if len(cells) != columns.width:
        raise InputError(f"has {len(cells)} cells, and the header {columns.width}")
    if any("\0" in cell for cell in cells):  # PostgreSQL cannot hold it
        raise InputError("holds a NUL character")
    values = {
        name: _value(name, cells[place], unit, factor, offset)
        for place, name, unit, factor, offset in columns.values
        if cells[place]
    }
    stds = {name: _std(name, cells[place], factor) for place, name, factor in columns.stds if cells[place]}
    failure = cells[columns.failure] if columns.failure is not None and cells[columns.failure] else None
    if not values and not stds and failure is None:
        return None
    if set(stds) - set(values):
        raise InputError(f"a standard deviation without its value: {', '.join(sorted(set(stds) - set(values)))}")
    if values and failure is not None:
        raise InputError("values and a failure are given; a failed alloy has no values")
    if values.get("solidus", 0.0) > values.get("liquidus", math.inf):
        raise InputError(f"solidus <= liquidus must hold, but got {values['solidus']:g} and {values['liquidus']:g} K")
    result = Result(line, cells[columns.key], cells[columns.nonce], values, stds, failure)
    formula = cells[columns.formula] if columns.formula is not None else ""
    fractions = tuple((symbol, _number(symbol, cells[place])) for place, symbol in columns.elements if cells[place])
    return _Line(result, formula, fractions)


def _number(name: str, cell: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or "_" in cell:
        raise InputError(f"{name} must be a finite number with a decimal point, got {cell[:40]!r}")
    return value


def _value(name: str, cell: str, unit: str, factor: float, offset: float) -> float:
    row = PROPERTIES[name]
    value = _number(name, cell) * factor + offset
    if not row.low <= value <= row.high:
        given = "" if unit == row.unit else f", which is {value:g} {row.unit}"
        raise InputError(f"{name} must lie in [{row.low:g}, {row.high:g}] {row.unit}, got {cell[:40]} {unit}{given}")
    return value


def _std(name: str, cell: str, factor: float) -> float:
    value, widest = _number(f"{name}_std", cell) * factor, PROPERTIES[name].high - PROPERTIES[name].low
    if not 0 <= value <= widest:
        raise InputError(f"{name}_std must lie in [0, {widest:g}] {PROPERTIES[name].unit}, got {cell[:40]}")
    return value


def _check_batch(store: CampaignStore, batch: Sequence[_Line], problems: _Problems, spool: IO[str]) -> None:
    """Holds rows against their jobs, and spools them."""
    heads = store.heads({line.result.key for line in batch})
    for line in batch:
        head = heads.get(line.result.key)
        problem = refusal(line.result, head) or (_other_alloy(line, head) if head is not None else None)
        if problem is not None:
            problems.add(line.result.line, problem)
        elif not problems.kept:
            row = line.result
            fields = (row.line, row.key, row.nonce, row.values, row.stds, row.failure)
            spool.write(json.dumps(fields) + "\n")


def _other_alloy(line: _Line, head: JobHead) -> str | None:
    """What is wrong where the row's formula or fractions are not the job's."""
    amounts = _amounts(head.composition)
    given = list(line.fractions)
    if line.formula and line.formula != _formula(amounts):
        try:
            parsed = Composition.parse(line.formula).fractions()
        except InputError as error:
            return str(error)
        given += [(symbol, parsed.get(symbol, 0.0)) for symbol in {*parsed, *amounts}]
    if any(abs(amounts.get(symbol, 0.0) - fraction) > _TOLERANCE for symbol, fraction in given):
        asked = Composition.from_canonical(head.composition)
        return f"the job asks for {asked}, and the row is of another alloy; bring that one with Campaign.observe"
    return None


def _amounts(canonical: str) -> dict[str, float]:
    """Fractions of a canonical composition, without the exact arithmetic that a million rows would wait for."""
    pairs = (part.split(":") for part in canonical.split(","))
    ratios = ((symbol, ratio.partition("/")) for symbol, ratio in pairs)
    return {symbol: int(above) / int(below or 1) for symbol, (above, _, below) in ratios}


def _formula(amounts: Mapping[str, float]) -> str:
    """The formula as a composition writes it, but for the last digit perhaps."""
    return "".join(symbol + f"{100 * amount:.3f}".rstrip("0").rstrip(".") for symbol, amount in amounts.items())


def _spooled(spool: IO[str]) -> Iterator[Result]:
    for text in spool:
        yield Result(*json.loads(text))
