"""What every model of a reproduction is: compositions as bare fractions, drawn under conditions."""

from __future__ import annotations

from typing import Protocol

from alloys.space import Floats


class FractionSampler(Protocol):
    """What draws compositions as bare fractions under conditions."""

    name: str

    def draw(self, conditions: Floats, *, seed: int) -> Floats:
        """One composition for each condition, shape ``(m, p)``: rows that sum to 1, shape ``(m, E)``."""
        ...


class LatentModel(FractionSampler, Protocol):
    """A sampler whose latents can be looked at."""

    latent_size: int

    def decode(self, latents: Floats, conditions: Floats) -> Floats:
        """Compositions of latents, shape ``(m, k)``, under conditions, shape ``(m, p)``: shape ``(m, E)``."""
        ...


class Encoder(LatentModel, Protocol):
    """A latent model that also says where compositions lie in its latent space."""

    def encode(self, fractions: Floats, conditions: Floats) -> tuple[Floats, Floats]:
        """Means and standard deviations of latents, shape ``(m, k)`` each; deviations of 0 where it has none."""
        ...
