"""Made-up tables of refractory alloys, as users bring them to a reproduction."""

from __future__ import annotations

from pathlib import Path

import numpy as np

REFRACTORY = ("Cr", "Hf", "Mo", "Nb", "Re", "Ta", "Ti", "V", "W", "Zr")
OTHERS = ("Al", "Co", "Fe", "Ni")


def refractory_formulas(count: int, others: int = 0, seed: int = 2022) -> list[str]:
    """So many refractory alloys of three to five elements, and others with less than 70 at.% of such elements."""
    rng = np.random.default_rng(seed)

    def formula(pool: tuple[str, ...]) -> str:
        chosen = rng.choice(pool, int(rng.integers(3, min(6, len(pool) + 1))), replace=False)
        return "".join(f"{symbol}{rng.integers(5, 60)}" for symbol in sorted(chosen))

    return [formula(REFRACTORY) for _ in range(count)] + [formula(OTHERS) for _ in range(others)]


def write_refractory_table(path: Path, count: int = 120, others: int = 0, column: str = "composition_key") -> Path:
    """The same as a CSV file with one more column."""
    lines = [f"{formula},made" for formula in refractory_formulas(count, others)]
    path.write_text("\n".join([f"{column},source", *lines]) + "\n", encoding="utf-8")
    return path
