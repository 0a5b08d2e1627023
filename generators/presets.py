"""What a family's settings are when there are many rows.

The defaults of each family were chosen on about a hundred alloys on a grid of 1 at.%: most of what a network learns
there are copies with elements replaced. With some hundred rows the rows themselves say more, and such copies only
blur them: copies then differ by a tenth in each fraction, and less is hidden. Chosen on the published table of
multi-principal-element alloys (557 compositions of 18 elements) with seed 0; `docs/concepts/evaluation.md` has the
figures of other seeds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MANY = 300
"""Rows from which these settings take the defaults' place."""

ROWS: dict[str, Any] = {"copies": 32, "jitter": 0, "replace": 0.0, "noise": 0.1, "mask_probability": 0.1}
"""For every family."""

FAMILY: dict[str, dict[str, Any]] = {
    "cae": {"weight_decay": 0.01},
    "cvae": {"weight_decay": 0.01, "hidden": 128, "epochs": 500, "patience": 500, "consistency": 300.0},
    "wcgan": {"epochs": 500},
    "diffusion": {"patience": 2000, "guidance": 0.0},
    "flow": {"patience": 2000, "guidance": 0.0},
}
"""For one family, beside those."""


def chosen(family: str, rows: int, settings: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What a family is trained with: the preset for that many rows, and settings that are given before it."""
    return {**preset(family, rows), **(settings or {})}


def preset(family: str, rows: int) -> dict[str, Any]:
    """Settings that differ from the family's defaults with that many rows; none for a family unknown here."""
    return {**ROWS, **FAMILY[family]} if rows >= MANY and family in FAMILY else {}
