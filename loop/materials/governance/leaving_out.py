"""What all other points say of a point: a Gaussian process in which each point, or each paper, is left out in turn.

The covariance of two values is that of their alloys and temperatures, of how they were made and tested, and, within a
paper, of what its points share:

    k = a M(alloy) M(temperature) + c (made alike) + [same paper] (b + w M'(alloy) M(temperature)) + noise of the paper

with M Matern 5/2. Leaving out is in closed form. Hyperparameters are the most probable ones of some papers, with values
far from the middle brought nearer, and points that all others contradict count less, so that wrong points neither hide
themselves nor accuse others.

References:
    Rasmussen, C. E. & Williams, C. K. I. (2006). Gaussian Processes for Machine Learning, eqs. 5.10 to 5.12; a block
        left out is the same with blocks of the inverse.
    Huber, P. J. & Ronchetti, E. M. (2009). Robust Statistics, 2nd ed., chapter 7: weights that fall with residuals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import LinAlgError, cho_solve, cholesky
from scipy.optimize import minimize

from alloys.points.credibility import paper_noise
from alloys.space import Floats

_PRIOR = np.log([1.0, 0.6, 3.0, 1.5, 0.2, 0.2, 0.1, 0.15, 0.1])
"""Modes of the log hyperparameters: amplitude, lengthscales of fractions, of elemental numbers and of 400 K, what a
paper shares, what varies within it, how much making and testing matter, the lengthscale within a paper, and noise; on
values in robust standard deviations."""
_WIDTHS = np.array([1.0, 0.7, 0.7, 0.7, 1.0, 1.0, 1.0, 0.7, 1.0])
_WARMTH = 400.0
_LEARNED_FROM = 300
"""Points that hyperparameters are learned from, of whole papers; more tell little more and take long."""
_OF_A_PAPER = 30
_CLIPPED, _CONTRADICTED = 4.0, 2.5
"""Robust standard deviations at which values count no further for hyperparameters; standardised residuals from which
on a point counts less."""
_SEVERAL = 4
"""Points of a paper from which on their median says how much most of them scatter."""
_ROUNDS = 4
_SMALL = 1e-8


@dataclass(frozen=True, slots=True)
class JudgedValues:
    """Values of one property, ``n`` of them, with what is known of each.

    Attributes:
        values: on the scale that is modelled, shape ``(n,)``.
        fractions: of atoms, shape ``(n, elements)``.
        numbers: standardised elemental numbers of the mixtures, shape ``(n, numbers)``.
        celsius: of the test, shape ``(n,)``.
        marks: how each was made and tested, in zeros and ones, shape ``(n, marks)``.
        papers: the source of each.
    """

    values: Floats
    fractions: Floats
    numbers: Floats
    celsius: Floats
    marks: Floats
    papers: Sequence[str]

    def only(self, rows: np.ndarray) -> JudgedValues:
        """Some of them."""
        papers = [self.papers[row] for row in rows]
        told = (self.values, self.fractions, self.numbers, self.celsius, self.marks)
        values, fractions, numbers, celsius, marks = (part[rows] for part in told)
        return JudgedValues(values, fractions, numbers, celsius, marks, papers)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Each value against what the others say, shape ``(n,)`` each, on the scale that is modelled.

    Attributes:
        residuals: value minus expectation, the point left out.
        stds: of the residuals, the paper's noise included.
        paper_residuals: the same with all points of the paper left out.
        paper_stds: of these.
        noises: the noise of each point's paper, as a standard deviation.
    """

    residuals: Floats
    stds: Floats
    paper_residuals: Floats
    paper_stds: Floats
    noises: Floats

    @property
    def standardised(self) -> Floats:
        """Residuals in their standard deviations."""
        return self.residuals / self.stds

    @property
    def paper_standardised(self) -> Floats:
        """The same with all points of the paper left out."""
        return self.paper_residuals / self.paper_stds


@dataclass(frozen=True, slots=True)
class _Distances:
    """Between all pairs, shape ``(n, n)`` each."""

    fractions: Floats
    numbers: Floats
    celsius: Floats
    marks: Floats
    same_paper: Floats

    @classmethod
    def of(cls, observed: JudgedValues) -> _Distances:
        papers = np.unique(np.asarray(observed.papers), return_inverse=True)[1]
        warmth = np.abs(observed.celsius[:, None] - observed.celsius[None]) / _WARMTH
        same = (papers[:, None] == papers[None]).astype(float)
        alike = observed.marks @ observed.marks.T
        return cls(_squares(observed.fractions), _squares(observed.numbers), warmth, alike, same)

    def covariance(self, log_hyper: Floats) -> Floats:
        """Without noise."""
        amplitude, fractions, numbers, warmth, shared, within, marks, near, _ = np.exp(log_hyper)
        warm = _matern(self.celsius / warmth)
        alloys = _matern(np.sqrt(self.fractions / fractions**2 + self.numbers / numbers**2))
        paper = shared + within * _matern(np.sqrt(self.fractions) / near) * warm
        return np.asarray(amplitude * alloys * warm + marks * self.marks + self.same_paper * paper)


