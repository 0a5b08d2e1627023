"""Which materials of the table lack which property, and the route to it of each such void."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from alloys.composition import Composition
from alloys.design import Design
from alloys.space import AlloySpace, Space
from loop.materials import MaterialsTable
from loop.materials.voids import Bools, Stock
from loop.people.filling.needs import Needs
from loop.people.filling.route import Route
from loop.view import outside

_ROUTES = (None, *Route)
_CODES = {route: np.int8(code) for code, route in enumerate(_ROUTES)}
Codes = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Void:
    """A property that a material lacks, and the route to it."""

    composition: Composition
    property_name: str
    route: Route


@dataclass(frozen=True)
class Voids:
    """The voids of a table.

    Attributes:
        until: the id of the last point that was looked at.
        materials: how many materials were looked at.
        codes: by property, the route of each void as its place in `_ROUTES`, shape ``(n,)``; 0 where there is none.
    """

    until: int
    materials: int
    codes: Mapping[str, Codes]

    def counts(self) -> dict[str, dict[Route, int]]:
        """How many voids there are of each property, by route."""
        told = {name: np.bincount(codes, minlength=len(_ROUTES)) for name, codes in self.codes.items()}
        return {name: {route: int(count[_CODES[route]]) for route in Route} for name, count in told.items()}

    def lacking(self, route: Route | None = None, names: Sequence[str] | None = None) -> Bools:
        """Which materials lack any of some properties, by a route or by any, shape ``(n,)``."""
        chosen = [codes for name, codes in self.codes.items() if names is None or name in names]
        found = [codes != 0 if route is None else codes == _CODES[route] for codes in chosen]
        return np.logical_or.reduce(found) if found else np.zeros(0, dtype=np.bool_)

    def of(self, table: MaterialsTable, route: Route | None = None, limit: int | None = None) -> Iterator[Void]:
        """The voids by route or all, in the order in which the materials came to the table, property by property."""
        chosen = self.lacking(route)
        if limit is not None:
            chosen &= np.cumsum(chosen) <= limit
        with table.read() as connection:
            places, texts = Stock(table, connection).texts(chosen)
        found = (
            Void(composition, name, meant)
            for place, composition in zip(places, map(Composition.from_canonical, texts), strict=True)
            for name, codes in self.codes.items()
            if (meant := _ROUTES[codes[place]]) is not None and route in (None, meant)
        )
        for number, void in enumerate(found):
            if limit is not None and number == limit:
                return
            yield void


def find_voids(table: MaterialsTable, needs: Needs, elements: frozenset[str] | None = None) -> Voids:
    """The voids of a table.

    A closed form's value is lacking where no point says it, whatever its kind. Else only a measurement, or the failure
    of one, says it; where a model alone could, a prediction does too.

    Args:
        table: of materials.
        needs: what is wanted, and who could say it.
        elements: only of materials whose elements are all among these; of all if None.
    """
    until = table.last()
    with table.read() as connection:
        stock = Stock(table, connection)
        there = stock.composed() if elements is None else stock.among(elements)
        held = stock.of(needs.names, needs.choices)
        forms = {name: stock.among(known) for name, known in needs.elements_with_form.items()}
        unasked = [there & ~held[name].measured for name in needs.names if name in needs.asked and name not in forms]
        designs, palette = np.zeros((2, stock.size), dtype=np.bool_)
        if needs.space is not None and unasked:
            palette = stock.among(needs.space.elements)
            places, texts = stock.texts(palette & np.logical_or.reduce(unasked))
            designs[places] = designs_among(needs.space, texts)
    codes: dict[str, Codes] = {}
    for name in needs.names:
        measured, predicted = held[name].measured, held[name].predicted
        route = np.full(stock.size, _CODES[Route.LITERATURE])
        if name in needs.asked:
            modelled = palette & needs.modelled
            route[modelled] = np.where(predicted, 0, _CODES[Route.PREDICTION])[modelled]
            route[designs] = _CODES[Route.VALIDATION]
        if name in forms:
            route[forms[name]] = np.where(predicted, 0, _CODES[Route.PREDICTION])[forms[name]]
        route[measured | ~there] = 0
        codes[name] = route
    return Voids(until, int(there.sum()), codes)


def designs_among(space: Space, texts: Sequence[str]) -> Bools:
    """Which canonical compositions of the space's elements are designs of it as they stand, shape ``(n,)``.

    Where a design has variables too, a composition alone is none.
    """
    if space.variables.names:
        return np.zeros(len(texts), dtype=np.bool_)
    if isinstance(space, AlloySpace) and not space.atoms:
        return space.contains(_points(space, texts))
    told = (outside(space, Design(Composition.from_canonical(text))) for text in texts)
    return np.array([not why for why in told], dtype=np.bool_)


def _points(space: AlloySpace, texts: Sequence[str]) -> NDArray[np.int64]:
    """Compositions in whole steps, shape ``(n, d)``; an amount between the steps is -1, which no design has.

    Few amounts differ, so that each is read once: a hundred thousand compositions take a tenth of a second.
    """
    cells: dict[str, tuple[int, int]] = {}
    width, at, steps = len(space.elements), list[int](), list[int]()
    for row, text in enumerate(texts):
        for part in text.split(","):
            if part not in cells:
                symbol, _, amount = part.partition(":")
                whole = Fraction(amount) * space.total
                cells[part] = space.elements.index(symbol), int(whole) if whole.denominator == 1 else -1
            column, step = cells[part]
            at.append(row * width + column)
            steps.append(step)
    points = np.zeros(len(texts) * width, dtype=np.int64)
    points[at] = steps
    return points.reshape(len(texts), width)
