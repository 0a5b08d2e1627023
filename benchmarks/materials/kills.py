"""Writers of one materials table, killed at random moments and begun again: is a point lost, or there twice?

    python -m benchmarks.materials.kills [--writers 4] [--batches 60] [--kills 100] [--url POSTGRESQL_URL]

Each writer is a process that adds batches of 20 points, two of which others add as well, and notes each batch that it
was told is in the table. Meanwhile somebody looks at the table, and notes the digest of all points up to the last.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.support.materials.writers import kill_writers


def main() -> None:
    """Kills writers of a file, or of a table on a server."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--writers", type=int, default=4)
    parser.add_argument("--batches", type=int, default=60)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--url", help="of a PostgreSQL server, with a schema that is not there yet")
    given = parser.parse_args()
    print(f"python -m benchmarks.materials.kills {' '.join(sys.argv[1:]).replace(given.url or chr(0), 'URL')}")
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        found = kill_writers(
            given.url or str(Path(folder) / "materials.db"),
            Path(folder),
            writers=given.writers,
            batches=given.batches,
            kills=given.kills,
            seed=given.seed,
        )
    print(
        f"{given.writers} writers, {found.kills} killed while they wrote, {time.perf_counter() - began:.0f} s\n"
        f"{found.acknowledged} points acknowledged: {found.lost} lost, {found.twice} twice, "
        f"{found.strange} that nobody gave\n"
        f"{found.looks} looks at the table meanwhile: {found.moved} where what was there did not stay in its place\n"
        f"problems of the table's own check: {len(found.problems)}"
    )


if __name__ == "__main__":
    main()
