"""Hyperparameters drawn from their posterior by the No-U-Turn sampler; see `surrogates.model.bayesian`."""

from __future__ import annotations

import math
import warnings
from typing import Any

import torch
from botorch.fit import fit_fully_bayesian_model_nuts
from botorch.models.fully_bayesian import FullyBayesianSingleTaskGP, MaternPyroModel
from botorch.models.utils.gpytorch_modules import get_gaussian_likelihood_with_lognormal_prior
from botorch.settings import validate_input_scaling

from alloys.space import Floats
from surrogates.model.learning.kept import Hyper
from surrogates.model.learning.most_probable import noise_variances, prior_hyperparameters

DRAWS = 16
"""Gaussian processes in a mixture."""

_WARMUP = 256
_THINNING = 16

_SPREAD = 1.0
"""Standard deviation of the logarithm of a lengthscale under its prior."""


class _Priors(MaternPyroModel):  # type: ignore[misc]
    """The noise's prior is that of the most probable hyperparameters, the lengthscales' has its mode and is narrower.

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


def draw(x: Floats, targets: Floats, given: Floats | None = None, seed: int = 0) -> list[Hyper]:
    """Constants, lengthscales and noise variances from their posterior, `DRAWS` of them.

    Args:
        x: scaled inputs, shape ``(n, d)``.
        targets: standardised, shape ``(n,)``.
        given: standard deviations on the standardised scale, shape ``(n,)``, NaN where the noise is drawn.
        seed: of the sampler.

    Raises:
        RuntimeError: if something drawn is not finite.
    """
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
