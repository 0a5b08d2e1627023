"""Fills voids of the materials table as their routes say: predicts, queues validations, asks people for the rest."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alloys.composition import Composition
from alloys.design import Design
from alloys.errors import InputError
from alloys.files import write_atomic
from alloys.points.point import Point, PointKind, PointSource
from alloys.properties import Property
from loop.choose.fitting import fit_surrogate
from loop.materials import MaterialsTable
from loop.people.filling.needs import Needs
from loop.people.filling.route import Route
from loop.people.filling.routes import Void, Voids
from loop.people.steering import add
from loop.store import CampaignStore
from loop.view import View, view_of
from surrogates.model.surrogate import Surrogate

_AT_ONCE = 1000
"""Designs that are predicted together."""
_REFUSED = 50
"""So many designs are refused by a campaign before it is asked of no more."""


@dataclass
class Filled:
    """What became of voids.

    Attributes:
        predicted: points that were added, by property.
        queued: designs that wait for a campaign's validators now.
        asked: materials in the file for people.
        left: why others were left as they are, with how many of each reason.
    """

    predicted: Counter[str] = field(default_factory=Counter)
    queued: list[str] = field(default_factory=list)
    asked: int = 0
    left: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Filling:
    """Fills the voids of one table.

    Attributes:
        table: the materials table.
        needs: what is wanted, and who could say it.
        voids: of the table.
        who: fills them.
        limit: of each route at most so many materials; all of them if None.
    """

    table: MaterialsTable
    needs: Needs
    voids: Voids
    who: str
    limit: int | None = None

    def predict(self, store: CampaignStore | None, filled: Filled) -> None:
        """Adds predictions as such: of closed forms, and where a campaign is named of its surrogate."""
        modelled: list[Void] = []
        points: list[Point] = []
        for composition, names in self._by_material(Route.PREDICTION):
            design = Design(composition)
            formed = [name for name in names if self.needs.has_form(name)]
            told = self.needs.closed_forms_of(design) if formed else {}
            points += self._predictions(design, {n: told[n] for n in formed if n in told}, {}, filled)
            filled.left.update(f"{name}: the physics lacks a number" for name in formed if name not in told)
            modelled += [Void(composition, name, Route.PREDICTION) for name in names if name not in formed]
        sources = {point.source: PointSource(point.source, f"closed forms of {self.needs.bundle}") for point in points}
        self._add(points, list(sources.values()), filled)
        if modelled and store is not None:
            self._predict_by_model(store, modelled, filled)

    def _predict_by_model(self, store: CampaignStore, wanted: Sequence[Void], filled: Filled) -> None:
        view = view_of(store)
        try:
            surrogate = fit_surrogate(view)
        except InputError as error:
            filled.left[f"the surrogate: {error}"] += len(wanted)
            return
        names_of: dict[Design, list[str]] = {}
        for void in wanted:
            names_of.setdefault(Design(void.composition), []).append(void.property_name)
        source = PointSource(surrogate.digest, f"surrogate of the campaign {store.campaign().name}")
        for means, stds, design in _modelled(view, surrogate, list(names_of)):
            asked = {name: means[name] for name in names_of[design] if name in means}
            points = list(self._predictions(design, asked, stds, filled, surrogate.digest))
            filled.left.update(
                f"{name}: the surrogate does not know it" for name in names_of[design] if name not in asked
            )
            self._add(points, [source], filled)

    def _predictions(
        self,
        design: Design,
        values: Mapping[str, float],
        stds: Mapping[str, float],
        filled: Filled,
        source: str | None = None,
    ) -> Iterator[Point]:
        """Points of predicted values; one that cannot be true is left out."""
        for name, value in values.items():
            told, unit = source or self.needs.source_of_form(name), self.needs.property_named(name).unit
            try:
                yield Point(design, name, unit, float(value), PointKind.PREDICTED, told, stds.get(name))
            except InputError as error:
                filled.left[f"{name}: {error}"] += 1

    def _add(self, points: Sequence[Point], sources: Sequence[PointSource], filled: Filled) -> None:
        if points:
            self.table.add(points, sources=sources, who=self.who)
            filled.predicted.update(point.property_name for point in points)

    def queue(self, store: CampaignStore, count: int, filled: Filled) -> None:
        """Adds at most so many designs by hand to a campaign, which asks its validators of them as of any other.

        Designs that the campaign refuses are passed over, up to `_REFUSED` of them.
        """
        refused = 0
        for composition, names in self._by_material(Route.VALIDATION):
            if len(filled.queued) == count or refused == _REFUSED:
                return
            why = f"a void of the materials table: {', '.join(names)}"
            try:
                done = add(store, composition.exactly(), who=self.who, why=why)
            except InputError as error:
                filled.left[f"not queued: {str(error).replace(str(composition), 'it')}"] += 1
                refused += 1
                continue
            filled.queued.append(done.act.detail["design"])

    def ask_people(self, path: Path, filled: Filled) -> None:
        """Writes a table with a line for each material and an empty column for each property that it lacks.

        ``alloyloop materials add`` takes it back as it is, once people have filled in what they know.

        Raises:
            InputError: if there is such a file already.
        """
        rows = list(self._by_material(Route.LITERATURE))
        if not rows:
            return
        if path.exists():
            raise InputError(f"{path} is there already, and may have been filled in; name another file by --out")
        names = [name for name in self.needs.names if any(name in lacking for _, lacking in rows)]
        heads = [head for name in names for head in _heads(self.needs.property_named(name))]
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["formula", *heads, *_ABOUT])
        writer.writerows([composition.exactly(), *[""] * (len(heads) + len(_ABOUT))] for composition, _ in rows)
        write_atomic(path, text.getvalue().encode())
        filled.asked = len(rows)

    def _by_material(self, route: Route) -> Iterator[tuple[Composition, list[str]]]:
        """The materials with voids of a route, each with what it lacks."""
        limited = groupby(self.voids.of(self.table, route), key=lambda void: void.composition)
        for number, (composition, voids) in enumerate(limited):
            if number == self.limit:
                return
            yield composition, [void.property_name for void in voids]


_ABOUT = ("test_temperature [°C]", "processing", "phase", "test", "doi", "source", "year")


def _heads(wanted: Property) -> list[str]:
    return [f"{wanted.name} [{wanted.unit}]", f"{wanted.name}_std"]


def _modelled(
    view: View, surrogate: Surrogate, designs: Sequence[Design]
) -> Iterator[tuple[dict[str, float], dict[str, float], Design]]:
    """What the surrogate says of each design: means, and standard deviations, by property."""
    for begin in range(0, len(designs), _AT_ONCE):
        some = designs[begin : begin + _AT_ONCE]
        means, stds = surrogate.predict(surrogate.describe(view.inputs(some)))
        for i, design in enumerate(some):
            yield _at(means, i), _at(stds, i), design


def _at(columns: Mapping[str, NDArray[np.float64]], row: int) -> dict[str, float]:
    """The numbers of a row, by property."""
    return {name: float(column[row]) for name, column in columns.items() if np.isfinite(column[row])}
