"""What the papers print, each number with its place, and a check of tung-2022's axis labels.

References:
    Debnath, A. et al. (2021). Generative deep learning as a tool for inverse design of high entropy refractory alloys.
        J. Mater. Inf. 1, 3.
    Tung, Y. C., Debnath, A. & Reinhart, W. F. (2022). Evaluating generative models for inverse design of high-entropy
        refractory alloys.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from alloys.space import Floats
from generators.evaluation.protocol import Conditions
from generators.evaluation.table import LabelledAlloys

PAPERS: Mapping[str, tuple[str, ...]] = {
    "tung-2022": ("paper-cae", "paper-cvae", "paper-wcgan"),
    "debnath-2021": ("paper-cgan",),
}
"""The papers that are reproduced, and their models."""

ALLOYS = 529
"""Alloys in the papers' table."""

ELEMENTS = 22
"""Elements in the papers' table."""

PUBLISHED: Mapping[str, Mapping[str, float]] = {
    "paper-cae": {"mape_percent": 10.51, "cosine_percent": 53.44, "real_cosine_percent": 40.46},
    "paper-cvae": {"mape_percent": 2.51, "cosine_percent": 99.95, "real_cosine_percent": 41.36},
    "paper-wcgan": {"mape_percent": 16.51, "cosine_percent": 98.87, "real_cosine_percent": 55.15},
}
"""Tung 2022, Table 1 (the first two) and Table 2, by model and measure. Debnath 2021 prints no such number."""

PLENTY = (40.0, 100.0)
"""Shear moduli, GPa, with "more prevalent training data" (Debnath 2021, figure 5); beyond, "a weaker fit"."""

PAIRS = ((97.53, 15.07), (70.0, 11.0))
"""Pairs that Tung 2022 calls toughness, MPa m^0.5, and shear modulus, GPa.

Section 3.2, its example; and section 4.2, the place on the diagonal where a curve of cosines turns."""

AXES = {"toughness": (60.0, 97.53), "shear modulus": (5.0, 21.0)}
"""Smallest and largest values that Tung 2022's text asks for, in its words and units: sections 3.2, 4.3 and 4.4."""

PATH = (60.0, 15.0)
"""What Tung 2022 asks along its paths between latents, section 4.4: "toughness" and "shear modulus", in its words."""

ROOT_GPA_J_M2 = 1e-6 * 1e9**0.5
"""MPa m^0.5 in the square root of 1 GPa J/m2, the unit that Rice's K has before it is converted."""


@dataclass(frozen=True, slots=True)
class LabelShares:
    """Shares of alloys inside the ranges of `AXES`, as they are labelled and with the labels exchanged.

    Attributes:
        straight: with a shear modulus, GPa, in the range of shear moduli; and with a K, in the square root of GPa J/m2,
            in that of toughness.
        crossed: with a K in the range of shear moduli, and with a shear modulus in that of toughness.
    """

    straight: tuple[float, float]
    crossed: tuple[float, float]

    @classmethod
    def of(cls, values: Floats, axes: Mapping[str, tuple[float, float]] = AXES) -> LabelShares:
        """Shares of alloys with shear moduli, GPa, and Rice's K, MPa m^0.5, shape ``(n, 2)``."""
        modulus, rice = values[:, 0], values[:, 1] / ROOT_GPA_J_M2
        shear, toughness = axes["shear modulus"], axes["toughness"]
        return cls(
            (_inside(modulus, shear), _inside(rice, toughness)), (_inside(rice, shear), _inside(modulus, toughness))
        )

    @property
    def exchanged(self) -> bool:
        """Whether more alloys lie in the ranges with the labels exchanged."""
        return sum(self.crossed) > sum(self.straight)

    def line(self) -> str:
        """What they say of the labels, in words."""
        says = "Its labels look exchanged" if self.exchanged else "Nothing here says that its labels are exchanged"
        modulus, rice, low, high = (f"{100 * share:.0f} %" for share in (*self.straight, *self.crossed))
        return (
            f"{says}: {modulus} of these alloys have a shear modulus in its range of shear moduli and {rice} a K in "
            f"its range of toughness; {low} have a K in the first and {high} a shear modulus in the second."
        )


def _inside(values: Floats, ends: tuple[float, float]) -> float:
    return float(((values >= ends[0]) & (values <= ends[1])).mean())


@dataclass(frozen=True, slots=True)
class AxisCheck:
    """The range of our two properties beside those that tung-2022 prints for the two.

    Attributes:
        modulus: 2.5, 50 and 97.5 percentiles of the shear modulus, GPa, shape ``(3,)``.
        toughness: of Rice's K, in MPa m^0.5, shape ``(3,)``.
        rice: of the same, in the square root of GPa J/m2, shape ``(3,)``.
        on_diagonal: by pair of `PAIRS`, the K, in the square root of GPa J/m2, where the diagonal has the pair's first
            number as its shear modulus in GPa; NaN where the diagonal does not reach.
        shares: of alloys in the ranges that the paper prints, with its labels and with these exchanged.
    """

    modulus: Floats
    toughness: Floats
    rice: Floats
    on_diagonal: tuple[float, ...]
    shares: LabelShares

    @classmethod
    def of(cls, data: LabelledAlloys, diagonal: Conditions) -> AxisCheck:
        """Numbers of a table whose properties are the shear modulus and Rice's K, in that order."""
        modulus, toughness = np.percentile(data.values, [2.5, 50, 97.5], axis=0).T
        along, rice = diagonal.values[:, 0], diagonal.values[:, 1] / ROOT_GPA_J_M2
        met = tuple(float(np.interp(first, along, rice, np.nan, np.nan)) for first, _ in PAIRS)
        return cls(modulus, toughness, toughness / ROOT_GPA_J_M2, met, LabelShares.of(data.values))

    def to_json(self) -> dict[str, Any]:
        """A plain document; a place that the diagonal does not reach is None."""
        named = {"shear_modulus_gpa": self.modulus, "k_mpa_root_m": self.toughness, "k_root_gpa_j_m2": self.rice}
        ranges = {name: [float(f"{value:.4g}") for value in values] for name, values in named.items()}
        met = [
            {"paper": list(pair), "here": float(f"{found:.4g}") if np.isfinite(found) else None}
            for pair, found in zip(PAIRS, self.on_diagonal, strict=True)
        ]
        return {**ranges, "on_diagonal": met, "words": self.lines()}

    def lines(self) -> list[str]:
        """In words."""
        (least, most), (lowest, highest) = AXES["shear modulus"], AXES["toughness"]
        pairs = [
            f"({first:g}, {second:g}), and where our diagonal has a shear modulus of {first:g} GPa, K is {found:.1f}"
            for (first, second), found in zip(PAIRS, self.on_diagonal, strict=True)
        ]
        return [
            f"tung-2022 asks for shear moduli of {least:g} to {most:g} GPa and toughnesses "
            f"of {lowest:g} to {highest:g} MPa m^0.5; 95 % of these alloys have shear moduli of {self.modulus[0]:.0f} "
            f"to {self.modulus[2]:.0f} GPa and Rice's K of {self.toughness[0]:.2f} to {self.toughness[2]:.2f} "
            f"MPa m^0.5, which is {self.rice[0]:.1f} to {self.rice[2]:.1f} in the square root of GPa J/m2.",
            self.shares.line(),
            f"Its pairs of toughness and shear modulus: {'; '.join(pairs)} in that unit.",
        ]
