"""Several models of one property that vote: processes on two scales and several sets of inputs, and trees.

Which model suits a property shows late. So several are kept: Gaussian processes whose hyperparameters are drawn from
their posterior, on the property's scale and on that of ranks, which outliers do not mislead, seen through the plain
inputs and through descriptors as well; and trees, for answers that jump. A vote counts as much as the model predicts
the order of the answers that it is not shown: pseudo-Bayesian model averaging.

References:
    Geisser & Eddy, J. Am. Stat. Assoc. 74 (1979) 153; Yao, Vehtari, Simpson & Gelman, Bayesian Anal. 13 (2018) 917.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import log_ndtr, logsumexp
from torch import Tensor

from alloys.space import Floats
from surrogates.model.bayesian import Mixture, mixed
from surrogates.model.voting.draws import Prior, draw, learn, made
from surrogates.model.voting.trees import Trees
from surrogates.model.warps import Identity, NormalScores, Warp

Columns = NDArray[np.int64]

DRAWN = 12
"""Draws of the hyperparameters, for all processes together."""

STEPS = 8
"""Steps of the sampler between the draws of one surrogate and of the next; twice as many at the start."""

TAUGHT = 200
"""Observations that teach hyperparameters, evenly taken where there are more."""

GROWTH = 1.05
"""Hyperparameters of the surrogate before are drawn further once there are more observations by this factor."""

LEVELS = (0.5, 0.75, 0.9)
"""Shares of the observations below the levels at which the order that a model predicts is judged."""

FEWEST = 4
"""Observations below which all votes count the same."""

SHARPNESS = 0.3
"""Power of a model's likelihood in its weight: left out in turn, observations are not independent judges."""

_SCALES = ("values", "ranks")


