"""Frames of pandas with unknown values of every kind: which rows are measurements, and which stay open."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pandas as pd

from alloys.errors import InputError
from tests.support.fuzz.reports.base import Planted, right

UNKNOWN: tuple[Any, ...] = (pd.NA, None, np.nan, pd.NaT, "", "  ", "n/a", "<NA>", "NaT", "NA")
NULLABLE = ("Float64", "Float32", "Int64", "object", "string", "float64")
PROPERTY = "hardness"


class Frames(Planted):
    """What `Campaign.observe` reads of a frame."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        from alloys.properties import Property
        from alloys.space import AlloySpace

        self._space = AlloySpace.build(["Al", "Co", "Cr", "Fe", "Ni"], step=0.05, count=(3, 5), upper=0.5)
        self._properties = {PROPERTY: Property(PROPERTY, "HV", "", 0.0, 2500.0, (100.0, 900.0))}

    def ask(self, rng: Random) -> bool:
        """One frame."""
        from loop.people.frames import read_frame

        points = self._space.sample(rng.randint(1, 9), np.random.default_rng(rng.randrange(2**31)))
        formulas = [self._space.design(point).formula for point in points]
        values = [None if rng.random() < 0.4 else float(rng.randint(100, 900)) for _ in formulas]
        failures = [("it cracked" if v is None and rng.random() < 0.4 else None) for v in values]
        stds = [None if v is None or rng.random() < 0.5 else float(rng.randint(1, 20)) for v in values]
        table = pd.DataFrame({"formula": formulas, PROPERTY: _column(rng, values)})
        if rng.random() < 0.7:
            table["failure"] = _column(rng, failures, words=True)
        else:
            failures = [None] * len(formulas)
        if rng.random() < 0.5:
            table[f"{PROPERTY}_std"] = _column(rng, stds)
        else:
            stds = [None] * len(formulas)
        if rng.random() < 0.5:
            table = table.set_index("formula") if rng.random() < 0.3 else table.convert_dtypes()
        wanted = [
            (formula, {} if v is None else {PROPERTY: v}, {} if s is None else {PROPERTY: s}, why)
            for formula, v, s, why in zip(formulas, values, stds, failures, strict=True)
            if v is not None or why is not None
        ]
        try:
            rows = read_frame(table, [PROPERTY], self._space, self._properties, "me", ())
        except InputError as error:
            right(not wanted, f"{error}\n{table!r}\n{table.dtypes}")
            return False
        found = [(row.design.formula, dict(row.values), dict(row.stds), row.failure) for row in rows]
        right(found == wanted, f"read {found}, and it is {wanted}\n{table!r}\n{table.dtypes}")
        return True


def _column(rng: Random, cells: list[Any], *, words: bool = False) -> Any:
    """A column of one of pandas' types, with unknown values as that type, or a person, writes them."""
    kind = rng.choice(("object", "string", "category") if words else NULLABLE)
    if kind in ("object", "string", "category"):
        texts = [None if cell is None else cell if words or kind == "object" else str(cell) for cell in cells]
        if kind == "object":
            return pd.Series([rng.choice(UNKNOWN) if text is None else text for text in texts], dtype="object")
        return pd.array(texts, dtype="string") if kind == "string" else pd.Categorical(texts)
    if kind == "float64":
        return [np.nan if cell is None else cell for cell in cells]
    return pd.array([pd.NA if cell is None else cell for cell in cells], dtype=kind)
