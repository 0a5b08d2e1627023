"""Mistakes planted into the published MPEA table, and how many `alloyloop data check` finds.

    python -m benchmarks.materials_mistakes FILE [--seed 0] [--seeds 1] [--each 20] [--papers all|first|second]

Each seed plants so many mistakes of each of ten kinds at random, writes the table, reads it and checks it. Recall: the
planted lines that a flag names. Precision: the flags that name a planted line; every flag of what nobody planted counts
as false, also where the table itself is wrong there; the last line counts them. With a half of the papers, mistakes are
planted into its records alone, and flags on the other half are left out of the figures.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from alloys.points.checking import Flag
from alloys.points.checking.duplicates import DUPLICATE
from alloys.points.checking.published import records_of_published
from alloys.points.published import DOI
from benchmarks.materials_mistakes.planting import MISTAKES, Planted, Row, plant, read_rows_of, write_rows_to
from loop.materials.governance import check_records

NAMED = {
    "sum": ("sum of a composition",),
    "yield and ultimate": ("yield above ultimate strength",),
    "density": ("density against mixture", "unit of a value"),
    "hardness and yield": ("hardness against yield strength", "unlikely by the other points"),
    "MPa/GPa": ("unit of a value",),
    "K/°C": ("unit of a temperature",),
    "at.%/wt.%": ("weights for atoms",),
    "duplicate": ("duplicate between papers",),
    "unlikely": ("unlikely by the other points", "decimal point"),
    "decimal point": ("decimal point", "unlikely by the other points", "unit of a value"),
}
"""Kinds of flags that name a planted mistake rightly; any other that names its line finds it, too."""


def in_half(half: str) -> Callable[[Row], bool]:
    """Whether a row is of a half of the papers, by their DOIs."""
    return lambda row: half == "all" or (zlib.crc32(row[DOI].strip().encode()) % 2 == 0) == (half == "first")


def main() -> None:
    """Plants, checks and prints."""
    args = _parser().parse_args()
    rows, fit = read_rows_of(args.file), in_half(args.papers)
    found, named, planted, kinds = (Counter[str]() for _ in range(4))
    true, flags, false_lines = Counter[str](), Counter[str](), Counter[tuple[int, str]]()
    for seed in range(args.seed, args.seed + args.seeds):
        start = time.process_time()
        table = plant(rows, args.each, seed, fit)
        told = [
            flag for flag in _checked(table) if any(fit(table.rows[line - 2]) for line in (*flag.places, *flag.beside))
        ]
        lines = {line: {flag.kind for flag in told if _names(flag, line, table)} for line in table.kinds}
        right = {line for line, kind in table.kinds.items() if lines[line] & set(NAMED[kind])}
        for line, kind in table.kinds.items():
            planted[kind] += 1
            found[kind] += bool(lines[line])
            named[kind] += line in right
            if args.missed and not lines[line]:
                print("  missed", kind, line, *_told(table.rows[line - 2]))
        for flag in told:
            hit = any(_names(flag, line, table) for line in table.kinds)
            flags[flag.kind] += 1
            true[flag.kind] += hit
            false_lines.update([] if hit else [(flag.places[0], flag.kind)])
        kinds.update(table.kinds.values())
        share = sum(true.values()) / sum(flags.values())
        print(
            f"seed {seed}: {len(table.kinds)} planted, {sum(map(bool, lines.values()))} found, {len(told)} flags; "
            f"precision so far {share:.0%}, {time.process_time() - start:.0f} s of processor"
        )
    _print(planted, found, named, true, flags)
    print(f"\nflags on {len(false_lines)} places that nobody planted, by kind, over all seeds:")
    print("; ".join(f"{kind} {count}" for kind, count in Counter(kind for _, kind in false_lines).most_common()))


def _names(flag: Flag, line: int, table: Planted) -> bool:
    """Whether a flag names a planted mistake; papers that repeat each other anyhow name a copy alone."""
    return line in (*flag.places, *flag.beside) and (flag.kind != DUPLICATE or table.kinds[line] == "duplicate")


def _print(
    planted: Counter[str], found: Counter[str], named: Counter[str], true: Counter[str], flags: Counter[str]
) -> None:
    print(f"\n{'planted':20} {'number':>6} {'found':>6} {'recall':>7} {'named rightly':>14}")
    for kind in MISTAKES:
        print(
            f"{kind:20} {planted[kind]:6} {found[kind]:6} {found[kind] / max(planted[kind], 1):7.0%} "
            f"{named[kind] / max(planted[kind], 1):14.0%}"
        )
    every, all_flags = sum(planted.values()), sum(flags.values())
    shares = f"{sum(found.values()) / every:7.0%} {sum(named.values()) / every:14.0%}"
    print(f"{'all':20} {every:6} {sum(found.values()):6} {shares}")
    print(f"\n{'flag':36} {'number':>6} {'true':>6} {'precision':>9}")
    for kind, count in flags.most_common():
        print(f"{kind:36} {count:6} {true[kind]:6} {true[kind] / count:9.0%}")
    print(f"{'all':36} {all_flags:6} {sum(true.values()):6} {sum(true.values()) / all_flags:9.0%}")


def _checked(table: Planted) -> Sequence[Flag]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "planted.csv"
        write_rows_to(path, table.rows)
        return check_records(records_of_published(path))


def _told(row: Row) -> Iterator[str]:
    """What stands in a row, but for its paper."""
    return (cell for heading, cell in row.items() if cell and not heading.startswith(("REFERENCE", "IDENTIFIER")))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.materials_mistakes", description=__doc__)
    parser.add_argument("file", type=Path, help="the published MPEA table, as you downloaded it")
    parser.add_argument("--seed", type=int, default=0, help="the first")
    parser.add_argument("--seeds", type=int, default=1, help="how many")
    parser.add_argument("--each", type=int, default=20, help="mistakes of each kind")
    parser.add_argument("--papers", choices=("all", "first", "second"), default="all", help="which papers")
    parser.add_argument("--missed", action="store_true", help="print what was not found")
    return parser


if __name__ == "__main__":
    main()