def leave_out(observed: JudgedValues) -> LeftOut:
    """Leaves out each point, and each paper, in turn."""
    middle, scale = _robust(observed.values)
    targets = (observed.values - middle) / scale
    log_hyper = _most_probable(observed, np.clip(targets, -_CLIPPED, _CLIPPED))
    covariance = _Distances.of(observed).covariance(log_hyper)
    usual = float(np.exp(log_hyper[-1]))
    noise, weight = np.full(len(targets), usual), np.ones(len(targets))
    for number in range(_ROUNDS):
        inverse, residuals, stds = _each(covariance, noise * weight, targets, noise)
        contradicted = np.abs(residuals / stds) > _CONTRADICTED
        weight = np.where(contradicted, np.maximum(1.0, residuals**2 / noise), 1.0)
        if number == 0:
            noise = _noises(residuals, stds, noise, observed.papers)
    paper_residuals, paper_stds = _papers(inverse, targets, noise, noise * weight, observed.papers)
    told = (residuals, stds, paper_residuals, paper_stds, np.sqrt(noise))
    return LeftOut(*(part * scale for part in told))


def _noises(residuals: Floats, stds: Floats, noise: Floats, papers: Sequence[str]) -> Floats:
    """The noise of each point's paper, as a variance.

    A residual beyond what is likely says nothing of its paper, but where most of the paper's are as large.
    """
    names, numbers = np.unique(np.asarray(papers), return_inverse=True)
    sizes = np.array([np.median(np.abs(residuals[numbers == number])) for number in range(len(names))])
    several = np.bincount(numbers) >= _SEVERAL
    most = _CONTRADICTED * np.maximum(stds, np.where(several, 1.4826 * sizes, 0.0)[numbers])
    found = paper_noise(np.clip(residuals, -most, most), papers, np.maximum(stds**2 - noise, 0.0))
    return np.array([found.std(paper) ** 2 for paper in papers])


def _each(covariance: Floats, noise: Floats, targets: Floats, own: Floats) -> tuple[Floats, Floats, Floats]:
    """The inverse of the noisy covariance; residuals of each point left out; their deviations with its own noise."""
    inverse = _inverse(covariance + np.diag(noise + _SMALL))
    diagonal = np.diag(inverse)
    stds = np.sqrt(np.maximum(1 / diagonal - noise, _SMALL) + own)
    return inverse, (inverse @ targets) / diagonal, stds


def _papers(
    inverse: Floats, targets: Floats, own: Floats, noise: Floats, papers: Sequence[str]
) -> tuple[Floats, Floats]:
    residuals, stds = np.empty(len(targets)), np.empty(len(targets))
    pull = inverse @ targets
    numbers = np.unique(np.asarray(papers), return_inverse=True)[1]
    for rows in (np.flatnonzero(numbers == number) for number in range(numbers.max() + 1)):
        block = np.linalg.inv(inverse[np.ix_(rows, rows)])
        residuals[rows] = block @ pull[rows]
        stds[rows] = np.sqrt(np.maximum(np.diag(block) - noise[rows], _SMALL) + own[rows])
    return residuals, stds


def _most_probable(observed: JudgedValues, targets: Floats) -> Floats:
    """Log hyperparameters of the largest posterior density, from some whole papers."""
    rows = _some_papers(observed.papers)
    distances, held = _Distances.of(observed.only(rows)), targets[rows]

    def misfit(log_hyper: Floats) -> float:
        apart = float(np.sum(((log_hyper - _PRIOR) / _WIDTHS) ** 2))
        noisy = distances.covariance(log_hyper) + (np.exp(log_hyper[-1]) + _SMALL) * np.eye(len(rows))
        try:
            factor = cholesky(noisy, lower=True, check_finite=False)
        except LinAlgError:
            return 1e9
        pull = cho_solve((factor, True), held, check_finite=False)
        return float(0.5 * held @ pull + np.log(np.diag(factor)).sum() + 0.5 * apart)

    bounds = [*zip(_PRIOR - 4 * _WIDTHS, _PRIOR + 4 * _WIDTHS, strict=True)]
    found = minimize(misfit, _PRIOR, method="L-BFGS-B", bounds=bounds, options={"maxiter": 25, "maxfun": 350})
    return np.asarray(found.x)


def _some_papers(papers: Sequence[str]) -> np.ndarray:
    """Rows of papers in an order that has nothing to do with their values, until there are enough."""
    rows: list[int] = []
    names, numbers = np.unique(np.asarray(papers), return_inverse=True)
    for number in np.random.default_rng(len(names)).permutation(len(names)):
        if len(rows) >= _LEARNED_FROM:
            break
        rows += [int(row) for row in np.flatnonzero(numbers == number)[:_OF_A_PAPER]]
    return np.array(rows)


def _robust(values: Floats) -> tuple[float, float]:
    middle = float(np.median(values))
    return middle, max(1.4826 * float(np.median(np.abs(values - middle))), _SMALL)


def _squares(inputs: Floats) -> Floats:
    """Squared distances of all pairs, shape ``(n, n)``."""
    lengths = (inputs**2).sum(axis=1)
    return np.asarray(np.maximum(lengths[:, None] + lengths[None] - 2 * inputs @ inputs.T, 0.0))


def _matern(distances: Floats) -> Floats:
    scaled = np.sqrt(5.0) * distances
    return np.asarray((1 + scaled + scaled**2 / 3) * np.exp(-scaled))


def _inverse(matrix: Floats) -> Floats:
    factor = cholesky(matrix, lower=True, check_finite=False)
    return np.asarray(cho_solve((factor, True), np.eye(len(matrix)), check_finite=False))
