"""The whole protocol for one entrant after another: training, sampling, measuring, medians over seeds."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from alloys.errors import InputError
from alloys.space import Floats, Units
from generators.evaluation import measures, protocol, realism
from generators.evaluation.entrants import Entrant, League, Sampler
from generators.evaluation.oracle import Kind, Oracle
from generators.evaluation.protocol import Conditions, Plan
from generators.evaluation.realism import Neighbourhood
from generators.evaluation.table import LabelledAlloys

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
    "unique",
    "copies",
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
class Ground:
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
    plan: Plan
    diagonal: Conditions
    domain: Conditions

    @classmethod
    def of(cls, data: LabelledAlloys, plan: Plan) -> Ground:
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
class Drawn:
    """Samples under conditions of one kind, by condition.

    Attributes:
        conditions: shape ``(c, p)``.
        units: for each condition the valid samples, shape ``(k, d)``.
        valid: share of draws that lay in the space at once.
        seconds: wall time of drawing.
    """

    conditions: Floats
    units: tuple[Units, ...]
    valid: float
    seconds: float

    @property
    def together(self) -> Units:
        """All samples, shape ``(sum k, d)``."""
        return np.concatenate(self.units)

    @property
    def owners(self) -> Units:
        """The condition of each of them."""
        return np.repeat(np.arange(len(self.units)), [len(rows) for rows in self.units])


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one entrant came to.

    Attributes:
        name: the entrant's.
        league: the entrant's.
        metrics: medians over seeds by name in `METRICS`; NaN where there is none.
        apart: further medians: errors on conditions near to and far from data, by words.
        drawn: samples of the first seed on the diagonal and over the domain, and under the data's conditions.
    """

    name: str
    league: League
    metrics: dict[str, float]
    apart: dict[str, float]
    drawn: dict[str, Drawn] = field(repr=False)


def draw(sampler: Sampler, conditions: Floats, each: int, seed: int, ground: Ground) -> Drawn:
    """Asks for ``each`` samples of every condition and sorts them by condition; what is no member falls out."""
    asked = np.repeat(conditions, each, axis=0)
    started = time.perf_counter()
    samples = sampler.sample(asked, seed=seed)
    seconds = time.perf_counter() - started
    inside = ground.data.space.contains(samples.units)
    units, owners = samples.units[inside], samples.rows[inside] // each
    valid = min(samples.first_draw_valid, len(units) / len(asked))
    return Drawn(conditions, tuple(units[owners == k] for k in range(len(conditions))), valid, seconds)


def errors_by_condition(drawn: Drawn, ground: Ground) -> Floats:
    """MAPE of each condition, percent, shape ``(c,)``."""
    fractions = ground.data.space.fractions
    return np.array(
        [
            measures.mape(ground.oracle(fractions(rows)), condition) if len(rows) else UNANSWERED
            for rows, condition in zip(drawn.units, drawn.conditions, strict=True)
        ]
    )


def diagonal_metrics(drawn: Drawn, ground: Ground, seed: int) -> dict[str, float]:
    """Measures under one condition at a time, mean over the diagonal, and the classifier on all of them."""
    errors = errors_by_condition(drawn, ground)
    real = ground.data.fractions
    each: dict[str, list[float]] = {name: [] for name in ("pairwise_cosine", "hits_per_500", "vendi", "unique")}
    for rows, condition in zip(drawn.units, drawn.conditions, strict=True):
        fractions = ground.data.space.fractions(rows)
        first = fractions[:HITS_OF]
        found = ground.oracle(first) / condition - 1 if len(first) else np.empty((0, len(condition)))
        each["hits_per_500"].append(realism.hits(first, found, real, ground.near))
        each["pairwise_cosine"].append(measures.pairwise_cosine(fractions))
        each["vendi"].append(measures.vendi(fractions))
        each["unique"].append(measures.unique(rows))
    together = ground.data.space.fractions(drawn.together)
    nearest = measures.nearest_cosine(together, real)
    return {
        "mape_percent": float(errors.mean()),
        "worst_mape_percent": measures.worst(errors),
        **{name: _mean(values) for name, values in each.items()},
        "nearest_cosine": _mean(nearest),
        "copies": _mean(nearest >= measures.COPY),
        "auc_diagonal": realism.classifier_auc(together, real, seed),
    }


