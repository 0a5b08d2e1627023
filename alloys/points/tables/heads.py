"""Tables whose heads say by themselves what their columns are."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from alloys.errors import InputError
from alloys.intake.mapping import ColumnName, PropertyColumn
from alloys.intake.tables import RawTable, shown
from alloys.points.tables.mapping import ConditionColumns, PointsMap, TemperatureColumn
from alloys.properties import Property

_COLUMN = re.compile(r"\s*(?P<name>[a-z0-9_]+?)(?P<std>_std)?\s*(?:[\[(]\s*(?P<unit>.+?)\s*[\])])?\s*")
_FORMULA = "formula"
_CONDITIONS = ("processing", "phase", "test")
_ABOUT = ("kind", "doi", "source", "title", "year", "licence")
_HEAT = "test_temperature"


def named_columns(
    header: Iterable[str], properties: Mapping[str, Property], variables: Collection[str] = ()
) -> tuple[dict[str, str], dict[str, PropertyColumn]]:
    """The columns of variables, and of properties with their units and standard deviations, by their names.

    Such heads are ``NAME [UNIT]`` and ``NAME_std``; a variable's name is no property's.

    Raises:
        InputError: for two columns of the same, such as in two units.
    """
    named = {head: found for head in header if (found := _COLUMN.fullmatch(head))}
    chosen = {found["name"]: head for head, found in named.items() if found["name"] in variables and not found["std"]}
    heads = {h: found for h, found in named.items() if found["name"] in properties and found["name"] not in chosen}
    for one in (*chosen.values(), *heads):
        _refuse_several(
            head for head, found in named.items() if found.group("name", "std") == named[one].group("name", "std")
        )
    stds = {found["name"]: head for head, found in heads.items() if found["std"]}
    columns = {
        found["name"]: PropertyColumn(column=head, unit=found["unit"], std=stds.get(found["name"]))
        for head, found in heads.items()
        if not found["std"]
    }
    return chosen, columns


def points_map_for(path: Path, table: RawTable, properties: Mapping[str, Property]) -> tuple[PointsMap, list[str]]:
    """How a table is read by its heads, and the columns that are not.

    It has a column ``formula`` and columns named after properties. It may have ``test_temperature``, ``processing``,
    ``phase``, ``test``, ``kind``, ``doi``, ``source``, ``title``, ``year`` and ``licence``.

    Raises:
        InputError: if it has no formulas or no property, or two columns of the same.
    """
    _, columns = named_columns(table.header, properties)
    if _FORMULA not in table.header or not columns:
        raise InputError(
            f"{path}: needs a column 'formula' and columns named after properties, or a map (--map); it has "
            f"{', '.join(map(shown, table.header[:12]))}"
        )
    named = {name for name in (_FORMULA, *_CONDITIONS, *_ABOUT) if name in table.header}
    heat = [(head, found["unit"]) for head in table.header if (found := _heat(head))]
    _refuse_several(head for head, _ in heat)
    told = {name: ColumnName(column=name) for name in _CONDITIONS if name in named}
    conditions = ConditionColumns(
        test_temperature=TemperatureColumn(column=heat[0][0], unit=heat[0][1]) if heat else None, **told
    )
    about = {name: {"column": name} for name in _ABOUT if name in named}
    plain = {"file": str(path), "formula": _FORMULA, "basis": "as written", **about}
    entry = PointsMap.model_validate({**plain, "properties": columns, "conditions": conditions})
    used = {*named, *(head for head, _ in heat[:1]), *(each.column for each in columns.values())}
    used |= {each.std for each in columns.values() if each.std}
    return entry, [head for head in table.header if head and head not in used]


def _refuse_several(heads: Iterable[str]) -> None:
    """Refuses several columns of one thing, of which all but one would be lost."""
    told = list(heads)
    if len(told) > 1:
        raise InputError(f"the columns {' and '.join(map(shown, told))} are of the same; leave one of them out")


def _heat(head: str) -> re.Match[str] | None:
    found = _COLUMN.fullmatch(head)
    return found if found and found["name"] == _HEAT and not found["std"] else None
