"""The steps of an iteration, as functions of recorded data and a seed: the same input gives the same output."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from alloys.design import Design
from alloys.errors import InputError
from alloys.space import Floats, Points, Space, TableSpace
from generators.asking.targets import beyond_front
from generators.interface import LearnedSpace
from loop.choose.seeds import seed_for
from loop.choose.training import TrainingJob
from loop.choose.warm import WarmStart
from loop.config.schema import CampaignConfig
from loop.view import View

if TYPE_CHECKING:
    from generators.asking.guidance import Guidance
    from generators.interface import Generator


log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KnownDesigns:
    """Points of the space with every property known of them: what a generator learns from.

    Attributes:
        names: the conditions' columns: every property of the goal.
        points: shape ``(n, d)``.
        conditions: shape ``(n, p)``, NaN where unknown.
    """

    names: tuple[str, ...]
    points: Points
    conditions: Floats


def known_compositions(view: View, table: Sequence[Design]) -> KnownDesigns:
    """Measured alloys and the start table, each once; what is measured beside what has a closed form.

    An alloy between the steps of the grid counts as its nearest point, unless that was measured itself.
    """
    space, names = view.space, view.goal.names
    measured: dict[bytes, dict[str, float]] = {}
    rows: dict[bytes, Points] = {}
    for composition in table:
        points = space.nearest(composition)
        if points is not None:
            rows[points.tobytes()] = points
    for row in sorted(view.rows, key=lambda row: not row.outside):
        point = space.nearest(row.design)
        if point is not None:
            rows[point.tobytes()] = point
            measured[point.tobytes()] = dict(row.values)
    points = np.array(list(rows.values()), dtype=np.int64).reshape(-1, space.dimension)
    inputs = space.inputs(points)
    conditions = np.full((len(points), len(names)), np.nan)
    for j, name in enumerate(names):
        if view.problem.has_closed_form(name):
            conditions[:, j] = view.problem.closed_form(name, inputs)
        else:
            conditions[:, j] = [measured.get(key, {}).get(name, np.nan) for key in rows]
    return KnownDesigns(names, points, conditions)


def families_of(config: CampaignConfig, space: Space, known: KnownDesigns) -> dict[str, dict[str, Any]]:
    """The families that propose, with their settings: none of a list, or with nothing that they could learn."""
    return config.generator.members() if isinstance(space, LearnedSpace) and len(known.points) else {}


def training_job(
    view: View,
    known: KnownDesigns,
    iteration: int,
    family: str,
    settings: Mapping[str, Any],
    start: WarmStart | None = None,
) -> TrainingJob:
    """The trainer's work for one family in an iteration."""
    start = start or WarmStart()
    if not isinstance(view.space, LearnedSpace):
        raise InputError("generators learn alloys on a grid, or formulas; a list of candidates goes without them")
    return TrainingJob(
        family=family,
        space=view.space,
        properties=known.names,
        points=known.points,
        conditions=known.conditions,
        seed=seed_for(view.config.seed, iteration, "training"),
        settings=settings,
        warm=start.content,
        note=start.note,
    )


def _targets(view: View, known: KnownDesigns, count: int, iteration: int) -> Floats:
    """What the generators are asked for, shape ``(count, p)``: beyond the front, inside the constraints."""
    if not count:
        return np.zeros((0, len(known.names)))
    rng = np.random.default_rng(seed_for(view.config.seed, iteration, "targets"))
    return beyond_front(known.names, view.goal, known.conditions, count, rng)


@dataclass(frozen=True, slots=True)
class CandidatePool:
    """Candidates with who proposed each.

    Attributes:
        points: shape ``(n, d)``.
        origins: shape ``(n,)``.
        first_draw_valid: by family, the share of first draws that lay in the space.
    """

    points: Points
    origins: NDArray[np.str_]
    first_draw_valid: Mapping[str, float]


def propose(
    view: View,
    known: KnownDesigns,
    generators: Sequence[tuple[Generator, int]],
    iteration: int,
    guidance: Guidance | None = None,
) -> CandidatePool:
    """Candidates: the generators' for targets beyond the front, random ones, and neighbours of the best alloys.

    Of a list, all are candidates.

    Args:
        view: what is known.
        known: what the generators were trained on.
        generators: each with the number of candidates that it may draw.
        iteration: its number.
        guidance: moves the generators' candidates to their targets, and keeps the nearest; None for them as drawn.
    """
    config = view.config
    targets = _targets(view, known, sum(count for _, count in generators), iteration)
    parts: list[tuple[Points, str]] = []
    valid: dict[str, float] = {}
    seed, begin = seed_for(config.seed, iteration, "sampling"), 0
    for number, (generator, count) in enumerate(generators):
        if count:
            asked, own = targets[begin : begin + count], (seed + number) % 2**32
            samples = guidance.sample(generator, asked, seed=own) if guidance else generator.sample(asked, seed=own)
            parts.append((samples.points, generator.name))
            valid[generator.name] = samples.first_draw_valid
        begin += count
    chance = np.random.default_rng(seed_for(config.seed, iteration, "random"))
    listed = isinstance(view.space, TableSpace)
    many = len(view.space.designs) if isinstance(view.space, TableSpace) else config.screening.random
    parts.append((view.space.sample(many, chance), "list" if listed else "random"))
    if config.screening.neighbours and not listed:
        best = view.in_space([row.design for row in view.ranked()[:12]])
        parts += [(view.space.neighbours(row), "neighbour") for row in best]
    points = np.concatenate([part for part, _ in parts])
    origins = np.concatenate([np.full(len(part), origin) for part, origin in parts])
    return CandidatePool(points, origins, valid)
