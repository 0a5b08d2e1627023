"""Which conditions are asked for.

References:
    Tung, C.-H. et al. (2022). Evaluating generative models for inverse design of high-entropy refractory alloys,
        sections 4.1 (20 conditions that vary together, 25 over the domain, 2,000 samples each) and 4.5 (100 real
        alloys).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from alloys.space import Bools, Floats
from generators.evaluation.table import LabelledAlloys
from generators.likeness import pairwise_cosine

Rows = NDArray[np.int64]

MARGIN = 2.5
"""Percent of the data cut off at either end of the diagonal and of the domain."""

NEAR = 0.05
"""Relative deviation, in every property, within which an alloy is near a condition."""

COMPANY = 5
"""A condition with fewer near alloys than this is far from data."""


@dataclass(frozen=True, slots=True)
class EvaluationPlan:
    """How much is asked.

    Attributes:
        diagonal: conditions on the diagonal of the data.
        domain: conditions over the domain.
        samples: samples of each condition on the diagonal.
        domain_samples: samples of each condition over the domain.
        real: real alloys whose properties are asked for, for novelty.
        real_samples: samples of each.
        data_samples: samples under conditions drawn from the data, about; at least one per row.
        held_out: share of the rows held out.
        draws: draws for a held-out alloy.
    """

    diagonal: int = 20
    domain: int = 25
    samples: int = 2000
    domain_samples: int = 2000
    real: int = 100
    real_samples: int = 20
    data_samples: int = 4000
    held_out: float = 0.2
    draws: int = 10

    @classmethod
    def quick(cls) -> EvaluationPlan:
        """The same conditions with fewer samples: a first look."""
        return cls(samples=500, domain_samples=100, real=50, real_samples=10, data_samples=1000)


@dataclass(frozen=True, slots=True)
class Conditions:
    """Conditions of one kind.

    Attributes:
        values: shape ``(c, p)``.
        far: which are far from data, shape ``(c,)``.
        distance: largest relative deviation in a property of the alloy nearest to each, shape ``(c,)``.
    """

    values: Floats
    far: Bools
    distance: Floats


def conditions_of(data: LabelledAlloys, values: Floats) -> Conditions:
    """Conditions, shape ``(c, p)``, and how far from data each is."""
    deviation = np.abs(data.values[None] / values[:, None] - 1).max(axis=2)
    return Conditions(values, (deviation <= NEAR).sum(axis=1) < COMPANY, deviation.min(axis=1))


def diagonal(data: LabelledAlloys, n: int) -> Conditions:
    """Conditions evenly along the data's first principal axis, through the mean of the scaled properties.

    They run from the `MARGIN` percentile of the alloys' places on the axis to that from the other end.
    """
    mean, scale = data.values.mean(axis=0), data.values.std(axis=0)
    scaled = (data.values - mean) / scale
    axis = np.linalg.svd(scaled, full_matrices=False)[2][0]
    axis = axis * np.sign(axis[np.argmax(np.abs(axis))])
    low, high = np.percentile(scaled @ axis, [MARGIN, 100 - MARGIN])
    line = np.linspace(low, high, n)[:, None] * axis * scale + mean
    return conditions_of(data, np.clip(line, data.values.min(axis=0), data.values.max(axis=0)))


def domain(data: LabelledAlloys, n: int) -> Conditions:
    """Conditions that vary independently between the `MARGIN` percentiles of each property.

    A square grid for two properties, else as even as a Sobol sequence is.
    """
    low, high = np.percentile(data.values, [MARGIN, 100 - MARGIN], axis=0)
    side = round(n**0.5)
    if len(low) == 1:
        unit = np.linspace(0, 1, n)[:, None]
    elif len(low) == 2 and side**2 == n:
        unit = np.stack(np.meshgrid(*[np.linspace(0, 1, side)] * 2), axis=-1).reshape(-1, 2)
    else:
        unit = qmc.Sobol(len(low), rng=np.random.default_rng(0)).random_base2(int(np.ceil(np.log2(n))))[:n]
    return conditions_of(data, low + unit * (high - low))


def real_rows(data: LabelledAlloys, n: int, seed: int) -> Rows:
    """Rows of real alloys whose properties are asked for, increasing."""
    rng = np.random.default_rng(seed)
    return np.sort(rng.permutation(len(data.points))[:n])


def split(data: LabelledAlloys, share: float, seed: int) -> tuple[Rows, Rows]:
    """Rows to train on and rows held out."""
    order = np.random.default_rng(seed).permutation(len(data.points))
    held = max(1, round(share * len(order)))
    return np.sort(order[held:]), np.sort(order[:held])


def real_cosine(data: LabelledAlloys, conditions: Conditions) -> float:
    """Mean pairwise cosine of the real alloys near each condition: how alike alloys of equal properties are."""
    near = [(np.abs(data.values / condition - 1) <= NEAR).all(axis=1) for condition in conditions.values]
    cosines = [pairwise_cosine(data.fractions[rows]) for rows in near if rows.sum() > 1]
    return float(np.mean(cosines)) if cosines else float("nan")
