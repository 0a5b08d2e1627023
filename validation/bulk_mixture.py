"""A validator of one's own: the bulk modulus of an alloy from those of its elements."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from alloys.design import Design
from alloys.errors import InputError
from alloys.records import Failed, FailureKind, Measured, Verdict, quantities
from validation.base import Description

# GPa, at room temperature. C. Kittel, Introduction to Solid State Physics, 8th ed. (2005), chapter 3, table 3.
BULK_MODULUS = {
    "Cr": 190.1, "Hf": 109.0, "Mo": 272.5, "Nb": 170.2, "Ta": 200.0, "Ti": 105.1, "V": 161.9, "W": 323.2, "Zr": 83.3,
}  # fmt: skip
MIXING = ("voigt", "reuss", "hill")


class BulkMixture:
    """Mixes by mole: ``voigt`` takes the arithmetic mean, ``reuss`` the harmonic one, ``hill`` the mean of both."""

    name = "bulk_mixture"
    properties = ("bulk_modulus",)

    def __init__(self, settings: Mapping[str, Any]) -> None:
        """Reads the settings, of which there is one.

        Raises:
            InputError: for another setting, or a value that it cannot have.
        """
        self.mixing = settings.get("mixing", "hill")
        if set(settings) - {"mixing"} or self.mixing not in MIXING:
            raise InputError(f"bulk_mixture has one setting, mixing: {', '.join(MIXING)}; got {dict(settings)}")

    @property
    def description(self) -> Description:
        """What people read, and what decides the answers: raise the version when the same alloy gets another."""
        units = {"bulk_modulus": "GPa"}
        return Description(self.name, units, "rule of mixtures", 1e-4, version="1", settings={"mixing": self.mixing})

    @property
    def fingerprint(self) -> str:
        """Enters the key of every job: two validators with one fingerprint give the same answers."""
        return self.description.digest()

    @property
    def portable_settings(self) -> dict[str, Any]:
        """Settings from which a worker on another machine makes the same validator."""
        return {"mixing": self.mixing}

    def check(self, elements: Iterable[str]) -> None:
        """Refuses elements without a value, before a campaign begins.

        Raises:
            InputError: naming them.
        """
        lacking = sorted(set(elements) - set(BULK_MODULUS))
        if lacking:
            raise InputError(f"bulk_mixture has no bulk modulus of {', '.join(lacking)}")

    def validate(self, design: Design) -> Verdict:
        """The answer for one design, or why there is none; what an alloy does is never raised."""
        start = time.perf_counter()
        try:
            self.check(design.composition.elements)
        except InputError as error:
            return Failed(FailureKind.SUSPECT, str(error), time.perf_counter() - start)
        parts = [(share, BULK_MODULUS[symbol]) for symbol, share in design.composition.fractions().items()]
        voigt = sum(share * modulus for share, modulus in parts)
        reuss = 1.0 / sum(share / modulus for share, modulus in parts)
        value = {"voigt": voigt, "reuss": reuss, "hill": (voigt + reuss) / 2.0}[self.mixing]
        return Measured(quantities({"bulk_modulus": value}), time.perf_counter() - start)


VALIDATOR = BulkMixture
