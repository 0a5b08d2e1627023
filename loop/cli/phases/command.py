"""``alloyloop phases``: which phases an alloy has at each temperature, how it freezes, and maps between two alloys."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from alloys.errors import InputError, WorkError
from loop.cli.console import Json, err, out, print_json
from loop.cli.phases.asked import Asked, Basis, By, kelvin_of


def phases(
    formula: Annotated[str, typer.Argument(metavar="FORMULA", help="for example Ni80Al20")],
    tdb: Annotated[Path | None, typer.Option(help="a thermodynamic database; the project's own by default")] = None,
    section: Annotated[
        str | None, typer.Option(metavar="FORMULA", help="a map of the phases between the alloy and this one")
    ] = None,
    scheil: Annotated[bool, typer.Option("--scheil", help="how the alloy freezes")] = False,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="T", help="the lowest temperature, as '500 degC' or '773 K'")
    ] = None,
    to: Annotated[str | None, typer.Option(metavar="T", help="the highest temperature")] = None,
    basis: Annotated[Basis, typer.Option(help="what the numbers in formulas are: atoms, or weights")] = Basis.AT,
    by: Annotated[By, typer.Option(help="fractions of phases by moles of atoms, or by weight")] = By.MOLE,
    exclude: Annotated[
        list[str] | None, typer.Option(metavar="PHASE", help="a phase to leave out; may be repeated")
    ] = None,
    picture: Annotated[Path | None, typer.Option("--out", metavar="FILE", help=".png, .svg or .pdf")] = None,
    json_: Json = False,
) -> None:
    """Which phases an alloy has at each temperature, how it freezes, and maps between two alloys.

    For example: alloyloop phases HfNbTaTiZr --out phases.png
    """
    _refuse_mixtures(section, picture, scheil=scheil, json_=json_)
    formulas = (formula,) if section is None else (formula, section)
    low, high = (None if text is None else kelvin_of(text) for text in (from_, to))
    asked = Asked(formulas, basis, by, tdb, low, high, celsius=not _in_kelvin(from_, to))
    from validation.calphad.diagrams.opening import Opened  # late: with pycalphad
    from validation.calphad.errors import CalphadError

    work = _freezing if scheil else _fractions if section is None else _section
    with _notes():
        opened = Opened(tdb, exclude or ())
        opened.check(sorted({name for composition in asked.compositions for name in composition.elements}))
        try:
            document, table = work(opened, asked, picture)
        except CalphadError as error:
            raise WorkError(f"{formula}: {error}") from error
    if picture is not None:
        err().print(f"drawn to {picture}", markup=False, soft_wrap=True)
    if json_:
        print_json(document)
    elif picture is None:
        out().print(table)


def _refuse_mixtures(section: str | None, picture: Path | None, *, scheil: bool, json_: bool) -> None:
    if section is not None and scheil:
        raise InputError("--section and --scheil are two pictures; ask for one at a time")
    if section is not None and picture is None and not json_:
        raise InputError("a section is a map: say its file by --out map.png, or ask for the data by --json")
    if picture is not None:
        from loop.review.phases.style import check_picture  # late: with matplotlib

        check_picture(picture)


def _in_kelvin(*texts: str | None) -> bool:
    return any(text is not None and text.strip().endswith("K") for text in texts)


def _fractions(opened: Any, asked: Asked, picture: Path | None) -> tuple[Any, Any]:
    from loop.cli.phases.told import fractions_document, fractions_table
    from validation.calphad.diagrams.fractions import POINTS, phase_fractions

    alloy = opened.engine.alloy(asked.compositions[0].fractions())
    low, high = opened.range_of([alloy], asked.low, asked.high)
    with _bar("equilibria", POINTS - 1) as advance:
        found = phase_fractions(alloy, low, high, by_weight=asked.by is By.WEIGHT, advance=advance)
    if picture is not None:
        from loop.review.phases.curves import draw_fractions

        draw_fractions(found, asked.title, asked.unit, asked.degrees, picture)
    return fractions_document(found, asked), fractions_table(found, asked)


def _freezing(opened: Any, asked: Asked, picture: Path | None) -> tuple[Any, Any]:
    from loop.cli.phases.told import freezing_document, freezing_table
    from validation.calphad.diagrams.fractions import FREEZING_POINTS, freezing

    alloy = opened.engine.alloy(asked.compositions[0].fractions())
    with _bar("equilibria", FREEZING_POINTS) as advance:
        found = freezing(alloy, opened.engine.liquids, advance=advance)
    if picture is not None:
        from loop.review.phases.curves import draw_freezing

        draw_freezing(found, asked.title, asked.degrees, picture)
    return freezing_document(found, asked), freezing_table(found, asked)


def _section(opened: Any, asked: Asked, picture: Path | None) -> tuple[Any, None]:
    from loop.cli.phases.told import section_document
    from validation.calphad.diagrams.section import CELLS, section

    ends = [opened.engine.alloy(composition.fractions()) for composition in asked.compositions]
    low, high = opened.range_of(ends, asked.low, asked.high)
    with _bar("columns", CELLS) as advance:
        found = section(lambda amount: opened.engine.alloy(asked.between(amount)), low, high, advance=advance)
    if picture is not None:
        from loop.review.phases.map import draw_section

        draw_section(found, asked.title, asked.horizontal, asked.degrees, picture)
    return section_document(found, asked), None


@contextmanager
def _notes() -> Iterator[None]:
    """What the libraries warn of meanwhile, once each on standard error, without their lines of code."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("default", UserWarning)
        yield
    for text in dict.fromkeys(str(warning.message) for warning in told):
        err().print(f"note: {text}", markup=False, soft_wrap=True)


@contextmanager
def _bar(what: str, total: int) -> Iterator[Callable[[], None]]:
    """A bar on standard error that goes when the work is done."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TextColumn("left"))
    with Progress(*columns, TimeRemainingColumn(), console=err(), transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda: progress.advance(task)
