"""Choosing batches and rounds: surrogate, generators and acquisition in one place, which only who chooses imports."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from alloys.design import Design
from alloys.distances import places_of_inputs
from alloys.records import Candidate, Prediction, Selection
from loop.choose import steps
from loop.choose.fitting import fit_surrogate
from loop.choose.guidance import guidance_of
from loop.choose.promotion import PromotionCandidates, PromotionDecision, PromotionJob
from loop.choose.proposal import Chosen, ProposalJob
from loop.choose.ranking import rank
from loop.choose.seeds import seed_for
from loop.execute.spans import SCORER, Span
from loop.view import Row, View
from surrogates.choosing.acquisition import Tell, silent
from surrogates.choosing.budget import ChosenWithinBudget, select_within_budget
from surrogates.choosing.packing import PackedFront
from surrogates.choosing.pareto import Front
from surrogates.model.surrogate import Surrogate


def choose_batch(job: ProposalJob, tell: Tell = silent) -> Chosen:
    """Fits the surrogate, lets the generators propose, and ranks; each step is told as it begins."""
    tell("learning from what is known")
    config, view, index = job.view.config, job.view, job.index
    marks = [time.time()]
    surrogate = fit_surrogate(view)
    marks.append(time.time())
    tell("proposing candidates")
    guidance = guidance_of(view, job.known, surrogate) if config.generator.guided and job.models else None
    generators = [(model.generator(), count) for model, count in job.models]
    pool = steps.propose(view, job.known, generators, index, guidance)
    marks.append(time.time())
    seed = seed_for(config.seed, index, "ranking")
    ranking = rank(view, pool, job.batch, seed, surrogate, job.spreader, tell)
    marks.append(time.time())
    made = {
        model.family: {
            "digest": model.digest,
            "proposals": count,
            "first_draw_valid": pool.first_draw_valid.get(model.family),
            "guided": config.generator.guided,
        }
        for model, count in job.models
    }
    notes = {"generators": made, "screening": ranking.screening, "calibration": ranking.calibration}
    names = ("fit", "propose", "screen")
    spans = tuple(Span(SCORER, name, *ends) for name, ends in zip(names, pairwise(marks), strict=True))
    return Chosen(ranking.selections, notes, spans, ranking.short)


def choose_promotions(job: PromotionJob) -> PromotionDecision:
    """Which alloys go to further validators; empty where nothing is left to ask."""
    chooser = _PromotionChooser(job.view, job.seed)
    selections: list[Selection] = []
    places: list[int] = []
    by_label: dict[str, Any] = {}
    for entrants in job.candidates:
        chosen = chooser.choose(entrants)
        by_label[entrants.label] = {
            "passed": len(entrants.rows),
            "asked": len(chosen),
            "seconds": sum(entry.seconds for entry in chosen),
            "value": sum(entry.choice.value for entry in chosen if entry.choice is not None),
        }
        selections += [entry.selection(len(selections) + k, entrants.before) for k, entry in enumerate(chosen)]
        places += [entrants.tier] * len(chosen)
    note: dict[str, Any] = {"asked": len(selections), "validators": by_label}
    if chooser.surrogate is not None:
        note |= {"surrogate": chooser.surrogate.digest, "notes": list(chooser.surrogate.notes)}
    return PromotionDecision(selections, places, note)


@dataclass(frozen=True, slots=True)
class _Promoted:
    row: Row
    seconds: float
    choice: ChosenWithinBudget | None = None
    prediction: Prediction | None = None

    def selection(self, rank: int, before: str) -> Selection:
        why, score = f"passed {before}", 0.0
        if self.choice is not None:
            why += f"; expected gain {self.choice.value:.3g}, {self.choice.per_hour:.3g} an hour"
            score = math.log(self.choice.per_hour)
        return Selection(Candidate(self.row.design, self.row.origin), rank, score, why, self.prediction)


@dataclass(slots=True)
class _PromotionChooser:
    view: View
    seed: int
    surrogate: Surrogate | None = field(default=None, init=False)

    def choose(self, entrants: PromotionCandidates) -> list[_Promoted]:
        """Who goes to one validator."""
        rows, seconds, left = entrants.rows, entrants.seconds, entrants.left
        if left is None:
            return [_Promoted(row, cost) for row, cost in zip(rows, seconds, strict=True)]
        if not rows or min(seconds) > left:
            return []
        self.surrogate = self.surrogate or fit_surrogate(self.view)
        picks = select_within_budget(
            self.surrogate,
            self.view.problem,
            self.view.inputs([row.design for row in rows]),
            seconds,
            left,
            self._front(),
            seed=self.seed,
        )
        return [_Promoted(rows[p.row], p.seconds, p, self._prediction(rows[p.row].design)) for p in picks]

    def _front(self) -> Front | PackedFront:
        """What is known to be feasible."""
        view = self.view
        known = [row for row in view.rows if row.feasible]
        if view.goal.any_feasible:
            at = places_of_inputs(view.space, view.inputs([row.design for row in known]))
            return PackedFront(at, view.goal.resolution)
        points = [view.goal.signed_objectives(row.confirmed) for row in known]
        signed = np.array(points, dtype=np.float64).reshape(-1, len(view.goal.objectives))
        return Front(signed, view.reference_point())

    def _prediction(self, design: Design) -> Prediction | None:
        if self.surrogate is None:
            return None
        described = self.surrogate.describe(self.view.inputs([design]))
        means, stds = self.surrogate.predict(described)
        chance = float(self.surrogate.probability_feasible(described, self.view.problem)[0])
        numbers = [{name: float(column[0]) for name, column in part.items()} for part in (means, stds)]
        return Prediction(numbers[0], numbers[1], chance, self.surrogate.digest)
