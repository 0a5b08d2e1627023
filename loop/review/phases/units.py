"""Temperatures as people read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from alloys.units import ZERO_CELSIUS_K


@dataclass(frozen=True, slots=True)
class Degrees:
    """A scale of temperature: °C or K."""

    celsius: bool

    @property
    def unit(self) -> str:
        """Its symbol."""
        return "°C" if self.celsius else "K"

    def of(self, kelvin: Any) -> Any:
        """Temperatures in K on this scale."""
        return kelvin - ZERO_CELSIUS_K if self.celsius else kelvin
