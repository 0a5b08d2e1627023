"""Campaigns on published hardness and room-temperature yield strength, where the table answers.

    python -m benchmarks.mpea_campaign [--data ../shared/data] [--problems hardness,yield_strength] [--kinds grid,list]
        [--methods a,b] [--seeds 5] [--out FOLDER]
    python -m benchmarks.mpea_campaign --report [--out FOLDER]

The table is that of Borg et al. 2020 (``MPEA/MPEA_dataset.csv``), with the mean of a composition's records; yield
strength was tested at 15 to 35 degrees Celsius. Elements that fewer than 10 rows have are left out with their rows. 20
alloys, the same for every method of a seed, are followed by 10 batches of 4.

- ``grid``: what may be asked is a grid with steps of 1 at.%, which covers the table; nobody knows its rows but the 20
  of the start, which are drawn at random. The row nearest to what is asked answers (Euclidean distance of atomic
  fractions), and its value is told for what was asked.
- ``list``: what may be asked are the rows; the start is the campaign's own, which fills the space.

``ours`` is the loop by `Campaign.suggest` and `Campaign.observe` with ``physics: generic`` and every other key left
out; on a list there are no generators. ``ours-no-generators`` has as many random candidates instead. ``botorch``
(SingleTaskGP on fractions, qLogEI), ``baybe`` (its defaults on a table of candidates) and ``rf-ei`` (100 trees,
expected improvement) choose from 2,000 random compositions of the grid and the neighbours of the 12 best alloys so far,
or from all rows of the list; they see atomic fractions. ``random`` draws from the space.

Counted are the rows that answered: the largest value, and the share of the top 5 % of rows. A finished run is a file
in the folder of results; the same command again does what is missing.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")


def main(arguments: list[str] | None = None) -> int:
    """Runs what is missing, and prints the report."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.mpea_campaign",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--problems", default="hardness,yield_strength")
    parser.add_argument("--kinds", default="grid,list")
    parser.add_argument("--methods", default="random,rf-ei,botorch,baybe,ours")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--out", type=Path, default=Path("build/mpea_campaign"))
    parser.add_argument("--report", action="store_true", help="print what there is, run nothing")
    given = parser.parse_args(arguments)
    from alloys.errors import InputError
    from benchmarks.mpea_campaign.playing import TABLES, play_missing, report

    try:
        tables = [TABLES[name](given.data) for name in given.problems.split(",")]
        if not given.report:
            seeds = range(given.first, given.first + given.seeds)
            play_missing(tables, given.kinds.split(","), given.methods.split(","), seeds, given.out)
        print(report(tables, given.out))
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
