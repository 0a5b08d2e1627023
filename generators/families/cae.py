"""A conditional autoencoder of compositions.

The encoder maps a composition to one latent code, without noise; the decoder maps a code and the conditions to
one composition: which elements are present (those whose logit is positive) and how much of each. The code
does not see the conditions, so a row has the same code whichever of its properties are known. What an
autoencoder lacks is a distribution of codes, so one is fitted to the codes of the training rows once the
network is trained, given whatever conditions are asked:

- ``gaussian``: codes are normal and each standardised condition is linear in the code with normal noise;
  then the codes given any subset of conditions are normal too, with mean and covariance in closed form;
- ``kernel``: the code of a training row whose conditions are near the asked ones, moved by the rule-of-thumb
  bandwidth of a kernel density: a Nadaraya-Watson conditional density over the codes.

References:
    Tung, C.-H. et al. (2022). Evaluating generative models for the inverse design of refractory
        high-entropy alloys, section 3.3: the cAE; its codes are sampled by hand.
    Bishop, C. M. (2006). Pattern Recognition and Machine Learning. Equations 2.113 to 2.117: the
        linear-Gaussian posterior.
    Scott, D. W. (1992). Multivariate Density Estimation. Equation 6.42: the bandwidth.
"""

from __future__ import annotations

from dataclasses import dataclass

from generators.training.settings import MANY_ROWS_SETTINGS, Family, TrainingSettings, number, word


@dataclass(frozen=True, slots=True, kw_only=True)
class CaeSettings(TrainingSettings):
    """Settings of the conditional autoencoder.

    Attributes:
        latent: dimensions of the code.
        hidden: width of the two hidden layers of each part.
        prior: ``gaussian`` or ``kernel``, what is fitted to the codes.
        bandwidth: of the kernel, as a multiple of the rule of thumb.
        amounts_weight: weight of the squared error of the log-ratios against the cross entropy of presence.
        code_weight: weight of the squared codes, which keeps their scale.
    """

    latent: int = number(3, 1, 1024)
    hidden: int = number(64, 1, 8192)
    prior: str = word("gaussian", "kernel")
    bandwidth: float = number(1.0, 0.0, 100.0)
    amounts_weight: float = number(2.0, 0.0, 1000.0)
    code_weight: float = number(0.01, 0.0, 1000.0)


FAMILY = Family(
    name="cae",
    settings=CaeSettings,
    generator="ConditionalAutoencoder",
    paper="Tung et al. 2022",
    many_rows={**MANY_ROWS_SETTINGS, "weight_decay": 0.01},
    formulas={"copies": 0},
)

# What follows needs torch. Whoever only reads settings runs this file as far as here (`generators.registry`).
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from generators.training.codec import EncodedRows
from generators.training.fitting import arithmetic
from generators.training.layers import mlp, normal
from generators.training.neural import NeuralGenerator

CODES = 512
"""Codes of training rows that the kernel keeps."""

CHUNK = 4096
"""Conditions whose distances to all codes are held at once."""


