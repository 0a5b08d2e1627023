"""A snapshot of the materials table in memory: one entry for each composition, with the points of its properties."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optimade.exceptions import BadRequest
from optimade.models.utils import ANONYMOUS_ELEMENTS

from alloys.composition import Composition
from alloys.points.point import Point, PointSource
from alloys.space.formula.writing import atoms_of
from loop.materials.bundle.contents import doi_in, source_of
from loop.materials.records import StoredPoint
from loop.materials.serving.masks import ServedColumn, ServedLists, ServedNumbers, ServedTexts, WithinLists

PREFIX = "alloyloop"
"""What properties that OPTIMADE does not know begin with."""
KEYS = ("value", "std", "unit", "test_temperature", "processing", "phase", "test", "kind", "source", "failure")
"""What a point of a material says, where it is known."""
_NUMERIC = ("value", "std", "test_temperature")
_FIELD = re.compile(r"[a-z0-9_]+")


def field_of(property_name: str) -> str:
    """The name that a property has in OPTIMADE."""
    return f"_{PREFIX}_{property_name}"


@dataclass(slots=True)
class _Material:
    """What is known of one composition."""

    composition: Composition
    at: float = 0.0
    points: dict[str, list[Point]] = field(default_factory=dict)


class ServedTable:
    """The points of a table at one moment.

    Args:
        points: of materials with a composition; others have no place in OPTIMADE.
        sources: what is known of where they come from.

    Attributes:
        properties: names of those that there are points of, in alphabetical order, and their units.
        references: the sources with a DOI, by it.
        newest: when the newest point was added, in unix seconds.
    """

    def __init__(self, points: Iterable[StoredPoint], sources: Mapping[str, PointSource]) -> None:
        found: dict[str, _Material] = {}
        units: defaultdict[str, set[str]] = defaultdict(set)
        named: set[str] = set()
        for stored in points:
            point = stored.point
            if not point.design.composition.items:
                continue
            named.add(point.source)
            key = point.design.composition.canonical()
            material = found.setdefault(key, _Material(point.design.composition))
            material.at = max(material.at, stored.at)
            if _FIELD.fullmatch(point.property_name):
                units[point.property_name].add(point.unit)
                material.points.setdefault(point.property_name, []).append(point)
        self._materials = sorted(found.values(), key=lambda material: material.composition.exactly())
        self._ids = [material.composition.exactly() for material in self._materials]
        self._dois = {name: doi for name in named if (doi := doi_in(source_of(name, sources)))}
        self.references = {doi: PointSource(doi) for doi in sorted(set(self._dois.values()))}
        papers = {doi: sources[name] for name, doi in self._dois.items() if name.lower() == doi and name in sources}
        self.references |= papers
        self.properties = {name: sorted(units[name]) for name in sorted(units)}
        self.newest = max((material.at for material in self._materials), default=0.0)
        self._columns: dict[str, ServedColumn] = {}

    def __len__(self) -> int:
        return len(self._materials)

    def column(self, name: str) -> ServedColumn:
        """A property of all materials; one that nothing is known of where it is none of theirs."""
        if name not in self._columns:
            self._columns[name] = self._made(name)
        return self._columns[name]

    def entry(self, row: int) -> dict[str, Any]:
        """A material as an entry, with its attributes beside its id."""
        material = self._materials[row]
        composition = material.composition
        dois = sorted(self._references(material))
        return {
            "id": self._ids[row],
            "type": "structures",
            "immutable_id": composition.digest(),
            "last_modified": moment(material.at),
            "elements": list(composition.elements),
            "nelements": len(composition.elements),
            "elements_ratios": list(composition.fractions().values()),
            "chemical_formula_descriptive": str(composition),
            "chemical_formula_reduced": _reduced(composition),
            "chemical_formula_anonymous": _anonymous(composition),
            "structure_features": [],
            "relationships": {"references": {"data": [{"type": "references", "id": doi} for doi in dois]}},
            **{field_of(name): [_told(point) for point in told] for name, told in material.points.items()},
        }

    def _made(self, name: str) -> ServedColumn:
        plain = self._plain().get(name)
        if plain is not None:
            return plain()
        whole, _, key = name.partition(".")
        known = whole.removeprefix(f"_{PREFIX}_")
        if whole != known and known in self.properties:
            return self._points(known, key)
        return ServedColumn(len(self))

    def _plain(self) -> dict[str, Callable[[], ServedColumn]]:
        """How columns of properties that OPTIMADE knows are made."""
        every = self._materials
        return {
            "id": lambda: ServedTexts(self._ids),
            "type": lambda: ServedTexts(["structures"] * len(self)),
            "immutable_id": lambda: ServedTexts([one.composition.digest() for one in every]),
            "last_modified": lambda: ServedNumbers(np.array([_second(one.at) for one in every]), _seconds),
            "nelements": lambda: ServedNumbers(np.array([float(len(one.composition.elements)) for one in every])),
            "elements": lambda: self._lists([one.composition.elements for one in every], "U2"),
            "elements_ratios": lambda: self._lists([one.composition.fractions().values() for one in every], float),
            "chemical_formula_descriptive": lambda: ServedTexts([str(one.composition) for one in every]),
            "chemical_formula_reduced": lambda: ServedTexts([_reduced(one.composition) for one in every]),
            "chemical_formula_anonymous": lambda: ServedTexts([_anonymous(one.composition) for one in every]),
            "structure_features": lambda: self._lists([()] * len(self), "U1"),
            "references.id": lambda: self._lists([self._references(one) for one in every], object),
        }

    def _references(self, material: _Material) -> set[str]:
        return {self._dois[p.source] for told in material.points.values() for p in told if p.source in self._dois}

    def _lists(self, values: Sequence[Iterable[Any]], kind: Any) -> ServedLists:
        lists = [list(each) for each in values]
        return ServedLists(*_flat(lists, [len(each) for each in lists], kind))

    def _points(self, name: str, key: str) -> ServedColumn:
        lists = [material.points.get(name, []) for material in self._materials]
        lengths = [len(each) or -1 for each in lists]
        if not key:
            return ServedLists(*_flat([[""] * len(each) for each in lists], lengths, object))
        if key not in KEYS:
            raise BadRequest(detail=f"{field_of(name)} has no {key!r}; its points have {', '.join(KEYS)}"[:300])
        told = [[_told(point) for point in each] for each in lists]
        values = [[one[key] for one in each if key in one] for each in told]
        there = [len(each) or -1 for each in values]
        whose = np.repeat(np.arange(len(told)), [len(each) for each in told])
        places = np.flatnonzero([key in one for each in told for one in each])
        return WithinLists(*_flat(values, there, float if key in _NUMERIC else object), name, whose, places)


def _flat(
    lists: Sequence[Sequence[Any]], lengths: Sequence[int], kind: Any
) -> tuple[NDArray[np.int64], NDArray[Any], NDArray[np.int64]]:
    """The rows of all values, the values, and the lengths; see `ServedLists`."""
    owners = np.repeat(np.arange(len(lists)), [len(each) for each in lists])
    values = np.array([value for each in lists for value in each], dtype=kind)
    return owners, values, np.array(lengths, dtype=np.int64)


def _told(point: Point) -> dict[str, Any]:
    """A point without what its material says already."""
    told = {
        "value": point.value,
        "std": point.std,
        "unit": point.unit,
        **point.conditions.to_json(),
        "kind": str(point.kind),
        "source": point.source,
        "failure": point.failure,
        "variables": point.design.values,
    }
    return {name: value for name, value in told.items() if value not in (None, "", {})}


def _formula(amounts: Iterable[tuple[str, int]]) -> str:
    return "".join(f"{symbol}{number if number > 1 else ''}" for symbol, number in amounts)


def _reduced(composition: Composition) -> str:
    return _formula(atoms_of(composition).items())


def _anonymous(composition: Composition) -> str:
    """The formula with letters for elements, the most frequent first."""
    return _formula(zip(ANONYMOUS_ELEMENTS, sorted(atoms_of(composition).values(), reverse=True), strict=False))


def _second(at: float) -> float:
    return float(math.floor(at))


def moment(at: float) -> datetime:
    """A time as entries have it, to the second."""
    return datetime.fromtimestamp(_second(at), UTC)


def _seconds(value: Any) -> float:
    try:
        told = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise BadRequest(detail=f"a time is written as 2026-11-30T12:00:00Z, got {value!r}"[:200]) from None
    return (told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp()
