"""One entrant, one seed: training, sampling, measuring.

Entrants that are trained alike share the training and differ in sampling.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from alloys.space import Floats, Points
from generators.evaluation import measures, protocol
from generators.evaluation.entrants import Entrant, League, Targeted, Train
from generators.evaluation.oracle import Oracle
from generators.evaluation.paths import LatentPath, latent_paths
from generators.evaluation.protocol import Conditions, EvaluationPlan
from generators.evaluation.table import LabelledAlloys
from generators.interface import Sampler
from generators.likeness import COPY, Neighbourhood, nearest_cosine, pairwise_cosine

UNANSWERED = 100.0
"""Error, percent, of a condition without any sample: silence must not look accurate."""

METRICS = (
    "mape_percent",
    "worst_mape_percent",
    "pairwise_cosine",
    "novelty_cosine",
    "nearest_cosine",
    "hits_per_500",
    "vendi",
    "valid",
    "first_draw_valid",
    "draws_per_sample",
    "unique",
    "copies",
    "copies_data",
    "count_tv",
    "correlation_r",
    "auc_diagonal",
    "auc_data",
    "coverage",
    "precision",
    "heldout_best_of_10",
    "train_seconds",
    "samples_per_second",
)
"""The document's numbers, in order."""

HITS_OF = 500
"""Samples of a condition among which hits are counted."""


@dataclass(frozen=True, slots=True)
class EvaluationGround:
    """What all entrants of a run share.

    Attributes:
        data: the labelled alloys.
        oracle: their properties.
        near: their neighbourhood.
        plan: how much is asked.
        diagonal: conditions on the diagonal.
        domain: conditions over the domain.
    """

    data: LabelledAlloys
    oracle: Oracle
    near: Neighbourhood
    plan: EvaluationPlan
    diagonal: Conditions
    domain: Conditions

    @classmethod
    def of(cls, data: LabelledAlloys, plan: EvaluationPlan) -> EvaluationGround:
        """Everything that does not depend on an entrant."""
        return cls(
            data,
            Oracle.of(data),
            Neighbourhood.of(data.fractions),
            plan,
            protocol.diagonal(data, plan.diagonal),
            protocol.domain(data, plan.domain),
        )


@dataclass(frozen=True, slots=True)
class ConditionSamples:
    """Samples under conditions of one kind, by condition.

    Attributes:
        conditions: shape ``(c, p)``.
        points: for each condition the valid samples, shape ``(k, d)``.
        valid: share of the samples asked for that came and lie in the space.
        first_draw_valid: share of first draws that lay in the space, as the sampler counts them.
        draws: compositions drawn for them, rejected ones included, as the sampler counts them.
        seconds: wall time of drawing.
    """

    conditions: Floats
    points: tuple[Points, ...]
    valid: float
    first_draw_valid: float
    draws: int
    seconds: float

    @property
    def together(self) -> Points:
        """All samples, shape ``(sum k, d)``."""
        return np.concatenate(self.points)

    @property
    def owners(self) -> Points:
        """The condition of each of them."""
        return np.repeat(np.arange(len(self.points)), [len(rows) for rows in self.points])


@dataclass(frozen=True, slots=True)
class EntrantOutcome:
    """What one entrant came to.

    Attributes:
        name: the entrant's.
        league: the entrant's.
        metrics: medians over seeds by name in `METRICS`; NaN where there is none.
        apart: further medians: errors on conditions near to and far from data, by words.
        drawn: samples of the first seed on the diagonal and over the domain, and under the data's conditions.
        settings: the entrant's.
        spread: smallest and largest over seeds, by name in `METRICS`; NaN where a seed has none.
        paths: of the first seed, where the entrant has latents.
    """

    name: str
    league: League
    metrics: dict[str, float]
    apart: dict[str, float]
    drawn: dict[str, ConditionSamples] = field(repr=False)
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    spread: dict[str, tuple[float, float]] = field(default_factory=dict)
    paths: tuple[LatentPath, ...] = field(default=(), repr=False)


