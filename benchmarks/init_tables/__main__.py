"""What `alloyloop init` understands of tables: columns, rows that are read, and rows that are lost without a word.

python -m benchmarks.init_tables results.csv more.xlsx
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from alloys.errors import InputError
from alloys.intake.drafting import draft
from alloys.intake.guessing import guess
from alloys.intake.tables import read_table
from alloys.physics.registry import get_physics


def describe(file: Path) -> str:
    """A row of the table of figures: the file, its columns, and its rows for the first property."""
    begun = time.perf_counter()
    table = read_table(file)
    found = guess(table, file.stem)
    unknown = [column.name for column in found.of_kind("unknown")]
    columns = f"{len(found.columns) - len(unknown)} of {len(found.columns)}"
    goal = found.numbers[0].what if found.numbers else "any"
    try:
        intake = draft(table, found, [("maximize", goal)], [], get_physics("generic"), str(file)).intake
        told = {row.line for row in intake.rows} | {line for line, _ in intake.dropped}
        lost = len({line for line, _ in table.rows} - told)
        rows = f"{goal}: {len(intake.rows)} read, {len(intake.dropped)} left out, {lost} lost"
    except InputError as error:
        rows = str(error)
    seconds = time.perf_counter() - begun
    return f"{file.name} | {columns} | {', '.join(unknown) or '-'} | {len(table.rows)} | {rows} | {seconds:.1f} s"


def main() -> None:
    """Prints a line for each file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    print("table | columns understood | not | rows | first property | time")
    for file in parser.parse_args().files:
        print(describe(file), flush=True)


if __name__ == "__main__":
    main()
