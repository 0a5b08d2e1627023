"""Fits the mixing of two elements in bcc with ESPEI's parameter generation; a program of its own.

ESPEI changes logging and warnings of the process that imports it, so no other process does. Standard input: a JSON
object with ``pair`` (two symbols in alphabetical order), ``fractions`` of the second element and ``energies`` of mixing
in J per mole of atoms. Standard output: a JSON object with ``terms``, Redlich-Kister coefficients in J/mol by order.

References:
    B. Bocklund et al., MRS Communications 9 (2019) 618 (ESPEI).
"""

from __future__ import annotations

import json
import sys
from typing import Any

PHASE = "BCC_A2"


def dataset(pair: list[str], fractions: list[float], energies: list[float]) -> dict[str, Any]:
    """Energies of mixing in ESPEI's form: configurations, occupancies and values."""
    return {
        "components": [*pair, "VA"],
        "phases": [PHASE],
        "solver": {
            "mode": "manual",
            "sublattice_site_ratios": [1, 3],
            "sublattice_configurations": [[pair, "VA"] for _ in fractions],
            "sublattice_occupancies": [[[1.0 - x, x], 1.0] for x in fractions],
        },
        "conditions": {"P": 101325, "T": 298.15},
        "output": "HM_MIX",
        "values": [[energies]],
        "reference": "input",
    }


def fitted(pair: list[str], fractions: list[float], energies: list[float]) -> list[float]:
    """Redlich-Kister coefficients in J/mol by order; ESPEI chooses how many by the corrected Akaike criterion."""
    import matplotlib

    matplotlib.get_configdir = matplotlib.get_data_path  # a person's folder may hold styles that are no text
    from espei.datasets import check_dataset, clean_dataset
    from espei.paramselect import generate_parameters
    from espei.utils import MemoryStorage, PickleableTinyDB

    rows = clean_dataset(dataset(pair, fractions, energies))
    check_dataset(rows)
    datasets = PickleableTinyDB(storage=MemoryStorage)
    datasets.insert(rows)
    model = {"sublattice_model": [pair, ["VA"]], "sublattice_site_ratios": [1, 3]}
    database = generate_parameters(
        {"components": [*pair, "VA"], "phases": {PHASE: model}}, datasets, "SGTE91", "linear"
    )
    terms: dict[int, float] = {}
    for row in database._parameters.all():
        mixed = [[str(species) for species in site] for site in row["constituent_array"]]
        if row["phase_name"] == PHASE and len(mixed[0]) == 2:
            value = row["parameter"].subs({name: database.symbols[str(name)] for name in row["parameter"].free_symbols})
            terms[row["parameter_order"]] = float(value)
    return [terms.get(order, 0.0) for order in range(max(terms, default=-1) + 1)]


def main() -> int:
    """Reads the question, fits and writes the answer."""
    asked = json.load(sys.stdin)
    sys.stdout.write(json.dumps({"terms": fitted(asked["pair"], asked["fractions"], asked["energies"])}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
