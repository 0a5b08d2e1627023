"""What all neural families share: checked fit, sampling inside the space, and travel as bytes.

A family gives three things: its network, its loss on a batch, and a draw under conditions. All random
numbers come from generators on the CPU made from the caller's seed, so a seed gives the same weights and
samples again on the CPU and the same random numbers on any device; no global seed, dtype or thread count is
touched.
"""

from __future__ import annotations

import hashlib
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar, cast

import numpy as np
import torch
from torch import Tensor, nn

from alloys.errors import InputError
from alloys.space import Floats, Points
from generators.interface import LearnedSpace, OnEpoch, Samples, TrainingReport
from generators.training import weights
from generators.training.codec import Codec, ConditionScale, EncodedRows, codec_of
from generators.training.fitting import Update, arithmetic, descend, resolve_device, torch_threads
from generators.training.settings import Family, TrainingSettings
from generators.training.trained_candidate import PROBE, TrainedCandidate, report_of, spread_of
from generators.training.training_run import TrainingRun, TrainingTask

ROUNDS = 12
"""Rounds of drawing again for conditions whose draws left the space; a round draws more often than the last."""

CLIP = 5.0
"""Largest norm of a gradient."""

DECAY = (0.9, 0.999)
"""AdamW's decay of the running means of the gradient and its square."""

Settings = TypeVar("Settings", bound=TrainingSettings)
Network = TypeVar("Network", bound=nn.Module)


