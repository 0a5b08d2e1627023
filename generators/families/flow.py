"""A conditional flow between noise and compositions, trained by matching straight paths.

A point on the path from noise ``x0`` to data ``x1`` is ``x_t = (1 - t) x0 + t x1``; the network learns the mean
velocity ``x1 - x0`` there, and sampling integrates it from noise by the midpoint rule. How a composition is
written as a vector, presence included, is said in `generators.training.analog`.

References:
    Lipman, Y., Chen, R. T. Q., Ben-Hamu, H., Nickel, M. & Le, M. (2023). Flow Matching for Generative
        Modeling. ICLR. Equation 23 with sigma_min 0.
    Liu, X., Gong, C. & Liu, Q. (2023). Flow Straight and Fast. ICLR. Equation 1.
    Zheng, Q. et al. (2023). Guided Flows for Generative Modeling and Decision Making. arXiv:2311.13443.
        Equation 8: guidance of a velocity.
"""

from __future__ import annotations

from dataclasses import dataclass

from generators.training.settings import MANY_ROWS_SETTINGS, AnalogSettings, Family, number


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowSettings(AnalogSettings):
    """Settings of flow matching; each step asks the network twice."""

    steps: int = number(10, 1, 1000)


FAMILY = Family(
    name="flow",
    settings=FlowSettings,
    generator="ConditionalFlow",
    paper="Lipman et al. 2023; Chen, Zhang & Hinton 2023",
    many_rows={**MANY_ROWS_SETTINGS, "patience": 2000, "guidance": 0.0},
    formulas={"copies": 0},
)

# What follows needs torch. Whoever only reads settings runs this file as far as here (`generators.registry`).
import torch
from torch import Tensor

from generators.training.analog import AnalogGenerator, AnalogNetwork


class ConditionalFlow(AnalogGenerator[FlowSettings]):
    """The family ``flow``: see the module's text."""

    family = FAMILY

    def error(
        self, network: AnalogNetwork, x: Tensor, noise: Tensor, chance: Tensor, values: Tensor, known: Tensor
    ) -> Tensor:
        """Squared error of the velocity at time ``chance``, ``(n, 2 d)``; Lipman et al., equation 23."""
        velocity = network.forward((1 - chance) * noise + chance * x, chance, values, known)
        return (velocity - (x - noise)) ** 2

    def travel(
        self, network: AnalogNetwork, noise: Tensor, values: Tensor, known: Tensor, rng: torch.Generator
    ) -> Tensor:
        """Integrates from time 0 to 1 by the midpoint rule."""
        steps = self.settings.steps
        x = noise
        for i in range(steps):
            half = x + self.predict(network, x, i / steps, values, known) / (2 * steps)
            x = x + self.predict(network, half, (i + 0.5) / steps, values, known) / steps
        return x
