"""Conclusions in plain sentences, each computed from the numbers of a picture."""

from __future__ import annotations

from collections.abc import Sequence

from alloys.properties import PROPERTIES
from loop.review.figures.words import number, unit


def plain(name: str) -> str:
    """A property's name in words."""
    return name.replace("_", " ")


def in_unit(name: str, *values: float, digits: int = 3) -> str:
    """Values of a property with its unit: 27 to 212 GPa."""
    known = unit(PROPERTIES[name].unit) if name in PROPERTIES else ""
    return f"{' to '.join(number(value, digits) for value in values)} {known}".strip()


def percent(share: float) -> str:
    """A share as a percentage: 24 %."""
    return f"{100 * share:.0f} %"


def listed(words: Sequence[str]) -> str:
    """Words behind each other; none where there are none."""
    return ", ".join(words) or "none"
