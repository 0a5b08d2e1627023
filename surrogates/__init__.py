"""Gaussian processes, acquisition and screening of large candidate pools.

Tensors live inside this room only: `Surrogate`, `choose_batch`, `hypervolume` and `pareto_mask` take and return
numpy.
"""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    # linear_operator (under GPyTorch and BoTorch) still decorates with torch.jit.script, which torch 2.9 and later
    # deprecate; it warns once, while it is imported, and nothing here can act on it.
    warnings.filterwarnings("ignore", message=r".*torch\.jit\.script.*", category=DeprecationWarning)
    import linear_operator  # noqa: F401
