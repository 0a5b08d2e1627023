"""Elements by density functional theory against published constants: ``python -m benchmarks.dft --help``.

Prints what each level gives for bcc elements, and its errors against two tables: PBE by another code, and experiment;
with ``--alloys NbMo --processes 2`` the same of ordered cells, from request to verdict.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from pathlib import Path

from alloys.composition import Composition
from alloys.design import Design
from alloys.physics.elements import element
from alloys.records import Measured, Verdict
from tests.support.golden import golden
from validation.dft.validator import DftValidator

COLUMNS = ("lattice_parameter", "bulk_modulus", "c11", "c12", "c44", "shear_modulus")


def lattice(volume: float) -> float:
    """Edge of the cube with two atoms, Å, from Å3 for each atom."""
    return float((2.0 * volume) ** (1.0 / 3.0))


def references(symbol: str) -> dict[str, dict[str, float]]:
    """Published values by source, none where none are; lattice parameters from the project's element table."""
    known = element(symbol)
    volumes = {"PBE": known.atomic_volume, "experiment": known.molar_volume / 0.602214076}
    found = {}
    for row in (row for row in golden("elastic_constants.csv") if row["element"] == symbol):
        c11, c12, c44 = (float(row[name] or "nan") for name in ("c11_gpa", "c12_gpa", "c44_gpa"))
        found[row["source"]] = {
            "lattice_parameter": lattice(volumes[row["source"]]),
            "bulk_modulus": (c11 + 2 * c12) / 3,
            "c11": c11,
            "c12": c12,
            "c44": c44,
        }
    return found


def main() -> None:
    """Computes and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--elements", nargs="+", default=["W", "Mo", "Nb", "Ta", "V"])
    parser.add_argument("--alloys", nargs="+", default=[], help="ordered cells, such as NbMo, in the place of elements")
    parser.add_argument("--level", default="standard", choices=["draft", "standard", "tight"])
    parser.add_argument("--scratch", type=Path, default=Path("build/dft"), help="finished states are kept here")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--hours", type=float, default=2.0, help="the most that one element may take")
    asked = parser.parse_args()
    run = {
        "scratch": str(asked.scratch),
        "time_limit": asked.hours * 3600.0,
        "processes": asked.processes,
        "keep": "always",
        "environment": [name for name in os.environ if name.startswith("OMPI_")],  # as a container's root must allow
    }
    elements = [] if asked.alloys else asked.elements
    known = {name for formula in [*elements, *asked.alloys] for name in Composition.parse(formula).elements}
    names = [*COLUMNS, "pugh_ratio", *(["mixing_energy"] if asked.alloys else [])]
    validator = DftValidator({"level": asked.level, "elements": sorted(known), "properties": names, "run": run})
    print(f"# {asked.level}: {validator.settings.numbers}")
    print(f"# {validator.settings.versions}, processes {asked.processes}")
    print(f"{'':5s} {'':18s}" + "".join(f"{name:>18s}" for name in COLUMNS) + f"{'seconds':>10s}")
    for formula in [*elements, *asked.alloys]:
        show(formula, validator.validate(Design.parse(formula)))


def show(formula: str, verdict: Verdict) -> None:
    """Prints one verdict, and for an element its errors."""
    if not isinstance(verdict, Measured):
        print(f"{formula:5s} {verdict.kind}: {verdict.message} ({verdict.seconds:.0f} s)", flush=True)
        return
    values = {name: quantity.value for name, quantity in verdict.properties.items()}
    cells = "".join(f"{values[name]:18.4g}" for name in COLUMNS)
    print(f"{formula:5s} {'computed':18s}{cells}{verdict.seconds:10.0f}", flush=True)
    alloy = len(Composition.parse(formula).elements) > 1
    for source, known in {} if alloy else references(formula).items():
        errors = [100 * (values[name] / known.get(name, math.nan) - 1) for name in COLUMNS]
        print(f"{formula:5s} {'% off ' + source:18s}" + "".join(f"{error:18.1f}" for error in errors), flush=True)
    details = verdict.details["provenance"]
    mixed = f"mixing energy {values['mixing_energy']:.2f} kJ/mol, " if alloy else ""
    print(f"{formula:5s} {mixed}mesh {details['kpts']}, {details['states']}, corrections {details['corrections']}")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
