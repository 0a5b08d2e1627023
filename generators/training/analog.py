"""Compositions as continuous vectors, for families that move noise to data: diffusion and flow matching.

Presence is written as analog bits, +1 and -1, read back by their sign; amounts are the codec's,
in units of their spread, 0 for absent elements. The grid of amounts is blurred in training by noise that
stays inside each grid point's cell and keeps the sum, so the density learned is one of reals and decoding
inverts it exactly.

Conditions that are not asked are masked, and nothing asked at all is the unconditional branch: training
hides conditions at random, so guidance needs no second network.

References:
    Chen, T., Zhang, R. & Hinton, G. (2023). Analog Bits: Generating Discrete Data using Diffusion Models with
        Self-Conditioning. ICLR. Section 2.1; without the self-conditioning.
    Theis, L., van den Oord, A. & Bethge, M. (2016). A note on the evaluation of generative models. ICLR.
        Section 3.1: noise inside the cells of a grid.
    Ho, J. & Salimans, T. (2022). Classifier-Free Diffusion Guidance. arXiv:2207.12598. Equation 6.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import TypeVar, cast

import torch
from torch import Tensor, nn

from generators.training.codec import EncodedRows
from generators.training.layers import mlp, normal
from generators.training.neural import NeuralGenerator
from generators.training.settings import AnalogSettings

Settings = TypeVar("Settings", bound=AnalogSettings)

CHUNK = 4096
"""Rows that are moved from noise to data at once."""

FREQUENCIES = 6
"""Waves in which a time is written."""


class AnalogNetwork(nn.Module):
    """Predicts a vector of presence and amounts, ``k`` numbers, from a noisy one, its time, and the conditions."""

    spread: Tensor
    waves: Tensor

    def __init__(self, k: int, p: int, hidden: int, rng: torch.Generator) -> None:
        super().__init__()
        self.body = mlp((k + 2 * FREQUENCIES + 2 * p, hidden, hidden, hidden, k), rng)
        self.register_buffer("spread", torch.ones((), dtype=torch.float32))
        waves = math.pi * 2.0 ** torch.arange(FREQUENCIES, dtype=torch.float32) / 2
        self.register_buffer("waves", waves, persistent=False)

    def forward(self, x: Tensor, time: Tensor, values: Tensor, known: Tensor) -> Tensor:
        """The prediction, ``(n, k)``, for rows ``(n, k)`` at times ``(n, 1)`` in [0, 1]."""
        angles = time * self.waves
        return cast(Tensor, self.body(torch.cat((x, angles.sin(), angles.cos(), values, known), dim=1)))


class AnalogGenerator(NeuralGenerator[Settings, AnalogNetwork]):
    """What diffusion and flow matching share: the vectors, the network, and guidance."""

    spherical = True

    def build(self, rng: torch.Generator) -> AnalogNetwork:
        """The network with weights from ``rng``."""
        return AnalogNetwork(sum(self.codec.widths), len(self.properties), self.settings.hidden, rng)

    def prepare(self, network: AnalogNetwork, pool: EncodedRows) -> None:
        """Takes the spread of the log-ratios of the present elements."""
        square = (pool.amounts**2).sum() / pool.counted.sum()
        network.spread.copy_(square.sqrt().clamp_min(0.05))

    @abstractmethod
    def error(
        self, network: AnalogNetwork, x: Tensor, noise: Tensor, chance: Tensor, values: Tensor, known: Tensor
    ) -> Tensor:
        """Squared error of the prediction, ``(n, k)``.

        Args:
            network: predicts.
            x: data, shape ``(n, k)``.
            noise: standard normal, shape ``(n, k)``.
            chance: uniform numbers in [0, 1) that choose the time, shape ``(n, 1)``.
            values: standardised conditions, shape ``(n, p)``.
            known: which of them are known, shape ``(n, p)``.
        """

    @abstractmethod
    def travel(
        self, network: AnalogNetwork, noise: Tensor, values: Tensor, known: Tensor, rng: torch.Generator
    ) -> Tensor:
        """Data from noise, ``(n, k)`` each, under conditions, ``(n, p)``."""

    def loss(self, network: AnalogNetwork, batch: EncodedRows, rng: torch.Generator, progress: float) -> Tensor:
        """Mean squared error of the prediction, over rows, times and components."""
        times, device = self.settings.times, batch.presence.device
        presence, amounts = batch.presence.repeat(times, 1), batch.amounts.repeat(times, 1)
        n = len(presence)
        chance = torch.rand(amounts.shape, generator=rng, dtype=torch.float32).to(device)
        noise = normal((n, sum(self.codec.widths)), rng, device)
        # evenly spread times, over rows and over the versions of a row, have less variance than independent ones:
        # Kingma et al. 2021, Variational Diffusion Models, appendix I.1
        start = torch.rand((1, 1), generator=rng, dtype=torch.float32)
        when = ((start + torch.arange(n)[:, None] / n) % 1.0).to(device)
        x = torch.cat((2 * presence - 1, self.codec.blurred(presence, amounts, chance) / network.spread), dim=1)
        values, known = batch.values.repeat(times, 1), batch.known.repeat(times, 1)
        return self.error(network, x, noise, when, values, known).mean()

    def predict(self, network: AnalogNetwork, x: Tensor, time: float, values: Tensor, known: Tensor) -> Tensor:
        """The guided prediction ``c + w (c - u)``, Ho & Salimans equation 6; ``u`` knows no condition."""
        guidance = self.settings.guidance
        at = torch.full((len(x), 1), time, dtype=x.dtype, device=x.device)
        conditional = network.forward(x, at, values, known)
        if not guidance:
            return conditional
        nothing = torch.zeros_like(values)
        return conditional + guidance * (conditional - network.forward(x, at, nothing, nothing))

    def draw(
        self, network: AnalogNetwork, values: Tensor, known: Tensor, rng: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Noise moved to data; the signs of the bits say what is present."""
        noise = self.draw_latents(network, values, known, rng)
        parts = (torch.split(tensor, CHUNK) for tensor in (noise, values, known))
        moved = [self.travel(network, x, v, k, rng) for x, v, k in zip(*parts, strict=True)]
        return self._read(network, torch.cat(moved))

    def draw_latents(self, network: AnalogNetwork, values: Tensor, known: Tensor, rng: torch.Generator) -> Tensor:
        """Noise."""
        return normal((len(values), sum(self.codec.widths)), rng, values.device)

    def decode_latents(
        self, network: AnalogNetwork, latents: Tensor, values: Tensor, known: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Noise moved to data; where moving adds noise, always the same."""
        return self._read(network, self.travel(network, latents, values, known, torch.Generator().manual_seed(0)))

    def _read(self, network: AnalogNetwork, moved: Tensor) -> tuple[Tensor, Tensor]:
        """Presence and amounts of vectors, ``(m, k)``; a positive bit is a presence above one half."""
        bits, amounts = torch.split(moved, list(self.codec.widths), dim=1)
        return (bits + 1) / 2, amounts * network.spread
