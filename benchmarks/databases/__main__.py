"""``python -m benchmarks.databases FOLDER FILE``: reading by pycalphad, by this program, and from what was kept."""

from __future__ import annotations

import os
import re
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from validation.calphad.reading import kept
from validation.calphad.reading.tdbfile import check_apart, read, read_anew, seconds_for

_PHASE = re.compile(r"^(\s*(?:PHASE|CONST\w*)\s+)([\w-]+)|^(\s*PARA\w*\s+\w+\()([\w-]+)", re.MULTILINE | re.IGNORECASE)


def doubled(text: str) -> str:
    """The database with every phase a second time under another name: about twice as large."""
    commands = [c for c in text.split("!") if re.match(r"\s*(PHASE|CONST|PARA)", re.sub(r"(?m)^\$.*$", "", c), re.I)]
    second = [_PHASE.sub(lambda m: f"{m.group(1) or m.group(3)}{m.group(2) or m.group(4)}_TWO", c) for c in commands]
    return text + "!".join(second) + "!\n"


def processor_seconds(do: Callable[[], Any]) -> float:
    """Processor time in s of this process and of its children while something is done."""
    begun = sum(os.times()[:4])
    do()
    return sum(os.times()[:4]) - begun


def rows(name: str, text: str) -> tuple[str, list[float]]:
    """One database: s of pycalphad, of reading apart, of the second look, and of the second database in memory."""
    from pycalphad import Database

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plain = processor_seconds(lambda: Database.from_string(text, fmt="tdb"))
    check_apart.cache_clear()
    apart = processor_seconds(lambda: check_apart(text))
    check_apart.cache_clear()
    again = processor_seconds(lambda: check_apart(text))
    memory = processor_seconds(lambda: read_anew(text))
    return f"{name[:28]:<28}{len(text) / 1e3:>9.0f}", [plain, apart, again, memory, float(seconds_for(len(text)))]


def main() -> int:
    """Prints a line for each database of the folder, and for the file and twice the file; then the sums."""
    folder, file = map(Path, sys.argv[1:3])
    import pycalphad  # noqa: F401  loading it is nobody's here

    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".tdb")
    texts = [(path.name, read(path)) for path in (*paths, file)]
    texts.append((f"twice {file.name}", doubled(texts[-1][1])))
    print(f"{'database':<28}{'kB':>9}{'pycalphad':>12}{'apart':>12}{'again':>12}{'in memory':>12}{'limit':>8}")
    total = [0.0] * 5
    with tempfile.TemporaryDirectory() as cache:
        os.environ[kept.CACHE] = cache
        for name, text in texts:
            head, seconds = rows(name, text)
            total = [a + b for a, b in zip(total, seconds, strict=True)]
            print(head + "".join(f"{value:>12.3f}" for value in seconds[:4]) + f"{seconds[4]:>8.0f}", flush=True)
    print(f"{'sum':<37}" + "".join(f"{value:>12.2f}" for value in total[:4]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
