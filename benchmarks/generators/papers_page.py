"""Parts of one paper's reproduction as one: models that were trained apart, with their own number of seeds.

    python -m benchmarks.generators.papers_page OUT.json PART.json [PART.json ...]

Parts are what ``alloyloop evaluate generators --reproduce PAPER --page FILE.html`` writes beside its page. Of a model
that several parts have, the first counts. `make docs` draws the documentation's page from such files in
``benchmarks/results/generators/papers``.
"""

from __future__ import annotations

import argparse
from functools import reduce
from pathlib import Path

from loop.review.papers.kept import dumps, loads, together


def main() -> None:
    """Writes the whole and says what is in it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("parts", type=Path, nargs="+")
    given = parser.parse_args()
    done = reduce(together, (loads(path.read_text("utf-8")) for path in given.parts))
    given.out.write_text(dumps(done), encoding="utf-8")
    print(f"{given.out}: {', '.join(f'{name} ({count} seeds)' for name, count in done.seeds.items())}")


if __name__ == "__main__":
    main()
