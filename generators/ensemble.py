"""Many small models trained at once: their weights stacked along a leading axis, one step for all.

A step of a small network is mostly the cost of starting its many operations. Here `torch.func.vmap` runs each
operation once for all models of a group, which share a family, settings and shapes, and differ in seed and, where
asked, in rows. Every model keeps its own random numbers, drawn from its own generator in the order in which a
training alone draws them, its own clipping of gradients, its own early stopping and best weights. A model that
diverges or has ended leaves the stack; the others go on.

The sums of a stacked matrix product are made in another order than those of a single one, so the weights are those of
single trainings up to rounding, which grows with the epochs: see `tests/generators/training/test_ensemble.py` for how
far.

Families that give a loss with its random numbers as arguments (`generators.training.descent`) are trained this way.
Others, adversaries that take turns for example, are trained one after another.
"""

from __future__ import annotations

import copy
import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from alloys.errors import InputError
from alloys.space import Floats, Points, Space
from generators.base import TrainingReport, make
from generators.presets import chosen
from generators.train import TrainedModel
from generators.training.attempt import Attempt
from generators.training.codec import Batch
from generators.training.course import Course, Task
from generators.training.descent import DECAY, DescentGenerator, Noise
from generators.training.fitting import Record, arithmetic, averaging_share, torch_threads
from generators.training.neural import CLIP, NeuralGenerator

Parts = tuple[Tensor, ...]
"""The tensors of a `Batch`, in its order."""

Table = tuple[Points, Floats]
"""Compositions, shape ``(n, d)``, and their properties, shape ``(n, p)``, NaN where unknown."""


def train_many(
    family: str,
    space: Space,
    properties: Sequence[str],
    points: Points,
    conditions: Floats,
    settings: Mapping[str, Any] | None = None,
    *,
    seeds: Sequence[int],
    device: str = "auto",
    threads: int | None = None,
    warm: bytes | None = None,
) -> list[TrainedModel]:
    """Trains one generator for each seed on the same rows, at once where the family allows it.

    Args:
        family: its name in `generators.base.FAMILIES`.
        space: the compositions they may draw.
        properties: names of the conditions' columns.
        points: compositions in the space, shape ``(n, d)``.
        conditions: their properties, shape ``(n, p)``, NaN where unknown.
        settings: values of the family's settings that differ from the defaults for that many rows
            (`generators.presets`).
        seeds: one for each model.
        device: ``auto`` (a GPU where there is one), ``cpu`` or ``cuda``.
        threads: threads for torch; None for what it has.
        warm: content of a model that all start from; None for fresh weights.

    Raises:
        InputError: for no seeds, and as `generators.train.train` says.
    """
    complete = chosen(family, len(points), settings)
    models = [cast(NeuralGenerator, make(family, space, properties, complete)) for _ in seeds]
    tables = [(points, conditions)] * len(models)
    reports = fit_many(models, tables, seeds=seeds, device=device, threads=threads, warm=warm)
    contents = [model.to_bytes() for model in models]
    return [
        TrainedModel(family, content, hashlib.sha256(content).hexdigest(), report)
        for content, report in zip(contents, reports, strict=True)
    ]


def fit_many(
    models: Sequence[NeuralGenerator],
    tables: Sequence[Table],
    *,
    seeds: Sequence[int],
    device: str = "cpu",
    threads: int | None = None,
    warm: bytes | None = None,
) -> list[TrainingReport]:
    """Trains each model on its table from its seed, all at once; what `NeuralGenerator.fit` does for one.

    A single model, and models of a family that has no loss of its own, are trained by `NeuralGenerator.fit`, bit
    by bit. A model found collapsed is trained again alone. The ``seconds`` of the reports run from the start of all.

    Args:
        models: of one family, with equal settings, space and number of properties.
        tables: rows for each model, equally many.
        seeds: one for each model.
        device: ``cpu``, ``cuda`` or ``auto``.
        threads: threads for torch during training; None for what it has.
        warm: content of a model that all start from; None for fresh weights.

    Raises:
        InputError: for models or tables that differ in shape, and as `NeuralGenerator.fit` says.
    """
    _check(models, tables, seeds)
    started = time.perf_counter()
    jobs = list(zip(models, tables, seeds, strict=True))
    tasks = [model.task(*table, seed=seed, device=device, warm=warm) for model, table, seed in jobs]
    with torch_threads(threads):
        stackable = [model for model in models if isinstance(model, DescentGenerator)]
        if len(stackable) > 1:
            attempts = _at_once(stackable, tasks)
        else:
            attempts = [model.attempt(task) for model, task in zip(models, tasks, strict=True)]
        ends = zip(models, tasks, attempts, strict=True)
        return [model.conclude(task, attempt, started) for model, task, attempt in ends]


