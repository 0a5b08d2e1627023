"""A physics bundle of one's own: what `generic` knows, and which bulk moduli are expected before any data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from alloyloop_extras.validator import BULK_MODULUS
from alloys.errors import InputError
from alloys.physics.base import Elements, Floats
from alloys.physics.generic import Generic


class Stiff(Generic):
    """The surrogate learns what the arithmetic mean of the elements' bulk moduli misses."""

    name = "stiff"
    prior_std: Mapping[str, float] = {"bulk_modulus": 15.0}  # GPa: so far real alloys lie from that mean

    def check(self, elements: Sequence[str]) -> None:
        """Refuses elements without a bulk modulus.

        Raises:
            InputError: naming them.
        """
        lacking = sorted(set(elements) - set(BULK_MODULUS))
        if lacking:
            raise InputError(f"the physics 'stiff' has no bulk modulus of {', '.join(lacking)}")

    def prior_means(self, elements: Elements, fractions: Floats, described: Floats) -> Mapping[str, Floats]:
        """Expected values by property, each of shape ``(n,)``, GPa, for fractions of shape ``(n, len(elements))``."""
        return {"bulk_modulus": fractions @ np.array([BULK_MODULUS[symbol] for symbol in elements])}


BUNDLE = Stiff()
