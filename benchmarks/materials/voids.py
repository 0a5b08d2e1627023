"""What a campaign costs a table with a great many points: its start, and the voids of its goal.

    python -m benchmarks.materials.voids --table FILE [--config configs/refractory.yaml]

The table is one that ``python -m benchmarks.materials --table FILE`` has filled. Each question is asked three times by
new connections; told are the seconds of the slowest, and of the processor.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.materials.__main__ import tell_slowest
from loop.config.assembly import build_problem
from loop.config.reading import load_config
from loop.config.schema import MaterialsConfig
from loop.config.tiers import build_tiers
from loop.drive.materials.reading import read_snapshot
from loop.materials import MaterialsTable
from loop.people.filling.needs import Needs
from loop.people.filling.routes import find_voids

STRENGTHS = {"yield_strength_1300c": {"property": "yield_strength", "test_temperature": [900, 1100]}}


def questions(where: str, path: Path) -> dict[str, Callable[[], Any]]:
    """What a campaign asks, by what it is called."""
    config = load_config(path)
    tiers, problem, needs = build_tiers(config), build_problem(config), Needs.of_config(config)
    plain = MaterialsConfig(table=where)
    chosen = MaterialsConfig.model_validate({"table": where, "points": STRENGTHS})

    def voids() -> int:
        with MaterialsTable.open(where) as table:
            return sum(sum(routes.values()) for routes in find_voids(table, needs).counts().values())

    return {
        "start: verdicts of the campaign's validator": lambda: len(read_snapshot(plain, tiers, problem).points),
        "start: these, and strengths at 900 to 1100 °C": lambda: len(read_snapshot(chosen, tiers, problem).points),
        "voids of the campaign's goal, by route": voids,
    }


def main() -> None:
    """Asks a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", required=True, help="a file, or a URL of PostgreSQL")
    parser.add_argument("--config", type=Path, default=Path("configs/refractory.yaml"))
    given = parser.parse_args()
    with MaterialsTable.open(given.table) as table:
        print(f"{table.last():,} points\n{'question':50}{'seconds':>9}{'processor':>11}  answer")
    for name, ask in questions(given.table, given.config).items():
        tell_slowest(name, ask)


if __name__ == "__main__":
    main()
