"""``alloyloop materials show``: everything that is known of one material."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alloys.errors import InputError
from alloys.points.point import PointKind
from loop.cli.console import Json, out, print_json
from loop.cli.materials.place import USUAL, Place

if TYPE_CHECKING:
    from rich.table import Table

    from alloys.composition import Composition
    from alloys.points.point import PointSource
    from loop.materials import MaterialsTable, StoredPoint

_NAMED = 5
"""How many materials like one that is not there a message names."""
_DIGEST = 12
"""Characters of a digest that people are shown."""
_HEX = re.compile(r"[0-9a-f]{64}")


def show(
    formula: Annotated[str, typer.Argument(help="the material, such as HfNbTaTiZr")],
    property_: Annotated[list[str] | None, typer.Option("--property", help="only points of this property")] = None,
    json_: Json = False,
    table: Place = USUAL,
) -> None:
    """Everything that is known of one material: its points by property, each with its conditions and its source.

    For example: alloyloop materials show HfNbTaTiZr --property yield_strength
    """
    from loop.materials import MaterialsTable, PointQuery  # late, for a light start: with the database's libraries
    from loop.materials.governance.decisions import doubts_about
    from loop.review.terminal.fitting import fitted

    with MaterialsTable.open(table) as opened:
        composition = _meant(opened, formula)
        names = tuple(property_) if property_ else None
        points = [*opened.points(PointQuery(composition=composition, properties=names))]
        sources = opened.sources({stored.point.source for stored in points})
        aside, doubts = doubts_about(opened, [stored.id for stored in points])
    if not points:
        raise InputError(f"{formula}: the table has no points of {', '.join(names or ())} for it")
    document = _document(composition, points, sources)
    for told in (one for of_property in document["properties"].values() for one in of_property):
        told |= {"doubts": doubts[told["number"]]} if told["number"] in doubts else {}
        told |= {"set_aside": True} if told["number"] in aside else {}
    if json_:
        print_json(document)
        return
    out().print(f"{document['formula']}: {len(points)} points", markup=False)
    for name, told in document["properties"].items():
        out().print(fitted([_shown(name, told, whole=True), _shown(name, told, whole=False)], out()))


def _meant(table: MaterialsTable, formula: str) -> Composition:
    """The composition of the table that a formula names, also where it is rounded as the table's are written.

    Raises:
        InputError: if there is none, naming those like it.
    """
    from alloys.composition import Composition
    from alloys.intake.amounts import composition_of_formula, names_base
    from loop.materials.finding import resembling

    named = composition_of_formula(formula, "as written")[0] if names_base(formula) else None
    asked = named or Composition.parse(formula)
    alike = resembling(table, asked)
    rounded = [other for other in alike if str(other) == str(asked)]
    if asked in alike:
        return asked
    if len(rounded) == 1:
        return rounded[0]
    near = ", ".join(map(str, alike[:_NAMED])) + (f" and {len(alike) - _NAMED} more" if len(alike) > _NAMED else "")
    raise InputError(
        f"nothing is known of {asked}"
        + (
            f"; of the same elements there are {near}"
            if alike
            else ", nor of others of its elements; `alloyloop materials find --elements` looks further"
        )
    )


def _document(composition: Composition, points: list[StoredPoint], sources: dict[str, PointSource]) -> dict[str, Any]:
    properties: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for stored in sorted(points, key=_order):
        properties[stored.point.property_name].append(_told(stored, sources[stored.point.source]))
    return {"formula": str(composition), "composition": composition.fractions(), "properties": dict(properties)}


def _order(stored: StoredPoint) -> tuple[str, float, str, int]:
    celsius = stored.point.conditions.test_temperature
    return stored.point.property_name, -300.0 if celsius is None else celsius, str(stored.point.kind), stored.id


def _told(stored: StoredPoint, source: PointSource) -> dict[str, Any]:
    """A point as the JSON document has it: what is not known is left out."""
    from loop.people.queue_report import moment  # late, for a light start

    point = stored.point
    told = {
        "number": stored.id,
        "variables": point.design.values,
        "value": point.value,
        "unit": point.unit,
        "std": point.std,
        "failure": point.failure,
        "conditions": point.conditions.to_json(),
        "kind": str(point.kind),
        "source": source.to_json(),
        "who": stored.who,
        "at": moment(stored.at),
    }
    return {name: value for name, value in told.items() if value not in ("", None, {})}


def _shown(name: str, points: list[dict[str, Any]], *, whole: bool) -> Table:
    """The points of one property as a table; the whole of it says too who added each, and when."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), title_justify="left")
    shown.title = escape(name or "drawn")
    for head in ("number", "value", "°C", "conditions", "kind", "source", "year", *(("who", "at") if whole else ())):
        narrow = head == "source" and not whole
        shown.add_column(
            head,
            justify="right" if head in ("number", "°C") else "left",
            overflow="fold" if narrow else "ellipsis",
            no_wrap=whole and head == "value",
        )
    for point in points:
        told = dict(point.get("conditions", {}))
        celsius = told.pop("test_temperature", None)
        chosen = [f"{key} {value}" for key, value in point.get("variables", {}).items()]
        row = (
            str(point["number"]),
            _value(point) + _standing(point),
            "" if celsius is None else f"{celsius:g}",
            "; ".join([*told.values(), *chosen]),
            point["kind"],
            _named(point),
            str(point["source"].get("year", "")),
            *((point["who"], point["at"]) if whole else ()),
        )
        shown.add_row(*map(escape, row))
    return shown


def _standing(point: dict[str, Any]) -> str:
    """Whether people have set a point aside, or which doubts about it they have not dispelled."""
    if "set_aside" in point:
        return " (set aside)"
    return f" (doubt {', '.join(map(str, point['doubts']))})" if "doubts" in point else ""


def _named(point: dict[str, Any]) -> str:
    """A source as people know it: what has a digest for a name is called by its title."""
    name, title = str(point["source"]["name"]), point["source"].get("title")
    short = name[:_DIGEST] if _HEX.fullmatch(name) else name
    return f"{title} ({short})" if title and point["kind"] != PointKind.LITERATURE else short


def _value(point: dict[str, Any]) -> str:
    from loop.measurements import rounded

    if "value" not in point:
        return f"failed: {point['failure']}" if "failure" in point else "not asked about"
    std = f" ± {rounded(point['std'])}" if "std" in point else ""
    return f"{point['value']:.6g}{std} {point['unit']}"
