"""``alloyloop tdb``: a thermodynamic database looked at, and refitted with energies of mixing."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from statistics import fmean
from typing import Annotated

import typer

from alloys.composition import SYMBOLS
from alloys.errors import InputError
from loop.cli.console import Json, err, out, print_json

app = typer.Typer(help="Thermodynamic databases.", no_args_is_help=True, add_completion=False)

ENERGY = "mixing_energy"
J_PER_KJ = 1000.0
MOST_DRAWN = 8
"""Elements of an alloy whose phases are drawn; more take very long."""


class Liquid(StrEnum):
    """How the liquid changes when bcc is refitted."""

    FOLLOW = "follow"
    KEEP = "keep"


@app.callback()
def tdb() -> None:
    """Thermodynamic databases."""


@app.command()
def fit(
    pair: Annotated[str, typer.Argument(help="two elements, such as Nb-Ta")],
    file: Annotated[Path, typer.Argument(help="CSV file with columns formula and mixing_energy, kJ/mol of atoms")],
    written: Annotated[Path, typer.Option("--out", help="TDB file to write")],
    tdb: Annotated[Path | None, typer.Option(help="database to refit; the project's own by default")] = None,
    liquid: Annotated[
        Liquid, typer.Option(help="follow: the liquid moves along, melting stays; keep: melting moves")
    ] = Liquid.FOLLOW,
    json_: Json = False,
) -> None:
    """Refits the bcc phase of two elements with computed energies of mixing, by ESPEI.

    For example: alloyloop tdb fit Nb-Ta energies.csv --out refitted.tdb
    """
    from validation.calphad.errors import DatabaseError
    from validation.calphad.fitting.refit import refit
    from validation.calphad.own.database import build_database  # late: with pycalphad
    from validation.calphad.reading.tdbfile import load_database

    symbols = _pair(pair)
    energies = _energies(file, symbols)
    try:
        text = build_database() if tdb is None else load_database(tdb)
        done = refit(text, symbols, energies, liquid=liquid.value)
    except DatabaseError as error:
        raise InputError(f"the database cannot be refitted: {error}") from error
    written.write_text(done.text, encoding="utf-8")
    if json_:
        answer = {"pair": list(done.pair), "before": list(done.before), "after": list(done.after)}
        print_json(
            {
                **answer,
                "unit": "J/mol",
                "points": len(energies),
                "residual": done.residual,
                "predicted": done.predicted,
                "file": str(written),
            }
        )
        return
    console = err()
    console.print(f"{'-'.join(done.pair)} in bcc, J/mol by order, without entropy:", markup=False)
    console.print(f"  before {_terms(done.before)}", markup=False)
    console.print(f"  after  {_terms(done.after)}", markup=False)
    others = "they are too few to predict one from the others"
    if done.predicted is not None:
        others = f"{done.predicted:.0f} J/mol where the others predict each"
    told = f"  {len(energies)} energies, {len(done.after)} terms: root mean square {done.residual:.0f} J/mol, {others}"
    console.print(f"{told}; written to {written}", markup=False)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="the database, a TDB file")],
    elements: Annotated[
        str | None, typer.Option(metavar="A,B,...", help="the palette; all elements of the file by default")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="phases of the equimolar alloy; .png, .svg or .pdf")
    ] = None,
    json_: Json = False,
) -> None:
    """Says what a database holds, what it is good for, and what looks wrong.

    For example: alloyloop tdb check my.tdb --elements Al,Co,Cr,Ni
    """
    from loop.review.database import page
    from validation.calphad.checking.report import report  # late: with pycalphad
    from validation.calphad.errors import DatabaseError

    try:
        found = report(file, _symbols(elements))
    except DatabaseError as error:
        raise InputError(f"the thermodynamic database cannot be used: {error}") from error
    if json_:
        print_json({"file": str(file), **found.document()})
    else:
        for part in page(found, file.name):
            out().print(part)
    if picture is not None:
        _draw(file, found.palette, picture)


def _symbols(text: str | None) -> list[str]:
    symbols = [word.strip().capitalize() for word in (text or "").split(",") if word.strip()]
    strange = sorted(set(symbols) - SYMBOLS)
    if strange:
        raise InputError(f"--elements takes symbols with commas, such as Al,Mg,Si; got {', '.join(strange)}")
    return symbols


def _draw(file: Path, palette: tuple[str, ...], picture: Path) -> None:
    """The fractions of phases of the equimolar alloy against temperature."""
    from loop.cli.phases.command import phases

    if len(palette) > MOST_DRAWN:
        raise InputError(
            f"a picture is of at most {MOST_DRAWN} elements, and {file} has {len(palette)}; say --elements"
        )
    phases("".join(palette), tdb=file, picture=picture)


def _terms(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:.0f}" for value in values) or "none"


def _pair(text: str) -> tuple[str, str]:
    parts = sorted(part.strip().upper() for part in text.split("-"))
    if len(parts) != 2 or parts[0] == parts[1] or not all(part.isalpha() for part in parts):
        raise InputError(f"a pair is two elements with a hyphen, such as Nb-Ta; got {text!r}")
    return parts[0], parts[1]


def _energies(file: Path, pair: tuple[str, str]) -> dict[float, float]:
    """Fraction of the second element to the mean energy of mixing there in J/mol.

    Raises:
        InputError: for a row with other elements, or without an energy in it.
    """
    from alloys.dataset import read_measurements

    found: dict[float, list[float]] = {}
    for row in read_measurements(file):
        if row.failure is not None:
            continue
        other = sorted({symbol.upper() for symbol in row.design.composition.elements} - set(pair))
        if other:
            raise InputError(f"{file}, line {row.line}: only {' and '.join(pair)} may be there, got {', '.join(other)}")
        if ENERGY not in row.values:
            raise InputError(f"{file}, line {row.line}: no {ENERGY}; give it in kJ/mol of atoms")
        fraction = row.design.composition.fractions().get(pair[1].capitalize(), 0.0)
        found.setdefault(fraction, []).append(J_PER_KJ * row.values[ENERGY])
    return {fraction: fmean(values) for fraction, values in sorted(found.items())}
