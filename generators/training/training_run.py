"""One training from one seed: its network, rows and random numbers, and the epochs over them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from alloys.space import Floats, Points
from generators.interface import OnEpoch
from generators.training.codec import Codec, ConditionScale, EncodedRows
from generators.training.fitting import AveragedWeights, Update, arithmetic
from generators.training.settings import TrainingSettings
from generators.training.training_rows import TrainingRows

BEYOND = 1e6
"""A loss larger than this is called diverged."""


class Trainable(Protocol):
    """What a training asks of a family; `generators.training.neural.NeuralGenerator` says what each does."""

    codec: Codec

    @property
    def settings(self) -> TrainingSettings: ...
    @property
    def keeps_last(self) -> bool: ...
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


@dataclass(frozen=True, slots=True)
class EpochLog:
    """What the epochs gave; losses by epoch, the kept epoch (-1 for none) and whether training diverged."""

    train: tuple[float, ...]
    validation: tuple[float, ...]
    best: int
    diverged: bool


class TrainingRun:
    """One training from one seed.

    Attributes:
        network: on the task's device; on the CPU after `run`.
        data: rows to learn from and rows that judge.
        rng: random numbers of this training, on the CPU.
    """

    def __init__(self, learner: Trainable, task: TrainingTask) -> None:
        self.learner, self.task, self.settings = learner, task, learner.settings
        self.rng = torch.Generator().manual_seed(task.seed)
        network = learner.build(self.rng)
        if task.warm is not None:
            network.load_state_dict(task.warm)
        self.network = network.to(task.device)
        self.data = TrainingRows.of(learner.codec, learner.settings, task.rows, task.values, task.scale, self.rng)
        learner.prepare(self.network, self.data.pool)
        self.average = AveragedWeights(self.network, self.settings.average)
        self.update = learner.updater(self.network)

    def run(self) -> EpochLog:
        """Trains until patience or epochs run out; leaves the best epoch's weights in the network, finished.

        The weights that the network comes with are kept where no epoch is good.
        """
        noise = torch.Generator().manual_seed(1)
        checks = self.data.checks.hide(self.settings.mask_probability, noise).to(self.task.device)
        start = noise.get_state()
        kept, best, diverged = _copy(self.average.network), -1, False
        losses: list[float] = []
        values: list[float] = []
        for epoch in range(self.settings.epochs):
            loss = self._learn(epoch)
            value = self._judge(checks, noise.set_state(start)) if _sane(loss) else math.nan
            diverged = not (_sane(loss) and _sane(value))
            if diverged:
                break
            if best < 0 or value < values[best] or self.learner.keeps_last:
                best, kept = epoch, _copy(self.average.network)
            losses.append(loss)
            values.append(value)
            if self.task.on_epoch is not None:
                self.task.on_epoch(epoch, loss, value)
            if epoch - best >= self.settings.patience:
                break
        self.network.load_state_dict(kept)
        with torch.no_grad():
            self.learner.finish(self.network.eval(), self.data.pool.to(self.task.device))
        self.network.cpu()
        return EpochLog(tuple(losses), tuple(values), best, diverged)

    def _learn(self, epoch: int) -> float:
        """One epoch; its mean training loss, NaN where a step failed."""
        self.network.train()
        total, s = 0.0, self.settings
        for part in self.data.epoch(s.batch_size, self.rng):
            batch = part.hide(s.mask_probability, self.rng).to(self.task.device)
            with arithmetic(s.precision, self.task.device):
                value = self.update(batch, self.rng, epoch / s.epochs)
            if not math.isfinite(value):
                return math.nan
            self.average.follow()
            total += value * len(part.presence)
        return total / self.data.rows

    def _judge(self, checks: EncodedRows, noise: torch.Generator) -> float:
        """The validation loss of the averaged weights."""
        self.average.network.eval()
        with torch.no_grad(), arithmetic(self.settings.precision, self.task.device):
            return float(self.learner.judge(self.average.network, checks, noise))


def _sane(loss: float) -> bool:
    """Whether a loss is finite and within bounds."""
    return math.isfinite(loss) and abs(loss) <= BEYOND


def _copy(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in network.state_dict().items()}
