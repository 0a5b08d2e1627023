"""Which inputs a Gaussian process sees: the set of which the observations say most.

Twenty observations say little of a hundred descriptors, and descriptors that have nothing to do with a property make
all alloys look unlike each other. So each property is fitted on several sets of inputs, and the set with the largest
marginal likelihood is kept: the elements' fractions alone, and each set of descriptors that the physics offers, alone
and beside the fractions. What is in a set does not depend on the observations, so that no input is picked by chance.

References:
    Rasmussen & Williams, Gaussian Processes for Machine Learning (2006), section 5.4: model selection by marginal
        likelihood.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from alloys.physics.base import Physics
from alloys.space import Floats
from surrogates.model.bayesian import Mixture
from surrogates.model.features import Described
from surrogates.model.gp import GP, at_least_as_noisy
from surrogates.model.learning.most_probable import learn

M = TypeVar("M", bound=GP | Mixture)
Fit = Callable[[Floats, Floats, float, float, float, Floats | None], tuple[M, str]]
Columns = NDArray[np.int64]

INPUTS_PER_OBSERVATION = 2
"""A set of more inputs than this many for each observation takes no part, unless it is the fractions alone."""

JUDGES = 128
"""Observations that the sets are compared by, evenly taken where there are more."""


_PLAIN = "fractions"


def input_sets(physics: Physics, elements: tuple[str, ...], variables: int = 0) -> Mapping[str, Columns]:
    """Columns of `surrogates.model.features.Described.raw` by what they are; none where all are taken.

    Args:
        physics: what describes.
        elements: the palette.
        variables: columns of variables, the last ones; they are in every set.
    """
    columns = {name: i for i, name in enumerate(physics.descriptors(elements))}
    count = len(columns) + len(elements)
    fractions, beside = np.arange(len(columns), count), np.arange(count, count + variables)
    sets = {_PLAIN: np.concatenate([fractions, beside])}
    for name, members in physics.descriptor_sets(elements).items():
        own = np.array([columns[member] for member in members], dtype=np.int64)
        sets[name] = np.concatenate([own, beside])
        sets[f"{name}, fractions"] = np.concatenate([own, fractions, beside])
    return sets if len(sets) > 1 else {}


def few_sets(described: Described) -> Mapping[str, Columns]:
    """Those of `input_sets` through which models that vote see: the plain inputs, and with the middle set beside."""
    physics, elements = described.physics, described.elements
    sets = input_sets(physics, elements, len(described.variables.features))
    offered = [*physics.descriptor_sets(elements)]
    middle = f"{offered[len(offered) // 2]}, {_PLAIN}" if offered else _PLAIN
    return {name: sets[name] for name in (_PLAIN, middle) if name in sets}


def choosing(described: Described, fit: Fit[M]) -> Fit[M]:
    """The same fit, on the set of inputs that suits the observations best; all inputs where there is nothing to choose.

    The Gaussian process that it gives takes all inputs, of which it does not see some: their lengthscale is infinite.
    """
    free = len(described.variables.features)
    sets = input_sets(described.physics, described.elements, free)

    def chosen(x: Floats, y: Floats, shift: float, scale: float, scatter: float, given: Floats | None) -> tuple[M, str]:
        some = np.unique(np.linspace(0, len(x) - 1, min(len(x), JUDGES)).round().astype(np.int64))
        part = None if given is None else given[some] / scale
        judged = {
            name: _surprise(x[some][:, columns], (y[some] - shift) / scale, scatter / scale, part, free)
            for name, columns in sets.items()
            if name == _PLAIN or len(columns) <= INPUTS_PER_OBSERVATION * len(x)
        }
        name = min(judged, key=lambda name: judged[name])
        found, note = on_columns(sets[name], fit)(x, y, shift, scale, scatter, given)
        return found, "; ".join(filter(None, (f"seen through {name}", note)))

    return chosen if sets else fit


def on_columns(columns: Columns, fit: Fit[M]) -> Fit[M]:
    """The same fit on some columns of the inputs; what it gives takes all of them."""

    def narrow(x: Floats, y: Floats, shift: float, scale: float, scatter: float, given: Floats | None) -> tuple[M, str]:
        found, note = fit(x[:, columns], y, shift, scale, scatter, given)
        return _blind(found, columns, x.shape[1]), note

    return narrow


def _surprise(x: Floats, targets: Floats, scatter: float, given: Floats | None, free: int) -> float:
    """Negative logarithm of the marginal likelihood, but for a constant; infinite where nothing can be fitted."""
    try:
        hyper = at_least_as_noisy(learn(x, targets, given, free), scatter)
        gp = GP.condition(x, targets, 0.0, 1.0, hyper, given)
    except (RuntimeError, ValueError):
        return np.inf
    return float(0.5 * (gp.targets - gp.constant) @ gp.weights + gp.factor.diagonal().log().sum())


def _blind(gp: M, columns: Columns, dimension: int) -> M:
    """What was fitted on some columns of ``dimension`` inputs, for all of them."""
    if isinstance(gp, Mixture):
        return replace(gp, members=tuple(_blind(member, columns, dimension) for member in gp.members))
    assert isinstance(gp, GP)
    inputs = torch.zeros((len(gp.inputs), dimension), dtype=torch.float64)
    lengthscale = torch.full((dimension,), torch.inf, dtype=torch.float64)
    inputs[:, columns], lengthscale[columns] = gp.inputs, gp.lengthscale
    return replace(gp, inputs=inputs, lengthscale=lengthscale)
