"""Seeds of what is drawn by chance, each from the campaign's own."""

from __future__ import annotations

import numpy as np

_PURPOSES = ("design", "training", "targets", "sampling", "random", "ranking", "shares", "fidelity")


def seed_for(seed: int, iteration: int, purpose: str) -> int:
    """An independent seed for one purpose of one iteration."""
    sequence = np.random.SeedSequence([seed, iteration, _PURPOSES.index(purpose)])
    return int(sequence.generate_state(1, dtype=np.uint32)[0])
