"""One training from one seed: its network, rows and random numbers, and the epochs over them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor, nn

from alloys.space import Floats, Points
from generators.base import OnEpoch
from generators.training.attempt import Material
from generators.training.codec import Batch, Codec, Scale
from generators.training.fitting import Average, EpochLog, Update, arithmetic, run_epochs
from generators.training.settings import TrainingSettings


class Learner(Protocol):
    """What a training asks of a family; `generators.training.neural.NeuralGenerator` says what each does."""

    settings: TrainingSettings
    codec: Codec

    def build(self, rng: torch.Generator) -> nn.Module: ...
    def prepare(self, network: nn.Module, pool: Batch) -> None: ...
    def finish(self, network: nn.Module, pool: Batch) -> None: ...
    def updater(self, network: nn.Module) -> Update: ...
    def judge(self, network: nn.Module, batch: Batch, rng: torch.Generator) -> Tensor: ...


@dataclass(frozen=True, slots=True)
class Task:
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
    scale: Scale
    seed: int
    device: torch.device
    on_epoch: OnEpoch | None = None
    warm: Mapping[str, Tensor] | None = None

    def again(self, times: int) -> Task:
        """The same from another seed and fresh weights."""
        return replace(self, seed=self.seed + times, warm=None)


class Course:
    """A training under way.

    Attributes:
        network: on the task's device.
        data: rows to learn from and rows that judge.
        rng: random numbers of this training, on the CPU.
    """

    def __init__(self, learner: Learner, task: Task) -> None:
        self.learner = learner
        self.task = task
        self.rng = torch.Generator().manual_seed(task.seed)
        network = learner.build(self.rng)
        if task.warm is not None:
            network.load_state_dict(task.warm)
        self.network = network.to(task.device)
        self.data = Material.of(learner.codec, learner.settings, task.rows, task.values, task.scale, self.rng)
        learner.prepare(self.network, self.data.pool)

    def batches(self) -> Iterator[Batch]:
        """The batches of one epoch, conditions hidden at random, on the CPU."""
        s = self.learner.settings
        for part in self.data.epoch(s.batch_size, self.rng):
            yield part.hide(s.mask_probability, self.rng)

    def checks(self) -> tuple[Batch, torch.Generator]:
        """The rows that judge every epoch, on the CPU, and random numbers; the same at each call."""
        noise = torch.Generator().manual_seed(1)
        return self.data.checks.hide(self.learner.settings.mask_probability, noise), noise

    def run(self) -> EpochLog:
        """Trains; leaves the best epoch's weights in the network, finished."""
        learner, s, device, network = self.learner, self.learner.settings, self.task.device, self.network
        average, update = Average(network, s.average), learner.updater(network)
        checks, noise = self.checks()
        checks, start = checks.to(device), noise.get_state()

        def step(epoch: int) -> float:
            network.train()
            total = 0.0
            for part in self.batches():
                with arithmetic(s.precision, device):
                    value = update(part.to(device), self.rng, epoch / s.epochs)
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

        task, judged = self.task, average.network
        log = run_epochs(
            network, step, check, epochs=s.epochs, patience=s.patience, on_epoch=task.on_epoch, judged=judged
        )
        self.finish()
        return log

    def finish(self) -> None:
        """Takes statistics of the trained network into its buffers and moves it to the CPU."""
        with torch.no_grad():
            self.learner.finish(self.network.eval(), self.data.pool.to(self.task.device))
        self.network.cpu()
