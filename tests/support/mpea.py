"""Made-up records under the headings of the published MPEA table (Borg et al., Sci. Data 7 (2020) 430)."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

FORMULA = "FORMULA"
TEMPERATURE = "PROPERTY: Test temperature ($^\\circ$C)"
STRENGTH = "PROPERTY: YS (MPa)"
DENSITY = "PROPERTY: Exp. Density (g/cm$^3$)"
HARDNESS = "PROPERTY: HV"
YOUNGS_MODULUS = "PROPERTY: Exp. Young modulus (GPa)"
HEADINGS = (FORMULA, TEMPERATURE, STRENGTH, DENSITY, HARDNESS, YOUNGS_MODULUS)
_ELEMENTS = ("Al", "Co", "Cr", "Fe", "Hf", "Mo", "Nb", "Ni", "Ta", "Ti", "V", "W", "Zr")
STRAYS = ("Nb1 Zn1", "rubbish")


def record(formula: str, **cells: str) -> dict[str, str]:
    """A record of a formula; cells by heading, the others empty."""
    return {**dict.fromkeys(HEADINGS, ""), FORMULA: formula, **cells}


def made_records(compositions: int) -> list[dict[str, str]]:
    """So many compositions of three to five elements, the first of them twice, and two records that are no use."""
    rng = np.random.default_rng(2020)
    records = []
    for _ in range(compositions):
        chosen = rng.choice(_ELEMENTS, int(rng.integers(3, 6)), replace=False)
        formula = " ".join(f"{symbol}{rng.integers(1, 9)}" for symbol in chosen)
        cells = {DENSITY: f"{rng.uniform(5, 14):.2f}", STRENGTH: f"{rng.uniform(300, 2000):.0f}", TEMPERATURE: "25"}
        records.append(record(formula, **cells))
    return [*records, records[0], *(record(formula) for formula in STRAYS)]


def write_made_table(path: Path, compositions: int = 60) -> Path:
    """The same as a file."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, HEADINGS)
        writer.writeheader()
        writer.writerows(made_records(compositions))
    return path


PUBLISHED = {
    "formula": FORMULA,
    "temperature": TEMPERATURE,
    "strength": STRENGTH,
    "ultimate": "PROPERTY: UTS (MPa)",
    "elongation": "PROPERTY: Elongation (%)",
    "density": DENSITY,
    "calculated": "PROPERTY: Calculated Density (g/cm$^3$)",
    "hardness": HARDNESS,
    "modulus": YOUNGS_MODULUS,
    "processing": "PROPERTY: Processing method",
    "phase": "PROPERTY: Microstructure",
    "test": "PROPERTY: Type of test",
    "doi": "REFERENCE: doi",
    "year": "REFERENCE: year",
}
"""Short names of headings of the published table."""


def write_published(path: Path, *records: dict[str, str]) -> Path:
    """Records, by the short names, as a file under the published headings; of 2019 where they say no year."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, PUBLISHED.values())
        writer.writeheader()
        for given in records:
            cells = {"year": "2019", **given}
            writer.writerow({heading: cells.get(name, "") for name, heading in PUBLISHED.items()})
    return path