def _check(models: Sequence[NeuralGenerator], tables: Sequence[Table], seeds: Sequence[int]) -> None:
    if not models or not len(models) == len(tables) == len(seeds):
        raise InputError(
            f"each model needs one table and one seed, got {len(models)} models, {len(tables)} tables and "
            f"{len(seeds)} seeds"
        )
    first = models[0]
    for model in models:
        pairs = {
            "family": (model.family, first.family),
            "settings": (model.settings, first.settings),
            "space": (model.space, first.space),
            "number of properties": (len(model.properties), len(first.properties)),
        }
        for what, (got, wanted) in pairs.items():
            if got != wanted:
                raise InputError(f"models trained at once must have the same {what}, got {got} and {wanted}")
    rows = sorted({len(points) for points, _ in tables})
    if len(rows) > 1:
        raise InputError(f"models trained at once need equally many rows, got {rows}; train them one by one")
    if len({id(model) for model in models}) < len(models):
        raise InputError("the models trained at once must be different objects")


def _at_once(models: Sequence[DescentGenerator], tasks: Sequence[Task]) -> list[Attempt]:
    """The first attempt of each; models whose tables hold out different numbers of rows are stacked apart."""
    courses = [Course(model, task) for model, task in zip(models, tasks, strict=True)]
    alike: dict[tuple[int, int], list[int]] = {}
    for i, course in enumerate(courses):
        alike.setdefault((course.data.rows, len(course.data.checks.presence)), []).append(i)
    attempts: dict[int, Attempt] = {}
    for group in alike.values():
        attempts |= zip(group, _stacked([models[i] for i in group], [courses[i] for i in group]), strict=True)
    return [attempts[i] for i in range(len(models))]


def _stacked(models: Sequence[DescentGenerator], courses: Sequence[Course]) -> list[Attempt]:
    """The attempts of models whose tensors have the same shapes."""
    lanes = [
        Lane(i, model, course, course.checks(), Record(model.settings.patience))
        for i, (model, course) in enumerate(zip(models, courses, strict=True))
    ]
    best = Stack(lanes).run()
    for lane in lanes:
        with torch.no_grad():
            for name, parameter in lane.course.network.named_parameters():
                parameter.copy_(best[name][lane.index])
        lane.course.finish()
    return [lane.model.probe(lane.course, lane.record.log()) for lane in lanes]


@dataclass(frozen=True, slots=True)
class Lane:
    """One of the models under way.

    Attributes:
        index: its number.
        model: gives loss and random numbers.
        course: its rows and random numbers.
        checks: the rows that judge every epoch, and random numbers.
        record: its losses.
    """

    index: int
    model: DescentGenerator
    course: Course
    checks: tuple[Batch, torch.Generator] = field(repr=False)
    record: Record