def draw(sampler: Sampler, conditions: Floats, each: int, seed: int, ground: EvaluationGround) -> ConditionSamples:
    """Asks for ``each`` samples of every condition and sorts them by condition; what is no member falls out."""
    asked = np.repeat(conditions, each, axis=0)
    started = time.perf_counter()
    samples = sampler.sample(asked, seed=seed)
    seconds = time.perf_counter() - started
    inside = ground.data.space.contains(samples.points)
    points, owners = samples.points[inside], samples.rows[inside] // each
    return ConditionSamples(
        conditions,
        tuple(points[owners == k] for k in range(len(conditions))),
        len(np.unique(samples.rows[inside])) / len(asked),
        samples.first_draw_valid,
        samples.draws,
        seconds,
    )


def errors_by_condition(drawn: ConditionSamples, ground: EvaluationGround) -> Floats:
    """MAPE of each condition, percent, shape ``(c,)``."""
    fractions = ground.data.space.fractions
    return np.array(
        [
            measures.mape(ground.oracle(fractions(rows)), condition) if len(rows) else UNANSWERED
            for rows, condition in zip(drawn.points, drawn.conditions, strict=True)
        ]
    )


def diagonal_metrics(drawn: ConditionSamples, ground: EvaluationGround, seed: int) -> dict[str, float]:
    """Measures under one condition at a time, mean over the diagonal, and the classifier on all of them."""
    errors = errors_by_condition(drawn, ground)
    real = ground.data.fractions
    each: dict[str, list[float]] = {name: [] for name in ("pairwise_cosine", "hits_per_500", "vendi", "unique")}
    for rows, condition in zip(drawn.points, drawn.conditions, strict=True):
        fractions = ground.data.space.fractions(rows)
        first = fractions[:HITS_OF]
        found = ground.oracle(first) / condition - 1 if len(first) else np.empty((0, len(condition)))
        each["hits_per_500"].append(measures.hits(first, found, real, ground.near))
        each["pairwise_cosine"].append(pairwise_cosine(fractions))
        each["vendi"].append(measures.vendi(fractions))
        each["unique"].append(measures.unique(rows))
    together = ground.data.space.fractions(drawn.together)
    nearest = nearest_cosine(together, real)
    return {
        "mape_percent": float(errors.mean()),
        "worst_mape_percent": measures.worst(errors),
        **{name: _mean(values) for name, values in each.items()},
        "nearest_cosine": _mean(nearest),
        "copies": _mean(nearest >= COPY),
        "auc_diagonal": measures.classifier_auc(together, real, seed),
    }


def data_metrics(drawn: ConditionSamples, ground: EvaluationGround, seed: int) -> dict[str, float]:
    """Measures of the distribution of samples whose conditions are the data's own."""
    real = ground.data.fractions
    together = ground.data.space.fractions(drawn.together)
    same_number = together[np.random.default_rng(seed).permutation(len(together))[: len(real)]]
    return {
        "copies_data": measures.copies(together, real),
        "count_tv": measures.count_total_variation(together, real),
        "correlation_r": measures.correlation_agreement(together, real),
        "auc_data": measures.classifier_auc(together, real, seed),
        "coverage": ground.near.coverage(same_number),
        "precision": ground.near.precision(same_number),
    }


def novelty(sampler: Sampler, ground: EvaluationGround, seed: int) -> float:
    """Mean cosine of samples to the real alloy whose properties were the condition (Tung 2022, section 4.5)."""
    rows = protocol.real_rows(ground.data, ground.plan.real, seed=0)
    drawn = draw(sampler, ground.data.values[rows], ground.plan.real_samples, seed, ground)
    fractions = ground.data.space.fractions(drawn.together)
    return _mean(measures.cosine_to(fractions, ground.data.fractions[rows][drawn.owners]))


