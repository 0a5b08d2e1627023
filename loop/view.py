"""What a campaign knows, read from its database: rows with every value, feasibility, fronts and hypervolumes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alloys.composition import Composition
from alloys.errors import InputError
from alloys.goal import Goal
from alloys.records import Observation, Prediction
from alloys.reference import properties_of
from alloys.space import Space, Units
from loop.assembly import build_goal, build_space
from loop.config import CampaignConfig
from loop.store import CampaignStore, IterationState
from loop.store.transitions import FOR_PEOPLE

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Row:
    """One alloy that validation has spoken of.

    Attributes:
        composition: the alloy.
        iteration: which asked for it; None for results brought by hand.
        origin: who proposed it.
        values: measured properties and closed forms.
        feasible: whether every constraint holds.
        failure: the reason where validation failed.
        prediction: what the model thought before.
        why: why it was chosen.
    """

    composition: Composition
    iteration: int | None
    origin: str
    values: Mapping[str, float]
    feasible: bool
    failure: str | None
    prediction: Prediction | None
    why: str


@dataclass(frozen=True, slots=True)
class View:
    """A campaign as it stands.

    Attributes:
        config: its configuration.
        space: its space.
        goal: its goal.
        rows: accepted results, by iteration and rank.
        pending: compositions that are asked for and not answered, cancelled and set-aside ones included.
    """

    config: CampaignConfig
    space: Space
    goal: Goal
    rows: tuple[Row, ...]
    pending: tuple[Composition, ...]

    def upto(self, iteration: int) -> tuple[Row, ...]:
        """Rows of iterations up to and including this one, and those brought by hand."""
        return tuple(row for row in self.rows if row.iteration is None or row.iteration <= iteration)

    def reference_point(self) -> Floats:
        """Where hypervolume is measured from, larger is better, shape ``(m,)``.

        The configuration's, or else a tenth of the range below the worst values seen in iteration 0.
        """
        given = self.config.reference_point
        if given:
            return np.array([o.sign * given[o.name] for o in self.goal.objectives])
        start = [self.goal.signed_objectives(row.values) for row in self.upto(0)]
        points = np.array([point for point in start if point is not None])
        if len(points) == 0:
            return np.zeros(len(self.goal.objectives))
        low, high = points.min(axis=0), points.max(axis=0)
        return np.asarray(low - 0.1 * np.maximum(high - low, 1e-9))

    def hypervolume(self, rows: Sequence[Row]) -> float:
        """Hypervolume of the feasible ones of some rows."""
        # Late: imports torch, which reading a status should not need before there is something to measure.
        points = [self.goal.signed_objectives(row.values) for row in rows if row.feasible]
        if not points:
            return 0.0
        from surrogates.pareto import hypervolume

        return hypervolume(np.array(points, dtype=np.float64), self.reference_point())

    def ranked(self) -> list[Row]:
        """Rows from best to worst: feasible first, then by how many feasible ones are better in everything."""
        points = {id(row): self.goal.signed_objectives(row.values) for row in self.rows}
        complete = [np.array(points[id(row)]) for row in self.rows if row.feasible and points[id(row)] is not None]
        table = np.array(complete) if complete else np.zeros((0, len(self.goal.objectives)))
        low = table.min(axis=0) if len(table) else np.zeros(table.shape[1])
        span = np.maximum(np.ptp(table, axis=0), 1e-12) if len(table) else np.ones(table.shape[1])

        def order(row: Row) -> tuple[bool, int, float]:
            point = points[id(row)]
            if point is None:
                return (True, 10**9, 0.0)
            values = np.array(point)
            beaten = int(((table >= values).all(axis=1) & (table > values).any(axis=1)).sum())
            return (not row.feasible, beaten, -float(((values - low) / span).sum()))

        return sorted(self.rows, key=order)

    def observed(self) -> tuple[list[Composition], dict[str, Floats]]:
        """Compositions and the values of what only validation answers, NaN where unknown: what a surrogate fits."""
        names = self.goal.unknown
        table = {
            name: np.array([row.values.get(name, np.nan) for row in self.rows], dtype=np.float64) for name in names
        }
        return [row.composition for row in self.rows], table

    def fractions(self, compositions: Sequence[Composition]) -> Floats:
        """Atomic fractions in the space's order, shape ``(n, d)``."""
        amounts = [composition.fractions() for composition in compositions]
        return np.array([[a.get(s, 0.0) for s in self.space.elements] for a in amounts]).reshape(
            -1, self.space.dimension
        )

    def in_space(self, compositions: Sequence[Composition]) -> Units:
        """Units of those compositions that are in the space, shape ``(k, d)``."""
        rows = []
        for composition in compositions:
            try:
                rows.append(self.space.units_of(composition))
            except InputError:
                continue
        return np.array(rows, dtype=np.int64).reshape(-1, self.space.dimension)


