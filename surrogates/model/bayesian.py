"""A Gaussian process averaged over its hyperparameters instead of at their most probable values.

The No-U-Turn sampler (Hoffman & Gelman, JMLR 15 (2014) 1593) of NumPyro draws hyperparameters from their posterior
under BoTorch's fully Bayesian model, Matern 5/2 with a lengthscale of its own for each input, with the priors below.
What is predicted is the equal mixture of the Gaussian processes that they make. NumPyro comes with the optional group
`bayesian`.
"""

from __future__ import annotations

import importlib.util
import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from botorch.fit import fit_fully_bayesian_model_nuts
from botorch.models.fully_bayesian import FullyBayesianSingleTaskGP, MaternPyroModel
from botorch.models.utils.gpytorch_modules import get_gaussian_likelihood_with_lognormal_prior
from botorch.settings import validate_input_scaling
from numpy.typing import NDArray
from torch import Tensor

from alloys.errors import InputError
from alloys.space import Floats
from surrogates.model.gp import GP, at_least_as_noisy, noise_variances
from surrogates.model.learning import Hyper, prior_hyperparameters

MOST = 200
"""Observations up to which hyperparameters are averaged over; of more, the most probable ones will do."""

DRAWS = 16
"""Gaussian processes in a mixture."""

_WARMUP = 256
_THINNING = 16

_SPREAD = 1.0
"""Standard deviation of the logarithm of a lengthscale under its prior."""


