"""``alloyloop validate``: asks a validator about a few alloys, or about thousands from a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from alloys.composition import parse_formulas
from alloys.design import Design, Value, design_text
from alloys.errors import InputError
from alloys.space.variables import Variables
from loop.cli.console import Chosen, Json, chosen_variables, err, out, print_json
from loop.config.assembly import build_problem
from loop.config.measured_strength import with_measurements
from loop.config.reading import load_config
from loop.config.tiers import PEOPLE
from loop.execute.bulk_validation import AnswerFile, read_designs, refuse_variables, run_batch, verdict_document
from loop.execute.tasks import told_by
from loop.measurements import rounded
from loop.review.figures.words import spread
from validation.base import Validator
from validation.registry import make_validator

EXAMPLE = "for example Nb45Ta25Ti15Hf15"


def validate(
    formulas: Annotated[list[str] | None, typer.Argument(metavar="[FORMULA...]", help=EXAMPLE)] = None,
    with_: Annotated[str, typer.Option("--with", help="the validator")] = "calphad",
    tdb: Annotated[Path | None, typer.Option(help="a thermodynamic database of your own")] = None,
    temperature: Annotated[
        list[int] | None,
        typer.Option(metavar="°C", help="calphad: phases here too; strength: strengths here; may be repeated"),
    ] = None,
    points: Annotated[
        Path | None, typer.Option(metavar="FILE", help="strength: the published table, or exported points")
    ] = None,
    table: Annotated[str | None, typer.Option(metavar="TABLE", help="strength: a materials table")] = None,
    scheil: Annotated[bool, typer.Option("--scheil", help="calphad: the freezing range after Scheil too")] = False,
    config: Annotated[Path | None, typer.Option(help="a campaign's YAML file: its validator answers")] = None,
    csv_: Annotated[
        Path | None, typer.Option("--formulas", metavar="CSV", help="a file with a column 'formula', with --out")
    ] = None,
    jsonl: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="a line of JSON for each alloy; goes on with the file")
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, max=256, help="processes for --formulas")] = 1,
    variable: Chosen = None,
    details: Annotated[bool, typer.Option("--details", help="phases, gaps and notes too, with --json")] = False,
    json_: Json = False,
) -> None:
    """Asks a validator about alloys, outside any campaign.

    For example: alloyloop validate HfNbTaTiZr --with calphad
    """
    paths = {name: None if path is None else str(path) for name, path in (("tdb", tdb), ("points", points))}
    told = {"temperatures": temperature, "scheil": scheil, "table": table, **paths}
    settings = {name: value for name, value in told.items() if value}
    _refuse_mixtures(formulas, csv_, jsonl)
    validator, variables = _chosen(with_, settings, config)
    chosen = chosen_variables(variable)
    if csv_ is not None and jsonl is not None:
        _batch(validator, read_designs(csv_, validator, variables, chosen), jsonl, jobs)
        return
    designs = _designs(formulas or [], chosen)
    for formula, design in designs:
        refuse_variables(design, variables)
        try:
            validator.check(design.composition.elements)
        except InputError as error:
            raise InputError(f"{formula}: {error}") from error
    answer(designs, validator, json_=json_, details=details)


def properties(
    formulas: Annotated[list[str], typer.Argument(metavar="FORMULA...", help=EXAMPLE)],
    variable: Chosen = None,
    json_: Json = False,
) -> None:
    """Closed forms of alloys: density, VEC, moduli and others, by the reference models.

    For example: alloyloop properties NbMoTaW HfNbTaTiZr
    """
    answer(_designs(formulas, chosen_variables(variable)), make_validator("reference", {}), json_=json_)


def _designs(formulas: Sequence[str], chosen: Mapping[str, Value]) -> list[tuple[str, Design]]:
    """The designs that a person named, with their formulas as they were given."""
    return [(f, Design.of(c, chosen)) for f, c in zip(formulas, parse_formulas(formulas), strict=True)]


def _refuse_mixtures(formulas: list[str] | None, csv_: Path | None, jsonl: Path | None) -> None:
    if bool(formulas) == (csv_ is not None):
        raise InputError("give formulas, or a file of them with --formulas; one of the two")
    if (csv_ is None) != (jsonl is None):
        raise InputError("--formulas and --out go together: one line is written as soon as an alloy is answered")


def _chosen(name: str, settings: dict[str, Any], config: Path | None) -> tuple[Validator, Variables]:
    """The validator, and the variables of the campaign's space where it is a campaign's."""
    if config is None:
        return make_validator(name, with_measurements(name, settings)), Variables()

    if settings:
        given = ", ".join("--temperature" if key == "temperatures" else f"--{key}" for key in settings)
        raise InputError(f"{given} and --config both say how to validate; give one of them")
    named = load_config(config)
    if named.validators:
        labels = ", ".join(tier.label or tier.name for tier in named.validators)
        raise InputError(f"{config} has several validators ({labels}); ask one with --with and its settings")
    if named.validator.name in PEOPLE:
        raise InputError(f"{config} names no validator that could be asked: a person brings its answers")
    problem = build_problem(named)
    asked = with_measurements(named.validator.name, named.validator.settings)
    return make_validator(named.validator.name, asked, None, problem.properties), problem.space.variables


def answer(designs: Sequence[tuple[str, Design]], validator: Any, *, json_: bool, details: bool = False) -> None:
    """Prints a validator's verdicts on a few alloys; status 1 if it failed for one.

    Args:
        designs: the alloys, with their formulas as they were given.
        validator: who is asked.
        json_: whether to print one document in place of tables.
        details: whether the document holds the verdicts' details.
    """
    whole = details or not json_
    documents = [
        verdict_document(formula, design, told_by(partial(validator.validate, design)), details=whole)
        for formula, design in designs
    ]
    if json_:
        print_json(documents)
    else:
        for document in documents:
            _print_verdict(document)
    if any(document["status"] == "failed" for document in documents):
        raise typer.Exit(1)


def _print_verdict(document: dict[str, Any]) -> None:
    if document["status"] == "failed":
        err().print(f"{design_text(document)}: failed: {document['message']}", markup=False, soft_wrap=True)
        return
    properties = document["properties"]
    scattered = any("std" in entry for entry in properties.values())
    heads = ("property", "value", *(("±",) if scattered else ()), "unit")
    shown = Table(*heads, title=design_text(document), title_justify="left")
    for name, entry in properties.items():
        value, _, std = spread(entry["value"], entry["std"]).partition(" ± ") if "std" in entry else ("", "", "")
        cells = {"property": name, "value": value or f"{entry['value']:.5g}", "unit": entry["unit"], "±": std}
        shown.add_row(*(cells[head] for head in heads))
    out().print(shown)
    for line in _calibration_lines(document["details"]):
        out().print(line, markup=False, soft_wrap=True)


def _calibration_lines(details: Mapping[str, Any]) -> Iterator[str]:
    """What `strength` says of its intervals, and of measurements that cannot be right and widen them all."""
    for row in details.get("intervals", ()):
        near = row["nearest"]
        yield (
            f"{row['celsius']} °C: {row['share']:.0%} of tests are expected within {rounded(row['low'], 3)} to "
            f"{rounded(row['high'], 3)} MPa; the nearest was {rounded(near['measured'], 4)} MPa at "
            f"{near['celsius']:g} °C, {rounded(near['percent_away'], 3)} at.% away"
        )
    for row in details.get("implausible", ()):
        yield (
            f"in doubt: {rounded(row['measured'], 4)} MPa of {row['formula']} at {row['celsius']:g} °C "
            f"({row['source']}) is no usual strength, and widens every interval; `alloyloop materials check` and "
            "`data check` say more"
        )


def _batch(validator: Validator, designs: Mapping[Design, str], jsonl: Path, jobs: int) -> None:
    output = AnswerFile(jsonl, validator.fingerprint)
    try:
        waiting = {design: formula for design, formula in designs.items() if design.canonical() not in output.done}
        console = err()
        known = len(designs) - len(waiting)
        console.print(f"{len(waiting)} compositions to validate, {known} are in {jsonl} already", markup=False)
        counts: Counter[str] = run_batch(validator, waiting, jobs, output.write)
    finally:
        output.close()
    for what, count in sorted(counts.items(), key=lambda item: -item[1]):
        console.print(f"{count} {what}", markup=False, soft_wrap=True)
    if any(what != "measured" for what in counts):
        raise typer.Exit(1)
