"""What a run asked, what came back, what choosing cost: one JSON file for each seed, in a folder for each method."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from alloys.errors import InputError
from alloys.space import Floats

VERSION = 1


@dataclass(frozen=True, slots=True)
class Run:
    """One method's campaign with one seed; ``n`` evaluations in the order of asking.

    Attributes:
        method: its name.
        seed: the campaign's seed.
        problem: digest of the problem; runs of different problems are not compared.
        validator: fingerprint of who answered.
        formulas: the alloys, ``n`` of them.
        batches: which batch asked for each, 0 for the start.
        feasible: whether each satisfies every constraint.
        points: signed objectives, larger is better; None where validation failed.
        seconds: wall time of choosing each batch after the start.
        processor: CPU time of the same.
        packages: versions of what the method rests on.
    """

    method: str
    seed: int
    problem: str
    validator: str
    formulas: list[str]
    batches: list[int]
    feasible: list[bool]
    points: list[list[float] | None]
    seconds: list[float]
    processor: list[float]
    packages: dict[str, str]

    def __len__(self) -> int:
        return len(self.formulas)

    def front(self, upto: int | None = None) -> Floats:
        """Signed objectives of the feasible ones among the first so many, shape ``(k, m)``."""
        kept = [p for p, good in zip(self.points[:upto], self.feasible[:upto], strict=True) if good and p is not None]
        return np.array(kept, dtype=np.float64)

    def ends(self) -> list[int]:
        """How many evaluations were done at the end of each batch, the start first."""
        return [sum(b <= k for b in self.batches) for k in range(max(self.batches) + 1)]


def write(folder: Path, run: Run) -> Path:
    """Writes a record whole or not at all."""
    path = path_of(folder, run.method, run.seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps({"version": VERSION, **asdict(run)}) + "\n", encoding="utf-8")
    draft.replace(path)
    return path


def path_of(folder: Path, method: str, seed: int) -> Path:
    """Where a method's record of a seed lies."""
    return folder / method / f"{seed}.json"


def read(path: Path) -> Run:
    """Reads a record.

    Raises:
        InputError: if the file is none.
    """
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if document.pop("version") != VERSION:
            raise InputError(f"{path} is a record of another version; run it again")
        return Run(**document)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is no record of a run: {error}") from error


def read_all(folder: Path) -> list[Run]:
    """Every record of a folder, by method and seed."""
    return [read(path) for path in sorted(folder.glob("*/*.json"))]
