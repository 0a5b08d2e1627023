"""Alloys for targets, outside any iteration: which generator, what is known near the targets, what is printed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from rich import box
from rich.table import Table
from rich.text import Text

from alloys.design import Value, heading_of, variable_text
from alloys.errors import InputError
from alloys.files import write_atomic
from alloys.physics.closed_forms import CLOSED_FORMS, closed_form
from alloys.properties import PROPERTIES
from alloys.space import Floats, Points, Space
from generators import registry
from generators.asking.aiming import AimedGenerator
from generators.asking.distance import TrainingSpread, distance_notes, training_spreads
from generators.asking.fixing import allowed_places, with_variables
from generators.asking.request import DistinctDraws, Target, Word, check_askable, draw_distinct, split_targets
from generators.interface import Distribution, Generator
from loop.choose.fitting import fit_surrogate
from loop.choose.steps import KnownDesigns, known_compositions
from loop.config.assembly import start_table
from loop.review.resembling import AskedValue, Observed, resemblance, resemblance_notes
from loop.store import Artifact, CampaignStore
from loop.store.files import inside, usual_mode
from loop.view import View, view_of

SPARE = 64
"""How many times as many designs are drawn as are asked for, where closed forms tell which are nearest."""


@dataclass(frozen=True, slots=True)
class GeneratorSource:
    """A generator and what is known of the alloys it was trained on.

    Attributes:
        generator: trained.
        label: where it comes from, for people.
        spreads: what its training saw of each property that varied.
        drawn_from: what draws: the generator, or one that moves its draws onto their targets.
        known: values of known alloys by property, each of shape ``(n,)``, NaN where unknown; empty for a file.
        note: what could not be read, or empty.
        observed: the known alloys, to tell what is new in a question; None for a file.
    """

    generator: Generator
    label: str
    spreads: Mapping[str, TrainingSpread]
    drawn_from: Distribution
    known: Mapping[str, Floats] = field(default_factory=dict)
    note: str = ""
    observed: Observed | None = None


def from_file(path: Path) -> GeneratorSource:
    """The generator in a weights file. It only draws: no knowledge of a campaign moves its draws.

    Raises:
        InputError: if the file cannot be read, is something else, or is damaged.
    """
    generator = registry.load(path)
    return GeneratorSource(generator, f"{generator.name} in {path}", training_spreads(generator) or {}, generator)


def _standing(store: CampaignStore, artifact: Artifact) -> tuple[int, int]:
    """Newest iteration first, and in it the family that proposed most."""
    if artifact.iteration is None:
        return (-1, 0)
    used = store.iteration(artifact.iteration).notes.generators.get(artifact.name.removeprefix("generator."))
    return (artifact.iteration, used.proposals if used is not None else 0)


def newest_weights(store: CampaignStore) -> Artifact | None:
    """The file of a campaign's newest generator, of several the one that proposed most; None before a training."""
    trained = [artifact for artifact in store.artifacts() if artifact.name.startswith("generator.")]
    return max(trained, key=lambda artifact: _standing(store, artifact), default=None)


def from_campaign(database: Path) -> GeneratorSource:
    """The newest generator of a campaign; closed forms and the campaign's surrogate move its draws onto their targets.

    Raises:
        InputError: if the campaign has none yet, or its file is gone or damaged.
    """
    with CampaignStore.open(database) as store:
        name = store.campaign().name
        newest = newest_weights(store)
        if newest is None:
            raise InputError(f"the campaign {name!r} has no generator yet; the first is trained in iteration 1")
        generator = registry.load(inside(database.parent, newest.path))
        view = view_of(store)
    known, note = _known(view)
    columns = dict(zip(known.names, known.conditions.T, strict=True))
    spreads = training_spreads(generator) or _observed(columns)
    label = f"{generator.name} of {name}, iteration {newest.iteration}"
    aimed, observed = _aimed(generator, view, known, spreads), Observed.of_known(view.space, known)
    return GeneratorSource(generator, label, spreads, aimed, columns, note, observed)


def _known(view: View) -> tuple[KnownDesigns, str]:
    try:
        table, note = start_table(view.config.start, view.problem.physics), ""
    except InputError as error:
        table, note = [], f"only validated alloys count as known: {error}"
    return known_compositions(view, table), note


