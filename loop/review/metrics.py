"""The numbers of an iteration, written to the database for every view."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from alloys.records import proposer
from loop.execute.spans import DRIVER
from loop.review.report import best_of_each
from loop.store import CampaignStore, IterationNotes
from loop.view import Row, View


def iteration_metrics(store: CampaignStore, index: int, view: View) -> dict[str, float]:
    """Hypervolume, best values, calibration, proposers, queue counts, losses and durations of an iteration."""
    from loop.choose.ranking import (
        batch_calibration,  # with the models' libraries, which a driver that goes on does without
    )

    own = [row for row in view.rows if row.iteration == index]
    notes = store.iteration(index).notes
    numbers: dict[str, float] = {
        "hypervolume": view.hypervolume(view.upto(index)),
        "feasible_share": sum(row.feasible for row in own) / max(1, len(own)),
        "failed": float(sum(row.failure is not None for row in own)),
        "observations": float(len(view.upto(index))),
    }
    numbers |= _best(view, index) | _proposers(own)
    numbers |= {f"queue.{state}": float(count) for state, count in store.counts().items()}
    numbers |= _schedule(notes)
    numbers |= batch_calibration(view, own)
    numbers |= batch_calibration(view, view.upto(index), "batches")
    for name, score in notes.calibration.items():
        numbers |= {f"loo.{key}.{name}": value for key, value in score.items()}
    for each in notes.promotions:
        for label, told in each.validators.items():
            for key in ("asked", "seconds", "value"):
                name = f"validator.{label}.{key}"
                numbers[name] = numbers.get(name, 0.0) + float(getattr(told, key))
    for family, report in notes.training.items():
        numbers |= _training(family, report)
    for family, used in notes.generators.items():
        numbers[f"generator.{family}.proposals"] = float(used.proposals)
    return {name: value for name, value in numbers.items() if math.isfinite(value)}


def _best(view: View, index: int) -> dict[str, float]:
    """The best value of each objective among the feasible alloys so far, in its unit."""
    return {f"best.{each.name}": row.values[each.name] for each, row in best_of_each(view, view.upto(index))}


def _proposers(own: Sequence[Row]) -> dict[str, float]:
    """By who proposed it: the share of the batch that was answered, and what share of that is feasible."""
    numbers: dict[str, float] = {}
    for name in sorted({proposer(row.origin) for row in own}):
        mine = [row for row in own if proposer(row.origin) == name]
        numbers[f"generator.{name}.share"] = len(mine) / len(own)
        numbers[f"generator.{name}.hits"] = sum(row.feasible for row in mine) / len(mine)
    return numbers


def _schedule(notes: IterationNotes) -> dict[str, float]:
    """Seconds by kind of work, and who was idle."""
    numbers: dict[str, float] = {}
    for lane, name, begin, end in notes.timeline:
        key = f"seconds.{lane}.{name}" if lane == DRIVER else f"seconds.{name}"
        numbers[key] = round(numbers.get(key, 0.0) + end - begin, 3)
    told = notes.schedule
    if told is None:
        return numbers
    names = {"idle": "schedule.validators_idle_share", "unvalidated": "schedule.unvalidated_share"}
    names |= {
        "driver": "driver.share",
        "seconds": "schedule.seconds",
        "slots": "schedule.slots",
        "ahead": "schedule.ahead",
    }
    return numbers | {metric: float(getattr(told, key)) for key, metric in names.items()}


def _training(family: str, report: Mapping[str, object]) -> dict[str, float]:
    numbers = {}
    for key in ("seconds", "unique_share", "valid_share", "pairwise_cosine", "coverage"):
        value = report.get(key)
        if isinstance(value, int | float):
            numbers[f"generator.{family}.{key}"] = float(value)
    losses = report.get("validation_losses")
    if isinstance(losses, list) and losses:
        numbers[f"generator.{family}.best_loss"] = min(losses)
    return numbers
