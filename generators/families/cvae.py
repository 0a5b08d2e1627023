"""A conditional variational autoencoder of compositions.

The decoder is the distribution: given a latent vector and the conditions, first which elements are present,
one Bernoulli after another (each logit also sees the ones before), then how much of each, a logistic-normal
over the present ones whose mean and spread see the presence drawn. The encoder reads composition and
conditions; the prior is the standard normal.

References:
    Kingma, D. P. & Welling, M. (2014). Auto-Encoding Variational Bayes. ICLR. Equations 7 and 10.
    Sohn, K., Lee, H. & Yan, X. (2015). Learning Structured Output Representation using Deep Conditional
        Generative Models. NeurIPS. Equation 4.
    Higgins, I. et al. (2017). beta-VAE. ICLR. Equation 4: the weight of the divergence.
    Tung, C.-H. et al. (2022). Evaluating generative models for the inverse design of refractory
        high-entropy alloys: the cVAE, whose outputs are bare fractions; presence is modelled apart here,
        for exact zeros.
    Aitchison, J. & Shen, S. M. (1980). Logistic-normal distributions. Biometrika 67, 261.
"""

from __future__ import annotations

from dataclasses import dataclass

from generators.training.settings import MANY_ROWS_SETTINGS, Family, TrainingSettings, number


@dataclass(frozen=True, slots=True, kw_only=True)
class CvaeSettings(TrainingSettings):
    """Settings of the conditional variational autoencoder.

    Attributes:
        latent: dimensions of the latent vector.
        hidden: width of the two hidden layers of each part.
        beta: weight of the divergence from the prior (Higgins et al. 2017).
        warmup: share of the epochs over which that weight grows from 0.
        consistency: weight of the misses, in squared standard deviations, of what is emitted against the conditions
            (`generators.training.mixture_rule`); 0 for none.
        temperature: of sampling: factor of the latent vector's and the log-ratios' spread, and divisor of the
            presence's logits; 1 is the model's own distribution.
    """

    latent: int = number(8, 1, 1024)
    hidden: int = number(64, 1, 8192)
    beta: float = number(1.0, 0.0, 1000.0)
    warmup: float = number(0.2, 0.0, 1.0)
    consistency: float = number(0.0, 0.0, 1000000.0)
    temperature: float = number(1.0, 0.001, 10.0)


FAMILY = Family(
    name="cvae",
    settings=CvaeSettings,
    generator="ConditionalVAE",
    paper="Kingma & Welling 2014; Sohn, Lee & Yan 2015",
    many_rows={
        **MANY_ROWS_SETTINGS,
        "weight_decay": 0.01,
        "hidden": 128,
        "epochs": 500,
        "patience": 500,
        "consistency": 300.0,
    },
    formulas={
        "copies": 0,
        "beta": 0.3,
        "hidden": 256,
        "latent": 32,
        "learning_rate": 2e-3,
        "batch_size": 256,
        "patience": 15,
        "validation_share": 0.05,
    },
)

# What follows needs torch. Whoever only reads settings runs this file as far as here (`generators.registry`).
import math
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from generators.training.codec import Codec, EncodedRows
from generators.training.layers import linear, mlp, normal
from generators.training.mixture_rule import MixtureRule
from generators.training.neural import NeuralGenerator

_SPREAD = (math.log(0.05), math.log(2.0))
"""Range of the log standard deviation of a log-ratio, entered smoothly: never a spike, never flat."""