def _aimed(
    generator: Generator, view: View, known: KnownDesigns, spreads: Mapping[str, TrainingSpread]
) -> Distribution:
    """The generator, its draws moved by closed forms and, for what only validation answers, the surrogate's mean."""
    problem = view.problem
    surrogate = cache(lambda: fit_surrogate(view))  # takes seconds, and closed forms do not need it

    def answers(inputs: Floats, names: Sequence[str]) -> Floats:
        exact = {name: problem.closed_form(name, inputs) for name in names if problem.has_closed_form(name)}
        means = surrogate().predict(inputs)[0] if len(exact) < len(names) else {}
        return np.stack([exact[name] if name in exact else means[name] for name in names], axis=1)

    observed = {name for row in view.rows for name in row.values}
    within = {name: spread for name, spread in spreads.items() if name in observed or problem.has_closed_form(name)}
    return AimedGenerator(generator, known.points, answers, within)


@dataclass(frozen=True, slots=True)
class GeneratedAlloys:
    """Designs for targets.

    Attributes:
        space: the generator's.
        generator: its family's name.
        targets: what was asked of properties.
        drawn: what was found.
        notes: what a person should know.
        fixed: the variables of which something was asked.
        resembles: which split each design with its targets resembles, as `resemblance`; empty where no observations
            tell.
    """

    space: Space
    generator: str
    targets: tuple[Target, ...]
    drawn: DistinctDraws
    notes: tuple[str, ...]
    fixed: tuple[str, ...] = ()
    resembles: tuple[dict[str, str] | None, ...] = ()

    def resembling(self, observed: Observed) -> GeneratedAlloys:
        """The same, told which split each design resembles, with notes of that."""
        found = tuple(
            resemblance(
                observed,
                self.space.design(points).composition.elements,
                [AskedValue(target.name, value, value) for target, value in zip(self.targets, asked, strict=True)],
            )
            for points, asked in zip(self.drawn.points, self.drawn.asked, strict=True)
        )
        return replace(self, resembles=found, notes=(*self.notes, *resemblance_notes(found)))

    @property
    def reached(self) -> dict[str, Floats]:
        """Values of the targets that have a closed form, by name, each of shape ``(n,)``, in their units."""
        found = {target.name: _reference(self.space, self.drawn.points, target.name) for target in self.targets}
        return {name: values for name, values in found.items() if values is not None}

    def nearest(self, count: int, spreads: Mapping[str, TrainingSpread]) -> GeneratedAlloys:
        """So many of the designs, nearest to their targets first, as far as closed forms tell.

        Args:
            count: how many.
            spreads: what training saw of each property: its standard deviation is the measure, else the target itself.
        """
        reached, away = self.reached, np.zeros(len(self.drawn.points))
        for target, asked in zip(self.targets, self.drawn.asked.T, strict=True):
            if target.name in reached:
                scale = spreads[target.name].std if target.name in spreads else np.maximum(np.abs(asked), 1e-9)
                away += np.abs(reached[target.name] - asked) / scale
        order = np.argsort(away, kind="stable")[:count]
        drawn = replace(self.drawn, points=self.drawn.points[order], asked=self.drawn.asked[order])
        return replace(self, drawn=drawn)

    def documents(self) -> list[dict[str, Any]]:
        """The document of ``alloyloop generate --json``."""
        documents = []
        for points, asked in zip(self.drawn.points, self.drawn.asked, strict=True):
            design = self.space.design(points)
            targets: dict[str, Any] = {t.name: float(v) for t, v in zip(self.targets, asked, strict=True)}
            targets |= {name: design.values[name] for name in self.fixed}
            named, composition = design.named(), design.composition.fractions()
            formula = {"formula": named.pop("formula"), "composition": composition}
            documents.append({**formula, **named, "targets": targets, "generator": self.generator})
        for name, values in self.reached.items():
            for document, value in zip(documents, values, strict=True):
                document.setdefault("reached", {})[name] = float(value)
        if self.resembles:
            for document, found in zip(documents, self.resembles, strict=True):
                document["resembles"] = found
        return documents

    def write_csv(self, path: Path) -> None:
        """Writes the same as CSV, all of it or nothing: formula, elements, variables, ``target_NAME``, the generator.

        Raises:
            InputError: if the file cannot be written.
        """
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        elements, variables = self.space.elements, self.space.variables.names
        asked = [f"target_{name}" for name in (*(target.name for target in self.targets), *self.fixed)]
        writer.writerow(["formula", *elements, *variables, *asked, "generator"])
        for row in self.documents():
            fractions = [row["composition"].get(symbol, 0.0) for symbol in elements]
            cells = [*_cells(row.get("variables", {}), variables), *_cells(row["targets"], row["targets"])]
            writer.writerow([row["formula"], *fractions, *cells, row["generator"]])
        if path.exists() and not path.is_file():
            raise InputError(f"cannot write {path}: it is there and is no plain file")
        try:
            write_atomic(path.resolve(), stream.getvalue().encode(), mode=usual_mode(path))
        except OSError as error:
            raise InputError(f"cannot write {path}: {error.strerror or error}") from error

    def table(self) -> Table:
        """The designs, nearest first, with what was asked and, where a closed form answers, what it says."""
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        designs = [self.space.design(points) for points in self.drawn.points]
        table.add_column(heading_of(designs), no_wrap=True)
        for variable in self.space.variables:
            table.add_column(Text(f"{variable.name}\n{variable.unit}".strip()), justify="right")
        columns, reached = [], self.reached
        for target, asked in zip(self.targets, self.drawn.asked.T, strict=True):
            table.add_column(Text(f"{target.name}\nasked"), justify="right")
            columns.append(asked)
            reference = reached.get(target.name)
            if reference is not None:
                unit = PROPERTIES[target.name].unit
                table.add_column(Text("reference" + ("" if unit == "1" else f"\n{unit}")), justify="right")
                columns.append(reference)
        for i, design in enumerate(designs):
            chosen = _cells(design.values, self.space.variables.names)
            table.add_row(design.formula, *chosen, *(f"{column[i]:.4g}" for column in columns))
        return table


