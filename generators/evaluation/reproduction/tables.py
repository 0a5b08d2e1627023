"""The measures of the papers' tables for one trained model, by condition and in the mean.

References:
    Tung, Y. C., Debnath, A. & Reinhart, W. F. (2022). Evaluating generative models for inverse design of high-entropy
        refractory alloys: figures 11 and 12 and Table 1 (sections 4.1, 4.2), figure 18 and Table 2 (section 4.5).
    Debnath, A. et al. (2021). J. Mater. Inf. 1, 3: figure 5, one asked and one found for each alloy of the table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from alloys.space import Floats
from generators.evaluation import measures, protocol
from generators.evaluation.measuring import UNANSWERED, EvaluationGround
from generators.evaluation.reproduction.interface import FractionSampler
from generators.evaluation.reproduction.published import PLENTY
from generators.evaluation.table import LabelledAlloys
from generators.likeness import pairwise_cosine


@dataclass(frozen=True, slots=True)
class ModelTables:
    """What one model with one seed came to.

    Attributes:
        name: the model's.
        numbers: measures by name; percent, but for seconds.
        mape: by condition of the diagonal, percent, shape ``(c,)``.
        cosine: mean pairwise cosine of the samples of each, percent, shape ``(c,)``.
        domain: MAPE by condition over the domain, percent, shape ``(k,)``.
        real_cosines: cosines of samples to the real alloy whose properties were asked for, of 1, shape ``(n,)``.
    """

    name: str
    numbers: dict[str, float]
    mape: Floats = field(repr=False)
    cosine: Floats = field(repr=False)
    domain: Floats = field(repr=False)
    real_cosines: Floats = field(repr=False)


def measure_model(model: FractionSampler, ground: EvaluationGround, seed: int) -> ModelTables:
    """All measures of a trained model; rows of NaN are conditions that it did not answer.

    Args:
        model: draws compositions of the ground's elements.
        ground: alloys, properties, conditions, and how much is asked.
        seed: of the draws.
    """
    plan, data = ground.plan, ground.data
    along = drawn_under(model, ground.diagonal.values, plan.samples, seed)
    over = drawn_under(model, ground.domain.values, plan.domain_samples, seed + 1)
    mape = _errors(along, ground.diagonal.values, ground)
    cosine = np.array([100 * pairwise_cosine(rows) for rows in along])
    domain = _errors(over, ground.domain.values, ground)
    real_cosines = cosines_to_real(model, data, plan, seed + 2)
    numbers = {
        "mape_percent": float(mape.mean()),
        "near_mape_percent": _mean(mape[~ground.diagonal.far]),
        "worst_mape_percent": measures.worst(mape),
        "cosine_percent": _mean(cosine[~np.isnan(cosine)]),
        "real_cosine_percent": 100 * _mean(real_cosines),
        "domain_near_percent": _mean(domain[~ground.domain.far]),
        "domain_far_percent": _mean(domain[ground.domain.far]),
        **_parity(model, ground, seed + 3),
    }
    return ModelTables(model.name, numbers, mape, cosine, domain, real_cosines)


def answered(rows: Floats) -> Floats:
    """The rows that a sampler did not give up, whose fractions are all numbers."""
    return rows[np.isfinite(rows).all(axis=1)]


def drawn_under(model: FractionSampler, conditions: Floats, each: int, seed: int) -> list[Floats]:
    """What is `answered` of ``each`` samples of every condition, shape ``(c, p)``."""
    made = model.draw(np.repeat(conditions, each, axis=0), seed=seed)
    return [answered(rows) for rows in np.split(made, len(conditions))]


def cosines_to_real(model: FractionSampler, data: LabelledAlloys, plan: protocol.EvaluationPlan, seed: int) -> Floats:
    """Cosines of samples to the real alloy whose properties were asked for, shape ``(n,)`` (Tung 2022, section 4.5)."""
    chosen = protocol.real_rows(data, plan.real, seed=0)
    drawn = drawn_under(model, data.values[chosen], plan.real_samples, seed)
    pairs = zip(drawn, data.fractions[chosen], strict=True)
    return np.concatenate([measures.cosine_to(rows, np.tile(alloy, (len(rows), 1))) for rows, alloy in pairs])


def _errors(drawn: Sequence[Floats], conditions: Floats, ground: EvaluationGround) -> Floats:
    """MAPE by condition, percent; `UNANSWERED` where nothing came."""
    pairs = zip(drawn, conditions, strict=True)
    return np.array(
        [measures.mape(ground.oracle(rows), condition) if len(rows) else UNANSWERED for rows, condition in pairs]
    )


def _parity(model: FractionSampler, ground: EvaluationGround, seed: int) -> dict[str, float]:
    """MAPE by property over the table (Debnath 2021, figure 5), and of the first property in and beyond `PLENTY`."""
    values = ground.data.values
    repeats = max(1, -(-ground.plan.data_samples // len(values)))
    wanted = np.repeat(values, repeats, axis=0)
    rows = model.draw(wanted, seed=seed)
    came = np.isfinite(rows).all(axis=1)
    errors = np.full(wanted.shape, UNANSWERED)
    errors[came] = measures.absolute_percentage_error(ground.oracle(rows[came]), wanted[came])
    low, high = PLENTY
    first = wanted[:, 0]
    return {
        **{f"parity_{k}_percent": float(column.mean()) for k, column in enumerate(errors.T)},
        "parity_plenty_percent": _mean(errors[(low <= first) & (first <= high), 0]),
        "parity_beyond_percent": _mean(errors[first > high, 0]),
        "answered_percent": 100 * float(came.mean()),
    }


def _mean(values: Floats) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
