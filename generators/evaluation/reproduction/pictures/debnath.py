"""The figures of Debnath et al. 2021 as numbers, of any model behind the protocol of a reproduction.

References:
    Debnath, A. et al. (2021). Generative deep learning as a tool for inverse design of high entropy refractory alloys.
        J. Mater. Inf. 1, 3: figures 4 to 8.
    Scott, D. W. (1992). Multivariate Density Estimation. Equation 6.42: the width of a kernel.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from alloys.space import Bools, Floats
from generators.evaluation.measures import (
    absolute_percentage_error,
    correlation_agreement,
    count_total_variation,
    element_correlation,
)
from generators.evaluation.measuring import UNANSWERED
from generators.evaluation.oracle import Oracle
from generators.evaluation.reproduction.interface import FractionSampler
from generators.evaluation.reproduction.pictures.records import (
    AskedPicture,
    DebnathModel,
    DebnathPictures,
    EnsemblePicture,
    Histogram,
    ParityPicture,
    grid,
    number,
    rounded,
)
from generators.evaluation.reproduction.pictures.tung import BINS, Entered, samples_picture, shown_range
from generators.evaluation.reproduction.tables import answered
from generators.evaluation.table import LabelledAlloys

MODULI = (30.0, 60.0, 90.0, 120.0)
"""GPa, asked for alone (Debnath 2021, figure 6)."""

REGIONS = (0.0, 40.0, 100.0, np.inf)
"""GPa, between which the paper tells agreement apart (section on figure 5)."""

CORNER = 30
"""Percentile of each property at the corners, and 100 less it: ours, as the paper prints no values. Further out, no
alloy lies within 10 % of the opposing corners."""

PRESENT = 0.005
"""Atomic fraction from which an element counts as present: a softmax has no zeros. Ours."""

SHOWN = 16
"""Samples shown as columns of compositions."""


def debnath_pictures(
    entered: Sequence[Entered], data: LabelledAlloys, samples: int = 2000, seed: int = 0
) -> DebnathPictures:
    """All figures.

    Args:
        entered: the models.
        data: the alloys they were trained on; the first property is the one that is asked for alone.
        samples: under each condition.
        seed: of all draws.
    """
    oracle = Oracle.of(data)
    chosen = np.random.default_rng(seed).permutation(len(data.points))[:SHOWN]
    return DebnathPictures(
        Path(data.source).name,
        list(data.space.elements),
        rounded(oracle(np.eye(len(data.space.elements)))[:, 0]),
        list(data.names),
        grid(data.values),
        ensemble(data.fractions, data.fractions[chosen]),
        [_model(one, data, oracle, samples, seed) for one in entered],
    )


def _model(entered: Entered, data: LabelledAlloys, oracle: Oracle, samples: int, seed: int) -> DebnathModel:
    first = entered.samplers[0]
    drawn = first.draw(data.values, seed=seed)
    made = answered(drawn)
    shown = made[np.random.default_rng(seed).permutation(len(made))[:SHOWN]]
    return DebnathModel(
        name=first.name,
        published=entered.published,
        ensemble=ensemble(made, shown),
        agreement=number(correlation_agreement(made, data.fractions)),
        count_distance=number(count_total_variation(present(made), data.fractions)),
        parity=parity(drawn, data, oracle),
        moduli=[asked_alone(entered.samplers, data, oracle, at, samples, seed) for at in MODULI],
        corners=[
            asked_picture(entered.samplers, label, values, np.tile(values, (samples, 1)), data, oracle, seed)
            for label, values in corners(data.values).items()
        ],
    )


def present(fractions: Floats) -> Floats:
    """Fractions with those below `PRESENT` as zero."""
    return np.where(fractions < PRESENT, 0.0, fractions)


def ensemble(fractions: Floats, shown: Floats) -> EnsemblePicture:
    """Figure 4 of alloys, shape ``(n, E)``, and of those shown one by one, shape ``(s, E)``."""
    counts = np.bincount((fractions >= PRESENT).sum(axis=1), minlength=fractions.shape[1] + 1)[1:]
    correlation = np.round(element_correlation(fractions), 3)
    return EnsemblePicture(grid(correlation), rounded(counts / len(fractions)), grid(np.round(shown, 4)))


def parity(drawn: Floats, data: LabelledAlloys, oracle: Oracle) -> ParityPicture:
    """Figure 5: samples, shape ``(n, E)``, one for each alloy of the data; rows of NaN are errors of `UNANSWERED`."""
    made: Bools = np.isfinite(drawn.sum(axis=1))
    values = np.full(data.values.shape, np.nan)
    values[made] = oracle(drawn[made])
    errors: Floats = np.where(made[:, None], absolute_percentage_error(values, data.values), UNANSWERED)
    ranges = list(pairwise(REGIONS))
    inside = [(data.values[:, 0] >= low) & (data.values[:, 0] < high) for low, high in ranges]
    return ParityPicture(
        grid(values),
        rounded(errors.mean(axis=0)),
        [list(ends) for ends in ranges],
        rounded([float(errors[rows, 0].mean()) if rows.any() else float("nan") for rows in inside]),
        [int(rows.sum()) for rows in inside],
    )


def asked_alone(
    samplers: Sequence[FractionSampler], data: LabelledAlloys, oracle: Oracle, at: float, samples: int, seed: int
) -> AskedPicture:
    """Figure 6: only the first property asked; the others are drawn from the data given it."""
    others = others_given(data.values, at, samples, np.random.default_rng(seed))
    asked = np.full(data.values.shape[1], np.nan)
    asked[0] = at
    return asked_picture(
        samplers, f"{at:g}", asked, np.column_stack([np.full(samples, at), others]), data, oracle, seed
    )


def others_given(values: Floats, at: float, m: int, rng: np.random.Generator) -> Floats:
    """Properties beside the first, shape ``(m, p - 1)``, of real alloys whose first one is near a number.

    A model without unknown conditions must be told something. Alloys are drawn with the weights of a Gaussian kernel
    around the number, whose width is Scott's rule for one dimension, so that the other properties are distributed as
    they are in the data where the first has that number.

    Args:
        values: of the data, shape ``(n, p)``.
        at: the first property.
        m: how many are drawn.
        rng: draws.
    """
    width = values[:, 0].std() * len(values) ** (-1 / 5)
    logs = -0.5 * ((values[:, 0] - at) / width) ** 2
    weights = np.exp(logs - logs.max())
    return np.asarray(values[rng.choice(len(values), m, p=weights / weights.sum()), 1:])


def asked_picture(
    samplers: Sequence[FractionSampler], label: str, asked: Floats, conditions: Floats, data: LabelledAlloys,
    oracle: Oracle, seed: int,
) -> AskedPicture:  # fmt: skip
    """Samples under conditions, shape ``(m, p)``, of which ``asked``, shape ``(p,)``, is what a person asks for."""
    low, high = shown_range(data.values)
    rows = [answered(sampler.draw(conditions, seed=seed)) for sampler in samplers]
    values = oracle(rows[0])
    return AskedPicture(
        label,
        rounded(asked),
        [Histogram.of(values[:, k], low[k], high[k], BINS) for k in range(len(low))],
        samples_picture(rows[0], SHOWN),
        grid(np.array([np.round(made.mean(axis=0), 5) for made in rows])),
    )


def corners(values: Floats) -> dict[str, Floats]:
    """Figure 7's four conditions of values, shape ``(n, p)``: a and d oppose the properties, b and c do not.

    ``a`` is low in the first and high in the second property, ``b`` high in both, ``c`` low in both, ``d`` high and
    low: the reading order of a plane, and the paper says that b and c follow the correlation.
    """
    low, high = np.percentile(values[:, :2], [CORNER, 100 - CORNER], axis=0)
    places = {"a": (low[0], high[1]), "b": (high[0], high[1]), "c": (low[0], low[1]), "d": (high[0], low[1])}
    return {label: np.array(place) for label, place in places.items()}
