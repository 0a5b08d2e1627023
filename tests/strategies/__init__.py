"""Hypothesis strategies for the project's own words."""

from __future__ import annotations

from hypothesis import strategies as st

from alloys.composition import Composition
from alloys.space import AlloySpace

PALETTE = ("Cr", "Hf", "Mo", "Nb", "Ta", "Ti", "V", "W", "Zr")


@st.composite
def compositions(draw: st.DrawFn, palette: tuple[str, ...] = PALETTE) -> Composition:
    """Any composition of up to six elements of the palette."""
    chosen = draw(st.lists(st.sampled_from(palette), min_size=1, max_size=6, unique=True))
    amounts = draw(st.lists(st.integers(1, 1000), min_size=len(chosen), max_size=len(chosen)))
    return Composition.from_amounts(dict(zip(chosen, amounts, strict=True)))


@st.composite
def spaces(draw: st.DrawFn) -> AlloySpace:
    """Small spaces that hold something."""
    elements = draw(st.lists(st.sampled_from(PALETTE), min_size=3, max_size=9, unique=True))
    fewest = draw(st.integers(2, 3))
    most = draw(st.integers(fewest, min(6, len(elements))))
    lower = draw(st.sampled_from([0.02, 0.05, 0.1]))
    return AlloySpace.build(elements, lower=lower, upper=draw(st.sampled_from([0.6, 0.8])), count=(fewest, most))
