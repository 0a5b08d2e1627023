"""The engine against plain ``pycalphad.equilibrium`` on a dense grid, for every database of a folder.

    python -m benchmarks.phase_equilibria FOLDER [--only 031 123] [--random 200] [--speed] [--seed 2026] [--kept FILE]

Each database is asked for its first three metals in the order in which the file declares them (H, C, N, O, P, S,
halogens and noble gases are none), as 50/30/20 atomic per cent, 60/40 where it has two, at 600, 1000 and 1400 K.
``--random N`` asks N random alloys of ten of the databases in place of that, ``--speed`` the time of the warm engine
against that of cold calls on the same ten: those drawn by the seed from all that have three metals and that plain
pycalphad answers at 1000 K.

Plain pycalphad samples 2000 points per degree of freedom (500 or 60 where that gives no answer), is called once for
every equilibrium in a process of its own, without the phases that the file itself rejects, and has 120 s of processor
time. It is not always right: where the two differ, the lower Gibbs energy at the same composition and temperature
wins, and is counted by name; energies within 0.01 J/mol are the same (a phase that a file describes twice). Two sets
of one phase within 0.05 in every mole fraction are one, a phase below 0.001 is absent, and an ordered phase whose
ordering sublattices agree within 0.01 bears the name of its disordered part, in both answers. "Same" is the same
phases, as many sets, and every amount within 0.01. ``--kept FILE`` keeps plain answers (JSON), so that another
comparison takes seconds.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.phase_equilibria.cases import Case, first_metals, metals_of, random_alloys
from benchmarks.phase_equilibria.plain import answers
from benchmarks.phase_equilibria.speed import speed
from benchmarks.phase_equilibria.states import VERDICTS, Found, ours, partners, theirs, verdict
from validation.calphad.reading.tdbfile import parsed, read
from validation.calphad.solving.engine import CalphadEngine

DATABASES = 10
CHOSEN_AT_K = 1000.0


def say(line: str = "") -> None:
    """Print one line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def databases(folder: Path, only: Sequence[str]) -> list[Path]:
    """The databases of a folder by name; only those whose names begin so, if any are given."""
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".tdb")
    return [path for path in paths if not only or path.name.startswith(tuple(only))]


def drawn(paths: Sequence[Path], seed: int, kept: Path | None) -> list[Path]:
    """Ten databases drawn from those with three metals that plain pycalphad answers."""
    full = [path for path in paths if len(metals_of(path)) >= 3]
    cases = [case for case in first_metals(full) if case.kelvin == CHOSEN_AT_K]
    answered = [Path(case.file) for case, answer in answers(cases, kept) if "failure" not in answer]
    places = np.random.default_rng(seed).choice(len(answered), min(DATABASES, len(answered)), replace=False)
    return [answered[place] for place in sorted(places)]


def compare(cases: Iterable[Case], kept: Path | None) -> None:
    """Every case that is not the same in both answers, and how many are."""
    counts: Counter[str] = Counter()
    seconds = {"ours": 0.0, "theirs": 0.0}
    engine: Any = None
    last = ""
    for case, answer in answers(cases, kept):
        if case.file != last:
            engine, last = _engine(case.file), case.file
        their = theirs(answer, partners(parsed(read(Path(case.file)))))
        our = Found(failure=engine) if isinstance(engine, str) else ours(engine, case)
        said = verdict(our, their)
        counts[said] += 1
        seconds["ours"] += our.seconds
        seconds["theirs"] += their.seconds
        _show(case, said, our, their)
    _totals(counts)
    say(f"processor seconds: ours {seconds['ours']:.1f}, compiling included; theirs {seconds['theirs']:.1f}")


def _engine(file: str) -> Any:
    """The engine of a file, or why there is none."""
    try:
        return CalphadEngine(read(Path(file)))
    except Exception as error:  # counted as a refusal, with its type
        return f"{type(error).__name__}: {error}"


def _show(case: Case, said: str, our: Found, their: Found) -> None:
    alloy = " ".join(f"{name} {amount:g}" for name, amount in case.fractions.items())
    say(f"{Path(case.file).name:30s} {alloy:24s} {case.kelvin:6.0f} K  {said}")
    if said == "same":
        return
    for name, found in (("ours", our), ("theirs", their)):
        energy = "" if found.failure else f"{found.energy:14.3f} J/mol  "
        say(f"      {name:7s} {energy}{found}")


def _totals(counts: Counter[str]) -> None:
    say(f"\n{counts.total()} equilibria")
    for name in VERDICTS:
        say(f"  {counts[name]:5d}  {name}")
    both = sum(counts[name] for name in VERDICTS[:4])
    if both:
        right = counts["same"] + counts["differ, ours lower"] + counts["differ, same energy"]
        say(f"  of those that both answer: same {counts['same'] / both:.1%}, same or ours no higher {right / both:.1%}")


def main() -> None:
    """Prints the tables."""
    warnings.filterwarnings("ignore")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="files whose names begin so")
    parser.add_argument("--random", type=int, metavar="N")
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--kept", type=Path, metavar="FILE")
    given = parser.parse_args()
    paths = databases(given.folder, given.only)
    if given.speed:
        speed(drawn(paths, given.seed, given.kept))
    elif given.random is not None:
        compare(random_alloys(drawn(paths, given.seed, given.kept), given.random, given.seed), given.kept)
    else:
        compare(first_metals(paths), given.kept)


if __name__ == "__main__":
    main()
