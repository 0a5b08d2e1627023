"""Tables of alloys that benchmarks of the generators are run on, made of a seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alloys.space import AlloySpace, Floats, Points

PUBLISHED = "Al B Co Cr Cu Fe Hf Mg Mn Mo Nb Ni Re Ru Sc Si Ta Ti V W Y Zr".split()


@dataclass(frozen=True)
class Table:
    """Rows of a space with linear properties."""

    name: str
    space: AlloySpace
    properties: tuple[str, ...]
    points: Points
    values: Floats


def _table(name: str, space: AlloySpace, drawn_from: AlloySpace, rows: int, properties: int) -> Table:
    rng = np.random.default_rng(0)
    points = drawn_from.sample(rows, rng)
    slopes = rng.normal(100.0, 50.0, (space.dimension, properties))
    names = tuple(f"property {k}" for k in range(properties))
    return Table(name, space, names, points, space.fractions(points) @ slopes)


def published_sized() -> Table:
    """As large as a published table: 500 rows of 22 elements on a fine grid, 2 to 7 present, 2 properties."""
    space = AlloySpace.build(PUBLISHED, step="0.001", lower=0.001, upper=1.0, count=(1, 9))
    narrow = AlloySpace.build(PUBLISHED, step="0.001", lower=0.02, upper=0.9, count=(2, 7))
    return _table("500 rows x 22 elements", space, narrow, 500, 2)
