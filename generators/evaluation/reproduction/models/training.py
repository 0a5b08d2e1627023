"""From labelled alloys to a trained model of a paper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from alloys.errors import InputError
from alloys.space import Floats
from generators.evaluation.reproduction.models.autoencoder import BareAutoencoder
from generators.evaluation.reproduction.models.choices import CHOICES, settings_of_model
from generators.evaluation.reproduction.models.game import BareGame
from generators.evaluation.table import LabelledAlloys
from generators.training.codec import ConditionScale
from generators.training.fitting import torch_threads
from generators.training.neural import check_seed
from generators.training.training_run import TrainingRun, TrainingTask

KIN = 20
"""Rows nearest in what is asked, from one of which a condition is taken that nobody asks."""


class BareModel:
    """A trained model of a paper: a `generators.evaluation.reproduction.interface.LatentModel`.

    Attributes:
        name: the model's.
        learner: what was trained.
        latent_size: dimensions of its latents.
    """

    def __init__(self, name: str, learner: BareAutoencoder | BareGame, data: LabelledAlloys) -> None:
        self.name, self.learner = name, learner
        self.latent_size = learner.settings.latent
        self._network: Any = learner.network
        self._scale = ConditionScale.of(data.values)
        self._rows = (data.values - self._scale.mean) / self._scale.std

    def draw(self, conditions: Floats, *, seed: int) -> Floats:
        """One composition for each condition, shape ``(m, p)``, `filled` where NaN: rows that sum to 1, ``(m, E)``."""
        check_seed(seed)
        asked = self.filled(self.learner.codec.check_conditions(conditions), np.random.default_rng(seed))
        with torch.no_grad():
            latents = self._network.latents(len(asked), torch.Generator().manual_seed(seed))
            return _shares(self._network.decode(latents, self._standardised(asked)))

    def decode(self, latents: Floats, conditions: Floats) -> Floats:
        """Compositions of latents, shape ``(m, k)``, under conditions, shape ``(m, p)``: shape ``(m, E)``."""
        with torch.no_grad():
            return _shares(self._network.decode(_tensor(latents), self._standardised(conditions)))

    def filled(self, conditions: Floats, rng: np.random.Generator) -> Floats:
        """Conditions, shape ``(m, p)``, without gaps, which the papers' models do not know.

        One that is NaN is taken from a row of the table: one of the `KIN` whose other conditions are nearest.
        """
        filled = conditions.copy()
        for row in np.flatnonzero(np.isnan(conditions).any(axis=1)):
            asked = ~np.isnan(conditions[row])
            scaled = ((conditions[row] - self._scale.mean) / self._scale.std)[asked]
            distance = np.abs(self._rows[:, asked] - scaled).sum(axis=1)
            near = np.argsort(distance, kind="stable")[: KIN if asked.any() else None]
            other = self._rows[rng.choice(near)] * self._scale.std + self._scale.mean
            filled[row] = np.where(asked, conditions[row], other)
        return filled

    def _standardised(self, conditions: Floats) -> torch.Tensor:
        return self.learner.codec.standardise(conditions, self._scale)[0]


class BareEncoderModel(BareModel):
    """One that also encodes: a `generators.evaluation.reproduction.interface.Encoder`."""

    def encode(self, fractions: Floats, conditions: Floats) -> tuple[Floats, Floats]:
        """Means and standard deviations of latents, shape ``(m, k)`` each; deviations of 0 of the plain autoencoder."""
        with torch.no_grad():
            mean, std = self._network.encode(_tensor(fractions), self._standardised(conditions))
        return mean.numpy().astype(np.float64), std.numpy().astype(np.float64)


def train_model(
    name: str, data: LabelledAlloys, seed: int, changes: Mapping[str, Any] | None = None
) -> BareModel | BareEncoderModel:
    """Trains a model of a paper; the same seed and alloys give the same weights, bit by bit.

    Args:
        name: one of `CHOICES`.
        data: the alloys, every one of which is learned from.
        seed: of all randomness.
        changes: settings that differ from those of `CHOICES`.

    Raises:
        InputError: for an unknown name, or a setting that is unknown or out of range.
    """
    if name not in CHOICES:
        raise InputError(f"unknown model {name!r}; available are {', '.join(CHOICES)}")
    check_seed(seed)
    settings = settings_of_model(name, changes)
    kind = BareAutoencoder if "kl_weight" in CHOICES[name] else BareGame
    learner = kind(data.space, data.names, settings)
    task = TrainingTask(data.points, data.values, ConditionScale.of(data.values), seed, torch.device("cpu"))
    with torch_threads(1):
        run = TrainingRun(learner, task)
        run.run()
    learner.network, learner.scale = run.network.eval(), task.scale
    return (BareEncoderModel if isinstance(learner, BareAutoencoder) else BareModel)(name, learner, data)


def _tensor(values: Floats) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))


def _shares(fractions: torch.Tensor) -> Floats:
    """Rows of float64 that sum to 1."""
    exact = fractions.numpy().astype(np.float64)
    return np.asarray(exact / exact.sum(axis=1, keepdims=True))