@dataclass(frozen=True, slots=True)
class Voter:
    """One model with a vote.

    Attributes:
        name: what it is, in words.
        weight: its share.
        columns: the inputs that it sees.
        warp: from the targets to its own scale.
        model: on that scale.
    """

    name: str
    weight: float
    columns: Columns
    warp: Warp
    model: Mixture | Trees

    def predict(self, x: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation of the target at ``(m, d)`` inputs, each of shape ``(m,)``."""
        return self.warp.moments(*self.model.predict(x[:, self.columns]))

    def joint(self, x: Floats) -> tuple[Floats, Floats]:
        """Mean ``(m,)`` and covariance ``(m, m)`` of the target; correlations are those on the model's scale."""
        mean, covariance = self.model.joint(x[:, self.columns])
        std = np.sqrt(np.maximum(covariance.diagonal(), 1e-12))
        moved, width = self.warp.moments(mean, std)
        return moved, covariance * np.outer(width / std, width / std)

    def order_score(self, values: Floats) -> float:
        """`order_score` of ``n`` values, each left out."""
        members = self.model.members if isinstance(self.model, Mixture) else (self.model,)
        means, stds = zip(*(member.leave_one_out() for member in members), strict=True)
        return order_score(np.array(means), np.array(stds), self.warp.forward(values))

    @property
    def noise_std(self) -> float:
        """Standard deviation of the noise, in the targets' unit."""
        noise = self.model.noise_std
        return noise / self.warp.slope if isinstance(self.warp, NormalScores) else noise


@dataclass(frozen=True, slots=True)
class Votes:
    """A weighted mixture of models of the same ``n`` observations; answers as a `surrogates.model.gp.GP` does.

    Attributes:
        voters: at least one.
        values: the targets, in their own unit, shape ``(n,)``.
        given: whether some came with standard deviations of their own.
        drawn: hyperparameters by set of inputs and scale, as `surrogates.model.voting.draws` has them.
        taught: observations when they were drawn.
    """

    voters: tuple[Voter, ...]
    values: Floats
    given: bool
    drawn: Mapping[tuple[str, str], tuple[Floats, ...]]
    taught: int

    @property
    def targets(self) -> Tensor:
        """Standardised targets, shape ``(n,)``."""
        return torch.tensor((self.values - self.values.mean()) / self.scale)

    @property
    def scale(self) -> float:
        """Spread of the targets."""
        return float(self.values.std())

    @property
    def weights(self) -> Floats:
        """The voters' shares, shape ``(k, 1)``."""
        return np.array([voter.weight for voter in self.voters])[:, None]

    @property
    def lengthscale(self) -> Tensor:
        """Inverse of the weighted mean inverse of the processes' lengthscales, shape ``(d,)``, for their relevance."""
        inverse = torch.full((len(self.voters[-1].columns),), 1e-12, dtype=torch.float64)
        for voter in self.voters:
            if isinstance(voter.model, Mixture):
                inverse[torch.tensor(voter.columns)] += voter.weight / voter.model.lengthscale
        return 1.0 / inverse

    @property
    def noise_std(self) -> float:
        """Standard deviation of the noise, in the targets' unit: root of the mean variance."""
        return float(np.sqrt(sum(voter.weight * voter.noise_std**2 for voter in self.voters)))

    @property
    def noise_given(self) -> bool:
        """Whether some observations came with standard deviations of their own."""
        return self.given

    def predict(self, x: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation of the mixture at ``(m, d)`` inputs, each of shape ``(m,)``."""
        means, stds = zip(*(voter.predict(x) for voter in self.voters), strict=True)
        return mixed(np.stack(means), np.stack(stds), np.broadcast_to(self.weights, (len(means), len(x))))

    def joint(self, x: Floats) -> tuple[Floats, Floats]:
        """Mean ``(m,)`` and covariance ``(m, m)`` of the mixture, by the law of total covariance."""
        found = [voter.joint(x) for voter in self.voters]
        means = np.stack([mean for mean, _ in found])
        mean = (self.weights * means).sum(axis=0)
        apart = np.sqrt(self.weights) * (means - mean)
        within = sum(voter.weight * covariance for voter, (_, covariance) in zip(self.voters, found, strict=True))
        return mean, np.asarray(within + apart.T @ apart)

    def leave_one_out(self) -> tuple[Floats, Floats]:
        """Means and standard deviations (noise included) at each observation had it been left out."""
        found = [voter.warp.moments(*voter.model.leave_one_out()) for voter in self.voters]
        means, stds = zip(*found, strict=True)
        return mixed(np.stack(means), np.stack(stds), np.broadcast_to(self.weights, (len(means), len(self.values))))

    def observed(self) -> Floats:
        """The targets, in their own unit, shape ``(n,)``."""
        return self.values

    @property
    def said(self) -> str:
        """Who votes with which weight, in words."""
        return ", ".join(f"{voter.name} {voter.weight:.2f}" for voter in self.voters)

    def hyperparameters(self) -> list[float]:
        """Everything that was learned, as plain numbers."""
        return [number for v in self.voters for number in (v.weight, *v.model.hyperparameters())]


def fit_votes(
    sets: Mapping[str, Columns],
    x: Floats,
    y: Floats,
    scatter: float = 0.0,
    given: Floats | None = None,
    before: Votes | None = None,
) -> Votes:
    """Fits every voter and weighs it; the same arguments give the same votes on one machine.

    Args:
        sets: columns of the inputs that processes are seen through, by name.
        x: scaled inputs, shape ``(n, d)``.
        y: targets, not all equal, shape ``(n,)``.
        scatter: standard deviation, in the targets' unit, below which the learned noise never falls.
        given: standard deviations of the observations, likewise, shape ``(n,)``, NaN where the noise is learned.
        before: votes of nearly the same observations: what was drawn for them is kept, or drawn further.

    Raises:
        RuntimeError: if a covariance cannot be factorised.
    """
    rng, count = np.random.default_rng(len(y)), DRAWN // (len(_SCALES) * len(sets))
    places = [(name, scale) for name in sets for scale in _SCALES]
    kept = before if before is not None and list(before.drawn) == places else None
    learning = kept is None or len(y) >= max(kept.taught + 1, kept.taught * GROWTH)
    voters, drawn = list[Voter](), {}
    for name, scale in places:
        columns, warp = sets[name], NormalScores.of(y) if scale == "ranks" else Identity()
        data = VoterData.of(x[:, columns], warp, y, scatter, given)
        thetas = kept.drawn[name, scale] if kept is not None else ()
        drawn[name, scale] = data.draws(thetas, count, rng) if learning else thetas
        voters.append(Voter(f"process on {scale} of {name}", 1.0, columns, warp, data.mixture(drawn[name, scale])))
    voters.append(_trees(x, y, kept.voters[-1] if kept is not None and not learning else None))
    taught = kept.taught if kept is not None and not learning else len(y)
    return Votes(tuple(weighed(voters, y)), y, given is not None, drawn, taught)


def _trees(x: Floats, y: Floats, before: Voter | None) -> Voter:
    """Trees on ranks; those before where they may stay."""
    kept = before.model.among(x) if before is not None and isinstance(before.model, Trees) else None
    if before is not None and kept is not None:
        return replace(before, model=kept)
    scores = NormalScores.of(y)
    return Voter("trees", 1.0, np.arange(x.shape[1]), scores, Trees.fit(x, scores.forward(y), seed=0))


@dataclass(frozen=True, slots=True)
class VoterData:
    """What one process sees.

    Attributes:
        x: inputs, shape ``(n, d)``.
        z: targets on its scale, shape ``(n,)``.
        shift: their centre.
        scale: their spread.
        scatter: standard deviation on its scale that noise never falls below.
        given: standard deviations on its scale, shape ``(n,)``, NaN where not given; None if none is.
    """

    x: Floats
    z: Floats
    shift: float
    scale: float
    scatter: float
    given: Floats | None

    @classmethod
    def of(cls, x: Floats, warp: Warp, y: Floats, scatter: float, given: Floats | None) -> VoterData:
        """Inputs, and targets, scatter and standard deviations in their own unit."""
        z = warp.forward(y)
        middle = np.full(1, np.median(y))
        least = float(warp.spread(middle, np.full(1, scatter))[0]) if scatter else 0.0
        own = None if given is None else np.where(np.isnan(given), np.nan, warp.spread(y, np.nan_to_num(given)))
        return cls(x, z, float(z.mean()), float(z.std()), least, own)

    def draws(self, thetas: Sequence[Floats], count: int, rng: np.random.Generator) -> tuple[Floats, ...]:
        """Hyperparameters from their posterior, beginning with some, or else with the most probable ones."""
        some = np.unique(np.linspace(0, len(self.x) - 1, min(len(self.x), TAUGHT)).round().astype(np.int64))
        # The prior is made for inputs that spread like a uniform variable on the unit interval.
        x, z, prior = self.x[some], (self.z[some] - self.shift) / self.scale, Prior.scaled(self.x.shape[1])
        given = None if self.given is None else (self.given[some] / self.scale) ** 2
        steps = STEPS
        if not thetas:
            thetas, steps = [learn(x, z, prior, [prior.centre], given)] * count, 2 * STEPS
        return tuple(draw(theta, x, z, prior, rng, steps, given) for theta in thetas)

    def mixture(self, thetas: Sequence[Floats]) -> Mixture:
        """The processes of some hyperparameters."""
        return Mixture(
            tuple(made(theta, self.x, self.z, self.shift, self.scale, self.scatter, self.given) for theta in thetas)
        )


def weighed(voters: Sequence[Voter], values: Floats) -> list[Voter]:
    """The voters with the weights that the order of ``n`` values gives them."""
    scores = [SHARPNESS * voter.order_score(values) for voter in voters]
    weights = np.exp(np.array(scores) - logsumexp(scores))
    return [replace(voter, weight=float(weight)) for voter, weight in zip(voters, weights, strict=True)]


def order_score(means: Floats, stds: Floats, targets: Floats) -> float:
    """Log-likelihood that observations left out are on the right side of levels between them, averaged over levels.

    It depends on the order of the observations alone, so that models on any scales can be compared.

    Args:
        means: of each observation given the others, by ``s`` members, shape ``(s, n)``.
        stds: their standard deviations, noise included, shape ``(s, n)``.
        targets: the observations on the same scale, shape ``(n,)``.

    Returns:
        0 where there are fewer than `FEWEST`.
    """
    if len(targets) < FEWEST:
        return 0.0
    ranked, total = np.sort(targets), 0.0
    for share in LEVELS:
        place = min(int(np.ceil(share * len(ranked))), len(ranked) - 1)
        level = ranked[place - 1 : place + 1].mean()
        side = np.where(targets > level, 1.0, -1.0)
        total += float(logsumexp(log_ndtr(side * (means - level) / stds), axis=0).sum())
    return total / len(LEVELS) - len(targets) * float(np.log(len(means)))
