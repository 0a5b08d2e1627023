"""The conditional Wasserstein networks of bare fractions: generator with a softmax, critic, and the family's own game.

The game, its penalty or clipping and its unrolled critic are those of the family ``wcgan``
(`generators.families.wcgan`); what the critic sees is the fractions as they come, beside the conditions. The conditions
that the generator is given in a step are those of the rows that the critic is shown in that step: a sample of
the properties' distribution in the table (Debnath 2021: "the conditioning values were sampled using the
probability distribution of the property values").

References:
    Debnath, A. et al. (2021). J. Mater. Inf. 1, 3, "Building a generative model": four dense layers, 16 dimensions of
        noise, standardised conditions, Wasserstein loss, unrolled critic.
    Tung, Y. C., Debnath, A. & Reinhart, W. F. (2022). Evaluating generative models for inverse design of high-entropy
        refractory alloys, section 3.5: Wasserstein distance.
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import torch
from torch import Tensor, nn

from alloys.space import GridSpace
from generators.evaluation.reproduction.models.autoencoder import on_grid
from generators.families.wcgan import FAMILY, ConditionalWassersteinGAN, WcganNetwork, WcganSettings
from generators.training.codec import EncodedRows
from generators.training.layers import WideOutput, linear, mlp, normal


class BareGameNetwork(WcganNetwork):
    """Generator and critic of four dense layers each, for ``d`` fractions under ``p`` conditions."""

    def __init__(self, d: int, p: int, settings: WcganSettings, rng: torch.Generator) -> None:
        nn.Module.__init__(self)
        hidden, self.latent = settings.hidden, settings.latent
        self.generator = mlp((self.latent + p, hidden, hidden, hidden, d), rng)
        # a constant added to every score would cancel in the game: no bias at the end
        last = linear(hidden, 1, rng, bias=False)
        self.critic = WideOutput(mlp((d + p, hidden, hidden, hidden), rng), nn.SiLU(), last)

    def decode(self, latents: Tensor, values: Tensor) -> Tensor:
        """Fractions of noise, ``(n, latent)``, under standardised conditions, ``(n, p)``; shape ``(n, d)``."""
        return torch.softmax(self.generator(torch.cat((latents, values), dim=1)), dim=1)

    def latents(self, count: int, rng: torch.Generator) -> Tensor:
        """Noise as it is drawn, ``(count, latent)``."""
        return normal((count, self.latent), rng, next(self.parameters()).device)


class BareGame(ConditionalWassersteinGAN):
    """The conditional Wasserstein network of bare fractions: see the module's text."""

    family = replace(FAMILY, name="bare-game", generator="BareGame", many_rows={})

    @property
    def columns(self) -> int:
        """Columns of a composition in what the critic sees: its fractions."""
        return self.codec.widths[1]

    def build(self, rng: torch.Generator) -> WcganNetwork:
        """The network with weights from ``rng``."""
        return BareGameNetwork(self.columns, len(self.properties), self.settings, rng)

    def real(self, batch: EncodedRows) -> Tensor:
        """Rows as the critic sees them: fractions and conditions, ``(n, d + p)``."""
        return torch.cat((self.codec.relaxed_shares(batch.presence, batch.amounts), batch.values), dim=1)

    def emitted(self, network: WcganNetwork, batch: EncodedRows, rng: torch.Generator) -> Tensor:
        """The generator's rows under a batch's conditions as the critic sees them, shape as of `real`."""
        bare = cast(BareGameNetwork, network)
        return torch.cat((bare.decode(bare.latents(len(batch.values), rng), batch.values), batch.values), dim=1)

    def draw(self, network: WcganNetwork, values: Tensor, known: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Noise, decoded; for the grid of the space."""
        bare = cast(BareGameNetwork, network)
        return on_grid(bare.decode(bare.latents(len(values), rng), values), cast(GridSpace, self.space).alloys.total)
