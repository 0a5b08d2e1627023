"""Processes that add points to one materials table, are killed at random moments and begun again."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from alloys.design import Design
from alloys.points.point import Point, PointKind
from loop.materials import MaterialsTable, PointQuery
from tests.support.forked import Forked, log_tail

POINTS_OF_A_BATCH = 20
_FIRST = Point(Design.parse("NbTa"), "hardness", "HV", 300.0, PointKind.VALIDATION, "a writer")


def _batch(writer: int, number: int) -> list[Point]:
    """Points of one writer, materials of many, and two points that every writer adds."""
    own = [
        replace(
            _FIRST,
            design=Design.parse(f"Nb{1 + (number + i) % 50}Ta{1 + i}Ti{1 + writer}"),
            value=100.0 + number + i / 64,
            source=f"writer {writer}",
        )
        for i in range(POINTS_OF_A_BATCH - 2)
    ]
    return [*own, replace(_FIRST, value=200.0 + number), replace(_FIRST, value=200.0 + number / 2)]


def _acknowledged(file: Path) -> int:
    """How many batches a writer was told of that they are in the table."""
    return file.read_text(encoding="utf-8").count("\n") if file.exists() else 0


def _write(place: str, writer: int, batches: int, file: Path) -> None:
    """Adds the batches that are not acknowledged yet, one after the other."""
    with MaterialsTable.open(place, create=True) as table, file.open("ab", buffering=0) as told:
        for number in range(_acknowledged(file), batches):
            table.add(_batch(writer, number), who=f"writer {writer}")
            told.write(b"%d\n" % number)


@dataclass(frozen=True)
class Survived:
    """What is in a table after its writers were killed.

    Attributes:
        kills: writers that were ended by SIGKILL while they wrote.
        acknowledged: points that writers were told of.
        lost: of them, those that are not there.
        twice: facts that are there more than once.
        strange: points that no writer gave.
        moved: looks at the table in between that found gaps, or where "up to the last point" did not stay as it was.
        looks: how many there were.
        problems: of the table's own check.
    """

    kills: int
    acknowledged: int
    lost: int
    twice: int
    strange: int
    moved: int
    looks: int
    problems: tuple[str, ...]


def kill_writers(place: str, folder: Path, *, writers: int, batches: int, kills: int, seed: int) -> Survived:
    """Runs writers side by side until each has added all its batches, and kills some in between.

    Raises:
        RuntimeError: if a writer failed by itself.
    """
    rng = random.Random(seed)
    files = [folder / f"writer-{writer}.txt" for writer in range(writers)]

    def start(writer: int) -> Forked:
        return Forked.call(folder, lambda: _write(place, writer, batches, files[writer]))

    MaterialsTable.open(place, create=True).close()
    running = {writer: start(writer) for writer in range(writers)}
    killed, pins = 0, {}
    while running:
        time.sleep(rng.uniform(0, 0.05))
        with MaterialsTable.open(place) as table:
            pins[table.last()] = ""
            pins |= {last: table.digest(PointQuery(until=last)) for last in pins if not pins[last]}
        for writer, process in list(running.items()):
            status = process.poll()
            if status not in (None, 0):
                raise RuntimeError(f"a writer failed with status {status}: {log_tail(folder)}")
            if status == 0:
                del running[writer]
        if running and killed < kills:
            writer = rng.choice([*running])
            running[writer].signal(signal.SIGKILL)
            killed += running[writer].wait(10) == -signal.SIGKILL
            running[writer] = start(writer)
    return _survived(place, files, killed, pins, batches)


def _survived(place: str, files: list[Path], kills: int, pins: dict[int, str], batches: int) -> Survived:
    given = {point.key for writer in range(len(files)) for n in range(batches) for point in _batch(writer, n)}
    told = {p.key for writer, file in enumerate(files) for n in _numbers(file) for p in _batch(writer, n)}
    with MaterialsTable.open(place) as table:
        stored = [*table.points()]
        keys = Counter(one.point.key for one in stored)
        moved = sum(table.digest(PointQuery(until=last)) != digest for last, digest in pins.items())
        gaps = [one.id for one in stored] != [*range(1, len(stored) + 1)]
        problems = table.problems()
    return Survived(
        kills=kills,
        acknowledged=len(told),
        lost=len(told - set(keys)),
        twice=sum(count > 1 for count in keys.values()),
        strange=len(set(keys) - given),
        moved=moved + int(gaps),
        looks=len(pins),
        problems=tuple(problems),
    )


def _numbers(file: Path) -> Iterator[int]:
    return map(int, file.read_text(encoding="utf-8").split())
