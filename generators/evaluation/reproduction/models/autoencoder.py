"""The conditional autoencoder of bare fractions, plain or variational.

Both decode a code together with the conditions into a softmax over the elements, and are trained on the squared error
of the fractions. The variational one adds noise to the code, and to the loss a weight times the divergence of the
code's distribution from a standard normal one; its codes are drawn from that. The plain one is the case of weight 0:
a point for each row, and codes drawn from a Gaussian fitted to those of the training rows.

References:
    Tung, Y. C., Debnath, A. & Reinhart, W. F. (2022). Evaluating generative models for inverse design of high-entropy
        refractory alloys, sections 3.3 and 3.4.
    Kingma, D. P. & Welling, M. (2014). Auto-encoding variational Bayes. ICLR. Equation 7 and appendix B.
    Sohn, K., Lee, H. & Yan, X. (2015). Learning structured output representation using deep conditional generative
        models. NeurIPS: encoder and decoder both see the conditions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from alloys.space import GridSpace
from generators.families.cae import gaussian_of
from generators.training.codec import EncodedRows
from generators.training.layers import mlp, normal
from generators.training.neural import NeuralGenerator
from generators.training.settings import Family, TrainingSettings, number

NARROW, WIDE = -6.0, 2.0
"""Range of the log standard deviation of a code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BareAutoencoderSettings(TrainingSettings):
    """Settings of the autoencoders of bare fractions.

    Attributes:
        latent: dimensions of the code.
        hidden: width of the two hidden layers of each part.
        kl_weight: of the divergence, in nats, against the squared error of a row's fractions; 0 for the plain one.
    """

    latent: int = number(3, 1, 1024)
    hidden: int = number(64, 1, 8192)
    kl_weight: float = number(0.0, 0.0, 1000.0)


class BareAutoencoderNetwork(nn.Module):
    """Encoder and decoder of ``d`` fractions under ``p`` conditions, and the codes' distribution as buffers."""

    mean: Tensor
    factor: Tensor

    def __init__(self, d: int, p: int, settings: BareAutoencoderSettings, rng: torch.Generator) -> None:
        super().__init__()
        hidden, self.latent = settings.hidden, settings.latent
        self.variational = settings.kl_weight > 0
        self.encoder = mlp((d + p, hidden, hidden, self.latent * (2 if self.variational else 1)), rng)
        self.decoder = mlp((self.latent + p, hidden, hidden, d), rng)
        self.register_buffer("mean", torch.zeros(self.latent, dtype=torch.float32))
        self.register_buffer("factor", torch.eye(self.latent, dtype=torch.float32))

    def encode(self, fractions: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of codes, each ``(n, latent)``; deviations of 0 of the plain one."""
        told = cast(Tensor, self.encoder(torch.cat((fractions, values), dim=1)))
        if not self.variational:
            return told, torch.zeros_like(told)
        mean, log_std = told.chunk(2, dim=1)
        return mean, log_std.clamp(NARROW, WIDE).exp()

    def decode(self, latents: Tensor, values: Tensor) -> Tensor:
        """Fractions of codes, ``(n, latent)``, under standardised conditions, ``(n, p)``; shape ``(n, d)``."""
        return torch.softmax(self.decoder(torch.cat((latents, values), dim=1)), dim=1)

    def latents(self, count: int, rng: torch.Generator) -> Tensor:
        """Codes as they are drawn, ``(count, latent)``."""
        return self.mean + normal((count, self.latent), rng, self.mean.device) @ self.factor.T


class BareAutoencoder(NeuralGenerator[BareAutoencoderSettings, BareAutoencoderNetwork]):
    """The conditional autoencoder and the conditional variational one: see the module's text."""

    family = Family(
        name="bare-autoencoder",
        settings=BareAutoencoderSettings,
        generator="BareAutoencoder",
        paper="Tung et al. 2022",
    )

    def build(self, rng: torch.Generator) -> BareAutoencoderNetwork:
        """The network with weights from ``rng``."""
        return BareAutoencoderNetwork(self.codec.widths[1], len(self.properties), self.settings, rng)

    def loss(
        self, network: BareAutoencoderNetwork, batch: EncodedRows, rng: torch.Generator, progress: float
    ) -> Tensor:
        """Squared error of the fractions, summed over elements, and the weighted divergence (Kingma, appendix B)."""
        fractions = self.codec.relaxed_shares(batch.presence, batch.amounts)
        mean, std = network.encode(fractions, batch.values)
        codes = mean + std * normal(mean.shape, rng, mean.device) if network.variational else mean
        error = (network.decode(codes, batch.values) - fractions).square().sum(dim=1)
        if not network.variational:
            return error.mean()
        divergence = 0.5 * (mean.square() + std.square() - 1 - 2 * std.log()).sum(dim=1)
        return (error + self.settings.kl_weight * divergence).mean()

    def finish(self, network: BareAutoencoderNetwork, pool: EncodedRows) -> None:
        """Fits a Gaussian to the codes of the pool, where nothing has drawn them to a standard one."""
        if network.variational:
            return
        codes, _ = network.encode(self.codec.relaxed_shares(pool.presence, pool.amounts), pool.values)
        mean, precision = gaussian_of(codes)
        network.mean.copy_(mean)
        network.factor.copy_(torch.linalg.cholesky(torch.linalg.inv(precision)))

    def draw(
        self, network: BareAutoencoderNetwork, values: Tensor, known: Tensor, rng: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Codes from their distribution, decoded; for the grid of the space."""
        return on_grid(
            network.decode(network.latents(len(values), rng), values), cast(GridSpace, self.space).alloys.total
        )


def on_grid(fractions: Tensor, total: int) -> tuple[Tensor, Tensor]:
    """Presence and log-ratios of bare fractions, ``(n, d)`` each; less than half a step of ``total`` vanishes."""
    return (fractions * total >= 0.5).to(fractions.dtype), fractions.clamp_min(1e-9).log()