def data_metrics(drawn: Drawn, ground: Ground, seed: int) -> dict[str, float]:
    """Measures of the distribution of samples whose conditions are the data's own."""
    real = ground.data.fractions
    together = ground.data.space.fractions(drawn.together)
    same_number = together[np.random.default_rng(seed).permutation(len(together))[: len(real)]]
    return {
        "count_tv": measures.count_total_variation(together, real),
        "correlation_r": measures.correlation_agreement(together, real),
        "auc_data": realism.classifier_auc(together, real, seed),
        "coverage": ground.near.coverage(same_number),
        "precision": ground.near.precision(same_number),
    }


def novelty(sampler: Sampler, ground: Ground, seed: int) -> float:
    """Mean cosine of samples to the real alloy whose properties were the condition (Tung 2022, section 4.5)."""
    rows = protocol.real_rows(ground.data, ground.plan.real, seed=0)
    drawn = draw(sampler, ground.data.values[rows], ground.plan.real_samples, seed, ground)
    fractions = ground.data.space.fractions(drawn.together)
    return _mean(measures.cosine_to(fractions, ground.data.fractions[rows][drawn.owners]))


def held_out(entrant: Entrant, ground: Ground, seed: int) -> float:
    """Best of a few draws for the properties of alloys that were never seen; the oracle's rows neither."""
    learn, test = protocol.split(ground.data, ground.plan.held_out, seed)
    seen = ground.data.subset(learn.tolist())
    sampler = entrant.train(seen, Oracle.of(seen), seed)
    drawn = draw(sampler, ground.data.values[test], ground.plan.draws, seed, ground)
    return measures.best_of(ground.data.space.fractions(drawn.together), drawn.owners, ground.data.fractions[test])


def measure(entrant: Entrant, ground: Ground, seed: int) -> Outcome:
    """The protocol for one entrant and one seed."""
    started = time.perf_counter()
    sampler = entrant.train(ground.data, ground.oracle, seed)
    train_seconds = time.perf_counter() - started
    plan = ground.plan
    repeats = max(1, -(-plan.data_samples // len(ground.data.units)))
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
        "heldout_best_of_10": held_out(entrant, ground, seed),
        "valid": min(kind.valid for kind in drawn.values()),
        "train_seconds": train_seconds,
        "samples_per_second": total / sum(kind.seconds for kind in drawn.values()),
    }
    return Outcome(
        entrant.name, entrant.league, {name: metrics[name] for name in METRICS}, _apart(drawn, ground), drawn
    )


def _apart(drawn: dict[str, Drawn], ground: Ground) -> dict[str, float]:
    found = {}
    for kind, conditions in (("diagonal", ground.diagonal), ("domain", ground.domain)):
        errors = errors_by_condition(drawn[kind], ground)
        for word, which in (("near", ~conditions.far), ("far", conditions.far)):
            found[f"{kind}, {word}"] = _mean(errors[which])
    return found


def evaluate(
    entrants: Sequence[Entrant],
    ground: Ground,
    seeds: int = 1,
    on_step: Callable[[str, int], None] | None = None,
) -> list[Outcome]:
    """Measures every entrant with every seed, from 0, and takes medians over the seeds.

    Args:
        entrants: families and baselines.
        ground: data and conditions.
        seeds: number of training seeds.
        on_step: called with the entrant's name and the seed before each.

    Raises:
        InputError: for no seeds.
    """
    if seeds < 1:
        raise InputError(f"at least one seed is needed, got {seeds}")
    outcomes = []
    for entrant in entrants:
        runs = []
        for seed in range(seeds):
            if on_step is not None:
                on_step(entrant.name, seed)
            runs.append(measure(entrant, ground, seed))
        metrics, apart = _medians([run.metrics for run in runs]), _medians([run.apart for run in runs])
        outcomes.append(Outcome(entrant.name, entrant.league, metrics, apart, runs[0].drawn))
    return outcomes


def document(outcomes: Sequence[Outcome], ground: Ground) -> dict[str, Any]:
    """The JSON document of a run; a number that is not known is null."""
    kinds: dict[str, Kind] = ground.oracle.kinds
    return {
        "data": ground.data.source,
        "rows": len(ground.data.units),
        "oracle": kinds,
        "families": {
            outcome.name: {
                "league": outcome.league,
                **{name: _number(value) for name, value in outcome.metrics.items()},
            }
            for outcome in outcomes
        },
    }


def _number(value: float) -> float | None:
    return float(f"{value:.6g}") if np.isfinite(value) else None


def _medians(runs: Sequence[dict[str, float]]) -> dict[str, float]:
    """Medians over runs; NaN where any run has none."""
    return {name: float(np.median([run[name] for run in runs])) for name in runs[0]}


def _mean(values: Any) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