def _reference(space: Space, points: Points, name: str) -> Floats | None:
    """A closed form of points of a space, or None where there is none, or an element has no reference data."""
    if name not in CLOSED_FORMS:
        return None
    try:
        return closed_form(name, space.elements, space.fractions(points.reshape(-1, space.dimension)))
    except InputError:
        return None


def _cells(values: Mapping[str, Value], names: Iterable[str]) -> list[str]:
    """Values as a table's cells, empty where there is none."""
    return [variable_text(values[name]) if name in values else "" for name in names]


def answer(source: GeneratorSource, wishes: Sequence[Target | Word], n: int, seed: int) -> GeneratedAlloys:
    """Draws ``n`` distinct designs for targets, of which those for variables come out exactly.

    Raises:
        InputError: if the generator cannot be asked for a target, or ``n`` or the seed are out of range.
    """
    generator, spreads = source.generator, source.spreads
    targets, fixed = split_targets(wishes, generator.space.variables.names)
    drawn_from = with_variables(source.drawn_from, allowed_places(generator.space.variables, fixed))
    learned = generator.properties if training_spreads(generator) is None else tuple(spreads)
    check_askable(targets, generator.properties, learned)
    notes = [source.note] if source.note else []
    notes += distance_notes(targets, spreads, source.known)
    exact = {
        target.name
        for target in targets
        if _reference(generator.space, np.zeros(0, dtype=np.int64), target.name) is not None
    }
    more = SPARE * n if exact and source.drawn_from is generator else n  # nothing else moves the draws of a file
    drawn = draw_distinct(drawn_from, targets, more, seed)
    if len(drawn.points) < n:
        why = f" ({drawn.note})" if drawn.note else ""
        notes.append(
            f"only {len(drawn.points)} distinct compositions of the {n} asked for came in {drawn.draws} draws{why}; "
            "widen a target to a range, or ask for fewer properties"
        )
    names = tuple(wish.name for wish in fixed)
    found = GeneratedAlloys(generator.space, generator.name, targets, drawn, tuple(notes), names).nearest(n, spreads)
    return found if source.observed is None else found.resembling(source.observed)


def _observed(known: Mapping[str, Floats]) -> dict[str, TrainingSpread]:
    """The spread of known values, for a generator that keeps no scale of its own."""
    spreads = {}
    for name, column in known.items():
        values = column[~np.isnan(column)]
        if len(values) > 1 and values.std() > 0:
            spreads[name] = TrainingSpread(float(values.mean()), float(values.std()), np.inf)
    return spreads