class CvaeNetwork(nn.Module):
    """Encoder and the decoder's two parts, for ``d`` columns of presence, ``a`` of amounts, and ``p`` conditions."""

    def __init__(self, codec: Codec, settings: CvaeSettings, rng: torch.Generator) -> None:
        super().__init__()
        (d, a), p = codec.widths, len(codec.properties)
        latent, hidden = settings.latent, settings.hidden
        self.encoder = mlp((d + a + 2 * p, hidden, hidden, 2 * latent), rng)
        self.presence = mlp((latent + 2 * p, hidden, hidden, d), rng)
        self.coupling = linear(d, d, rng, bias=False)
        self.amounts = mlp((latent + 2 * p + d, hidden, hidden, 2 * a), rng)
        self.register_buffer("before", torch.ones((d, d), dtype=torch.float32).tril(-1), persistent=False)
        self.rule = MixtureRule(codec)

    def encode(self, batch: EncodedRows) -> tuple[Tensor, Tensor]:
        """Mean and log standard deviation of the latent vector, each ``(n, latent)``."""
        row = torch.cat((batch.presence, batch.amounts, batch.values, batch.known), dim=1)
        mean, log_std = self.encoder(row).chunk(2, dim=1)
        return mean, log_std.clamp(-6.0, 2.0)

    def couplings(self) -> Tensor:
        """What an earlier element's presence adds to a later one's logit, ``(d, d)``, strictly lower triangular."""
        return self.coupling.weight * cast(Tensor, self.before)

    def amounts_of(self, context: Tensor, presence: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log standard deviation of the amounts, each ``(n, a)``, given the presence, ``(n, d)``."""
        mean, raw = self.amounts(torch.cat((context, presence), dim=1)).chunk(2, dim=1)
        low, high = _SPREAD
        return mean, low + (high - low) * torch.sigmoid(raw)


class ConditionalVAE(NeuralGenerator[CvaeSettings, CvaeNetwork]):
    """The family ``cvae``: see the module's text."""

    family = FAMILY
    spherical = False

    def build(self, rng: torch.Generator) -> CvaeNetwork:
        """The network with weights from ``rng``."""
        return CvaeNetwork(self.codec, self.settings, rng)

    def prepare(self, network: CvaeNetwork, pool: EncodedRows) -> None:
        """Fits the rule that emissions are held to."""
        if self.settings.consistency:
            network.rule.fit(pool, len(pool.presence) // (self.settings.copies + 1))

    def loss(self, network: CvaeNetwork, batch: EncodedRows, rng: torch.Generator, progress: float) -> Tensor:
        """Negative evidence lower bound in nats per row, its divergence weighted by ``beta`` (Higgins eq. 4)."""
        s = self.settings
        mean, log_std = network.encode(batch)
        z = mean + log_std.exp() * normal(mean.shape, rng, mean.device)
        divergence = 0.5 * (mean**2 + (2 * log_std).exp() - 1 - 2 * log_std).sum(dim=1)
        context = torch.cat((z, batch.values, batch.known), dim=1)
        logits = network.presence(context) + batch.presence @ network.couplings().T
        which = functional.binary_cross_entropy_with_logits(logits, batch.presence, reduction="none").sum(dim=1)
        how_much = logistic_normal_nll(batch.amounts, *network.amounts_of(context, batch.presence), batch.counted)
        grown = min(1.0, progress / s.warmup) if s.warmup else 1.0
        total = which + how_much + s.beta * grown * divergence
        if s.consistency:
            chance = torch.rand(batch.presence.shape, generator=rng, dtype=torch.float32).to(mean.device)
            noise = (normal(mean.shape, rng, mean.device), chance, normal(batch.amounts.shape, rng, mean.device))
            emitted = self.emit(network, batch.values, batch.known, noise)
            total = total + s.consistency * network.rule.error(*emitted, batch.values, batch.known)
        return total.mean()

    def draw(self, network: CvaeNetwork, values: Tensor, known: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Ancestral sampling: latent from the prior, presence element by element, then amounts."""
        latent = self.draw_latents(network, values, known, rng)
        presences, amounts = self.codec.widths
        chance = torch.rand((len(values), presences), generator=rng, dtype=torch.float32).to(values.device)
        noise = (latent, chance, normal((len(values), amounts), rng, values.device))
        return self.emit(network, values, known, noise, self.settings.temperature)

    def emit(
        self, network: CvaeNetwork, values: Tensor, known: Tensor, noise: tuple[Tensor, ...], heat: float = 1.0
    ) -> tuple[Tensor, Tensor]:
        """Presence ``(m, d)`` and amounts ``(m, a)`` from random numbers; gradients flow through the amounts.

        Args:
            network: decodes.
            values: standardised conditions, shape ``(m, p)``.
            known: which of them are known, shape ``(m, p)``.
            noise: standard normal ``(m, latent)``, uniform in [0, 1) ``(m, d)`` and standard normal ``(m, a)``.
            heat: temperature.
        """
        latent, chance, spread = noise
        context = torch.cat((heat * latent, values, known), dim=1)
        logits, couplings = network.presence(context), network.couplings()
        presence = torch.zeros_like(logits)
        for i in range(logits.shape[1]):
            at = (logits[:, i] + presence @ couplings[i]).detach() / heat
            presence[:, i] = (chance[:, i] < torch.sigmoid(at)).to(presence.dtype)
        mean, log_std = network.amounts_of(context, presence)
        return presence, mean + heat * log_std.exp() * spread

    def draw_latents(self, network: CvaeNetwork, values: Tensor, known: Tensor, rng: torch.Generator) -> Tensor:
        """Latents from the prior."""
        return normal((len(values), self.settings.latent), rng, values.device)

    def decode_latents(
        self, network: CvaeNetwork, latents: Tensor, values: Tensor, known: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Each element as is likelier after the ones before, and mean log-ratios."""
        context = torch.cat((latents, values, known), dim=1)
        logits, couplings = network.presence(context), network.couplings()
        presence = torch.zeros_like(logits)
        for i in range(logits.shape[1]):
            presence[:, i] = (logits[:, i] + presence @ couplings[i] > 0).to(presence.dtype)
        return presence, network.amounts_of(context, presence)[0]


def logistic_normal_nll(amounts: Tensor, mean: Tensor, log_std: Tensor, presence: Tensor) -> Tensor:
    """Negative log density of log-ratios under a logistic-normal, shape ``(n,)``, in nats.

    The amounts of the ``k`` present elements are the softmax of independent normals, so only differences
    count: a common shift ``t`` is integrated out, ``-log int prod_i N(y_i + t; mean_i, std_i) dt``, which with
    precisions ``w_i`` and residuals ``r_i`` is ``1/2 [sum w (r - r_w)^2 - sum log w + log sum w + (k - 1) log 2 pi]``,
    ``r_w`` the w-weighted mean residual. One element has no freedom: 0.

    Args:
        amounts: log-ratios, shape ``(n, d)``; absent entries are ignored.
        mean: means of the normals, shape ``(n, d)``.
        log_std: log standard deviations, shape ``(n, d)``.
        presence: 1 for the present elements, shape ``(n, d)``; at least one in each row.
    """
    precision = (-2 * log_std).exp() * presence
    total = precision.sum(dim=1)
    residual = (amounts - mean) * presence
    centre = (precision * residual).sum(dim=1) / total
    square = (precision * (residual - centre[:, None]) ** 2).sum(dim=1)
    spread = 2 * (log_std * presence).sum(dim=1) + total.log()
    return 0.5 * (square + spread + (presence.sum(dim=1) - 1) * math.log(2 * math.pi))
