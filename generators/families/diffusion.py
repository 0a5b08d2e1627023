"""A conditional diffusion model of compositions.

Training mixes data and noise, ``x_t = a_t x + s_t e`` with ``a_t^2 + s_t^2 = 1``, at one of many discrete times
and asks the network for ``v = a_t e - s_t x``, a combination from which data and noise both follow. Sampling
goes back over fewer times: by the deterministic rule (``eta`` 0) or with the noise of the ancestral one
(``eta`` 1). How a composition is written as a vector, presence included, is said in `generators.training.analog`.

References:
    Ho, J., Jain, A. & Abbeel, P. (2020). Denoising Diffusion Probabilistic Models. NeurIPS. Algorithm 1.
    Song, J., Meng, C. & Ermon, S. (2021). Denoising Diffusion Implicit Models. ICLR. Equations 12 and 16.
    Salimans, T. & Ho, J. (2022). Progressive Distillation for Fast Sampling of Diffusion Models. ICLR.
        Appendix D: the prediction of v, and the cosine schedule as an angle.
    Ho, J. & Salimans, T. (2022). Classifier-Free Diffusion Guidance. arXiv:2207.12598.
"""

from __future__ import annotations

from dataclasses import dataclass

from generators.training.settings import MANY_ROWS_SETTINGS, AnalogSettings, Family, number


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffusionSettings(AnalogSettings):
    """Settings of the diffusion model.

    Attributes:
        training_steps: number of discrete times in training.
        eta: noise added back in each step of sampling: 0 none (DDIM), 1 as much as DDPM.
    """

    training_steps: int = number(1000, 1, 100_000)
    eta: float = number(0.0, 0.0, 1.0)


FAMILY = Family(
    name="diffusion",
    settings=DiffusionSettings,
    generator="ConditionalDiffusion",
    paper="Ho, Jain & Abbeel 2020; Song, Meng & Ermon 2021; Ho & Salimans 2022; Chen, Zhang & Hinton 2023",
    many_rows={**MANY_ROWS_SETTINGS, "patience": 2000, "guidance": 0.0},
    formulas={"copies": 0},
)

# What follows needs torch. Whoever only reads settings runs this file as far as here (`generators.registry`).
import math

import torch
from torch import Tensor

from generators.training.analog import AnalogGenerator, AnalogNetwork
from generators.training.layers import normal


class ConditionalDiffusion(AnalogGenerator[DiffusionSettings]):
    """The family ``diffusion``: see the module's text."""

    family = FAMILY

    def error(
        self, network: AnalogNetwork, x: Tensor, noise: Tensor, chance: Tensor, values: Tensor, known: Tensor
    ) -> Tensor:
        """Squared error of ``v`` at a discrete time, ``(n, 2 d)``; DDPM's algorithm 1 in Salimans' terms."""
        count = self.settings.training_steps
        time = (torch.floor(chance * count) + 1) / count
        signal, sigma = (time * math.pi / 2).cos(), (time * math.pi / 2).sin()
        v = network.forward(signal * x + sigma * noise, time, values, known)
        return (v - (signal * noise - sigma * x)) ** 2

    def travel(
        self, network: AnalogNetwork, noise: Tensor, values: Tensor, known: Tensor, rng: torch.Generator
    ) -> Tensor:
        """Song et al., equation 12, over evenly spaced times from 1 down to 0."""
        settings = self.settings
        x = noise
        for i in range(settings.steps, 0, -1):
            now, then = i / settings.steps, (i - 1) / settings.steps
            a, s = alpha_sigma(now)
            a_next, s_next = alpha_sigma(then)
            v = self.predict(network, x, now, values, known)
            data, dirt = a * x - s * v, s * x + a * v
            fresh = settings.eta * fresh_noise(now, then)
            x = a_next * data + math.sqrt(max(s_next**2 - fresh**2, 0.0)) * dirt
            if fresh > 0:
                x = x + fresh * normal(x.shape, rng, x.device)
        return x


def alpha_sigma(time: float) -> tuple[float, float]:
    """Shares of data and noise at a time in [0, 1]; their squares sum to 1."""
    return math.cos(time * math.pi / 2), math.sin(time * math.pi / 2)


def fresh_noise(now: float, then: float) -> float:
    """Standard deviation of the noise that DDPM adds from time ``now`` back to ``then``; Song et al., eq. 16."""
    (a, s), (a_next, s_next) = alpha_sigma(now), alpha_sigma(then)
    return s_next / s * math.sqrt(max(1 - (a / a_next) ** 2, 0.0))
