"""Layers whose weights and noise come from a given random generator, in float32, never from global state."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn


def linear(n_in: int, n_out: int, rng: torch.Generator, *, bias: bool = True) -> nn.Linear:
    """A linear layer, uniform within ``1/sqrt(n_in)`` as torch does, biases zero."""
    layer = nn.Linear(n_in, n_out, bias=bias, dtype=torch.float32, device="meta").to_empty(device="cpu")
    with torch.no_grad():
        width = 1 / math.sqrt(max(n_in, 1))
        layer.weight.copy_(torch.rand((n_out, n_in), generator=rng, dtype=torch.float32) * 2 * width - width)
        if bias:
            layer.bias.zero_()
    return layer


class WideOutput(nn.Sequential):
    """Layers in a row whose output is at least float32, also where autocast has them compute in a shorter type."""

    def forward(self, input: Tensor) -> Tensor:
        """The output, shape ``(n, n_out)``."""
        output = cast(Tensor, super().forward(input))  # type: ignore[no-untyped-call,unused-ignore]
        return output.to(torch.float32) if output.dtype == torch.bfloat16 else output


def mlp(widths: Sequence[int], rng: torch.Generator) -> nn.Sequential:
    """Linear layers of those widths with SiLU between them."""
    layers: list[nn.Module] = []
    for n_in, n_out in itertools.pairwise(widths):
        layers += [linear(n_in, n_out, rng), nn.SiLU()]
    return WideOutput(*layers[:-1])


def normal(shape: Sequence[int], rng: torch.Generator, device: torch.device) -> Tensor:
    """Standard normal numbers of a shape, drawn on the CPU so that a device does not change them."""
    return torch.randn(tuple(shape), generator=rng, dtype=torch.float32).to(device)
