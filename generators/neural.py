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
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor, nn

from alloys.errors import InputError
from alloys.space import Floats, Space, Units
from generators import weights
from generators.augmentation import augment
from generators.base import OnEpoch, Samples, TrainingReport
from generators.codec import Batch, Codec, Scale
from generators.fitting import EpochLog, descend, resolve_device, run_epochs, torch_threads
from generators.settings import TrainingSettings

ROUNDS = 12
"""Rounds of drawing again for conditions whose draws left the space; a round draws more often than the last."""

HELD_OUT_FROM = 40
"""With fewer rows none is held out."""

CLIP = 5.0
"""Largest norm of a gradient."""

PROBE = 256
"""Samples that the guard against collapse looks at."""


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One training and what its samples look like."""

    log: EpochLog
    state: dict[str, Tensor]
    unique: float
    valid: float
    collapsed: bool


class NeuralGenerator(ABC):
    """A `generators.base.Generator` whose distribution is a torch module."""

    family: ClassVar[str]
    settings_class: ClassVar[type[TrainingSettings]]

    def __init__(
        self,
        space: Space,
        properties: Sequence[str],
        settings: TrainingSettings | Mapping[str, Any] | None = None,
    ) -> None:
        """An untrained generator.

        Args:
            space: the compositions it may draw.
            properties: names of the conditions' columns, in order.
            settings: the family's settings, or values that differ from the defaults.

        Raises:
            InputError: for settings out of range or of another family, or repeated properties.
        """
        kind = self.settings_class
        if isinstance(settings, TrainingSettings):
            if type(settings) is not kind:
                raise InputError(f"the family {self.family} takes {kind.__name__}, got {type(settings).__name__}")
            self.settings = settings
        else:
            self.settings = kind.from_mapping(settings or {})
        self.codec = Codec(space, properties)
        self.network: nn.Module | None = None
        self.scale: Scale | None = None

    @property
    def name(self) -> str:
        """The family's name."""
        return self.family

    @property
    def space(self) -> Space:
        """The space whose compositions it draws."""
        return self.codec.space

    @property
    def properties(self) -> tuple[str, ...]:
        """Names of the conditions' columns."""
        return self.codec.properties

    # -- what a family gives -----------------------------------------------------------------------

    @abstractmethod
    def build(self, rng: torch.Generator) -> nn.Module:
        """An untrained network in float32 whose weights are drawn from ``rng``."""

    @abstractmethod
    def loss(self, network: nn.Module, batch: Batch, rng: torch.Generator, progress: float) -> Tensor:
        """Mean loss of a batch, a scalar; ``progress`` through training runs from 0 to 1."""

    @abstractmethod
    def draw(self, network: nn.Module, values: Tensor, known: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Presence and log-ratios, ``(m, d)`` each, under conditions and what of them is known, ``(m, p)``."""

    # -- training ----------------------------------------------------------------------------------

    def fit(
        self,
        units: Units,
        conditions: Floats,
        *,
        seed: int,
        device: str = "cpu",
        threads: int | None = None,
        on_epoch: OnEpoch | None = None,
    ) -> TrainingReport:
        """Trains anew; the same seed and rows give the same weights on the CPU, bit by bit.

        Rows are augmented by copies with amounts moved and elements replaced (`augmentation.augment`).
        Known properties are hidden at random, so any subset may be asked for later. If a loss or gradient
        is not finite, the best weights so far are kept and the report says so. If the samples repeat far
        more than random compositions do, training is repeated from another seed, and the better one is kept.

        Args:
            units: compositions, shape ``(n, d)``, each in the space.
            conditions: their properties, shape ``(n, p)``, NaN where unknown.
            seed: of all randomness; not negative.
            device: ``cpu``, ``cuda`` or ``auto``.
            threads: threads for torch during training; None for what it has.
            on_epoch: called with the epoch, training and validation loss.

        Raises:
            InputError: for arrays that do not fit, rows outside the space, or an unknown device.
        """
        started = time.perf_counter()
        self.network = None
        rows = self.codec.check_units(units)
        values = self.codec.check_conditions(conditions, len(rows))
        check_seed(seed)
        where = resolve_device(device)
        self.scale = Scale.of(values)
        with torch_threads(threads):
            attempts = [self._attempt(rows, values, seed, where, on_epoch)]
            while attempts[-1].collapsed and len(attempts) <= self.settings.retries:
                attempts.append(self._attempt(rows, values, seed + len(attempts), where, on_epoch))
        kept = max(attempts, key=lambda attempt: attempt.unique)
        self._network().load_state_dict(kept.state)
        seconds = time.perf_counter() - started
        return _report(self.family, len(rows), str(where), seconds, kept, len(attempts))

    def _attempt(
        self, rows: Units, values: Floats, seed: int, device: torch.device, on_epoch: OnEpoch | None
    ) -> _Attempt:
        """One training from one seed; leaves its network, on the CPU, in ``self.network``."""
        rng = torch.Generator().manual_seed(seed)
        network = self.build(rng).to(device)
        log = self._epochs(network, rows, values, rng, device, on_epoch)
        network = network.cpu().eval()
        self.network = network
        asked = values[np.arange(PROBE) % len(values)]
        probe = self.sample(asked, seed=seed)
        unique = len(np.unique(probe.units, axis=0)) / PROBE
        collapsed = unique < 0.5 * self._unique_of_random(seed)
        state = {name: value.clone() for name, value in network.state_dict().items()}
        return _Attempt(log, state, unique, probe.first_draw_valid, collapsed)

    def _epochs(
        self,
        network: nn.Module,
        rows: Units,
        values: Floats,
        rng: torch.Generator,
        device: torch.device,
        on_epoch: OnEpoch | None,
    ) -> EpochLog:
        s = self.settings
        order = torch.randperm(len(rows), generator=rng).numpy()
        held = round(s.validation_share * len(rows)) if len(rows) >= HELD_OUT_FROM else 0
        learn, test = order[held:], order[:held] if held else order
        spread = np.random.default_rng(int(torch.randint(2**31, (1,), generator=rng)))
        pool = self._encode(*augment(self.space, rows[learn], values[learn], s, spread))
        layers = len(pool.presence) // len(learn)
        repeats = np.tile(test, max(1, min(8, 256 // len(test))))
        checks = self._encode(rows[repeats], values[repeats])
        parameters = list(network.parameters())
        optimizer = torch.optim.AdamW(parameters, lr=s.learning_rate, weight_decay=s.weight_decay, fused=True)

        def step(epoch: int) -> float:
            network.train()
            chosen = torch.randint(layers, (len(learn),), generator=rng) * len(learn)
            chosen = (chosen + torch.arange(len(learn)))[torch.randperm(len(learn), generator=rng)]
            total = 0.0
            for part in torch.split(chosen, s.batch_size):
                batch = pool.take(part).hide(s.mask_probability, rng).to(device)
                loss = self.loss(network, batch, rng, epoch / s.epochs)
                value = float(loss.detach())
                if not (math.isfinite(value) and descend(optimizer, loss, parameters, CLIP)):
                    return math.nan
                total += value * len(part)
            return total / len(learn)

        def check() -> float:
            network.eval()
            noise = torch.Generator().manual_seed(1)
            with torch.no_grad():
                batch = checks.hide(s.mask_probability, noise).to(device)
                return float(self.loss(network, batch, noise, 1.0))

        return run_epochs(network, step, check, epochs=s.epochs, patience=s.patience, on_epoch=on_epoch)

    def _encode(self, rows: Units, values: Floats) -> Batch:
        if self.scale is None:
            raise InputError(f"this {self.family} generator is not trained; call fit or load weights first")
        return self.codec.encode(rows, values, self.scale)

    def _network(self) -> nn.Module:
        if self.network is None or self.scale is None:
            raise InputError(f"this {self.family} generator is not trained; call fit or load weights first")
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

        A draw that left the space is drawn again, `ROUNDS` times with growing numbers: the samples follow
        the model's distribution restricted to the space. A condition none of whose draws lies in the space
        is left out and counted in the note. Conditions are held within `codec.REACH` standard deviations of
        the training rows.

        Args:
            conditions: shape ``(m, p)`` in the properties' own units, NaN where nothing is asked.
            seed: of the draws; not negative.

        Raises:
            InputError: if the generator is not trained or the conditions do not fit.
        """
        network = self._network()
        asked = self.codec.check_conditions(conditions)
        check_seed(seed)
        scale = self.scale if self.scale is not None else Scale.of(asked)
        values, known = self.codec.standardise(asked, scale)
        rng = torch.Generator().manual_seed(seed)
        units = np.zeros((len(asked), self.space.dimension), dtype=np.int64)
        open_rows = np.arange(len(asked))
        first = 1.0
        for turn in range(ROUNDS):
            if not len(open_rows):
                break
            tries = np.repeat(open_rows, min(2**turn, 32))
            with torch.no_grad():
                drawn = self.codec.decode(*self.draw(network, values[tries], known[tries], rng))
            good = self.space.contains(drawn)
            if turn == 0:
                first = float(good.mean())
            filled, at = np.unique(tries[good], return_index=True)
            units[filled] = drawn[good][at]
            open_rows = np.setdiff1d(open_rows, filled)
        rows = np.setdiff1d(np.arange(len(asked)), open_rows)
        return Samples(units[rows], rows, first, self._sampling_note(asked, scale, len(open_rows)))

    def _sampling_note(self, asked: Floats, scale: Scale, unfilled: int) -> str:
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
            "family": self.family,
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
        if document["family"] != cls.family:
            raise InputError(f"these are weights of the family {document['family']!r}, not {cls.family!r}")
        try:
            space = weights.space_from_json(document["space"])
            model = cls(space, document["properties"], document["settings"])
            model.scale = Scale.from_json(document["scale"], len(model.properties))
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


def _report(family: str, rows: int, device: str, seconds: float, kept: _Attempt, attempts: int) -> TrainingReport:
    return TrainingReport(
        family=family,
        rows=rows,
        train_losses=kept.log.train,
        validation_losses=kept.log.validation,
        best_epoch=kept.log.best,
        seconds=seconds,
        device=device,
        diverged=kept.log.diverged,
        collapsed=kept.collapsed,
        unique_share=kept.unique,
        valid_share=kept.valid,
        note=_note(kept, attempts),
    )


def _note(kept: _Attempt, attempts: int) -> str:
    notes = []
    if kept.log.diverged:
        weights_of = "the untrained weights" if kept.log.best < 0 else f"the weights of epoch {kept.log.best}"
        notes.append(f"training diverged after {len(kept.log.train)} good epochs; fell back to {weights_of}")
    if attempts > 1:
        notes.append(f"trained {attempts} times because samples repeated; kept the most diverse")
    if kept.collapsed:
        notes.append(f"collapsed: only {kept.unique:.0%} of {PROBE} samples are distinct")
    return "; ".join(notes)
