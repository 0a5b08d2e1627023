"""A generator family of one's own: under given conditions every element is drawn by itself.

The smallest conditional distribution that a network can give: a chance of presence for each element, and a normal law
of its log-ratio. C. M. Bishop, Mixture Density Networks (1994), with a single component.
"""

from __future__ import annotations

from dataclasses import dataclass

from generators.training.settings import Family, TrainingSettings, number


@dataclass(frozen=True, slots=True, kw_only=True)
class IndependentSettings(TrainingSettings):
    """Settings of the family, beside those that every training has.

    Attributes:
        hidden: width of the hidden layer.
    """

    hidden: int = number(32, 1, 1024)


FAMILY = Family(name="independent", settings=IndependentSettings, generator="IndependentGenerator", paper="Bishop 1994")

# Whoever only reads settings runs this file as far as here; what follows needs torch.
import torch
from torch import Tensor, nn
from torch.nn import functional

from generators.training.codec import EncodedRows
from generators.training.layers import mlp, normal
from generators.training.neural import NeuralGenerator


class IndependentGenerator(NeuralGenerator[IndependentSettings, nn.Module]):
    """Three things make a family: its network, its loss on a batch, and a draw under conditions."""

    family = FAMILY

    def build(self, rng: torch.Generator) -> nn.Module:
        """A constant, conditions and what is known of them in; logits, means and log-widths of each element out."""
        return mlp((1 + 2 * len(self.properties), self.settings.hidden, 3 * self.space.dimension), rng)

    def loss(self, network: nn.Module, batch: EncodedRows, rng: torch.Generator, progress: float) -> Tensor:
        """Negative log-likelihood of presence, and of the log-ratios of what is present; a scalar."""
        logits, means, widths = _laws(network, batch.values, batch.known)
        which = functional.binary_cross_entropy_with_logits(logits, batch.presence, reduction="none")
        misses = ((batch.amounts - means) / widths.exp()) ** 2
        return (which + batch.presence * (0.5 * misses + widths)).sum(dim=1).mean()

    def draw(self, network: nn.Module, values: Tensor, known: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Presence and log-ratios, ``(m, d)`` each; draws that leave the space are drawn again by the base class."""
        logits, means, widths = _laws(network, values, known)
        chance = torch.rand(logits.shape, generator=rng).to(logits.device)
        presence = (chance < logits.sigmoid()).to(logits.dtype)
        return presence, means + widths.exp() * normal(means.shape, rng, means.device)


def _laws(network: nn.Module, values: Tensor, known: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Logits of presence, means and log-widths of log-ratios, ``(n, d)`` each."""
    constant = torch.ones((len(values), 1), device=values.device)
    logits, means, widths = network(torch.cat((constant, values, known), dim=1)).chunk(3, dim=1)
    return logits, means, widths.clamp(-4.0, 2.0)
