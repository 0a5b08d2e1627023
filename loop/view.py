"""What a campaign knows, read from its database: rows with every value, feasibility, fronts and hypervolumes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from alloys.design import Design
from alloys.distances import places_of_inputs
from alloys.errors import InputError
from alloys.goal import Goal, count_dominating
from alloys.problem import Problem
from alloys.records import Prediction
from alloys.space import Floats, Points, Space, TableSpace
from loop.config.assembly import build_problem
from loop.config.schema import CampaignConfig
from loop.config.steering.in_force import in_force
from loop.config.tiers import PEOPLE
from loop.measurements import AcceptedResult, Measurements, ModelData
from loop.other_sources import ForeignPoints, others_of
from loop.store import CampaignStore, JobState, StoredObservation
from validation.tier import Tier

_WITHOUT_ANSWER = (JobState.CANCELLED, JobState.FAILED)
"""States that no answer follows; a failure of the science in `FAILED` is an answer of its own."""


@dataclass(frozen=True, slots=True)
class Row:
    """One design that validation has spoken of.

    Attributes:
        design: the alloy, and the variables chosen beside it.
        iteration: which asked for it; None for results brought by hand.
        origin: who proposed it.
        values: measured properties, each the mean of what the most accurate who answered it said, and closed forms.
        measured: those measurements, by property.
        outside: why it is not in the space; empty where it is.
        feasible: whether it is in the space, every constraint holds by what is confirmed, and all that the goal asks
            for is.
        failure: the reason where validation failed; of several validators, where any did.
        prediction: what the model thought before.
        why: why it was chosen.
        confirmed: those of the values that are closed forms or came from the most accurate validator that can answer.
        answers: what was told, in the order of arrival.
    """

    design: Design
    iteration: int | None
    origin: str
    values: Mapping[str, float]
    measured: Mapping[str, Measurements]
    outside: str
    feasible: bool
    failure: str | None
    prediction: Prediction | None
    why: str
    confirmed: Mapping[str, float]
    answers: tuple[AcceptedResult, ...]

    def may_be_asked(self, wanted: Collection[str]) -> bool:
        """Whether nobody asked for it yet, and what was brought by hand leaves something to ask."""
        return self.iteration is None and self.failure is None and not set(wanted) <= set(self.confirmed)


@dataclass(frozen=True, slots=True)
class View:
    """A campaign as it stands.

    Attributes:
        config: its configuration.
        problem: what is wanted, of what.
        rows: accepted results, by iteration and rank.
        pending: designs that are asked for and may yet be answered; those in review are among them.
        tiers: its validators from the cheapest to the last, at least one.
        dropped: designs whose validation was cancelled, rejected or given up, or whose answer was withdrawn: no answer
            will come, and they are not asked for again.
        frozen: where hypervolume has been measured from since iteration 0 was closed, by objective in its unit.
        begun, closed: when iterations were, by number, in unix seconds.
        others: points of other sources or conditions that its surrogate may learn from.
    """

    config: CampaignConfig
    problem: Problem
    rows: tuple[Row, ...]
    pending: tuple[Design, ...]
    tiers: tuple[Tier, ...] = ()
    dropped: tuple[Design, ...] = ()
    frozen: Mapping[str, float] | None = None
    begun: Mapping[int, float] = field(default_factory=dict)
    closed: Mapping[int, float] = field(default_factory=dict)
    others: tuple[ForeignPoints, ...] = ()

    @property
    def space(self) -> Space:
        """The problem's space."""
        return self.problem.space

    @property
    def nameable(self) -> set[Design]:
        """The designs that a person may name by a part of them: those spoken of, and those of a list."""
        listed = self.space.designs if isinstance(self.space, TableSpace) else ()
        return {*(row.design for row in self.rows), *self.pending, *self.dropped, *listed}

    @property
    def goal(self) -> Goal:
        """The problem's goal."""
        return self.problem.goal

    def upto(self, iteration: int) -> tuple[Row, ...]:
        """Rows of iterations up to and including this one, and those brought by hand until it was closed."""
        return self._rows_of(iteration, self.closed.get(iteration, np.inf))

    def before(self, iteration: int) -> tuple[Row, ...]:
        """Rows of the iterations before, and those brought by hand until this one was begun."""
        return self._rows_of(iteration - 1, self.begun.get(iteration, np.inf))

    def _rows_of(self, iteration: int, end: float) -> tuple[Row, ...]:
        """Rows by the answers that iterations up to one asked for, or that people brought until a time."""
        found = []
        for row in self.rows:
            known = tuple(a for a in row.answers if (a.at <= end if a.iteration is None else a.iteration <= iteration))
            if known and (row.iteration is None or row.iteration <= iteration):
                same = len(known) == len(row.answers)
                found.append(row if same else replace(row, **_values_and_feasibility(row.design, known, self)))
        return tuple(found)

    def most_accurate(self, name: str) -> int:
        """The most accurate validator that answers a property, counted from 0."""
        return max((i for i, tier in enumerate(self.tiers) if name in tier.properties), default=0)

    def reference_point(self) -> Floats:
        """Where hypervolume is measured from, larger is better, shape ``(m,)``.

        The configuration's, or else a tenth of the range below the worst values seen in iteration 0, as they were when
        it was closed. Of a property that should match it is a distance from the target.
        """
        given = self.config.reference_point or self.frozen
        if given:
            return np.array([o.sign * given[o.name] for o in self.goal.objectives])
        then = self.upto(0)
        start = [(row.outside, self.goal.signed_objectives(row.values)) for row in then]
        known = [(outside, point) for outside, point in start if point is not None]
        points = np.array([point for outside, point in known if not outside] or [point for _, point in known])
        if len(points) == 0:
            return np.zeros(len(self.goal.objectives))
        low, high = points.min(axis=0), points.max(axis=0)
        return np.asarray(low - 0.1 * np.maximum(high - low, 1e-9))

    def hypervolume(self, rows: Sequence[Row]) -> float:
        """Hypervolume of the feasible ones of some rows; without objectives, how many different ones there are."""
        if self.goal.any_feasible:
            return float(len(self.different(rows)))
        points = [self.goal.signed_objectives(row.values) for row in rows if row.feasible]
        if not points:
            return 0.0
        from surrogates.choosing.pareto import hypervolume  # late: with torch

        return hypervolume(np.array(points, dtype=np.float64), self.reference_point())

    def different(self, rows: Sequence[Row]) -> list[Row]:
        """The feasible ones of some rows, in their order, without those that are too near to one before."""
        from surrogates.choosing.packing import Packing  # late: a status without results needs no numbers

        feasible = [row for row in rows if row.feasible]
        at = places_of_inputs(self.space, self.inputs([row.design for row in feasible]))
        counted = Packing.of(at, np.ones((1, len(feasible)), dtype=np.bool_), self.goal.resolution).counted[0]
        return [row for row, counts in zip(feasible, counted, strict=True) if counts]

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
            beaten = count_dominating(table, values)
            return (not row.feasible, beaten, -float(((values - low) / span).sum()))

        return sorted(self.rows, key=order)

    def observed(self) -> ModelData:
        """What a surrogate fits: what only validation answers, by the most accurate who did."""
        told = [(row.design, row.iteration, row.failure is not None, row.measured) for row in self.rows]
        return ModelData.of(told, self.problem.validated)

    def fidelities(self) -> list[tuple[str, ModelData]]:
        """The same for each validator in turn, of what it answers, by its label.

        Results brought by hand count as those of the most accurate validator that answers the property.
        """
        found = []
        for i, tier in enumerate(self.tiers):
            names = [name for name in self.problem.validated if name in tier.properties]
            told = [(row.design, row.iteration, False, _by_tier(row.answers, i, self)) for row in self.rows]
            found.append((tier.label, ModelData.of([each for each in told if each[-1]], names)))
        return [(label, data) for label, data in found if data.values]

    @property
    def foreign(self) -> tuple[str, ...]:
        """Elements of what is known that are outside the space's palette."""
        known = {symbol for row in self.rows for symbol in row.design.composition.elements}
        return tuple(sorted(known - set(self.space.elements)))

    def fractions(self, designs: Sequence[Design], foreign: Sequence[str] = ()) -> Floats:
        """Atomic fractions of the space's elements in its order, and of foreign ones behind, shape ``(n, d)``."""
        amounts, elements = [design.composition.fractions() for design in designs], (*self.space.elements, *foreign)
        return np.array([[a.get(s, 0.0) for s in elements] for a in amounts]).reshape(len(designs), len(elements))

    def chosen(self, designs: Sequence[Design]) -> Floats:
        """A column for each variable of the space, as `Variables.raw` gives it, shape ``(n, v)``."""
        rows = [self.space.variables.raw_of(design.values) for design in designs]
        return np.array(rows).reshape(len(designs), len(self.space.variables))

    def inputs(self, designs: Sequence[Design], foreign: Sequence[str] = ()) -> Floats:
        """What the surrogate takes of designs, in the space or not: `fractions` and `chosen`, shape ``(n, k)``."""
        return np.concatenate([self.fractions(designs, foreign), self.chosen(designs)], axis=1)

    def in_space(self, designs: Sequence[Design]) -> Points:
        """Points of those designs that are in the space, shape ``(k, d)``."""
        rows = [self.space.point_of(design) for design in designs if not outside(self.space, design)]
        return np.array(rows, dtype=np.int64).reshape(-1, self.space.dimension)


