"""``alloyloop materials find``: which materials of the table match a question."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alloys.errors import InputError
from alloys.points.point import PointKind
from loop.cli.console import Json, counted, err, out, print_json
from loop.cli.materials.place import USUAL, Place

if TYPE_CHECKING:
    from rich.table import Table

    from loop.materials import PointQuery
    from loop.materials.finding import FoundMaterials

_SYMBOLS = re.compile(r"[A-Z][a-z]?")


def find(
    elements: Annotated[
        str | None, typer.Option(help="of materials whose elements are all among these, such as Nb,Ta,W")
    ] = None,
    property_: Annotated[
        list[str] | None, typer.Option("--property", help="with points of it; may be repeated")
    ] = None,
    kind: Annotated[
        list[PointKind] | None,
        typer.Option(metavar="KIND", help="with points of it: literature, validation, predicted or generated"),
    ] = None,
    source: Annotated[list[str] | None, typer.Option(help="with points of this source; may be repeated")] = None,
    temperature: Annotated[
        str | None, typer.Option(metavar="LOW[:HIGH]", help="with points of tests at such °C, ends included")
    ] = None,
    low: Annotated[float | None, typer.Option("--min", help="with values of at least this; for one --property")] = None,
    high: Annotated[float | None, typer.Option("--max", help="with values of at most this; for one --property")] = None,
    ascending: Annotated[bool, typer.Option("--ascending", help="the smallest first, not the largest")] = False,
    limit: Annotated[int, typer.Option(min=1, help="how many materials to show")] = 20,
    every: Annotated[bool, typer.Option("--all", help="also points that people have set aside")] = False,
    json_: Json = False,
    table: Place = USUAL,
) -> None:
    """Materials that have points for which all of this holds.

    They come by their largest value where one property is named, else by how many of their points match.

    For example: alloyloop materials find --elements Nb,Ta,W --property hardness
    """
    from loop.materials import MaterialsTable  # late, for a light start: with the database's libraries
    from loop.materials.finding import ValueRange, find_materials

    query = query_of(elements, property_, kind, source, temperature, counting=not every)
    with MaterialsTable.open(table) as opened:
        found = find_materials(opened, query, ValueRange(low, high), limit=limit, ascending=ascending)
    if json_:
        print_json(_document(found))
        return
    _print(found)


def _print(found: FoundMaterials) -> None:
    from loop.review.terminal.fitting import fitted  # late, for a light start

    if found.materials:
        out().print(fitted([_shown(found), _shown(found, fold=True)], out()))
    cut = f"; shown are {len(found.first)}, --limit shows more" if found.materials > len(found.first) else ""
    untold = f"; {found.untold} more without a temperature" if found.untold else ""
    told = f"{counted(found.materials, 'material')} with {counted(found.points, 'point')} that match{cut}{untold}"
    err().print(told, markup=False, soft_wrap=True)


def query_of(
    elements: str | None,
    properties: Sequence[str] | None,
    kinds: Sequence[PointKind] | None,
    sources: Sequence[str] | None,
    temperature: str | None,
    *,
    counting: bool,
    until: int | None = None,
) -> PointQuery:
    """The question that options ask."""
    from loop.materials import PointQuery  # late, for a light start: with the database's libraries

    return PointQuery(
        elements=None if elements is None else elements_in(elements),
        properties=tuple(properties) if properties else None,
        kinds=tuple(kinds) if kinds else None,
        sources=tuple(sources) if sources else None,
        test_temperature=None if temperature is None else range_in(temperature),
        until=until,
        counting=counting,
    )


def elements_in(text: str) -> frozenset[str]:
    """The elements in a text such as ``Nb,Ta,W`` or ``NbTaW``; what is none is refused by the query."""
    rest = _SYMBOLS.sub("", text)
    if rest.strip(" ,;-"):
        raise InputError(f"--elements takes symbols such as Nb,Ta,W; got {text!r}")
    return frozenset(_SYMBOLS.findall(text))


def range_in(text: str) -> tuple[float, float]:
    """The ends of ``LOW:HIGH``, or of one number.

    Raises:
        InputError: if it is neither.
    """
    low, mark, high = text.partition(":")
    try:
        return (float(low), float(high if mark else low))
    except ValueError:
        raise InputError(f"--temperature takes °C as LOW:HIGH or one number, got {text!r}") from None


def _document(found: FoundMaterials) -> dict[str, Any]:
    return {
        "materials": found.materials,
        "points": found.points,
        "without_temperature": found.untold,
        "first": [
            {
                "formula": str(one.composition),
                "points": one.points,
                "values": [
                    {
                        "property": each.property_name,
                        "unit": each.unit,
                        "kind": str(each.kind),
                        "points": each.points,
                        "min": each.low,
                        "max": each.high,
                        "test_temperature": None if each.temperatures is None else [*each.temperatures],
                    }
                    for each in one.values
                ],
            }
            for one in found.first
        ],
    }


def _shown(found: FoundMaterials, *, fold: bool = False) -> Table:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for head in ("material", "property", "values", "°C", "kind", "points"):
        shown.add_column(head, justify="right" if head == "points" else "left")
    if fold:
        shown.columns[0].overflow = "fold"
    for one in found.first:
        for i, each in enumerate(one.values):
            cells = (
                str(one.composition) if i == 0 else "",
                each.property_name or "(drawn)",
                "" if each.low is None or each.high is None else f"{_span(each.low, each.high)} {each.unit}",
                "" if each.temperatures is None else _span(*each.temperatures),
                str(each.kind),
                str(each.points),
            )
            shown.add_row(*map(escape, cells))
    return shown


def _span(low: float, high: float) -> str:
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"