@dataclass(frozen=True, slots=True)
class Mixture:
    """Equally weighted Gaussian processes of the same observations; answers as a `GP` does.

    Attributes:
        members: at least one.
    """

    members: tuple[GP, ...]

    @property
    def targets(self) -> Tensor:
        """Standardised targets, shape ``(n,)``."""
        return self.members[0].targets

    @property
    def scale(self) -> float:
        """Spread of the targets."""
        return self.members[0].scale

    @property
    def noise_std(self) -> float:
        """Standard deviation of the noise, in the targets' unit: root of the members' mean variance."""
        return float(np.sqrt(np.mean([gp.noise_std**2 for gp in self.members])))

    @property
    def noise_given(self) -> bool:
        """Whether some observations came with standard deviations of their own."""
        return any(gp.noise_given for gp in self.members)

    @property
    def lengthscale(self) -> Tensor:
        """Harmonic mean of the members', shape ``(d,)``: that of the mean inverse, by which relevance is told."""
        return 1.0 / torch.stack([1.0 / gp.lengthscale for gp in self.members]).mean(dim=0)

    def predict(self, x: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation of the mixture at ``(m, d)`` inputs, each of shape ``(m,)``."""
        return mixed(*_stacked([gp.predict(x) for gp in self.members]))

    def joint(self, x: Floats) -> tuple[Floats, Floats]:
        """Mean ``(m,)`` and covariance ``(m, m)`` of the mixture at ``(m, d)`` inputs.

        By the law of total covariance, the mean of the covariances plus the covariance of the means.
        """
        means, covariances = _stacked([gp.joint(x) for gp in self.members])
        mean = means.mean(axis=0)
        apart = (means - mean) / np.sqrt(len(means))
        return mean, covariances.mean(axis=0) + apart.T @ apart

    def leave_one_out(self) -> tuple[Floats, Floats]:
        """Means and standard deviations (noise included) at each observation had it been left out.

        Hyperparameters that had seen the one are weighted by the inverse of its likelihood (Gelfand, Dey & Chang,
        Bayesian Statistics 4 (1992) 147), no weight above the square root of their number times the mean one
        (Ionides, J. Comput. Graph. Stat. 17 (2008) 295). BoTorch's `ensemble_loo_cv` weights them equally.
        """
        means, stds = _stacked([gp.leave_one_out() for gp in self.members])
        surprise = 0.5 * ((self.observed() - means) / stds) ** 2 + np.log(stds)
        weights = np.exp(surprise - surprise.max(axis=0))
        weights = np.minimum(weights, np.sqrt(len(weights)) * weights.mean(axis=0))
        return mixed(means, stds, weights)

    def ahead(self, asked: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """Means and standard deviations (noise included) at each observation by those of the batches before its own."""
        return mixed(*_stacked([gp.ahead(asked) for gp in self.members]))

    def observed(self) -> Floats:
        """The targets, in their own unit, shape ``(n,)``."""
        return self.members[0].observed()

    def hyperparameters(self) -> list[float]:
        """Everything that was drawn, as plain numbers."""
        return [number for gp in self.members for number in gp.hyperparameters()]


def mixed(means: Floats, stds: Floats, weights: Floats | None = None) -> tuple[Floats, Floats]:
    """Mean and standard deviation of mixtures of Gaussians; ``means``, ``stds`` and ``weights`` of shape ``(k, m)``.

    By the law of total variance. Weights need not sum to one; they are equal where None.
    """
    share = np.full(means.shape, 1.0 / len(means)) if weights is None else weights / weights.sum(axis=0)
    mean = (share * means).sum(axis=0)
    return mean, np.sqrt((share * (stds**2 + (means - mean) ** 2)).sum(axis=0))


def require() -> None:
    """Refuses where NumPyro is missing.

    Raises:
        InputError: saying how to install it.
    """
    if any(importlib.util.find_spec(name) is None for name in ("jax", "numpyro")):
        raise InputError(
            "averaging over hyperparameters needs NumPyro and JAX, which are not installed; "
            "run: pip install 'alloyloop[bayesian]', or set surrogate.inference to map"
        )


class _Priors(MaternPyroModel):  # type: ignore[misc]
    """The noise's prior is that of `surrogates.model.learning`, the lengthscales' has its mode and is narrower.

    There the logarithm of a lengthscale has a standard deviation of sqrt(3), so that the median lies at 20 times the
    mode: an average was over functions much smoother than those of the mode, and worse than the mode alone.
    """

    given: Floats | None = None

    def sample_lengthscale(self, dim: int) -> Any:
        import jax.numpy as jnp
        import numpyro

        mode = jnp.log(jnp.asarray(prior_hyperparameters(dim)[1].numpy()))
        return numpyro.sample("lengthscale", numpyro.distributions.LogNormal(mode + _SPREAD**2, _SPREAD))

    def sample_noise(self) -> Any:
        import jax.numpy as jnp
        import numpyro

        prior = get_gaussian_likelihood_with_lognormal_prior().noise_covar.noise_prior
        learned = numpyro.sample("noise", numpyro.distributions.LogNormal(float(prior.loc), float(prior.scale)))
        if self.given is None:
            return learned
        fixed = jnp.asarray(noise_variances(math.nan, len(self.given), self.given).numpy())
        return jnp.where(jnp.isnan(fixed), learned, fixed)


class _Model(FullyBayesianSingleTaskGP):  # type: ignore[misc]
    _pyro_model_class = _Priors


def fit_mixture(
    x: Floats,
    y: Floats,
    shift: float,
    scale: float,
    scatter: float = 0.0,
    given: Floats | None = None,
    seed: int = 0,
) -> Mixture:
    """Draws hyperparameters given ``x`` of shape ``(n, d)`` and ``y`` of shape ``(n,)``, and conditions with each.

    The same arguments give the same mixture on one machine.

    Args:
        x: scaled inputs.
        y: targets.
        shift: centre of the targets.
        scale: spread of the targets.
        scatter: standard deviation, in the targets' unit, below which the learned noise never falls.
        given: standard deviations of the observations, likewise, shape ``(n,)``, NaN where the noise is drawn.
        seed: of the sampler.

    Raises:
        InputError: if NumPyro is not installed.
        RuntimeError: if the sampler ends in something that is not finite, or a covariance cannot be factorised.
    """
    known = None if given is None else given / scale
    drawn = [at_least_as_noisy(hyper, scatter / scale) for hyper in draw(x, (y - shift) / scale, known, seed)]
    return Mixture(tuple(GP.condition(x, y, shift, scale, hyper, given) for hyper in drawn))


def draw(x: Floats, targets: Floats, given: Floats | None = None, seed: int = 0) -> Sequence[Hyper]:
    """Constants, lengthscales and noise variances from their posterior, `DRAWS` of them.

    Args:
        x: scaled inputs, shape ``(n, d)``.
        targets: standardised, shape ``(n,)``.
        given: standard deviations on the standardised scale, shape ``(n,)``, NaN where the noise is drawn.
        seed: of the sampler.

    Raises:
        InputError: if NumPyro is not installed.
        RuntimeError: if something drawn is not finite.
    """
    require()
    import jax

    with jax.enable_x64(True), validate_input_scaling(False), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = _Model(torch.tensor(x), torch.tensor(targets)[:, None])
        model.pyro_model.given = given
        fit_fully_bayesian_model_nuts(
            model,
            warmup_steps=_WARMUP,
            num_samples=DRAWS * _THINNING,
            thinning=_THINNING,
            disable_progbar=True,
            seed=seed,
        )
    lengthscales = model.covar_module.lengthscale.detach()[:, 0]
    constants = model.mean_module.constant.detach().reshape(-1)
    noises = model.likelihood.noise.detach().reshape(-1)
    if not all(bool(torch.isfinite(part).all()) for part in (lengthscales, constants, noises)):
        raise RuntimeError("the drawn hyperparameters are not finite")
    return [
        (float(constant), lengthscale.clone(), float(noise))
        for constant, lengthscale, noise in zip(constants, lengthscales, noises, strict=True)
    ]


def _stacked(answers: Sequence[tuple[Floats, Floats]]) -> tuple[Floats, Floats]:
    first, second = zip(*answers, strict=True)
    return np.stack(first), np.stack(second)
