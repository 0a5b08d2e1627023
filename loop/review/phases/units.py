"""Temperatures as people read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

ZERO_C = 273.15


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
        return kelvin - ZERO_C if self.celsius else kelvin
