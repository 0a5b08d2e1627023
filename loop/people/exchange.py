"""Jobs out to people as a CSV file, and their answers back in: checked whole before anything is stored."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Self

from alloys.composition import Composition
from alloys.design import Design, variable_text
from alloys.errors import InputError
from alloys.files import write_atomic
from alloys.points.csv_cells import escape
from alloys.properties import Property
from alloys.records import Failed, FailureKind, Measured, Observation
from loop.config.assembly import build_problem
from loop.config.batches import laboratory_of
from loop.people.answers import TOLERANCE, Line, read_answers
from loop.people.doubts import doubts
from loop.store import CampaignStore, Imported, Job, Result
from loop.store.files import usual_mode
from loop.view import config_of, several_tiers
from validation.tier import Tier

# Out --------------------------------------------------------------------------------------------------------


def export_jobs(store: CampaignStore, out: Path, state: str | None, laboratory: str | None = None) -> int:
    """Writes jobs as a CSV file for people to fill in; how many there were.

    Columns: key, nonce, formula, the elements' atomic fractions, the variables of the designs where they have some,
    ``NAME [UNIT]`` and ``NAME_std [UNIT]`` for each property that is wanted, ``failure``, and the bounds of what can
    be true. Answers that are there are filled in.
    Where several laboratories share a batch, ``laboratory`` says who makes each design.
    Of several validators only people's jobs are written; ``validator`` says whose each is, and the bounds are of what
    that one is asked.

    Args:
        store: the campaign's database.
        out: the file.
        state: of the jobs; None for all.
        laboratory: whose jobs; those of all if None.

    Raises:
        InputError: if the file cannot be written, there is no such state or laboratory, or people answer nothing.
    """
    sheet = _Sheet.of(store)
    if laboratory is not None and laboratory not in sheet.laboratories:
        there = ", ".join(sheet.laboratories) or "none"
        raise InputError(f"no laboratory of the campaign is called {laboratory!r}; there are {there}")
    jobs = [job for job in store.jobs(state) if sheet.asks(job) and laboratory in (None, sheet.laboratory(job))]
    if out.exists() and not out.is_file():
        raise InputError(f"cannot write {out}: it is there and is no plain file")
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(escape, sheet.header()))
    writer.writerows(map(escape, sheet.cells(job)) for job in jobs)
    try:
        write_atomic(out.resolve(), text.getvalue().encode(), mode=usual_mode(out))
    except OSError as error:
        raise InputError(f"cannot write {out}: {error.strerror or error}") from error
    return len(jobs)


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What a file for people has: elements, variables, and what is wanted; of several validators, which."""

    elements: tuple[str, ...]
    variables: tuple[str, ...]
    wanted: tuple[str, ...]
    tiers: tuple[Tier, ...]
    properties: Mapping[str, Property]
    laboratories: Mapping[str, int]

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
        variables = problem.space.variables.names
        return cls(problem.elements, variables, wanted, tiers, problem.properties, config.laboratories)

    def asks(self, job: Job) -> bool:
        """Whether the job is for such a file: of several validators, whether people answer it."""
        return not self.tiers or self.tiers[job.tier or 0].by_hand

    def laboratory(self, job: Job) -> str:
        """Who is to make the job's design; empty where there are no laboratories, or it asks a later validator."""
        return laboratory_of(self.laboratories, job.rank) if job.rank is not None and not job.tier else ""

    def header(self) -> list[str]:
        heads = [head for name in self.wanted for head in _heads_of(self.properties[name])]
        who = [*(["validator"] if self.tiers else []), *(["laboratory"] if self.laboratories else [])]
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
        bounds = "; ".join(_bounds_of(self.properties[name]) for name in (asked.properties if asked else self.wanted))
        who = [*([asked.label] if asked else []), *([self.laboratory(job)] if self.laboratories else [])]
        return [job.key, job.nonce, *who, design.formula, *fractions, *values, failure, bounds]


def _heads_of(row: Property) -> tuple[str, str]:
    return f"{row.name} [{row.unit}]", f"{row.name}_std [{row.unit}]"


@lru_cache
def _bounds_of(row: Property) -> str:
    return f"{row.low:g} <= {row.name} <= {row.high:g} {row.unit}"


# In ---------------------------------------------------------------------------------------------------------


def import_results(
    store: CampaignStore, path: Path, *, source: str, accept: Callable[[list[str]], None] = lambda lines: None
) -> tuple[Imported, int]:
    """Takes a file of people's answers, as `export_jobs` wrote it: all of it in one transaction, or nothing.

    Rows without any answer are passed over. A property's column may name a unit that is known for it. A file has at
    most 500 MB: it is held in memory.

    Args:
        store: the campaign's database.
        path: the file.
        source: who measured.
        accept: shown what is far from the prediction; raises where that is not to be taken.

    Returns:
        what became of the rows, and how many were not filled in.

    Raises:
        InputError: naming the lines that are wrong; nothing is stored then.
    """
    problem = build_problem(config_of(store))
    answers = read_answers(path, problem.space.variables.names, problem.properties)
    lines, tiers = {line.result.line: line for line in answers.lines}, several_tiers(store)

    def check(row: Result, job: Job) -> str | None:
        return _other_validator(lines[row.line], job, tiers) or _other_design(lines[row.line], job)

    rows = [line.result for line in answers.lines]
    if not answers.problems and not tiers:
        asked = {job.key: job.request.design for job in store.jobs()}
        told = [(asked[row.key], row) for row in rows if row.key in asked and row.values]
        accept(doubts(store, [Observation(design, row.values, source) for design, row in told]))
    wanted = problem.validated
    try:
        counts = store.import_results(
            rows, source=source, wanted=wanted, tiers=tiers, check=check, problems=answers.problems
        )
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    return counts, answers.empty


def _other_validator(line: Line, job: Job, tiers: Sequence[Tier]) -> str | None:
    """What is wrong where the row names another validator than the job's."""
    if not tiers or line.validator in ("", tiers[job.tier or 0].label):
        return None
    return f"the job asks {tiers[job.tier or 0].label!r}, and the row is of {line.validator[:80]!r}"


def _other_design(line: Line, job: Job) -> str | None:
    """What is wrong where the row's formula, fractions or variables are not the job's."""
    asked = job.request.design
    amounts, given = asked.composition.fractions(), list(line.fractions.items())
    if line.formula and line.formula != asked.formula:
        try:
            parsed = Composition.parse(line.formula).fractions()
        except InputError as error:
            return str(error)
        given += [(symbol, parsed.get(symbol, 0.0)) for symbol in {*parsed, *amounts}]
    other = any(abs(amounts.get(symbol, 0.0) - fraction) > TOLERANCE for symbol, fraction in given)
    if other or Design.of(asked.composition, {**asked.values, **line.variables}) != asked:
        return f"the job asks for {asked}, and the row is of another alloy; bring that one with Campaign.observe"
    return None
