"""A design space around the alloys of a table."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from alloys.composition import Composition
from alloys.design import Design
from alloys.errors import InputError
from alloys.physics.basis import atomic_masses
from alloys.space.formula import FormulaSpace
from alloys.space.formula.around import formulas_around
from alloys.space.varied import AlloySpec, GridSpace

_RARE = 0.05
"""An element that fewer alloys have is left out of the palette, where there are many."""
_MANY = 8
_MOST = 20
_BASE = 0.5
"""An element that every alloy has, and usually more of than this, takes what the others leave."""
_FINEST = 0.001
"""The finest step of all elements alike; only beside a balance are there finer ones of minor additions."""
_MARGIN = 0.25
"""Bounds lie beyond what the table has by this share of an element's span, or of its usual amount."""
_FITTING = (0.9, 1.0)
"""Shares of an element's amounts that are to be whole steps: the larger one where rows would lie between steps."""
_MILLIONTH = 1e-6
"""Compositions given by weight have whole millionths of atoms."""
_SAMPLE = 1000
"""Alloys that steps are tried on."""
_ROUNDED = 0.02
"""Parts of a step that an amount may be beside a whole one."""
_STEPS = (0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001, 0.00005, 0.00002, 0.00001)
"""Grid steps; the coarsest that resolves an element is taken."""
_TRIED = (_STEPS[-1], 0.0001, 0.001)
"""The finest steps, of which the first is taken that a space can have: of heavy elements a step may be too little."""
NO_DESIGNS = "they teach the model, but are no designs, and never count as the best known"
"""What becomes of rows outside of the space."""


@dataclass(frozen=True, slots=True)
class SpaceAround:
    """A space around alloys.

    Attributes:
        keys: of a configuration.
        seen: how many alloys have each element.
        outside: lines on alloys that teach the model, but are no designs of the space.
        balanced: of formulas, the share that is neutral and balanced; None of alloys on a grid.
    """

    keys: dict[str, Any]
    seen: dict[str, int]
    outside: tuple[str, ...]
    balanced: float | None = None


def space_around(compositions: Sequence[Composition], *, by_weight: bool, varied: bool = False) -> SpaceAround:
    """A space that holds the usual ones of some alloys with a margin, and most of them as designs.

    It is one of formulas where these are formulas of inorganic compounds, else a grid.

    Args:
        compositions: the alloys.
        by_weight: whether bounds and steps are weight fractions.
        varied: whether there are variables beside the composition, which a space of formulas has none of.

    Raises:
        InputError: if no such space can be built.
    """
    seen = Counter(symbol for composition in compositions for symbol in composition.elements)
    of = f"of {len(compositions)} rows"
    formulas = None if by_weight or varied else formulas_around(compositions)
    if formulas is not None:
        lines = tuple(f"{n} {of} {what}" for what, n in formulas.outside.items())
        return SpaceAround(formulas.keys, dict(seen), lines, formulas.balanced)
    few = len(seen) <= _MANY
    palette = {s for s, n in seen.most_common(_MOST) if few or n >= _RARE * len(compositions)}
    inside = [c for c in compositions if set(c.elements) <= palette] or list(compositions)
    rows = [_weights(c) if by_weight else c.fractions() for c in inside]
    some = inside[:: max(1, len(inside) // _SAMPLE)]
    best: tuple[int, dict[str, Any], GridSpace] | None = None
    for fitting in _FITTING:
        keys, space = _built(rows, fitting, by_weight=by_weight)
        between = count_outside(space, some)
        if best is None or between < best[0]:
            best = between, keys, space
        if not between:
            break
    assert best is not None
    told = {
        "lie between its steps": count_outside(best[2], inside),
        "have other elements": len(compositions) - len(inside),
    }
    return SpaceAround(best[1], dict(seen), tuple(f"{n} {of} {what}" for what, n in told.items() if n))


def _built(rows: Sequence[Mapping[str, float]], fitting: float, *, by_weight: bool) -> tuple[dict[str, Any], GridSpace]:
    """The keys of a space and the space, with the finest steps that there can be."""
    refused: InputError | None = None
    fits = partial(_fits, fitting=fitting, slack=_MILLIONTH if by_weight else 0.0)
    for finest in _TRIED:
        keys = _space(rows, [step for step in _STEPS if step >= finest], fits)
        keys |= {"basis": "wt"} if by_weight else {}
        try:
            return keys, AlloySpec.model_validate(keys).build()
        except InputError as error:
            refused = error
    assert refused is not None
    raise refused


def count_outside(space: GridSpace | FormulaSpace, compositions: Sequence[Composition]) -> int:
    """How many compositions are none of a space's, whatever its variables."""
    return len(compositions) - sum(map(partial(_is_inside, space), compositions))


def _is_inside(space: GridSpace | FormulaSpace, composition: Composition) -> bool:
    try:
        (space if isinstance(space, FormulaSpace) else space.alloys).point_of(Design(composition))
    except InputError:
        return False
    return True


def _space(
    rows: Sequence[Mapping[str, float]], choice: Sequence[float], fits: Callable[[Sequence[float], float], bool]
) -> dict[str, Any]:
    """A space around amounts by element, with steps of a choice of them, the coarsest first."""
    amounts = {s: sorted(row[s] for row in rows if s in row) for s in sorted({s for row in rows for s in row})}
    balance = next((s for s, v in amounts.items() if len(v) == len(rows) and statistics.median(v) > _BASE), None)
    steps = {s: _step(values, choice, fits) for s, values in amounts.items()}
    usual = max(steps.values()) if balance else max(min(steps.values()), _FINEST)
    counts = [len(row) for row in rows]
    space: dict[str, Any] = {
        "elements": list(amounts),
        "step": usual,
        "lower": usual,
        "upper": 1.0,
        "count": [min(counts), max(2, *counts)],
        "bounds": {s: _bounds(values, steps[s] if balance else usual) for s, values in amounts.items()},
    }
    finer = {s: step for s, step in steps.items() if step < usual and s != balance}
    return {**space, **({"balance": balance} if balance else {}), **({"steps": finer} if balance and finer else {})}


def _step(values: Sequence[float], choice: Sequence[float], fits: Callable[[Sequence[float], float], bool]) -> float:
    """The coarsest step that resolves an element, and that its amounts are whole steps of if any is."""
    usual = statistics.median(values)
    fine = [step for step in choice if usual >= 4 * step] or [choice[-1]]
    return next((step for step in fine if fits(values, step)), fine[0])


def _fits(values: Sequence[float], step: float, *, fitting: float, slack: float) -> bool:
    """Whether such a share of amounts are whole steps, within rounding."""
    return statistics.fmean(abs(v - round(v / step) * step) < _ROUNDED * step + slack for v in values) >= fitting


def _bounds(values: Sequence[float], step: float) -> list[float]:
    """From below the smallest amount to above the largest, in whole steps."""
    low, high = values[0], values[-1]
    margin = max(_MARGIN * (high - low), _MARGIN * statistics.median(values), step)
    lowest = max(1, math.floor((low - margin) / step + 1e-9))
    highest = min(round(1 / step), math.ceil((high + margin) / step - 1e-9))
    return [round(lowest * step, 6), round(highest * step, 6)]


def _weights(composition: Composition) -> Mapping[str, float]:
    grams = {
        s: part * mass
        for (s, part), mass in zip(composition.items, atomic_masses(composition.elements).values(), strict=True)
    }
    total = sum(grams.values())
    return {symbol: float(gram / total) for symbol, gram in grams.items()}
