"""Choosing a batch as plain data and a function of it, so that any process can do it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from alloys.records import Selection
from generators.training import TrainedModel
from loop import steps
from loop.guidance import guidance_of
from loop.ranking import fit_surrogate, rank
from loop.spans import SCORER, Span
from loop.steps import Known
from loop.view import View

if TYPE_CHECKING:
    from surrogates.stream import Spreader


@dataclass(frozen=True, slots=True)
class Chosen:
    """A batch and how it came about.

    Attributes:
        selections: the batch, best first.
        notes: what the campaign's database keeps of the choice: ``generators``, ``screening``, ``calibration``.
        spans: when the surrogate was fitted, candidates were proposed, and the batch was chosen.
    """

    selections: list[Selection]
    notes: Mapping[str, Any]
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class ProposalJob:
    """What choosing a batch needs.

    Attributes:
        view: what is known and what is pending.
        known: what the generators were trained on.
        models: trained generators, each with how many candidates it may draw.
        index: the iteration.
        batch: how many alloys.
        spreader: who looks at the blocks of a long pool, threads if None; what is chosen does not depend on it.
    """

    view: View
    known: Known
    models: tuple[tuple[TrainedModel, int], ...]
    index: int
    batch: int
    spreader: Spreader | None = None

    def run(self) -> Chosen:
        """Fits the surrogate, lets the generators propose, and ranks."""
        config, view, index = self.view.config, self.view, self.index
        marks = [time.time()]
        surrogate = fit_surrogate(view)
        marks.append(time.time())
        guidance = guidance_of(view, self.known, surrogate) if config.generator.guided else None
        generators = [(model.generator(), count) for model, count in self.models]
        pool = steps.propose(config, view, self.known, generators, index, guidance)
        marks.append(time.time())
        seed = steps.seed_for(config.seed, index, "ranking")
        ranking = rank(view, pool, self.batch, seed, surrogate, self.spreader)
        marks.append(time.time())
        made = {
            model.family: {
                "digest": model.digest,
                "proposals": count,
                "first_draw_valid": pool.first_draw_valid.get(model.family),
                "guided": config.generator.guided,
            }
            for model, count in self.models
        }
        notes = {"generators": made, "screening": ranking.screening, "calibration": ranking.calibration}
        names = ("fit", "propose", "screen")
        spans = tuple(Span(SCORER, name, *ends) for name, ends in zip(names, pairwise(marks), strict=True))
        return Chosen(ranking.selections, notes, spans)
