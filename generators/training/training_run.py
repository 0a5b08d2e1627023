"""One training from one seed: its network, rows and random numbers, and the epochs over them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import torch
from torch import Tensor

from alloys.space import Floats, Points
from generators.interface import OnEpoch
from generators.training.codec import Codec, ConditionScale, EncodedRows
from generators.training.fitting import AveragedWeights, EpochLog, Update, arithmetic, run_epochs
from generators.training.settings import TrainingSettings
from generators.training.training_rows import TrainingRows


class Trainable(Protocol):
    """What a training asks of a family; `generators.training.neural.NeuralGenerator` says what each does."""

    codec: Codec

    @property
    def settings(self) -> TrainingSettings: ...
    def build(self, rng: torch.Generator) -> Any: ...
    def prepare(self, network: Any, pool: EncodedRows) -> None: ...
    def finish(self, network: Any, pool: EncodedRows) -> None: ...
    def updater(self, network: Any) -> Update: ...
    def judge(self, network: Any, batch: EncodedRows, rng: torch.Generator) -> Tensor: ...


@dataclass(frozen=True, slots=True)
class TrainingTask:
    """What a training is asked to do, checked.

    Attributes:
        rows: compositions, shape ``(n, d)``.
        values: their properties, shape ``(n, p)``, NaN where unknown.
        scale: of the properties.
        seed: of all randomness.
        device: where the network is trained.
        on_epoch: called after each epoch, or None.
        warm: weights to start from, or None.
    """

    rows: Points
    values: Floats
    scale: ConditionScale
    seed: int
    device: torch.device
    on_epoch: OnEpoch | None = None
    warm: Mapping[str, Tensor] | None = None

    def again(self, times: int) -> TrainingTask:
        """The same from another seed and fresh weights."""
        return replace(self, seed=self.seed + times, warm=None)


class TrainingRun:
    """One training from one seed.

    Attributes:
        network: on the task's device; on the CPU after `run`.
        data: rows to learn from and rows that judge.
        rng: random numbers of this training, on the CPU.
    """

    def __init__(self, learner: Trainable, task: TrainingTask) -> None:
        self.learner = learner
        self.task = task
        self.rng = torch.Generator().manual_seed(task.seed)
        network = learner.build(self.rng)
        if task.warm is not None:
            network.load_state_dict(task.warm)
        self.network = network.to(task.device)
        self.data = TrainingRows.of(learner.codec, learner.settings, task.rows, task.values, task.scale, self.rng)
        learner.prepare(self.network, self.data.pool)

    def run(self) -> EpochLog:
        """Trains; leaves the best epoch's weights in the network, finished."""
        learner, s, device, network = self.learner, self.learner.settings, self.task.device, self.network
        average, update = AveragedWeights(network, s.average), learner.updater(network)
        noise = torch.Generator().manual_seed(1)
        checks = self.data.checks.hide(s.mask_probability, noise).to(device)
        start = noise.get_state()

        def step(epoch: int) -> float:
            network.train()
            total = 0.0
            for part in self.data.epoch(s.batch_size, self.rng):
                batch = part.hide(s.mask_probability, self.rng).to(device)
                with arithmetic(s.precision, device):
                    value = update(batch, self.rng, epoch / s.epochs)
                if not math.isfinite(value):
                    return math.nan
                average.follow()
                total += value * len(part.presence)
            return total / self.data.rows

        def check() -> float:
            average.network.eval()
            noise.set_state(start)
            with torch.no_grad(), arithmetic(s.precision, device):
                return float(learner.judge(average.network, checks, noise))

        log = run_epochs(
            network,
            step,
            check,
            epochs=s.epochs,
            patience=s.patience,
            on_epoch=self.task.on_epoch,
            judged=average.network,
        )
        with torch.no_grad():
            learner.finish(network.eval(), self.data.pool.to(device))
        network.cpu()
        return log
