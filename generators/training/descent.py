"""Families that are trained down one loss whose random numbers are arguments.

Because the loss draws nothing itself, the same loss serves one model and, under `torch.func.vmap`, many at once
(`generators.ensemble`), each with numbers from its own generator.
"""

from __future__ import annotations

import math
from abc import abstractmethod

import torch
from torch import Tensor, nn

from generators.training.codec import Batch
from generators.training.fitting import Update, descend
from generators.training.neural import CLIP, NeuralGenerator

Noise = tuple[Tensor, ...]
"""Random numbers of one loss, on the batch's device."""

DECAY = (0.9, 0.999)
"""AdamW's decay of the running means of the gradient and its square."""


class DescentGenerator(NeuralGenerator):
    """A family that gives its loss as a function of weights, batch and random numbers."""

    # -- what a family gives -----------------------------------------------------------------------

    def noise(self, batch: Batch, rng: torch.Generator) -> Noise:
        """The random numbers that the loss of a batch takes; none unless a family says otherwise."""
        return ()

    @abstractmethod
    def loss_given(self, network: nn.Module, batch: Batch, noise: Noise, progress: float) -> Tensor:
        """Mean loss of a batch, a scalar, for those random numbers; ``progress`` runs from 0 to 1."""

    # -- what follows ------------------------------------------------------------------------------

    def loss(self, network: nn.Module, batch: Batch, rng: torch.Generator, progress: float) -> Tensor:
        """Mean loss of a batch, a scalar, with random numbers from ``rng``."""
        return self.loss_given(network, batch, self.noise(batch, rng), progress)

    def updater(self, network: nn.Module) -> Update:
        """One step of AdamW down `loss`."""
        parameters = list(network.parameters())
        s = self.settings
        optimizer = torch.optim.AdamW(parameters, s.learning_rate, DECAY, weight_decay=s.weight_decay, fused=True)

        def update(batch: Batch, rng: torch.Generator, progress: float) -> float:
            loss = self.loss(network, batch, rng, progress)
            value = float(loss.detach())
            good = math.isfinite(value) and descend(optimizer, loss, parameters, CLIP)
            return value if good else math.nan

        return update

    def judge(self, network: nn.Module, batch: Batch, rng: torch.Generator) -> Tensor:
        """The loss of a batch at the end of training, a scalar."""
        return self.loss(network, batch, rng, 1.0)
