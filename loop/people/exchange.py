"""Jobs out to people as a CSV file, and their answers back in: checked whole before anything is stored."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, Self

from alloys.composition import Composition
from alloys.design import Design, read_variable, variable_text
from alloys.errors import InputError
from alloys.files import open_atomic, open_plain
from alloys.properties import PROPERTIES
from alloys.records import Failed, FailureKind, Measured
from loop.config.assembly import build_problem
from loop.people.answers import Line, Problems, columns_of, read_lines
from loop.people.csv_cells import escape, unescape
from loop.store import CampaignStore, Imported, Job, Result
from loop.store.files import usual_mode
from loop.store.imports import BATCH, JobHead, listing, refusal
from loop.view import config_of, several_tiers
from validation.tier import Tier

MOST_BYTES = 10**10
"""The largest file that is imported; it is read line by line."""
# How far a fraction in a file may be from the job's: what a formula's three decimals of at.% and a spreadsheet leave.
_TOLERANCE = 1e-4


# Out --------------------------------------------------------------------------------------------------------


def export_jobs(store: CampaignStore, out: Path, state: str | None) -> int:
    """Writes jobs as a CSV file for people to fill in; how many there were.

    Columns: key, nonce, formula, the elements' atomic fractions, the variables of the designs where they have some,
    ``NAME [UNIT]`` and ``NAME_std [UNIT]`` for each property that is wanted, ``failure``, and the bounds of what can
    be true. Answers that are there are filled in.
    Of several validators only people's jobs are written; ``validator`` says whose each is, and the bounds are of what
    that one is asked.

    Args:
        store: the campaign's database.
        out: the file.
        state: of the jobs; None for all.

    Raises:
        InputError: if the file cannot be written, there is no such state, or people answer nothing.
    """
    sheet = _Sheet.of(store)
    count = 0
    jobs = (job for job in store.each_job(state) if sheet.asks(job))
    first = next(jobs, None)
    if out.exists() and not out.is_file():
        raise InputError(f"cannot write {out}: it is there and is no plain file")
    try:
        with open_atomic(out.resolve(), mode=usual_mode(out)) as stream:
            text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(map(escape, sheet.header()))
            job = first
            while job is not None:
                writer.writerow(map(escape, sheet.cells(job)))
                count += 1
                job = next(jobs, None)
            text.detach()
    except OSError as error:
        raise InputError(f"cannot write {out}: {error.strerror or error}") from error
    return count


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What a file for people has: elements, variables, and what is wanted; of several validators, which."""

    elements: tuple[str, ...]
    variables: tuple[str, ...]
    wanted: tuple[str, ...]
    tiers: tuple[Tier, ...]

    @classmethod
    def of(cls, store: CampaignStore) -> Self:
        config, tiers = config_of(store), several_tiers(store)
        problem = build_problem(config)
        wanted = problem.validated
        if tiers:
            wanted = tuple(dict.fromkeys(name for tier in tiers if tier.by_hand for name in tier.properties))
            if not wanted:
                told = ", ".join(tier.label for tier in tiers)
                raise InputError(f"programs answer every job of this campaign ({told}); a file would be for people's")
        return cls(problem.elements, store.variables(), wanted, tiers)

    def asks(self, job: Job) -> bool:
        """Whether the job is for such a file: of several validators, whether people answer it."""
        return not self.tiers or self.tiers[job.tier or 0].by_hand

    def header(self) -> list[str]:
        heads = [head for name in self.wanted for head in _heads_of(name)]
        who = ["validator"] if self.tiers else []
        return ["key", "nonce", *who, "formula", *self.elements, *self.variables, *heads, "failure", "bounds"]

    def cells(self, job: Job) -> list[str]:
        asked = self.tiers[job.tier or 0] if self.tiers else None
        design, verdict = job.request.design, job.verdict
        amounts, chosen = design.composition.fractions(), design.values
        measured = verdict.properties if isinstance(verdict, Measured) else {}
        values = []
        for name in self.wanted:
            quantity = measured.get(name)
            values.append("" if quantity is None else repr(quantity.value))
            values.append("" if quantity is None or quantity.std is None else repr(quantity.std))
        failed = isinstance(verdict, Failed) and verdict.kind is FailureKind.PHYSICS
        failure = verdict.message if failed and isinstance(verdict, Failed) else ""
        fractions = [f"{amounts.get(symbol, 0.0):.10g}" for symbol in self.elements]
        fractions += [variable_text(chosen[name]) if name in chosen else "" for name in self.variables]
        bounds = "; ".join(_bounds_of(name) for name in (asked.properties if asked else self.wanted))
        who = [asked.label] if asked else []
        return [job.key, job.nonce, *who, design.formula, *fractions, *values, failure, bounds]