def outside(space: Space, design: Design) -> str:
    """Why an alloy is not in the space; empty where it is."""
    try:
        space.point_of(design)
    except InputError as error:
        return str(error)
    return ""


def config_of(store: CampaignStore) -> CampaignConfig:
    """The configuration that a campaign was made with."""
    info = store.campaign()
    return CampaignConfig.model_validate({**info.config["science"], "name": info.name})


def several_tiers(store: CampaignStore) -> tuple[Tier, ...]:
    """What a campaign's database says of its list of validators; none where it was given a single one."""
    return tuple(Tier.from_json(document) for document in store.campaign().config.get("tiers", []))


def tiers_of(store: CampaignStore, config: CampaignConfig) -> tuple[Tier, ...]:
    """A campaign's validators, at least one, as far as a reader needs them: no validator is made."""
    listed = several_tiers(store)
    if listed:
        return listed
    name, fingerprint = config.validator.name, store.campaign().config["validator"]
    return (Tier(name, name, fingerprint, build_problem(config).validated, name in PEOPLE),)


def view_of(
    store: CampaignStore,
    config: CampaignConfig | None = None,
    hidden: Collection[str] = (),
    problem: Problem | None = None,
    upto: int | None = None,
) -> View:
    """Reads a campaign.

    Args:
        store: its database.
        config: its configuration; the one that it was made with if None.
        hidden: keys of jobs that count as open, whatever became of them.
        problem: that of the configuration, where it is built already; a list of candidates is a file to be read.
        upto: the last act that counts, 0 for none; all of them if None.
    """
    empty = _empty(store, config or config_of(store), problem, upto)
    proposals = {p.selection.candidate.design: p for p in store.proposals()}
    rows = []
    for design, seen in _by_design(store, hidden).items():
        proposal = proposals.get(design)
        selection = proposal.selection if proposal else None
        told: dict[str, Any] = {"origin": seen[0].source}
        if selection:
            told = {"origin": selection.candidate.origin, "prediction": selection.prediction, "why": selection.why}
        rows.append(row_of(empty, design, seen, iteration=proposal.iteration if proposal else None, **told))
    answered, iterations = {row.design for row in rows}, store.iterations()
    over = [job for state in _WITHOUT_ANSWER for job in store.jobs(state) if job.key not in hidden]
    ended = {job.request.design for job in over} | store.withdrawn_answers()
    unanswered = [design for design in proposals if design not in answered]
    return replace(
        empty,
        rows=tuple(rows),
        frozen=_frozen(store, hidden, empty.frozen or {}),
        begun={it.index: it.started for it in iterations},
        closed={it.index: it.finished for it in iterations if it.finished is not None},
        pending=tuple(design for design in unanswered if design not in ended),
        dropped=tuple(design for design in unanswered if design in ended),
        others=others_of(store, empty.config),
    )


