"""A made-up table of alloys with papers and years, whose hardness follows from the elements."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

ELEMENTS = ("Cr", "Mo", "Nb", "Ta", "Ti", "W")
HARD = np.array([3.0, 5.0, 2.0, 2.5, 1.5, 6.0])


@pytest.fixture(scope="session")
def alloys_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """70 rows of 3 of the elements: formula, hardness, doi, year; the last repeats the first in a later paper."""
    rng = np.random.default_rng(7)
    lines = []
    for i in range(69):
        chosen = rng.choice(len(ELEMENTS), 3, replace=False)
        amounts = rng.integers(1, 9, 3)
        hardness = HARD[chosen] @ amounts / amounts.sum() * 100 + rng.normal(0, 5)
        formula = " ".join(f"{ELEMENTS[k]}{a}" for k, a in zip(chosen, amounts, strict=True))
        lines.append(f"{formula},{hardness:.1f},10.1/{i // 4},{2000 + i // 14}")
    lines.append(",".join([*lines[0].split(",")[:2], "10.1/later", "2010"]))
    path = tmp_path_factory.mktemp("trials") / "alloys.csv"
    path.write_text("\n".join(["formula,hardness,doi,year", *lines]) + "\n", encoding="utf-8")
    return path
