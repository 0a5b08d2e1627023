"""A paper's credibility: how much more, or less, than usual its points scatter.

The residual of point i of paper p against a model that has not seen the paper is

    r_pi = b_p + e_pi,    b_p ~ N(0, omega^2),    e_pi ~ N(0, v_pi + sigma_p^2),    log sigma_p^2 ~ N(mu, tau^2)

with b_p what all points of a paper share, such as how its alloys were made, v_pi the variance that the model states,
and sigma_p the paper's own noise. mu, tau and omega maximise the marginal likelihood (sigma_p summed over a grid, b_p
in closed form); the noise that is told is the root of the posterior mean of sigma_p^2. A paper of one point is
believed as papers usually are.

References:
    Smyth, G. K. (2004). Linear models and empirical Bayes methods for assessing differential expression. Stat. Appl.
        Genet. Mol. Biol. 3, 3: variances that are shrunk towards what is usual.
    Gelman, A. et al. (2013). Bayesian Data Analysis, 3rd ed., section 5.4: effects of groups, and what they share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp

from alloys.errors import InputError
from alloys.space import Floats

_NODES, _REACH = 41, 4.0
"""Of the grid over a paper's log variance: how many, and how many times tau it reaches to either side of mu."""
_WIDEST = 2.0
"""Standard deviation of the weak normal prior of log tau about `_USUAL_TAU`, and of log omega about the noise."""
_USUAL_TAU = 0.7
_BOUNDS = np.array([6.0, 2.0, 6.0])
"""How far mu, log tau and log omega are looked for from where they start."""
_FEWEST = 4
"""Papers below which nothing is learned of how papers differ: all of them have the noise that is usual."""
_SMALLEST = 1e-9


@dataclass(frozen=True, slots=True)
class PaperNoise:
    """What residuals say of their papers.

    Attributes:
        stds: the noise of each paper's points, in the unit of the residuals, by source.
        usual: the noise of a paper of which nothing is known, in the same unit.
        spread: tau, the standard deviation of the log variance between papers; 0 where they are too few.
        shared: omega, the standard deviation of what all points of a paper share, in the same unit.
    """

    stds: Mapping[str, float]
    usual: float
    spread: float
    shared: float

    def std(self, source: str) -> float:
        """The noise of a source's points: the usual one where the source is not known."""
        return self.stds.get(source, self.usual)


@dataclass(frozen=True, slots=True)
class _Papers:
    """Residuals and stated variances, shape ``(n,)``, and the paper of each as a whole number."""

    residuals: Floats
    variances: Floats
    paper: np.ndarray
    count: int

    def log_likelihoods(self, log_noise: Floats, shared: float) -> Floats:
        """Of each paper's residuals at each of some log variances, shape ``(papers, grid)``, without the constant.

        The covariance of a paper's residuals is diagonal plus rank one (Woodbury).
        """
        precision = 1.0 / (np.exp(log_noise)[None, :] + self.variances[:, None])
        weight, pull, square, logs = (
            self._summed(part)
            for part in (
                precision,
                precision * self.residuals[:, None],
                precision * self.residuals[:, None] ** 2,
                np.log(precision),
            )
        )
        of_all = shared**2
        return -0.5 * (square - of_all * pull**2 / (1 + of_all * weight) - logs + np.log1p(of_all * weight))

    def _summed(self, part: Floats) -> Floats:
        total = np.zeros((self.count, part.shape[1]))
        np.add.at(total, self.paper, part)
        return total


def paper_noise(residuals: Floats, sources: Sequence[str], variances: Floats | None = None) -> PaperNoise:
    """How noisy each paper is.

    Args:
        residuals: of points against a model that had not seen their papers, shape ``(n,)``; on the scale that the model
            works on, such as the log of a strength.
        sources: of each, length n.
        variances: that the model states for each, its own uncertainty, shape ``(n,)``; none if None.

    Raises:
        InputError: if the lengths differ, there is no residual, or one is not finite.
    """
    residuals = np.asarray(residuals, dtype=float)
    known = np.zeros_like(residuals) if variances is None else np.asarray(variances, dtype=float)
    if not (len(residuals) == len(sources) == len(known)) or not len(residuals):
        raise InputError(
            f"a paper's noise needs one source and one variance of each residual, got {len(residuals)} residuals, "
            f"{len(sources)} sources and {len(known)} variances"
        )
    if not (np.isfinite(residuals).all() and np.isfinite(known).all() and (known >= 0).all()):
        raise InputError("a paper's noise needs finite residuals and variances of 0 or more")
    names, paper = np.unique(np.asarray(sources), return_inverse=True)
    centre = _log_square(residuals)
    papers = _Papers(residuals, known, paper, len(names))
    if len(names) < _FEWEST:
        usual = float(np.exp(centre / 2))
        return PaperNoise(dict.fromkeys(map(str, names), usual), usual, 0.0, 0.0)
    mu, tau, shared = _most_likely(papers, centre)
    grid, prior = _grid(mu, tau)
    posterior = papers.log_likelihoods(grid, shared) + prior
    posterior = np.exp(posterior - logsumexp(posterior, axis=1, keepdims=True))
    stds = np.sqrt(posterior @ np.exp(grid))
    usual = float(np.exp(mu / 2 + tau**2 / 4))  # the root of the mean square of a log-normal variance
    return PaperNoise({str(name): float(std) for name, std in zip(names, stds, strict=True)}, usual, tau, shared)


def _log_square(residuals: Floats) -> float:
    """The log of the usual square: by the median, which few wrong points do not move."""
    return float(np.log(max((1.4826 * np.median(np.abs(residuals))) ** 2, _SMALLEST)))


def _grid(mu: float, tau: float) -> tuple[Floats, Floats]:
    """Log variances and their prior log probabilities."""
    steps = np.linspace(-_REACH, _REACH, _NODES)
    return mu + tau * steps, -0.5 * steps**2 - logsumexp(-0.5 * steps**2)


def _most_likely(papers: _Papers, centre: float) -> tuple[float, float, float]:
    """mu, tau and omega; the priors are weak, and hold a parameter that the papers say nothing of."""

    def misfit(at: Floats) -> float:
        mu, log_tau, log_shared = (float(one) for one in at)
        grid, prior = _grid(mu, np.exp(log_tau))
        told = logsumexp(papers.log_likelihoods(grid, np.exp(log_shared)) + prior, axis=1).sum()
        apart = (mu - centre, log_tau - np.log(_USUAL_TAU), log_shared - centre / 2)
        return float(-told + 0.5 * sum((one / _WIDEST) ** 2 for one in apart))

    start = np.array([centre, np.log(_USUAL_TAU), centre / 2])
    found = minimize(misfit, start, method="L-BFGS-B", bounds=[*zip(start - _BOUNDS, start + _BOUNDS, strict=True)]).x
    return float(found[0]), float(np.exp(found[1])), float(np.exp(found[2]))