def row_of(
    view: View,
    design: Design,
    answers: Sequence[AcceptedResult],
    *,
    iteration: int | None = None,
    origin: str = "",
    prediction: Prediction | None = None,
    why: str = "",
) -> Row:
    """A row by what was told of a design; of the view, only what is wanted and who answers matters."""
    found = _values_and_feasibility(design, answers, view)
    return Row(design=design, iteration=iteration, origin=origin, prediction=prediction, why=why, **found)


def _frozen(store: CampaignStore, hidden: Collection[str], changed: Mapping[str, float]) -> Mapping[str, float] | None:
    """The frozen reference point, but for changed objectives; none where an answer of iteration 0 counts as open."""
    start = {p.key for p in [*store.proposals(0), *store.promotions(0)]} if hidden else set()
    frozen = None if start & set(hidden) else store.facts().reference_point
    return frozen and {**frozen, **changed}


def _empty(
    store: CampaignStore, config: CampaignConfig, problem: Problem | None = None, upto: int | None = None
) -> View:
    """A campaign of which nothing is known, by what is wanted after an act."""
    wanted = in_force(config, problem or build_problem(config), store.acts(upto))
    return View(wanted.config, wanted.problem, (), (), tiers_of(store, config), frozen=wanted.reference)


def _values_and_feasibility(design: Design, answers: Sequence[AcceptedResult], view: View) -> dict[str, Any]:
    """What a row says by these answers: of each property the mean of what the most accurate of them measured."""
    levels = {
        name: max(_level(answer, name, view) for answer in answers if name in answer.values)
        for name in dict.fromkeys(name for answer in answers for name in answer.values)
    }
    measured = {
        name: Measurements.of([a for a in answers if _level(a, name, view) == level], name)
        for name, level in levels.items()
    }
    plain = view.problem.exact(design)
    values = {**plain, **{name: found.mean for name, found in measured.items()}}
    certain = [name for name, level in levels.items() if level >= view.most_accurate(name)]
    confirmed = {**plain, **{name: values[name] for name in certain}}
    for told in (values, confirmed):
        told |= view.problem.computed(told, design)
    complete = set(view.goal.names) <= set(confirmed)
    failure = next((answer.failure for answer in answers if answer.failure), None)
    stray = outside(view.space, design)
    return {
        "values": values,
        "measured": measured,
        "confirmed": confirmed,
        "outside": stray,
        "feasible": bool(measured) and complete and not stray and view.goal.feasible(confirmed),
        "failure": failure if not measured or len(view.tiers) > 1 else None,
        "answers": tuple(answers),
    }


