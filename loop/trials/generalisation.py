"""Do models hold where nothing like it was seen: surrogates and generators on every split that a table allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from alloys.composition import Composition
from alloys.errors import InputError
from alloys.physics.closed_forms import CLOSED_FORMS, answered
from alloys.splits.folds import Fold, Rows, SplitTable, folds, possible_splits
from generators.evaluation.entrants import Entrant, entrants
from generators.evaluation.measuring import EvaluationGround
from generators.evaluation.protocol import EvaluationPlan
from generators.evaluation.splits import measure_split
from generators.evaluation.table import labelled
from loop.trials.table import TrialTable
from surrogates.evaluation.held_out import HeldPredictions, JudgedTable, judge


@dataclass(frozen=True, slots=True)
class SurrogateTask:
    """A surrogate that is to be judged.

    Attributes:
        target: the column.
        table: its rows.
        splits: their folds.
        left_out: why other splits are not possible.
    """

    target: str
    table: JudgedTable
    splits: Mapping[str, Sequence[Fold]]
    left_out: Mapping[str, str]

    @classmethod
    def of(cls, table: TrialTable, target: str, names: Sequence[str], count: int, seed: int) -> SurrogateTask:
        """One target of a table.

        Raises:
            InputError: for splits asked for by name that the rows do not allow.
        """
        rows, placed = table.judged(target)
        return cls(target, rows, *_splits(placed, names, count, seed))

    @property
    def steps(self) -> int:
        """Fits that it takes."""
        return sum(map(len, self.splits.values()))


@dataclass(frozen=True, slots=True)
class GeneratorTask:
    """Generators that are to be judged.

    Attributes:
        entrants: families and baselines.
        ground: the labelled alloys and their oracle.
        splits: the folds of the alloys.
        left_out: why other splits are not possible.
        without: designs that take no part, as an element of theirs lacks a number that a closed form needs.
    """

    entrants: Sequence[Entrant]
    ground: EvaluationGround
    splits: Mapping[str, Sequence[Fold]]
    left_out: Mapping[str, str]
    without: int = 0

    @classmethod
    def of(
        cls,
        table: TrialTable,
        targets: Sequence[str],
        families: Sequence[str],
        names: Sequence[str],
        count: int,
        seed: int,
        *,
        quick: bool = False,
    ) -> GeneratorTask:
        """Families conditioned on the targets; the top is that of the first.

        Raises:
            InputError: for an unknown family, too few alloys with all targets, or splits asked for by name that they do
                not allow.
        """
        places, told = _labelled_rows(table, targets)
        alloys = labelled(told, targets, table.source)
        chosen = places[alloys.rows].tolist()
        entered = entrants(families, None, len(alloys.points), quick=quick)
        splits = _splits(table.splits_of(chosen, alloys.values[:, 0]), names, count, seed)
        return cls(entered, EvaluationGround.of(alloys, EvaluationPlan()), *splits, len(table.designs) - len(told))

    @property
    def steps(self) -> int:
        """Trainings that it takes."""
        return len(self.entrants) * sum(map(len, self.splits.values()))


def _labelled_rows(
    table: TrialTable, targets: Sequence[str]
) -> tuple[Rows, list[tuple[Composition, dict[str, float]]]]:
    """Places of the designs that every closed form can be told of, and their compositions with known targets.

    Raises:
        InputError: if a design has no composition.
    """
    places, found = [], []
    computed = {name: CLOSED_FORMS[name] for name in table.computed}
    for i, design in enumerate(table.designs):
        if not design.composition.items:
            raise InputError(f"{table.source}: generators draw compositions, and there is a row without one")
        values = {name: float(column[i]) for name, column in table.values.items() if np.isfinite(column[i])}
        exact, _ = answered(computed, design)
        if set(exact) == set(computed):
            places.append(i)
            found.append((design.composition, {**values, **exact}))
    if not found:
        raise InputError(f"{table.source}: no design has elements with all numbers of {' and '.join(targets)}")
    return np.array(places), found


def _splits(
    rows: SplitTable, names: Sequence[str], count: int, seed: int
) -> tuple[dict[str, list[Fold]], dict[str, str]]:
    kept, left_out = possible_splits(rows, names, count)
    return {name: folds(name, rows, count, seed) for name in kept}, left_out


def judge_surrogate(task: SurrogateTask, on_fold: Callable[[], None]) -> dict[str, Any]:
    """The document of one surrogate: numbers by split, and by distance over the splits that say where rows lie.

    Rows of the top are left out of the numbers by distance: they were chosen by what was measured.
    """
    found: dict[str, HeldPredictions] = {}
    for name, parts in task.splits.items():
        held = []
        for part in parts:
            held.append(judge(task.table, part))
            on_fold()
        found[name] = HeldPredictions.together(held)
    placed = [each for name, each in found.items() if name != "top"]
    return {
        "rows": len(task.table.values),
        "splits": {name: {"held": _held(task.splits[name]), **each.summary()} for name, each in found.items()},
        "by_distance": HeldPredictions.together(placed).by_distance() if placed else [],
        "left_out": dict(task.left_out),
    }


def judge_generators(task: GeneratorTask, seed: int, on_fold: Callable[[], None]) -> dict[str, Any]:
    """The document of generators: numbers by family and split."""
    by_split = {
        name: measure_split(task.entrants, task.ground, parts, seed, on_fold) for name, parts in task.splits.items()
    }
    families = {e.name: {name: found[e.name] for name, found in by_split.items()} for e in task.entrants}
    return {
        "rows": len(task.ground.data.points),
        "without_reference_data": task.without,
        "oracle": task.ground.oracle.kinds,
        "splits": {name: {"held": _held(parts)} for name, parts in task.splits.items()},
        "families": families,
        "left_out": dict(task.left_out),
    }


def judged(
    surrogates: Sequence[SurrogateTask], generators: GeneratorTask | None, seed: int, on_fold: Callable[[], None]
) -> dict[str, Any]:
    """The document of all: ``surrogates`` by target, and ``generators`` or null."""
    return {
        "surrogates": {task.target: judge_surrogate(task, on_fold) for task in surrogates},
        "generators": judge_generators(generators, seed, on_fold) if generators else None,
    }


def _held(parts: Sequence[Fold]) -> list[dict[str, Any]]:
    return [
        {"held": part.held, "held_rows": len(part.held_rows), "learned_rows": len(part.learned_rows)} for part in parts
    ]