def config_of(store: CampaignStore) -> CampaignConfig:
    """The configuration that a campaign was made with."""
    info = store.campaign()
    return CampaignConfig.model_validate({**info.config["science"], "name": info.name})


def view_of(store: CampaignStore, config: CampaignConfig | None = None) -> View:
    """Reads a campaign."""
    config = config or config_of(store)
    goal = build_goal(config)
    proposals = {p.selection.candidate.composition: p for p in store.proposals()}
    rows = []
    for composition, seen in _by_alloy(store).items():
        proposal = proposals.get(composition)
        selection = proposal.selection if proposal else None
        measured = {name: value for observation in reversed(seen) for name, value in observation.values.items()}
        failure = next((observation.failure for observation in seen if observation.failure), None)
        values = {**properties_of(composition), **measured}
        rows.append(
            Row(
                composition=composition,
                iteration=proposal.iteration if proposal else None,
                origin=selection.candidate.origin if selection else seen[0].source,
                values=values,
                feasible=bool(measured) and goal.feasible(values),
                failure=failure if not measured else None,
                prediction=selection.prediction if selection else None,
                why=selection.why if selection else "",
            )
        )
    answered = {row.composition for row in rows}
    pending = tuple(composition for composition in proposals if composition not in answered)
    return View(config, build_space(config.space), goal, tuple(rows), pending)


def _by_alloy(store: CampaignStore) -> dict[Composition, list[Observation]]:
    """Accepted observations of each alloy, in the order of iteration and rank, then of arrival."""
    ranks = {p.selection.candidate.composition: (p.iteration, p.selection.rank) for p in store.proposals()}
    found: dict[Composition, list[Observation]] = {}
    for stored in store.observations():
        found.setdefault(stored.observation.composition, []).append(stored.observation)
    return dict(sorted(found.items(), key=lambda item: ranks.get(item[0], (-1, -1))))


def campaign_state(store: CampaignStore) -> str:
    """``new``, ``waiting`` (for people), ``running`` (more to do) or ``finished``."""
    iterations = store.iterations()
    if not iterations:
        return "new"
    counts = store.counts()
    if any(counts.get(state) for state in FOR_PEOPLE):
        return "waiting"
    closed = sum(iteration.state is IterationState.CLOSED for iteration in iterations)
    # The driver notes how far it means to go; by hand, every closed campaign may be the end.
    wanted = iterations[0].info.get("last_iteration", len(iterations) - 1)
    return "finished" if closed > wanted else "running"


def iteration_summaries(store: CampaignStore, view: View) -> list[dict[str, Any]]:
    """One plain document for each iteration, as ``alloyloop status --json`` prints it."""
    summaries = []
    for iteration in store.iterations():
        own = [row for row in view.rows if row.iteration == iteration.index]
        done = iteration.state is IterationState.CLOSED
        end = iteration.finished if iteration.finished is not None else None
        summaries.append(
            {
                "index": iteration.index,
                "selected": len(store.proposals(iteration.index)),
                "feasible": sum(row.feasible for row in own),
                "failed": sum(row.failure is not None for row in own),
                "hypervolume": view.hypervolume(view.upto(iteration.index)) if done else None,
                "seconds": round(end - iteration.started, 3) if end is not None else None,
            }
        )
    return summaries