def _level(answer: AcceptedResult, name: str, view: View) -> int:
    """How accurate an answer is; of several validators, what people brought by hand stands above all of them."""
    if answer.tier is not None:
        return answer.tier
    return len(view.tiers) if len(view.tiers) > 1 else view.most_accurate(name)


def _by_tier(answers: Sequence[AcceptedResult], tier: int, view: View) -> dict[str, Measurements]:
    """What one validator said of an alloy; what people brought by hand counts as the most accurate validator's."""
    found = {}
    for name in dict.fromkeys(name for answer in answers for name in answer.values):
        own = [a for a in answers if (view.most_accurate(name) if a.tier is None else a.tier) == tier]
        if any(name in answer.values for answer in own):
            found[name] = Measurements.of(own, name)
    return found


def _by_design(store: CampaignStore, hidden: Collection[str]) -> dict[Design, list[AcceptedResult]]:
    """Accepted results of each design, in the order of iteration and rank, then of arrival."""
    ranks = {p.selection.candidate.design: (p.iteration, p.selection.rank) for p in store.proposals()}
    found = _grouped(stored for stored in store.observations() if stored.key not in hidden)
    return dict(sorted(found.items(), key=lambda item: ranks.get(item[0], (-1, -1))))


def _grouped(observations: Iterable[StoredObservation]) -> dict[Design, list[AcceptedResult]]:
    found: dict[Design, list[AcceptedResult]] = {}
    for stored in observations:
        found.setdefault(stored.observation.design, []).append(AcceptedResult.of(stored))
    return found


def standing(store: CampaignStore, index: int) -> dict[str, int]:
    """Feasible and failed alloys of an iteration that is not closed."""
    empty, told = _empty(store, config_of(store)), _grouped(store.observations_of(index))
    rows = [_values_and_feasibility(design, seen, empty) for design, seen in told.items()]
    return {"feasible": sum(row["feasible"] for row in rows), "failed": sum(row["failure"] is not None for row in rows)}
