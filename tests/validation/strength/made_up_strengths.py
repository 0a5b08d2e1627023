"""Made-up measured strengths: the edge model's, wrong in level by a known factor, from papers that differ."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from alloys.physics import edge
from alloys.physics.elements import known_elements
from alloys.physics.solution import melting_estimates
from tests.support.mpea import write_published
from validation.strength.measurements import StrengthMeasurements

CELSIUS = (25.0, 600.0, 1000.0)
LEVEL = 1.8
"""How much stronger the made-up alloys are than the edge model has them."""
SCATTER = 0.08
"""Standard deviation of the log strength, within papers and between them."""


def truth(fractions: np.ndarray, celsius: float) -> float:
    """What is true of the made-up alloys of fractions ``(1, d)``, MPa."""
    solidus = melting_estimates(known_elements(), fractions)["solidus"]
    found = edge.yield_strength(known_elements(), fractions, celsius + 273.15, solidus)[0]
    return LEVEL * max(float(found), 20.0)


def made_up_rows(seed: int = 0, papers: int = 10) -> list[list[Any]]:
    """Rows as `StrengthMeasurements.of_rows` takes them: two alloys of each paper at three temperatures."""
    rng = np.random.default_rng(seed)
    symbols, rows = known_elements(), []
    for paper in range(papers):
        offset = rng.normal(0, SCATTER)
        for _ in range(2):
            chosen = np.sort(rng.choice(len(symbols), 4, replace=False))
            fractions = np.zeros((1, len(symbols)))
            fractions[0, chosen] = 0.25
            formula = "".join(f"{symbols[i]}25" for i in chosen)
            for celsius in CELSIUS:
                value = truth(fractions, celsius) * float(np.exp(offset + rng.normal(0, SCATTER)))
                rows.append(
                    [
                        formula,
                        celsius,
                        value,
                        ("CAST", "ANNEAL")[paper % 2],
                        "compression",
                        f"10.1000/{paper}",
                        2010 + paper,
                    ]
                )
    return rows


def made_up(seed: int = 0, papers: int = 10) -> StrengthMeasurements:
    """The same as measurements."""
    return StrengthMeasurements.of_rows(made_up_rows(seed, papers))


def write_made_up(path: Path, papers: int = 10) -> Path:
    """The same under the headings of the published table."""
    keys = ("formula", "temperature", "strength", "processing", "test", "doi")
    told = [{**dict(zip(keys, map(str, row), strict=False)), "test": "C"} for row in made_up_rows(papers=papers)]
    return write_published(path, *told)
