"""What training is made of: a step down a gradient, averaged weights, arithmetic, devices and threads."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from alloys.errors import InputError
from generators.training.codec import EncodedRows

Update = Callable[[EncodedRows, torch.Generator, float], float]
"""Learns from a batch, with random numbers and the progress from 0 to 1; the loss, NaN where it failed."""


def descend(optimizer: torch.optim.Optimizer, loss: Tensor, parameters: list[nn.Parameter], clip: float) -> bool:
    """One step down, its gradient's norm held to ``clip``; does nothing and says False where that is not finite."""
    optimizer.zero_grad(set_to_none=True)
    with arithmetic("float32", loss.device):
        loss.backward()  # type: ignore[no-untyped-call,unused-ignore]
        norm = nn.utils.clip_grad_norm_(parameters, clip)
        if not math.isfinite(float(norm)):
            return False
        optimizer.step()
    return True


def arithmetic(precision: str, device: torch.device) -> torch.autocast:
    """The arithmetic of a block: ``bf16`` has matrix products in bfloat16, ``float32`` has none, also inside the other.

    Weights change within the block, so no copy of them in the shorter type is kept.
    """
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16", cache_enabled=False)


class AveragedWeights:
    """A running average of a network's weights, in a copy of it; the network itself where the decay is 0.

    Early on fewer of the earlier weights count: after ``k`` steps the present has the weight ``1 - min(decay, k / (10 +
    k))``.

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
        """Takes in the present weights."""
        if not self.decay:
            return
        self.steps += 1
        share = 1 - min(self.decay, self.steps / (10 + self.steps))
        with torch.no_grad():
            for mean, present in zip(self.network.parameters(), self.source.parameters(), strict=True):
                mean.lerp_(present, share)


def resolve_device(name: str, precision: str = "float32") -> torch.device:
    """The device of that name; ``auto`` is a GPU where there is one.

    Raises:
        InputError: for an unknown name, CUDA where there is none, or a GPU without the precision.
    """
    device = _device_of(name)
    if precision == "bf16" and device.type == "cuda" and not torch.cuda.is_bf16_supported():
        raise InputError(f"the GPU {str(device)!r} has no bf16; set the generator's precision to float32")
    return device


def _device_of(name: str) -> torch.device:
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
