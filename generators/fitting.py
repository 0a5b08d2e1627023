"""The epochs of a training: early stopping, divergence, and the last good weights."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from alloys.errors import InputError
from generators.base import OnEpoch

BEYOND = 1e6
"""A loss larger than this is called diverged."""


@dataclass(frozen=True, slots=True)
class EpochLog:
    """What the epochs gave; losses by epoch, the kept epoch (-1 for none) and whether training diverged."""

    train: tuple[float, ...]
    validation: tuple[float, ...]
    best: int
    diverged: bool


def run_epochs(
    network: nn.Module,
    step: Callable[[int], float],
    check: Callable[[], float],
    *,
    epochs: int,
    patience: int,
    on_epoch: OnEpoch | None = None,
    judged: nn.Module | None = None,
) -> EpochLog:
    """Trains until patience or epochs run out and leaves the weights of the best epoch in the network.

    Args:
        network: holds the weights; those it comes with are the fallback where no epoch is good.
        step: runs the epoch of that number and returns its mean training loss.
        check: the validation loss of the present weights.
        epochs: largest number of epochs.
        patience: epochs without improvement before stopping.
        on_epoch: called after each good epoch.
        judged: whose weights ``check`` looks at and which are kept, a running average of the network's for
            example; None for the network itself.
    """
    source = network if judged is None else judged
    train: list[float] = []
    validation: list[float] = []
    best, best_loss, kept, diverged = -1, math.inf, _copy(source), False
    for epoch in range(epochs):
        loss = step(epoch)
        value = check() if _sane(loss) else math.nan
        if not (_sane(loss) and _sane(value)):
            diverged = True
            break
        train.append(loss)
        validation.append(value)
        if value < best_loss:
            best, best_loss, kept = epoch, value, _copy(source)
        if on_epoch is not None:
            on_epoch(epoch, loss, value)
        if epoch - best >= patience:
            break
    network.load_state_dict(kept)
    return EpochLog(tuple(train), tuple(validation), best, diverged)


def descend(optimizer: torch.optim.Optimizer, loss: Tensor, parameters: list[nn.Parameter], clip: float) -> bool:
    """One step down, its gradient's norm held to ``clip``; does nothing and says False where that is not finite."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call,unused-ignore]
    norm = nn.utils.clip_grad_norm_(parameters, clip)
    if not math.isfinite(float(norm)):
        return False
    optimizer.step()
    return True


class Average:
    """A running average of a network's weights, in a copy of it; the network itself where the decay is 0.

    References:
        Polyak, B. T. & Juditsky, A. B. (1992). Acceleration of stochastic approximation by averaging. SIAM J.
            Control Optim. 30, 838.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.source = network
        self.decay = decay
        self.network = copy.deepcopy(network) if decay else network
        self.steps = 0

    def follow(self) -> None:
        """Takes in the present weights; early on fewer of the earlier ones count."""
        if not self.decay:
            return
        self.steps += 1
        share = 1 - min(self.decay, self.steps / (10 + self.steps))
        with torch.no_grad():
            for mean, present in zip(self.network.parameters(), self.source.parameters(), strict=True):
                mean.lerp_(present, share)


def resolve_device(name: str) -> torch.device:
    """The device of that name; ``auto`` is a GPU where there is one.

    Raises:
        InputError: for an unknown name, or CUDA where there is none.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise InputError(f"unknown device {name!r}; available are auto, cpu, cuda") from None
    if device.type not in {"cpu", "cuda"}:
        raise InputError(f"unknown device {name!r}; available are auto, cpu, cuda")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise InputError(f"there is no device {name!r} here; use auto or cpu")
    return device


@contextmanager
def torch_threads(count: int | None) -> Iterator[None]:
    """Holds torch to that many threads inside the block; None leaves it alone.

    Raises:
        InputError: for fewer than one.
    """
    if count is None:
        yield
        return
    if count < 1:
        raise InputError(f"threads must be at least 1, got {count}")
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _sane(loss: float) -> bool:
    return math.isfinite(loss) and abs(loss) <= BEYOND


def _copy(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in network.state_dict().items()}
