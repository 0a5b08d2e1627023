"""Numbers of every element from hydrogen to americium, from the database of the package mendeleev.

The database file is read as it is: the package itself, which takes a second to import, is not imported.

References:
    Mentel, L. (2014). mendeleev: a Python resource for properties of chemical elements, ions and isotopes; its
        documentation names the source of each column.
"""

from __future__ import annotations

import math
import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from alloys.errors import InputError

LAST = 95
"""Atomic number of americium."""

_ROOM_K = 298.15
_AVOGADRO = 6.02214076e23

_QUERY = """
select symbol, group_id, electronic_configuration, period, mendeleev_number, atomic_weight as mass,
    case when coalesce(boiling, 2 * :room) > :room then density end as mass_density,
    case when coalesce(boiling, 2 * :room) > :room then atomic_weight / density end as molar_volume,
    metallic_radius_c12 as radius, covalent_radius_pyykko as covalent_radius, miedema_molar_volume,
    en_pauling as electronegativity, en_ghosh as electronegativity_ghosh, en_miedema as electronegativity_miedema,
    miedema_electron_density as electron_density, dipole_polarizability as polarizability, melting as melting_point,
    heat_of_formation as atomization_enthalpy, ionization_energy, price_per_kg as price
from elements
left join (
    select atomic_number, max(coalesce(melting_point, triple_point_temperature)) as melting,
        max(boiling_point) as boiling
    from phasetransitions group by atomic_number
) using (atomic_number)
left join (select atomic_number, ionization_energy from ionizationenergies where ion_charge = 0) using (atomic_number)
where atomic_number <= :last order by atomic_number
"""
"""Where a substance has several forms, the one that melts last counts; carbon has its triple point. Gases have no
density that an alloy could be made of."""

_SHELLS = "spdf"
_BRITISH = (("aluminum", "aluminium"), ("cesium", "caesium"), ("sulfur", "sulphur"))


@cache
def periodic_table() -> Mapping[str, Mapping[str, float]]:
    """Numbers by symbol and name, NaN where there is none; their units are in ``alloys/data/README.md``.

    Raises:
        InputError: if the package is not there, or its database is another one.
    """
    return {row["symbol"]: _numbers(dict(row)) for row in _rows(_QUERY, room=_ROOM_K, last=LAST)}


@cache
def symbols_by_name() -> Mapping[str, str]:
    """Symbols by English names in small letters, in American and in British spelling.

    Raises:
        InputError: as `periodic_table`.
    """
    names = {row["name"].lower(): row["symbol"] for row in _rows("select name, symbol from elements")}
    return names | {name.replace(*pair): s for name, s in names.items() for pair in _BRITISH if name.endswith(pair[0])}


def _rows(query: str, **parameters: float) -> list[sqlite3.Row]:
    found = find_spec("mendeleev")
    if found is None or found.origin is None:
        raise InputError("numbers of the elements need the package mendeleev: pip install mendeleev")
    database = Path(found.origin).with_name("elements.db")
    try:
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            return connection.execute(query, parameters).fetchall()
    except sqlite3.Error as error:
        raise InputError(f"{database} has not the numbers that are looked for there: {error}") from error


def _numbers(row: dict[str, str | float | None]) -> dict[str, float]:
    del row["symbol"]
    shells = _electrons(str(row.pop("electronic_configuration")))
    group, volume = row.pop("group_id"), row.pop("miedema_molar_volume")
    numbers = {name: math.nan if value is None else float(value) for name, value in row.items()}
    numbers["metallic_radius"] = math.nan if volume is None else _sphere(float(volume))
    numbers |= {f"{shell}_electrons": float(count) for shell, count in shells.items()}
    numbers["d_holes"] = float(10 - shells["d"] if shells["d"] else 0)
    numbers["vec"] = _valence(None if group is None else int(group), shells)
    return numbers


def _electrons(configuration: str) -> dict[str, int]:
    """Electrons outside the noble gas core, by shell, of a text such as ``[Ar] 3d6 4s2``.

    >>> _electrons("[Ar] 3d6 4s2")
    {'s': 2, 'p': 0, 'd': 6, 'f': 0}
    """
    counts = dict.fromkeys(_SHELLS, 0)
    for shell, count in re.findall(r"\d([spdf])(\d*)", configuration):
        counts[shell] += int(count or 1)
    return counts


def _valence(group: int | None, shells: Mapping[str, int]) -> float:
    """Electrons counted as valence (Guo & Liu 2011): the group's number, s and p beyond group 12, 3 of an f metal."""
    if group is None:
        return 3.0
    return float(group if group <= 12 else shells["s"] + shells["p"])


def _sphere(volume: float) -> float:
    """Radius, pm, of the sphere that has an atom's share of a molar volume, cm3/mol."""
    return float((3 * volume / (4 * math.pi * _AVOGADRO)) ** (1 / 3) * 1e10)
