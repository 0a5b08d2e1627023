"""Settings of each family, apart from the networks: whoever only checks a configuration does not import torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from generators.training.settings import TrainingSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class CaeSettings(TrainingSettings):
    """Settings of the conditional autoencoder.

    Attributes:
        latent: dimensions of the code.
        hidden: width of the two hidden layers of each part.
        prior: ``gaussian`` or ``kernel``, what is fitted to the codes.
        bandwidth: of the kernel, as a multiple of the rule of thumb.
        amounts_weight: weight of the squared error of the log-ratios against the cross entropy of presence.
        code_weight: weight of the squared codes, which keeps their scale.
    """

    latent: int = 3
    hidden: int = 64
    prior: str = "gaussian"
    bandwidth: float = 1.0
    amounts_weight: float = 2.0
    code_weight: float = 0.01

    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {
        **TrainingSettings.ranges,
        "latent": (1, 1024),
        "hidden": (1, 8192),
        "bandwidth": (0.0, 100.0),
        "amounts_weight": (0.0, 1000.0),
        "code_weight": (0.0, 1000.0),
    }
    choices: ClassVar[Mapping[str, tuple[str, ...]]] = {**TrainingSettings.choices, "prior": ("gaussian", "kernel")}


@dataclass(frozen=True, slots=True, kw_only=True)
class CvaeSettings(TrainingSettings):
    """Settings of the conditional variational autoencoder.

    Attributes:
        latent: dimensions of the latent vector.
        hidden: width of the two hidden layers of each part.
        beta: weight of the divergence from the prior (Higgins et al. 2017).
        warmup: share of the epochs over which that weight grows from 0.
        consistency: weight of the misses, in squared standard deviations, of what is emitted against the conditions
            (`generators.families.consistency`); 0 for none.
        temperature: of sampling: factor of the latent vector's and the log-ratios' spread, and divisor of the
            presence's logits; 1 is the model's own distribution.
    """

    latent: int = 8
    hidden: int = 64
    beta: float = 1.0
    warmup: float = 0.2
    consistency: float = 0.0
    temperature: float = 1.0

    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {
        **TrainingSettings.ranges,
        "latent": (1, 1024),
        "hidden": (1, 8192),
        "beta": (0.0, 1000.0),
        "warmup": (0.0, 1.0),
        "consistency": (0.0, 1e6),
        "temperature": (1e-3, 10.0),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class WcganSettings(TrainingSettings):
    """Settings of the conditional Wasserstein network; ``learning_rate`` is the generator's.

    Attributes:
        latent: dimensions of the latent vector (16 in Debnath et al. 2021).
        hidden: width of the two hidden layers of generator and critic.
        unroll: steps of the critic that the generator looks ahead (Metz et al. 2016); 0 is the plain network.
        unroll_rate: step size of those, plain gradient ascent.
        critic_steps: steps of the critic for each of the generator.
        critic_rate: the critic's learning rate.
        penalty: ``gradient`` (Gulrajani et al. 2017) or ``clip`` (Arjovsky et al. 2017).
        penalty_weight: of the gradient penalty.
        clip: largest size of a critic's weight where weights are clipped.
        temperature: of the presence gates' slopes.
    """

    epochs: int = 800
    patience: int = 300
    batch_size: int = 256
    learning_rate: float = 5e-3
    weight_decay: float = 0.0
    average: float = 0.98
    latent: int = 16
    hidden: int = 64
    unroll: int = 2
    unroll_rate: float = 0.01
    critic_steps: int = 2
    critic_rate: float = 1e-2
    penalty: str = "gradient"
    penalty_weight: float = 1.0
    clip: float = 0.2
    temperature: float = 0.5

    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {
        **TrainingSettings.ranges,
        "latent": (1, 1024),
        "hidden": (1, 8192),
        "unroll": (0, 100),
        "unroll_rate": (0.0, 10.0),
        "critic_steps": (1, 100),
        "critic_rate": (1e-9, 1.0),
        "penalty_weight": (0.0, 1000.0),
        "clip": (1e-6, 100.0),
        "temperature": (1e-3, 100.0),
    }
    choices: ClassVar[Mapping[str, tuple[str, ...]]] = {**TrainingSettings.choices, "penalty": ("gradient", "clip")}


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalogSettings(TrainingSettings):
    """Settings that diffusion and flow matching share.

    Attributes:
        hidden: width of the three hidden layers.
        steps: steps from noise to data when sampling.
        guidance: how far beyond the conditional prediction to go from the unconditional one; 0 for none.
        times: noisy versions of a row in each step of training.
    """

    epochs: int = 2000
    patience: int = 400
    learning_rate: float = 5e-3
    weight_decay: float = 0.01
    average: float = 0.99
    hidden: int = 128
    steps: int = 20
    guidance: float = 0.5
    times: int = 4

    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {
        **TrainingSettings.ranges,
        "hidden": (1, 8192),
        "steps": (1, 1000),
        "guidance": (0.0, 100.0),
        "times": (1, 1000),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffusionSettings(AnalogSettings):
    """Settings of the diffusion model.

    Attributes:
        training_steps: number of discrete times in training.
        eta: noise added back in each step of sampling: 0 none (DDIM), 1 as much as DDPM.
    """

    training_steps: int = 1000
    eta: float = 0.0

    ranges: ClassVar[Mapping[str, tuple[float, float]]] = {
        **AnalogSettings.ranges,
        "training_steps": (1, 100_000),
        "eta": (0.0, 1.0),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowSettings(AnalogSettings):
    """Settings of flow matching; each step asks the network twice."""

    steps: int = 10
