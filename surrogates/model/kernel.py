"""The covariance function: Matern 5/2 whose lengthscales differ only as far as the data insist."""

from __future__ import annotations

import math
from typing import Any

import torch
from gpytorch.kernels import MaternKernel
from gpytorch.priors import NormalPrior
from torch import Tensor

SPREAD = 0.2
"""Prior standard deviation of a lengthscale's logarithm about that of the common one."""
_LOCATION, _WIDTH = math.sqrt(2.0), math.sqrt(3.0)


class SharedMatern(MaternKernel):  # type: ignore[misc]
    """Matern 5/2 of unit variance; each input's lengthscale is a common one times a factor near 1.

    With a few dozen observations and thirty inputs, a free lengthscale for each of them (ARD) picks inputs by chance
    and is sure of what it has not seen. Here the logarithm of the common lengthscale has the dimension-aware prior of
    Hvarfner, Hellsten & Nardi, ICML 2024, N(sqrt(2) + log(d) / 2, 3), and the logarithms of the factors N(0, `SPREAD`
    squared): the data can set inputs apart, at a price.

    Args:
        dimension: number of inputs ``d``.
    """

    def __init__(self, dimension: int) -> None:
        super().__init__(nu=2.5, ard_num_dims=dimension)
        location = _LOCATION + 0.5 * math.log(dimension)
        start = torch.tensor([location - _WIDTH**2], dtype=torch.float64)  # the mode of the common lengthscale
        self.register_parameter("log_common", torch.nn.Parameter(start))
        self.register_prior("common_prior", NormalPrior(location, _WIDTH), "log_common")
        self.register_prior("factor_prior", NormalPrior(0.0, SPREAD), _log_factors)
        self.initialize(lengthscale=1.0)

    @property
    def lengthscales(self) -> Tensor:
        """The lengthscales of the inputs, shape ``(d,)``, outside of any gradient."""
        found: Tensor = (self.lengthscale[0] * self.log_common.exp()).detach().clone()
        return found

    def take(self, lengthscales: Tensor) -> None:
        """Sets the inputs' lengthscales, shape ``(d,)``."""
        self.initialize(lengthscale=lengthscales[None], log_common=torch.zeros_like(self.log_common))

    def forward(self, x1: Tensor, x2: Tensor, **settings: Any) -> Tensor:
        """Covariance of ``n x d`` and ``m x d`` inputs."""
        common = self.log_common.exp()
        return super().forward(x1 / common, x2 / common, **settings)  # type: ignore[no-any-return]


def _log_factors(kernel: SharedMatern) -> Tensor:
    return kernel.lengthscale.log()  # type: ignore[no-any-return]