class Stack:
    """The weights of the models that still learn, each parameter with a leading axis over the models."""

    def __init__(self, lanes: Sequence[Lane]) -> None:
        self.lanes = list(lanes)
        first = lanes[0]
        self.settings, self.device = first.model.settings, first.course.task.device
        self.rows = first.course.data.rows
        networks = [lane.course.network.train() for lane in lanes]
        self.weights, self.buffers = cast(tuple[dict[str, Tensor], dict[str, Tensor]], stack_module_state(networks))
        self.averages = {name: value.detach().clone() for name, value in self.weights.items()}
        self.best = {name: value.detach().clone() for name, value in self.weights.items()}
        self.steps = 0
        self.form = _Given(first.model, copy.deepcopy(networks[0]).to("meta"))
        s = self.settings
        self.optimizer = torch.optim.AdamW(
            list(self.weights.values()), s.learning_rate, DECAY, weight_decay=s.weight_decay, fused=True
        )
        noises = [lane.model.noise(*lane.checks) for lane in lanes]
        self.checks = self._stacked([_parts(lane.checks[0]) for lane in lanes]), self._stacked(noises)

    def run(self) -> dict[str, Tensor]:
        """Runs epochs until every model has ended; the best weights of each, by the models' numbers."""
        for epoch in range(self.settings.epochs):
            losses, values = self._learn(epoch), self._judge()
            better, going = [], []
            for i, (lane, loss, value) in enumerate(zip(self.lanes, losses, values, strict=True)):
                if lane.record.take(loss, value):
                    better.append(i)
                if not lane.record.ended:
                    going.append(i)
            self._remember(better)
            if len(going) < len(self.lanes):
                self._keep(going)
            if not self.lanes:
                break
        return self.best

    # -- epochs ------------------------------------------------------------------------------------

    def _learn(self, epoch: int) -> list[float]:
        """One epoch; each model's mean training loss, NaN where a loss or gradient was not finite."""
        total = torch.zeros(len(self.lanes), dtype=torch.float64, device=self.device)
        for batches in zip(*(lane.course.batches() for lane in self.lanes), strict=True):
            pairs = zip(self.lanes, batches, strict=True)
            noises = [lane.model.noise(batch, lane.course.rng) for lane, batch in pairs]
            parts, noise = self._stacked([_parts(batch) for batch in batches]), self._stacked(noises)
            losses, norms = self._step(parts, noise, epoch / self.settings.epochs)
            good = losses.isfinite() & norms.isfinite()
            total += torch.where(good, losses.double(), torch.nan) * len(batches[0].presence)
        return cast(list[float], (total / self.rows).tolist())

    def _step(self, parts: Parts, noise: Noise, progress: float) -> tuple[Tensor, Tensor]:
        """One step of every model; losses and norms of gradients, shape ``(k,)`` each."""
        self.optimizer.zero_grad(set_to_none=True)
        with arithmetic(self.settings.precision, self.device):
            losses = self._losses(self.weights, parts, noise, progress)
        losses.sum().backward()  # type: ignore[no-untyped-call,unused-ignore]
        gradients = [weight.grad for weight in self.weights.values() if weight.grad is not None]
        norms = torch.stack([torch.linalg.vector_norm(g.flatten(1), dim=1) for g in gradients]).norm(dim=0)
        shrink = (CLIP / (norms + 1e-6)).clamp(max=1.0)
        for gradient in gradients:
            gradient.mul_(shrink.view(-1, *[1] * (gradient.dim() - 1)))
        self.optimizer.step()
        self._follow()
        return losses.detach(), norms

    def _follow(self) -> None:
        """The running averages of the weights take in the present ones."""
        self.steps += 1
        share = averaging_share(self.settings.average, self.steps)
        with torch.no_grad():
            for name, weight in self.weights.items():
                self.averages[name].lerp_(weight, share)

    def _judge(self) -> list[float]:
        """Validation losses of the averaged weights."""
        with torch.no_grad(), arithmetic(self.settings.precision, self.device):
            return cast(list[float], self._losses(self.averages, *self.checks, 1.0).tolist())

    def _losses(self, weights: dict[str, Tensor], parts: Parts, noise: Noise, progress: float) -> Tensor:
        """Every model's loss, shape ``(k,)``."""

        def one(weights: dict[str, Tensor], buffers: dict[str, Tensor], parts: Parts, noise: Noise) -> Tensor:
            state = {f"network.{name}": value for name, value in (weights | buffers).items()}
            return cast(Tensor, functional_call(self.form, state, (parts, noise, progress)))

        return vmap(one)(weights, self.buffers, parts, noise)

    # -- who is in ---------------------------------------------------------------------------------

    def _remember(self, lanes: Sequence[int]) -> None:
        """Takes the averaged weights of those lanes as the best so far."""
        at = torch.tensor([self.lanes[i].index for i in lanes], dtype=torch.int64, device=self.device)
        here = torch.tensor(lanes, dtype=torch.int64, device=self.device)
        for name, value in self.averages.items():
            self.best[name][at] = value[here]

    def _keep(self, lanes: Sequence[int]) -> None:
        """Leaves those lanes in the stack alone."""
        at = torch.tensor(lanes, dtype=torch.int64, device=self.device)
        self.lanes = [self.lanes[i] for i in lanes]
        for weight in self.weights.values():
            weight.data, weight.grad = weight.data[at], None
            state = self.optimizer.state[weight]
            for name, value in state.items():
                state[name] = value[at] if value.dim() else value
        self.buffers = {name: value[at] for name, value in self.buffers.items()}
        self.averages = {name: value[at] for name, value in self.averages.items()}
        parts, noise = self.checks
        self.checks = tuple(part[at] for part in parts), tuple(part[at] for part in noise)

    def _stacked(self, each: Sequence[tuple[Tensor, ...]]) -> tuple[Tensor, ...]:
        """Tensors of every model, stacked one by one."""
        return tuple(torch.stack(column).to(self.device) for column in zip(*each, strict=True))


def _parts(batch: Batch) -> Parts:
    return batch.presence, batch.amounts, batch.values, batch.known


class _Given(nn.Module):
    """A family's loss as a module's forward pass, which `functional_call` asks for."""

    def __init__(self, model: DescentGenerator, network: nn.Module) -> None:
        super().__init__()
        self.model = model
        self.network = network

    def forward(self, parts: Parts, noise: Noise, progress: float) -> Tensor:
        """The loss of one model."""
        return self.model.loss_given(self.network, Batch(*parts), noise, progress)