@dataclass(frozen=True, slots=True)
class Trainings:
    """Trainings of one seed that entrants share, each done once.

    Attributes:
        seed: of all of them.
        done: samplers and the seconds they took, by what was trained on.
    """

    seed: int
    done: dict[str, tuple[Sampler, float]] = field(default_factory=dict)

    def get(self, what: str, entrant: Entrant, data: LabelledAlloys, oracle: Oracle) -> tuple[Sampler, float]:
        """The entrant's sampler and the wall time of its training, which may have been done for another entrant."""
        if what not in self.done:
            started = time.perf_counter()
            sampler = learned(entrant)(data, oracle, self.seed)
            self.done[what] = sampler, time.perf_counter() - started
        sampler, seconds = self.done[what]
        if isinstance(entrant.train, Targeted):
            sampler = entrant.train.around(sampler, data, oracle)
        return sampler, seconds


def learned(entrant: Entrant) -> Train:
    """The training of an entrant, apart from how it is sampled."""
    return entrant.train.base if isinstance(entrant.train, Targeted) else entrant.train


def held_out(entrant: Entrant, ground: EvaluationGround, trainings: Trainings) -> float:
    """Best of a few draws for the properties of alloys that were never seen; the oracle's rows neither."""
    learn, test = protocol.split(ground.data, ground.plan.held_out, trainings.seed)
    seen = ground.data.subset(learn.tolist())
    sampler, _ = trainings.get("four fifths", entrant, seen, Oracle.of(seen))
    drawn = draw(sampler, ground.data.values[test], ground.plan.draws, trainings.seed, ground)
    return measures.best_of(ground.data.space.fractions(drawn.together), drawn.owners, ground.data.fractions[test])


def measure(entrant: Entrant, ground: EvaluationGround, trainings: Trainings) -> EntrantOutcome:
    """The protocol for one entrant and one seed."""
    sampler, train_seconds = trainings.get("all", entrant, ground.data, ground.oracle)
    seed, plan = trainings.seed, ground.plan
    repeats = max(1, -(-plan.data_samples // len(ground.data.points)))
    drawn = {
        "diagonal": draw(sampler, ground.diagonal.values, plan.samples, seed, ground),
        "domain": draw(sampler, ground.domain.values, plan.domain_samples, seed + 1, ground),
        "data": draw(sampler, ground.data.values, repeats, seed + 2, ground),
    }
    total = sum(len(kind.together) for kind in drawn.values())
    metrics = {
        **diagonal_metrics(drawn["diagonal"], ground, seed),
        **data_metrics(drawn["data"], ground, seed),
        "novelty_cosine": novelty(sampler, ground, seed + 3),
        "heldout_best_of_10": held_out(entrant, ground, trainings),
        "valid": min(kind.valid for kind in drawn.values()),
        "first_draw_valid": float(np.min([kind.first_draw_valid for kind in drawn.values()])),
        "draws_per_sample": sum(kind.draws for kind in drawn.values()) / total if total else float("nan"),
        "train_seconds": train_seconds,
        "samples_per_second": total / sum(kind.seconds for kind in drawn.values()),
    }
    return EntrantOutcome(
        entrant.name,
        entrant.league,
        {name: metrics[name] for name in METRICS},
        _apart(drawn, ground),
        drawn,
        entrant.settings,
        paths=latent_paths(sampler, ground.diagonal, seed),
    )


def _apart(drawn: dict[str, ConditionSamples], ground: EvaluationGround) -> dict[str, float]:
    found = {}
    for kind, conditions in (("diagonal", ground.diagonal), ("domain", ground.domain)):
        errors = errors_by_condition(drawn[kind], ground)
        for word, which in (("near", ~conditions.far), ("far", conditions.far)):
            found[f"{kind}, {word}"] = _mean(errors[which])
    return found


def _mean(values: Any) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
