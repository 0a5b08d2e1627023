"""The problem that every method gets: the default campaign's space and goal, its start, and who answers."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from alloys.goal import Constraint, Goal, count_dominating
from alloys.problem import Problem as DesignProblem
from alloys.records import Failed, FailureKind, Measured, digest_of
from alloys.space import AlloySpace, Bools, Floats, Points
from benchmarks.efficiency.protocol import BrokenProtocolError, History
from loop.choose.starting import StartPlan, initial_design
from loop.config.assembly import build_problem, start_table
from loop.config.reading import load_config
from loop.config.schema import CampaignConfig
from validation.base import Validator
from validation.registry import make_validator

INCUMBENTS = 12
"""How many of the best alloys lend their neighbours to a pool; as many as the loop takes."""


@dataclass
class Answers:
    """A validator whose answers are kept in a folder, one file for each alloy, so that no alloy costs twice.

    Several processes may share the folder. What each run asks is counted by the run, whether it was kept or not.
    A failure of the machinery is not kept, and ends the run.
    """

    validator: Validator
    folder: Path
    computed: int = 0

    def __post_init__(self) -> None:
        self.folder = self.folder / f"{self.validator.name}-{self.validator.fingerprint[:16]}"
        self.folder.mkdir(parents=True, exist_ok=True)

    def of(self, space: AlloySpace, row: Points) -> dict[str, float]:
        """The measured properties of one alloy, empty where validation failed."""
        design = space.design(row)
        path = self.folder / f"{design}.json"
        if path.exists():
            kept: dict[str, float] = json.loads(path.read_text(encoding="utf-8"))
            return kept
        verdict = self.validator.validate(design)
        self.computed += 1
        if isinstance(verdict, Failed) and verdict.kind is not FailureKind.PHYSICS:
            raise RuntimeError(f"{design} could not be validated: {verdict.message}")
        values = {name: q.value for name, q in verdict.properties.items()} if isinstance(verdict, Measured) else {}
        draft = path.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(values), encoding="utf-8")
        draft.replace(path)
        return values


@dataclass
class Problem:
    """A campaign's problem, answered for any method alike.

    Attributes:
        config: the campaign's configuration; its seed decides the start.
        answers: who says what is true.
        design: what is wanted, of what.
    """

    config: CampaignConfig
    answers: Answers
    design: DesignProblem = field(init=False)

    def __post_init__(self) -> None:
        self.design = build_problem(self.config)

    @property
    def space(self) -> AlloySpace:
        """Where compositions come from."""
        return self.design.space

    @property
    def goal(self) -> Goal:
        """What is wanted."""
        return self.design.goal

    @property
    def validated(self) -> tuple[str, ...]:
        """The goal's properties that only validation answers."""
        return self.design.validated

    @property
    def closed_form_constraints(self) -> tuple[Constraint, ...]:
        """Constraints that the composition alone decides."""
        return self.design.closed_form_constraints

    @classmethod
    def load(
        cls, path: Path, seed: int, cache: Path, tdb: Path | None = None, overrides: Sequence[str] = ()
    ) -> Problem:
        """The problem of a configuration file, with overrides; with ``tdb`` another thermodynamic database answers.

        Raises:
            InputError: for a bad configuration, or one whose validator is a person.
        """
        other = [] if tdb is None else [f"validator.settings={{tdb: {json.dumps(str(tdb.resolve()))}}}"]
        config = load_config(path, [*overrides, *other], seed=seed)
        validator = make_validator(config.validator.name, config.validator.settings)
        return cls(config, Answers(validator, cache))

    @property
    def digest(self) -> str:
        """What two runs must share to be compared, whatever the seed: space, goal, reference point and validator."""
        parts = {
            "space": asdict(self.space),
            "goal": [str(part) for part in (*self.goal.objectives, *self.goal.constraints)],
            "reference": self.reference().tolist(),
            "validator": self.answers.validator.name,
        }
        settings = self.config.validator.settings
        return digest_of({**parts, "settings": settings} if settings else parts)[:16]

    def reference(self) -> Floats:
        """Where hypervolume is measured from, larger is better, shape ``(m,)``."""
        given = self.config.reference_point
        return np.array([o.sign * given[o.name] for o in self.goal.objectives])

    def start(self) -> Points:
        """The campaign's own iteration 0 for its seed, shape ``(n, d)``."""
        start = self.config.start
        chosen = initial_design(
            self.design,
            start_table(start, self.design.physics),
            StartPlan(start.validate_count, start.from_table),
            self.config.seed,
        )
        return np.array([self.space.point_of(s.candidate.design) for s in chosen], dtype=np.int64)

    def closed(self, points: Points) -> dict[str, Floats]:
        """What the composition alone says of the goal's properties: known to every method, and free."""
        return self.design.closed_forms(self.space.fractions(points))

    def ask(self, points: Points) -> dict[str, Floats]:
        """Every property of the goal for some alloys, each of shape ``(n,)``; NaN where validation failed."""
        measured = [self.answers.of(self.space, row) for row in points]
        table = {name: np.array([m.get(name, np.nan) for m in measured]) for name in self.validated}
        return {**table, **self.closed(points)}

    def allowed(self, points: Points) -> Bools:
        """Which rows are in the space and satisfy the constraints that the composition alone decides, ``(n,)``."""
        return self.space.contains(points) & self.design.passes(points)

    def fresh(self, points: Points, asked: Points) -> Points:
        """The allowed ones among some rows, each once and none that was asked."""
        rows = np.unique(points[self.allowed(points)], axis=0)
        known = set(self.space.keys(asked))
        return rows[[key not in known for key in self.space.keys(rows)]] if len(rows) else rows

    def sample(self, count: int, rng: np.random.Generator, asked: Points) -> Points:
        """Random allowed compositions that were not asked, in random order, shape ``(count, d)``."""
        found = np.zeros((0, self.space.dimension), dtype=np.int64)
        while len(found) < count:
            more = self.fresh(self.space.sample(4 * count + 256, rng), np.concatenate([asked, found]))
            found = np.concatenate([found, rng.permutation(more)])
        return found[:count]

    def check(self, history: History, points: Points, q: int) -> None:
        """Refuses a batch that breaks the protocol.

        Raises:
            BrokenProtocolError: naming what is wrong with it.
        """
        if points.shape != (q, self.space.dimension):
            raise BrokenProtocolError(f"a batch has shape {(q, self.space.dimension)}, got {points.shape}")
        if not self.space.contains(points).all():
            raise BrokenProtocolError(f"not in the space: {points[~self.space.contains(points)].tolist()}")
        if len(self.fresh(points, history.points)) < int(self.allowed(points).sum()):
            raise BrokenProtocolError("an alloy is proposed twice, or was asked before")

    def feasible(self, values: Mapping[str, Floats]) -> Bools:
        """Which alloys satisfy every constraint, shape ``(n,)``; failed ones do not."""
        good: Bools = ~np.any([np.isnan(column) for column in values.values()], axis=0)
        for constraint in self.goal.constraints:
            good &= constraint.holds(values[constraint.name])
        return good

    def points(self, values: Mapping[str, Floats]) -> Floats:
        """Signed objectives, larger is better, shape ``(n, m)``."""
        return np.column_stack([o.sign * values[o.name] for o in self.goal.objectives])

    def incumbents(self, history: History) -> Points:
        """The best alloys so far, at most `INCUMBENTS`, best first.

        Feasible ones by how many feasible ones beat them in everything; then the others by how far they break
        the constraints, each in its standard deviations.
        """
        feasible, points = self.feasible(history.values), self.points(history.values)
        front = points[feasible]
        beaten = np.array([count_dominating(front, p) for p in points])
        order = np.where(feasible, beaten, len(history) + self.violation(history))
        known = np.flatnonzero(~np.isnan(order))
        return history.points[known[np.argsort(order[known], kind="stable")][:INCUMBENTS]]

    def violation(self, history: History) -> Floats:
        """By how much constraints are broken, summed in standard deviations of what is known, shape ``(n,)``."""
        total = np.zeros(len(history))
        for constraint in self.goal.constraints:
            column = history.values[constraint.name]
            total += np.maximum(-constraint.margin(column), 0.0) / max(float(np.nanstd(column)), 1e-9)
        return total
