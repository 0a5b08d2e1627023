"""A training signal beside the likelihood: what a decoder emits should have the properties it was asked for.

The rows themselves say what a composition's properties are: a mixture model (`generators.training.forward`) is fitted
to them before training, in standardised units, and the squared difference between its answer for an emission and the
condition is added to the loss. Nothing but the labelled rows is used. A property that the rows do not determine well is
not pressed; nor is one that depends on variables beside the composition, which the rule does not see.

References:
    Odena, A., Olah, C. & Shlens, J. (2017). Conditional image synthesis with auxiliary classifier GANs. ICML. An
        auxiliary model's answer for what is generated, as a term of the loss; here a regression fitted beforehand.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from generators.training.codec import Codec, EncodedRows
from generators.training.forward import FEWEST, MixtureModel

ROWS = 4096
"""Rows of the pool that the rule is fitted to; the original ones come first."""

TRUSTED = 0.9
"""Least share of a property's variance that must be explained for rows unseen."""


class MixtureRule(nn.Module):
    """Standardised properties of relaxed compositions; its buffers do not travel with the weights."""

    linear: Tensor
    products: Tensor
    trust: Tensor

    def __init__(self, codec: Codec) -> None:
        super().__init__()
        d, p = len(codec.space.elements), len(codec.properties)
        self.codec = codec
        shapes = {"linear": (p, d), "products": (p, d, d), "trust": (p,)}
        for name, shape in shapes.items():
            self.register_buffer(name, torch.zeros(shape, dtype=torch.float32), persistent=False)

    def fit(self, pool: EncodedRows, rows: int) -> None:
        """Fits to the first rows of a pool; a property that is hardly known or not trusted is left out.

        Args:
            pool: rows, then their copies.
            rows: how many are no copies: these alone say whether a property is trusted, because a row left out
                would be seen in its copies.
        """
        some = EncodedRows(*(part[:ROWS].cpu() for part in (pool.presence, pool.amounts, pool.values, pool.known)))
        fractions = self.cpu_fractions(some)
        for k in range(len(self.trust)):
            known = some.known[:, k].numpy() > 0
            values = some.values[:, k].numpy().astype(np.float64)[known]
            first = values[: int(known[:rows].sum())]
            if len(first) < FEWEST or np.ptp(first) == 0:
                continue
            if MixtureModel(fractions[:rows][known[:rows]], first[:, None]).explained[0] < TRUSTED:
                continue
            model = MixtureModel(fractions[known], values[:, None])
            self.linear[k] = torch.from_numpy(model.linear[0])
            self.products[k] = torch.from_numpy(model.products[0])
            self.trust[k] = 1.0

    def cpu_fractions(self, rows: EncodedRows) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        """Atomic fractions of rows, shape ``(n, d)``, wherever the rule lies."""
        return self.codec.relaxed_fractions(rows.presence, rows.amounts).numpy().astype(np.float64)

    def error(self, presence: Tensor, amounts: Tensor, values: Tensor, known: Tensor) -> Tensor:
        """Squared misses of the conditions, standardised, summed over the trusted known ones, shape ``(n,)``."""
        x = self.codec.relaxed_fractions(presence, amounts)
        answer = x @ self.linear.T + torch.einsum("ni,kij,nj->nk", x, self.products, x)
        return ((answer - values) ** 2 * known * self.trust).sum(dim=1)