def _heads_of(name: str) -> tuple[str, str]:
    unit = PROPERTIES[name].unit
    return f"{name} [{unit}]", f"{name}_std [{unit}]"


@lru_cache
def _bounds_of(name: str) -> str:
    row = PROPERTIES[name]
    return f"{row.low:g} <= {name} <= {row.high:g} {row.unit}"


# In ---------------------------------------------------------------------------------------------------------


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
    wanted, tiers = build_problem(config_of(store)).validated, several_tiers(store)
    with tempfile.TemporaryFile("w+", encoding="utf-8") as spool:
        empty = _check(store, tiers, path, spool)
        spool.seek(0)
        try:
            counts = store.import_results(_spooled(spool), source=source, wanted=wanted, tiers=tiers)
        except InputError as error:
            raise InputError(f"{path}: {error}") from error
    return counts, empty


def _check(store: CampaignStore, tiers: Sequence[Tier], path: Path, spool: IO[str]) -> int:
    """Reads the whole file, writes its answers to the spool, and returns how many rows have none.

    Raises:
        InputError: naming everything that is wrong.
    """
    problems = Problems()
    empty = 0
    try:
        with open_plain(path, "", MOST_BYTES) as content:
            reader = csv.reader(io.TextIOWrapper(content, encoding="utf-8-sig", newline=""))
            columns = columns_of([unescape(cell) for cell in next(reader, [])], store.variables())
            batch: list[Line] = []
            for line in read_lines(reader, columns, problems):
                if line is None:
                    empty += 1
                    continue
                batch.append(line)
                if len(batch) == BATCH:
                    _check_batch(store, tiers, batch, problems, spool)
                    batch = []
            _check_batch(store, tiers, batch, problems, spool)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"cannot read {path}: {error}") from error
    if problems.kept:
        raise InputError(f"{path}: {listing(problems.kept, problems.more)}")
    return empty


def _check_batch(
    store: CampaignStore, tiers: Sequence[Tier], batch: Sequence[Line], problems: Problems, spool: IO[str]
) -> None:
    """Holds rows against their jobs, and spools them."""
    heads = store.heads({line.result.key for line in batch})
    for line in batch:
        head = heads.get(line.result.key)
        problem = refusal(line.result, head, tiers)
        if problem is None and head is not None:
            problem = _other_validator(line, head, tiers) or _other_alloy(line, head)
        if problem is not None:
            problems.add(line.result.line, problem)
        elif not problems.kept:
            row = line.result
            fields = (row.line, row.key, row.nonce, row.values, row.stds, row.failure)
            spool.write(json.dumps(fields) + "\n")


def _other_validator(line: Line, head: JobHead, tiers: Sequence[Tier]) -> str | None:
    """What is wrong where the row names another validator than the job's."""
    if not tiers or line.validator in ("", tiers[head.tier].label):
        return None
    return f"the job asks {tiers[head.tier].label!r}, and the row is of {line.validator[:80]!r}"


def _other_alloy(line: Line, head: JobHead) -> str | None:
    """What is wrong where the row's formula, fractions or variables are not the job's."""
    amounts = _amounts(head.composition.partition(";")[0])
    given = list(line.fractions)
    if line.formula and line.formula != _formula(amounts):
        try:
            parsed = Composition.parse(line.formula).fractions()
        except InputError as error:
            return str(error)
        given += [(symbol, parsed.get(symbol, 0.0)) for symbol in {*parsed, *amounts}]
    asked = Design.from_canonical(head.composition)
    variables = asked.values
    other = any(abs(amounts.get(symbol, 0.0) - fraction) > _TOLERANCE for symbol, fraction in given)
    if other or any(variables.get(name) != read_variable(text) for name, text in line.variables):
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
