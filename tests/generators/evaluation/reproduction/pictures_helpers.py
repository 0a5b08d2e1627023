"""Two small models behind the protocol of a reproduction, whose pictures can be told beforehand, and their table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.decomposition import PCA

from alloys.space import Floats
from generators.evaluation.protocol import EvaluationPlan
from generators.evaluation.reproduction.pictures.debnath import debnath_pictures
from generators.evaluation.reproduction.pictures.records import DebnathPictures, TungPictures
from generators.evaluation.reproduction.pictures.tung import Entered, tung_pictures
from generators.evaluation.table import LabelledAlloys, known_table, labelled

PLAN = EvaluationPlan(diagonal=6, domain=9, samples=30, domain_samples=20, real=20, real_samples=3)


@dataclass
class Nearest:
    """Answers with the real alloy nearest to what is asked."""

    data: LabelledAlloys
    name: str = "nearest"

    def draw(self, conditions: Floats, *, seed: int) -> Floats:
        scaled = np.abs(self.data.values[None] / conditions[:, None] - 1).max(axis=2)
        return self.data.fractions[scaled.argmin(axis=1)]


class Components:
    """A linear autoencoder: principal components, decoded to fractions; its encoder is unsure by a tenth."""

    name = "components"
    latent_size = 3

    def __init__(self, data: LabelledAlloys) -> None:
        self._fit = PCA(self.latent_size).fit(data.fractions)
        self._scale = self._fit.transform(data.fractions).std(axis=0)

    def encode(self, fractions: Floats, conditions: Floats) -> tuple[Floats, Floats]:
        codes = self._fit.transform(fractions) / self._scale
        return codes, np.full(codes.shape, 0.1)

    def decode(self, latents: Floats, conditions: Floats) -> Floats:
        made = np.maximum(self._fit.inverse_transform(latents * self._scale), 1e-9)
        return np.asarray(made / made.sum(axis=1, keepdims=True))

    def draw(self, conditions: Floats, *, seed: int) -> Floats:
        latents = np.random.default_rng(seed).standard_normal((len(conditions), self.latent_size))
        return self.decode(latents, conditions)


def known() -> LabelledAlloys:
    """The project's own table, with both properties by closed form."""
    return labelled(known_table(), source="known")


def entered(data: LabelledAlloys) -> list[Entered]:
    """The autoencoder as the paper's model, the neighbour as the project's."""
    return [Entered([Components(data)], published=True), Entered([Nearest(data)], published=False)]


def small_tung(data: LabelledAlloys) -> TungPictures:
    """All figures of Tung et al. with few samples."""
    return tung_pictures(entered(data), data, np.median(data.values, axis=0), PLAN)


def small_debnath(data: LabelledAlloys) -> DebnathPictures:
    """All figures of Debnath et al. with few samples."""
    return debnath_pictures(entered(data), data, samples=60)
