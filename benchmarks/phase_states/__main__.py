"""CALPHAD against measured states: phases of alloys, and transition temperatures of elements and binaries.

    python -m benchmarks.phase_states [--tdb FILE] [--only phases|transitions]

What was measured stands in ``measured_phases.csv`` and ``measured_transitions.csv``, each row with its
source and with how it was read. The rules were fixed before any answer was seen:

1. An annealed alloy is compared with the equilibrium at its annealing temperature. Where that temperature is not known,
   1200 °C stands for it; these alloys are counted apart.
2. A cast alloy is compared with what froze by Scheil and Gulliver's steps; its bcc phases count as one, since every
   cast bcc alloy is segregated.
3. A phase below 5 % of the atoms counts as absent: X-rays do not see it. C14, C15 and C36 are all "Laves". Two bcc
   sets are one if no mole fraction differs by more than 0.05, as in every verdict.
4. An answer is right if the phases are those measured, with as many bcc phases; where the source names only a
   "secondary" phase, if there is any second phase.
5. Stated but not counted: states of which two sources disagree, and hcp of quenched alloys, which is martensite. Alloys
   of milled powder are left out, since they pick up carbon, nitrogen and oxygen.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

from benchmarks.phase_states.states import phases, transitions
from validation.registry import make_validator


def main() -> None:
    """Prints the tables."""
    warnings.filterwarnings("ignore")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tdb", type=Path, help="a database of the nine elements instead of the project's own")
    parser.add_argument("--only", choices=("phases", "transitions"))
    given = parser.parse_args()
    tdb = {} if given.tdb is None else {"tdb": str(given.tdb)}
    if given.only != "transitions":
        phases(make_validator("calphad", {**tdb, "scheil": True}))
    if given.only != "phases":
        transitions(make_validator("calphad", tdb))


if __name__ == "__main__":
    main()
