"""Mistakes that a benchmark plants: so many of each kind, each in a row of its own, and found by the check."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from alloys.points.checking import plain_flags
from alloys.points.checking.published import records_of_published
from benchmarks.materials_mistakes.planting import MISTAKES, plant, read_rows_of, write_rows_to
from tests.support.mpea import write_published


def _table(path: Path) -> Path:
    rng = np.random.default_rng(3)
    rows = []
    for number in range(60):
        parts = rng.integers(1, 5, 4)
        strength = float(rng.uniform(400, 900))
        rows.append(
            {
                "formula": " ".join(
                    f"{symbol}{part}" for symbol, part in zip(("Hf", "Nb", "Ta", "Ti"), parts, strict=True)
                ),
                "doi": f"10.1000/{number // 3}",
                "strength": f"{strength:.0f}",
                "ultimate": f"{strength * 1.3:.0f}",
                "hardness": f"{strength / 2.6:.0f}",
                "density": "10.4",
                "temperature": "25",
            }
        )
    return write_published(path, *rows)


def test_so_many_of_each_kind_are_planted_and_most_of_them_found(tmp_path: Path) -> None:
    rows = read_rows_of(_table(tmp_path / "t.csv"))
    planted = plant(rows, 3, seed=1)
    assert Counter(planted.kinds.values()) == dict.fromkeys(MISTAKES, 3)
    again = plant(rows, 3, seed=1)
    assert (again.rows, again.kinds) == (planted.rows, planted.kinds)
    changed = {number + 2 for number, row in enumerate(planted.rows) if number >= len(rows) or row != rows[number]}
    assert changed == set(planted.kinds)
    write_rows_to(tmp_path / "planted.csv", planted.rows)
    flags = list(plain_flags(records_of_published(tmp_path / "planted.csv")))
    named = {line for flag in flags for line in flag.places}
    missed = [kind for line, kind in planted.kinds.items() if line not in named]
    assert {"sum", "yield and ultimate", "MPa/GPa", "K/°C", "duplicate"}.isdisjoint(missed)