class NeuralGenerator(ABC, Generic[Settings, Network]):
    """A `generators.interface.Generator` whose distribution is a torch module."""

    family: ClassVar[Family]
    one_hot: ClassVar[bool] = False
    """Whether numbers of atoms in formulas are categories to this family."""

    def __init__(
        self,
        space: LearnedSpace,
        properties: Sequence[str],
        settings: TrainingSettings | Mapping[str, Any] | None = None,
    ) -> None:
        """An untrained generator.

        Args:
            space: the compositions it may draw, alone or with variables beside them.
            properties: names of the conditions' columns, in order.
            settings: the family's settings, or values that differ from the defaults.

        Raises:
            InputError: for settings out of range or of another family, or repeated properties.
        """
        kind = self.family.settings
        if isinstance(settings, TrainingSettings) and type(settings) is not kind:
            raise InputError(f"the family {self.name} takes {kind.__name__}, got {type(settings).__name__}")
        chosen = settings if isinstance(settings, TrainingSettings) else kind.from_mapping(settings or {})
        self.settings = cast(Settings, chosen)
        self.codec: Codec = codec_of(space, properties, one_hot=self.one_hot)
        self.network: Network | None = None
        self.scale: ConditionScale | None = None

    @property
    def name(self) -> str:
        """The family's name."""
        return self.family.name

    @property
    def space(self) -> LearnedSpace:
        """The space whose compositions it draws."""
        return self.codec.space

    @property
    def properties(self) -> tuple[str, ...]:
        """Names of the conditions' columns."""
        return self.codec.properties

    # -- what a family gives -----------------------------------------------------------------------

    @abstractmethod
    def build(self, rng: torch.Generator) -> Network:
        """An untrained network in float32 whose weights are drawn from ``rng``."""

    @abstractmethod
    def loss(self, network: Network, batch: EncodedRows, rng: torch.Generator, progress: float) -> Tensor:
        """Mean loss of a batch, a scalar; ``progress`` through training runs from 0 to 1."""

    @abstractmethod
    def draw(self, network: Network, values: Tensor, known: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Presence and amounts, as `Codec.decode` reads them, under conditions, ``(m, p)``, and which are known."""

    # -- what a family may give --------------------------------------------------------------------

    def prepare(self, network: Network, pool: EncodedRows) -> None:
        """Takes statistics of the training rows into the network's buffers before the first epoch."""

    def finish(self, network: Network, pool: EncodedRows) -> None:
        """Takes statistics of the trained network into its buffers, once the best epoch is chosen."""

    def updater(self, network: Network) -> Update:
        """What learns from a batch: one step of AdamW down `loss`. Families of adversaries take turns instead."""
        parameters = list(network.parameters())
        s = self.settings
        optimizer = torch.optim.AdamW(parameters, s.learning_rate, DECAY, weight_decay=s.weight_decay, fused=True)

        def update(batch: EncodedRows, rng: torch.Generator, progress: float) -> float:
            loss = self.loss(network, batch, rng, progress)
            value = float(loss.detach())
            good = math.isfinite(value) and descend(optimizer, loss, parameters, CLIP)
            return value if good else math.nan

        return update

    def judge(self, network: Network, batch: EncodedRows, rng: torch.Generator) -> Tensor:
        """What chooses the best epoch, a scalar, the smaller the better: the loss at the end of training."""
        return self.loss(network, batch, rng, 1.0)

    @property
    def keeps_last(self) -> bool:
        """Whether the last epoch is kept, however it is judged."""
        return False

    # -- training ----------------------------------------------------------------------------------

    def fit(
        self,
        points: Points,
        conditions: Floats,
        *,
        seed: int,
        device: str = "cpu",
        threads: int | None = None,
        on_epoch: OnEpoch | None = None,
        warm: bytes | None = None,
    ) -> TrainingReport:
        """Trains anew; the same seed, rows and warm weights give the same weights on the CPU, bit by bit.

        Rows are augmented by copies with amounts moved and elements replaced (`augmentation.augment`).
        Known properties are hidden at random, so any subset may be asked for later. If a loss or gradient
        is not finite, the best weights so far are kept and the report says so. If the samples repeat far
        more than random compositions do, training is repeated from another seed and fresh weights, and the
        better one is kept.

        Args:
            points: compositions, shape ``(n, d)``, each in the space.
            conditions: their properties, shape ``(n, p)``, NaN where unknown.
            seed: of all randomness; not negative.
            device: ``cpu``, ``cuda`` or ``auto``.
            threads: threads for torch during training; None for what it has.
            on_epoch: called with the epoch, training and validation loss.
            warm: weights to start from, as `to_bytes` of a model of this family with the same elements,
                properties and network gives them. Conditions are standardised by the new rows.

        Raises:
            InputError: for arrays that do not fit, rows outside the space, an unknown device, or warm weights
                of something else.
        """
        started = time.perf_counter()
        rows = self.codec.check_points(points)
        values = self.codec.check_conditions(conditions, len(rows))
        check_seed(seed)
        where = resolve_device(device, self.settings.precision)
        tensors = None if warm is None else self._warm_tensors(warm)
        self.network, self.scale = None, ConditionScale.of(values)
        task = TrainingTask(rows, values, self.scale, int(seed), where, on_epoch, tensors)
        with torch_threads(threads):
            candidates = [self._train(task)]
            while candidates[-1].collapsed and len(candidates) <= self.settings.retries:
                candidates.append(self._train(task.again(len(candidates))))
        kept = max(candidates, key=lambda candidate: candidate.unique)
        self._network().load_state_dict(kept.state)
        seconds = time.perf_counter() - started
        return report_of(self.name, len(rows), str(where), seconds, kept, len(candidates))

    def _warm_tensors(self, content: bytes) -> dict[str, Tensor]:
        """Weights of another model, refused where they do not fit this one."""
        tensors, document = weights.unpack(content)
        space, mine = document.get("space", {}), weights.space_to_json(self.space)
        pairs = {
            "family": (document["family"], self.name),
            "elements": (list(space.get("elements", [])), mine["elements"]),
            "variables": (space.get("variables"), mine.get("variables")),
            "properties": (list(document.get("properties", [])), list(self.properties)),
        }
        for what, (got, wanted) in pairs.items():
            if got != wanted:
                raise InputError(f"the warm weights have the {what} {got}, this generator has {wanted}; leave them out")
        shapes = {name: value.shape for name, value in tensors.items()}
        own = {name: value.shape for name, value in self.build(torch.Generator().manual_seed(0)).state_dict().items()}
        if shapes != own:
            names = sorted(name for name in shapes.keys() | own.keys() if shapes.get(name) != own.get(name))
            raise InputError(f"the warm weights are of another network ({', '.join(names[:4])} differ); leave them out")
        return tensors

    def _train(self, task: TrainingTask) -> TrainedCandidate:
        """One training from the task's seed; leaves its network, on the CPU, in ``self.network``."""
        run = TrainingRun(self, task)
        log = run.run()
        self.network = run.network
        which = np.arange(PROBE) % len(task.values)
        probe = self.sample(task.values[which], seed=task.seed)
        unique = len(np.unique(probe.points, axis=0)) / PROBE
        collapsed = unique < 0.5 * self._unique_of_random(task.seed)
        state = {name: value.clone() for name, value in run.network.state_dict().items()}
        note = "" if task.warm is None else "started from warm weights"
        spread = spread_of(self.space, task.rows[which], probe.points)
        return TrainedCandidate(log, state, unique, probe.first_draw_valid, collapsed, note, spread)

    def _network(self) -> Network:
        if self.network is None or self.scale is None:
            raise InputError(f"this {self.name} generator is not trained; call fit or load weights first")
        return self.network

    def _unique_of_random(self, seed: int) -> float:
        """Distinct share among random compositions of the space; 0, which disarms the guard, if there are none."""
        try:
            rows = self.space.sample(PROBE, np.random.default_rng(seed))
        except InputError:
            return 0.0
        return len(np.unique(rows, axis=0)) / PROBE

    # -- sampling ----------------------------------------------------------------------------------

    def sample(self, conditions: Floats, *, seed: int) -> Samples:
        """Draws one composition for each condition; every one returned lies in the space.

        In a narrow space, such as one with rules, a draw is moved into it (`AlloySpace.settled`). In others, a draw
        that left the space is drawn again, `ROUNDS` times with growing numbers: the samples follow the model's
        distribution restricted to the space. A condition none of whose draws lies in the space is left out and counted
        in the note. Conditions are held within `codec.REACH` standard deviations of the training rows.

        Args:
            conditions: shape ``(m, p)`` in the properties' own units, NaN where nothing is asked.
            seed: of the draws; not negative.

        Raises:
            InputError: if the generator is not trained or the conditions do not fit.
        """
        network = self._network()
        asked = self.codec.check_conditions(conditions)
        check_seed(seed)
        scale = self.scale if self.scale is not None else ConditionScale.of(asked)
        device = next(network.parameters()).device
        values, known = (part.to(device) for part in self.codec.standardise(asked, scale))
        # on the CPU float32 is no slower for small networks
        precision = self.settings.precision if device.type == "cuda" else "float32"
        rng = torch.Generator().manual_seed(seed)
        points = np.zeros((len(asked), self.space.dimension), dtype=np.int64)
        open_rows = np.arange(len(asked))
        first, draws = 1.0, 0
        for turn in range(ROUNDS):
            if not len(open_rows):
                break
            tries = np.repeat(open_rows, min(2**turn, 32))
            with torch.no_grad(), arithmetic(precision, device):
                drawn = self.space.settled(self.codec.decode(*self._drawn(network, values[tries], known[tries], rng)))
            draws += len(tries)
            good = self.space.contains(drawn)
            if turn == 0:
                first = float(good.mean())
            filled, at = np.unique(tries[good], return_index=True)
            points[filled] = drawn[good][at]
            open_rows = np.setdiff1d(open_rows, filled)
        rows = np.setdiff1d(np.arange(len(asked)), open_rows)
        return Samples(points[rows], rows, first, self._sampling_note(asked, scale, len(open_rows)), draws)

    def _drawn(self, network: Network, values: Tensor, known: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """As `draw`, but for weights of a strange file, whose matrices may be singular."""
        try:
            return self.draw(network, values, known, rng)
        except torch.linalg.LinAlgError as error:  # type: ignore[attr-defined,unused-ignore]
            raise InputError(f"the weights of this {self.name} generator draw nothing: {error}; train again") from error

    def to(self, device: str) -> Self:
        """Moves a trained network to a device, where it draws from then on; returns the generator.

        Raises:
            InputError: if the generator is not trained or there is no such device.
        """
        self._network().to(resolve_device(device, self.settings.precision))
        return self

    def _sampling_note(self, asked: Floats, scale: ConditionScale, unfilled: int) -> str:
        notes = []
        if unfilled:
            notes.append(f"{unfilled} of {len(asked)} conditions gave no composition in the space")
        ignored = ~np.isnan(asked).all(axis=0) & ~scale.usable
        if ignored.any():
            names = ", ".join(self.properties[i] for i in np.flatnonzero(ignored))
            notes.append(f"ignored, because training knew no or one value of it: {names}")
        return "; ".join(notes)

    # -- travel ------------------------------------------------------------------------------------

    def to_bytes(self) -> bytes:
        """Weights, space, properties, scale and settings in one piece of safetensors.

        Raises:
            InputError: if the generator is not trained.
        """
        network = self._network()
        scale = self.scale.to_json() if self.scale is not None else {}
        document = {
            "family": self.name,
            "space": weights.space_to_json(self.space),
            "properties": list(self.properties),
            "settings": self.settings.to_json(),
            "scale": scale,
        }
        return weights.pack(network.state_dict(), document)

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """The generator that `to_bytes` wrote.

        Raises:
            InputError: for anything else, another family's weights, or a damaged copy.
        """
        tensors, document = weights.unpack(content)
        if document["family"] != cls.family.name:
            raise InputError(f"these are weights of the family {document['family']!r}, not {cls.family.name!r}")
        try:
            space = weights.space_from_json(document["space"])
            model = cls(space, document["properties"], document["settings"])
            model.scale = ConditionScale.from_json(document["scale"], len(model.properties))
            network = model.build(torch.Generator().manual_seed(0))
            network.load_state_dict(tensors)
        except (KeyError, TypeError, RuntimeError) as error:
            raise InputError(f"the weights do not fit their description: {error}") from error
        model.network = network.eval()
        return model

    def digest(self) -> str:
        """sha256 of `to_bytes`."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    def save(self, folder: Path) -> Path:
        """Writes ``<digest>.safetensors`` into the folder and returns its path.

        Raises:
            InputError: if the generator is not trained.
        """
        return weights.write_file(folder, self.to_bytes())


def check_seed(seed: int) -> None:
    """Refuses seeds that are not whole numbers from 0 on.

    Raises:
        InputError: for those.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed < 2**63:
        raise InputError(f"the seed must be a whole number from 0 on, got {seed!r}")