class CaeNetwork(nn.Module):
    """Encoder, decoder, and the two distributions of codes as buffers."""

    mean: Tensor
    precision: Tensor
    slopes: Tensor
    offsets: Tensor
    noise: Tensor
    codes: Tensor
    code_values: Tensor
    code_known: Tensor
    spread: Tensor

    def __init__(self, widths: tuple[int, int], p: int, settings: CaeSettings, rng: torch.Generator) -> None:
        super().__init__()
        latent, hidden, self.widths = settings.latent, settings.hidden, widths
        self.encoder = mlp((sum(widths), hidden, hidden, latent), rng)
        self.decoder = mlp((latent + 2 * p, hidden, hidden, sum(widths)), rng)
        shapes = {"mean": (latent,), "slopes": (p, latent), "offsets": (p,), "noise": (p,), "spread": (latent,)}
        shapes |= {"codes": (CODES, latent), "code_values": (CODES, p), "code_known": (CODES, p)}
        for name, shape in shapes.items():
            self.register_buffer(name, torch.zeros(shape, dtype=torch.float32))
        self.register_buffer("precision", torch.eye(latent, dtype=torch.float32))

    def encode(self, batch: EncodedRows) -> Tensor:
        """Codes, ``(n, latent)``."""
        return cast(Tensor, self.encoder(torch.cat((batch.presence, batch.amounts), dim=1)))

    def decode(self, codes: Tensor, values: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of presence and amounts, shapes as `Codec.widths` says."""
        logits, amounts = self.decoder(torch.cat((codes, values, known), dim=1)).split(self.widths, dim=1)
        return logits, amounts


class ConditionalAutoencoder(NeuralGenerator[CaeSettings, CaeNetwork]):
    """The family ``cae``: see the module's text."""

    family = FAMILY
    spherical = False

    def build(self, rng: torch.Generator) -> CaeNetwork:
        """The network with weights from ``rng``."""
        return CaeNetwork(self.codec.widths, len(self.properties), self.settings, rng)

    def loss(self, network: CaeNetwork, batch: EncodedRows, rng: torch.Generator, progress: float) -> Tensor:
        """Reconstruction error: cross entropy of presence, squared error of log-ratios, and the codes' size."""
        s = self.settings
        codes = network.encode(batch)
        logits, amounts = network.decode(codes, batch.values, batch.known)
        which = functional.binary_cross_entropy_with_logits(logits, batch.presence, reduction="none").sum(dim=1)
        how_much = (squared_error(amounts, batch.amounts, batch.counted) * s.amounts_weight).sum(dim=1)
        return (which + how_much + s.code_weight * (codes**2).sum(dim=1)).mean()

    def finish(self, network: CaeNetwork, pool: EncodedRows) -> None:
        """Fits both distributions to the codes of the pool; `draw` uses the one that the settings name."""
        net, codes = network, network.encode(pool)
        mean, precision = gaussian_of(codes)
        net.mean.copy_(mean)
        net.precision.copy_(precision)
        for target, value in zip((net.slopes, net.offsets, net.noise), linear_response(codes, pool), strict=True):
            target.copy_(value)
        chosen = torch.arange(CODES, device=codes.device) * len(codes) // CODES
        net.codes.copy_(codes[chosen])
        net.code_values.copy_(pool.values[chosen])
        net.code_known.copy_(pool.known[chosen])
        factor = len(torch.unique(net.codes, dim=0)) ** (-1 / (codes.shape[1] + 4))
        net.spread.copy_(codes.std(dim=0, correction=0) * factor)

    def draw(self, network: CaeNetwork, values: Tensor, known: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Codes from the fitted distribution under the conditions, then the decoder, without noise."""
        return self.decode_latents(network, self.draw_latents(network, values, known, rng), values, known)

    def draw_latents(self, network: CaeNetwork, values: Tensor, known: Tensor, rng: torch.Generator) -> Tensor:
        """Codes from the fitted distribution."""
        draw_codes = self._gaussian_codes if self.settings.prior == "gaussian" else self._kernel_codes
        with arithmetic("float32", values.device):
            return draw_codes(network, values, known, rng)

    def decode_latents(
        self, network: CaeNetwork, latents: Tensor, values: Tensor, known: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The decoder; an element is present where its logit is positive."""
        logits, amounts = network.decode(latents, values, known)
        return logits.sigmoid(), amounts

    def _gaussian_codes(self, net: CaeNetwork, values: Tensor, known: Tensor, rng: torch.Generator) -> Tensor:
        """Draws of the codes' posterior, ``(m, latent)``; one Cholesky factor per subset of conditions."""
        codes = normal((len(values), len(net.mean)), rng, values.device)
        # unique refuses rows of width 0: a column of ones stands in where there are no properties
        ones = torch.ones((len(known), 1), device=known.device)
        patterns, which = torch.unique(torch.cat((known, ones), dim=1), dim=0, return_inverse=True)
        for i, pattern in enumerate(patterns[:, :-1]):
            rows = which == i
            weight = pattern / net.noise.clamp_min(1e-3)
            factor = torch.linalg.cholesky(net.precision + (net.slopes.T * weight) @ net.slopes)
            residual = values[rows] - net.offsets - net.slopes @ net.mean
            shift = torch.cholesky_solve(((residual * weight) @ net.slopes).T, factor).T
            noise = torch.linalg.solve_triangular(factor.T, codes[rows].T, upper=True).T
            codes[rows] = net.mean + shift + noise
        return codes

    def _kernel_codes(self, net: CaeNetwork, values: Tensor, known: Tensor, rng: torch.Generator) -> Tensor:
        """Codes of rows with near conditions, moved by the bandwidth, ``(m, latent)``."""
        bandwidth = self.settings.bandwidth
        chance = torch.rand((len(values), 1), generator=rng, dtype=torch.float32).to(values.device)
        picked = []
        for start in range(0, len(values), CHUNK):
            part = slice(start, start + CHUNK)
            weights = kernel_weights(net, values[part], known[part], max(bandwidth, 1e-3)).cumsum(dim=1)
            picked.append(torch.searchsorted(weights, chance[part] * weights[:, -1:]).clamp_max(CODES - 1))
        noise = normal((len(values), len(net.mean)), rng, values.device)
        rows = torch.cat(picked)[:, 0] if picked else torch.zeros(0, dtype=torch.int64, device=values.device)
        return net.codes[rows] + bandwidth * net.spread * noise


def squared_error(amounts: Tensor, wanted: Tensor, presence: Tensor) -> Tensor:
    """Squared error of log-ratios of the present elements up to a common shift, shape ``(n, d)``."""
    residual = (amounts - wanted) * presence
    centre = residual.sum(dim=1, keepdim=True) / presence.sum(dim=1, keepdim=True)
    return (residual - centre * presence) ** 2


def gaussian_of(codes: Tensor) -> tuple[Tensor, Tensor]:
    """Mean ``(latent,)`` and precision ``(latent, latent)`` of codes ``(n, latent)``, kept positive definite."""
    mean = codes.mean(dim=0)
    centred = codes - mean
    covariance = centred.T @ centred / len(codes)
    ridge = 1e-3 * covariance.diagonal().mean() + 1e-4
    return mean, torch.linalg.inv(covariance + ridge * torch.eye(len(mean), device=codes.device))


def linear_response(codes: Tensor, pool: EncodedRows) -> tuple[Tensor, Tensor, Tensor]:
    """Ridge regression of each condition on the codes, over the rows that know it.

    Args:
        codes: shape ``(n, latent)``.
        pool: the same rows.

    Returns:
        Slopes ``(p, latent)``, offsets ``(p,)`` and variances of the residuals ``(p,)``; a condition that no
        row knows has slopes of 0.
    """
    ones = torch.ones((len(codes), 1), device=codes.device)
    design = torch.cat((codes, ones), dim=1)
    eye = torch.eye(design.shape[1], device=codes.device)
    slopes, offsets, noise = [codes.new_zeros((0, codes.shape[1]))], [codes.new_zeros(0)], [codes.new_zeros(0)]
    for k in range(pool.values.shape[1]):
        weighted = design * pool.known[:, k, None]
        answer = torch.linalg.solve(weighted.T @ design + 0.1 * eye, weighted.T @ pool.values[:, k])
        residual = (pool.values[:, k] - design @ answer) * pool.known[:, k]
        slopes.append(answer[None, :-1])
        offsets.append(answer[-1:])
        noise.append((residual**2).sum()[None] / pool.known[:, k].sum().clamp_min(1))
    return torch.cat(slopes), torch.cat(offsets), torch.cat(noise)


def kernel_weights(net: CaeNetwork, values: Tensor, known: Tensor, bandwidth: float) -> Tensor:
    """Unnormalised weights of the codes under each condition, shape ``(m, CODES)``.

    The distance counts the asked conditions; one that a code's row does not know counts as two standard
    deviations, the mean squared distance of two random rows.
    """
    has = net.code_known
    squares = (known * values**2) @ has.T - 2 * (known * values) @ (has * net.code_values).T
    squares = squares + known @ (has * net.code_values**2).T + 2.0 * known @ (1 - has).T
    asked = known.sum(dim=1, keepdim=True)
    width = bandwidth * CODES ** (-1 / (asked + 4))
    nearest = squares.min(dim=1, keepdim=True).values
    return torch.exp(-0.5 * (squares - nearest) / width**2)
