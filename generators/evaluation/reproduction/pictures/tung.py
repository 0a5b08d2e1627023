"""The figures of Tung et al. 2022 as numbers, of any model behind the protocol of a reproduction.

References:
    Tung, Y. C., Debnath, A. & Reinhart, W. F. (2022). Evaluating generative models for inverse design of high-entropy
        refractory alloys, figures 7 and 9 to 18.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np

from alloys.space import Floats
from generators.evaluation.measures import absolute_percentage_error, mape
from generators.evaluation.measuring import UNANSWERED
from generators.evaluation.oracle import Oracle
from generators.evaluation.protocol import EvaluationPlan, diagonal, domain
from generators.evaluation.reproduction.interface import Encoder, FractionSampler, LatentModel
from generators.evaluation.reproduction.pictures.latents import latent_picture, path_pictures
from generators.evaluation.reproduction.pictures.records import (
    DiagonalPicture,
    DomainPicture,
    Histogram,
    SamplesPicture,
    TungModel,
    TungPictures,
    grid,
    number,
    rounded,
)
from generators.evaluation.reproduction.tables import cosines_to_real, drawn_under
from generators.evaluation.table import LabelledAlloys
from generators.likeness import pairwise_cosine

SHOWN = 10
"""Samples shown as bars of compositions."""

BEYOND = 0.15
"""Samples are shown as far beyond the data, as a share of the data's range."""

BINS = 48
DOMAIN_BINS = 28
"""Of a histogram of one property, and of each property in a plane."""


@dataclass(frozen=True, slots=True)
class Entered:
    """A model that takes part in the pictures.

    Attributes:
        samplers: the model with each training seed, the first of which is drawn.
        published: whether it is the paper's architecture.
    """

    samplers: Sequence[FractionSampler]
    published: bool

    @property
    def latent(self) -> LatentModel | None:
        """The first, where it decodes latents."""
        return cast(LatentModel, self.samplers[0]) if hasattr(self.samplers[0], "decode") else None

    @property
    def encoder(self) -> Encoder | None:
        """The first, where it also encodes."""
        both = self.latent is not None and hasattr(self.samplers[0], "encode")
        return cast(Encoder, self.samplers[0]) if both else None


def tung_pictures(
    entered: Sequence[Entered], data: LabelledAlloys, path: Floats, plan: EvaluationPlan, seed: int = 0
) -> TungPictures:
    """All figures.

    Args:
        entered: the models.
        data: the alloys they were trained on.
        path: the condition of the paths between latents, shape ``(p,)``.
        plan: how much is asked.
        seed: of all draws.
    """
    oracle = Oracle.of(data)
    along, over = diagonal(data, plan.diagonal).values, domain(data, plan.domain).values
    models = [_model(one, data, oracle, (along, over, path), plan, seed) for one in entered]
    return TungPictures(
        source=Path(data.source).name,
        elements=list(data.space.elements),
        element_moduli=rounded(oracle(np.eye(len(data.space.elements)))[:, 0]),
        names=list(data.names),
        values=grid(data.values),
        diagonal=grid(along),
        domain=grid(over),
        path=rounded(path),
        models=models,
    )


def _model(
    entered: Entered, data: LabelledAlloys, oracle: Oracle, asked: tuple[Floats, Floats, Floats], plan: EvaluationPlan,
    seed: int,
) -> TungModel:  # fmt: skip
    along, over, path = asked
    sampler = entered.samplers[0]
    drawn = drawn_under(sampler, along, plan.samples, seed)
    return TungModel(
        name=sampler.name,
        published=entered.published,
        latents=None if entered.encoder is None else latent_picture(entered.encoder, data, seed),
        diagonal=diagonal_picture(drawn, along, data, oracle),
        domain=domain_picture(drawn_under(sampler, over, plan.domain_samples, seed + 1), over, data, oracle),
        ends=[samples_picture(drawn[0], SHOWN), samples_picture(drawn[-1], SHOWN)],
        paths=[]
        if entered.latent is None
        else path_pictures(entered.latent, entered.encoder, data, oracle, path, seed),
        novelty=novelty(sampler, data, plan, seed),
    )


def diagonal_picture(
    drawn: Sequence[Floats], conditions: Floats, data: LabelledAlloys, oracle: Oracle
) -> DiagonalPicture:
    """Figures 10 and 12 of samples under each condition, ``(c, p)``; one without a sample errs by `UNANSWERED`."""
    low, high = shown_range(data.values)
    values = [oracle(rows) for rows in drawn]
    errors = [
        absolute_percentage_error(rows, condition).mean(axis=0) if len(rows) else np.full(len(condition), UNANSWERED)
        for rows, condition in zip(values, conditions, strict=True)
    ]
    spread = [[Histogram.of(rows[:, k], low[k], high[k], BINS) for rows in values] for k in range(len(low))]
    return DiagonalPicture(spread, grid(np.transpose(errors)), rounded([pairwise_cosine(rows) for rows in drawn]))


def domain_picture(drawn: Sequence[Floats], conditions: Floats, data: LabelledAlloys, oracle: Oracle) -> DomainPicture:
    """Figure 11 of samples under each condition, shape ``(c, p)``."""
    low, high = shown_range(data.values[:, :2])
    cells, counts, errors = [], [], []
    for rows, condition in zip(drawn, conditions, strict=True):
        values = oracle(rows)
        found = np.histogramdd(values[:, :2], DOMAIN_BINS, list(zip(low, high, strict=True)))[0].ravel()
        filled = np.flatnonzero(found)
        cells.append(filled.tolist())
        counts.append(found[filled].astype(int).tolist())
        errors.append(mape(values, condition) if len(rows) else UNANSWERED)
    return DomainPicture(rounded(low), rounded(high), DOMAIN_BINS, cells, counts, rounded(errors))


def samples_picture(rows: Floats, shown: int) -> SamplesPicture:
    """The first samples of one condition, shape ``(m, E)``, and all of them together."""
    if not len(rows):
        nothing = rounded(np.full(rows.shape[1], np.nan))
        return SamplesPicture([], nothing, nothing, float("nan"))
    mean, spread = np.round(rows.mean(axis=0), 5), np.round(rows.std(axis=0), 5)
    return SamplesPicture(
        grid(np.round(rows[:shown], 4)), rounded(mean), rounded(spread), number(pairwise_cosine(rows))
    )


def novelty(sampler: FractionSampler, data: LabelledAlloys, plan: EvaluationPlan, seed: int) -> Histogram:
    """Figure 18: cosines of samples to the real alloy whose properties were asked for."""
    cosines = np.minimum(cosines_to_real(sampler, data, plan, seed + 2), 1.0)  # rounding leaves it
    return Histogram.of(cosines, 0.0, 1.0, BINS)


def shown_range(values: Floats) -> tuple[Floats, Floats]:
    """The data's range and `BEYOND` it to both sides, never across zero, shape ``(p,)`` each."""
    low, high = values.min(axis=0), values.max(axis=0)
    extra = BEYOND * (high - low)
    return np.where(low > 0, np.maximum(low - extra, 0.0), low - extra), high + extra
