"""Databases of a folder, changed at random and looked at as ``alloyloop tdb check`` does."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

from tests.support.fuzz.targets import REFUSED, Outcome, Target, forked, told

FOLDER = "ALLOYLOOP_FUZZ_DATABASES"
"""The environment variable that names the folder."""
MOST_BYTES = 100_000
"""Of a database that cases are made of; larger ones take seconds each."""
WHOLE = 10
"""Of so many databases one is looked at whole; of the others the phases are chosen for an alloy."""
PALETTE = 3


class Databases(Target):
    """A look at a database, in a child with the limits of `validation.calphad.reading.apart`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        os.environ["ALLOYLOOP_CACHE"] = str(folder / "cache")
        import validation.calphad.checking.report
        import validation.calphad.reading.grammar  # noqa: F401  children of this process need not import it again

        files = sorted(path for path in Path(os.environ[FOLDER]).iterdir() if path.suffix.lower() == ".tdb")
        self._bases = [content for path in files if len(content := path.read_bytes()) <= MOST_BYTES]

    def base(self, rng: Random) -> bytes:
        return rng.choice(self._bases)

    def run(self, content: bytes, rng: Random) -> Outcome:
        path = self.folder / "case.tdb"
        path.write_bytes(content)
        whole = rng.randrange(WHOLE) == 0
        return forked(lambda: _looked_at(path, whole=whole))


def _looked_at(path: Path, *, whole: bool) -> Outcome:
    from validation.calphad.checking import report
    from validation.calphad.errors import DatabaseError
    from validation.calphad.reading import apart, phases, tdbfile
    from validation.calphad.reading.commands import BUILT_IN

    apart.limit(tdbfile.seconds_for(path.stat().st_size), tdbfile.PARSE_BYTES)
    report.check_apart = tdbfile.reading  # type: ignore[assignment, attr-defined]
    try:
        found = tdbfile.reading(tdbfile.read(path))
        palette = sorted(set(found.database.elements) - BUILT_IN)[:PALETTE]
        if whole:
            report.report(path, palette)
        else:
            phases.usable(found, palette)
    except (DatabaseError, MemoryError) as error:
        return REFUSED, str(error)
    except Exception as error:
        return told(error)
    return "accepted", ""
