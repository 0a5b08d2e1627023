"""Compositions: amounts that make no whole, and amounts of weight in the place of atoms."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from alloys.physics.periodic import periodic_table
from alloys.points.checking.record import CheckedRecord, Flag

SUM = "sum of a composition"
WEIGHTS = "weights for atoms"

_PERCENTS = (50.0, 150.0)
"""Sums that look like percents which were meant to make 100."""
_LARGEST_RATIO = 5.0
"""Amounts of formulas in ratios, such as Al0.5CoCrFeNi, are not above this where they are no percents."""
_GRIDS = (1, 2, 4, 5, 10, 20)
"""Designed ratios of two elements are whole numbers, halves, quarters, fifths, tenths or twentieths."""
_MORE_LIKELY = 1000.0
"""How much less the round ratios after a conversion may be chance than those before it, for a conversion to be told."""


def amounts_off_a_whole(records: Sequence[CheckedRecord]) -> Iterator[Flag]:
    """Amounts that look like percents, or like fractions, and sum to another whole."""
    for record in (one for one in records if one.written):
        amounts = [float(amount) for amount in record.amounts.values()]
        total = math.fsum(amounts)
        rounding = 2.5 * _last_place(record.amounts) * math.sqrt(len(amounts) / 3)  # errors of rounding, added up
        if amounts and max(amounts) < 1:
            whole, rounding = 1.0, 0.0  # no reader takes them otherwise
        elif amounts and max(amounts) > _LARGEST_RATIO and _PERCENTS[0] <= total <= _PERCENTS[1]:
            whole = 100.0
        else:
            continue
        if abs(total - whole) > max(0.005 * whole, rounding):
            yield Flag(
                SUM,
                (record.place,),
                f"the amounts in {record.formula} sum to {total:g}, not {whole:g}",
                f"one amount may be off by {whole - total:+.4g}, or an element is left out",
            )


def weights_for_atoms(records: Sequence[CheckedRecord]) -> Iterator[Flag]:
    """Odd amounts that become round ones where they are read as weights, or as atoms converted once too often.

    People design alloys by round ratios of atoms. How often chance makes ratios round is told by how close they are
    written, and how fine the fractions are that they hit: a conversion is told where it explains much more.
    """
    for record in records:
        amounts = {symbol: float(amount) for symbol, amount in record.amounts.items() if amount}
        if len(amounts) < 2 or not all(math.isfinite(_mass(symbol)) for symbol in amounts):
            continue
        errors = {symbol: _last_place(record.amounts) / amount for symbol, amount in amounts.items()}
        before, _ = _chance(amounts, errors)
        for power, told in ((-1, "weights"), (1, "atoms that were converted as if they were weights")):
            chance, ratios = _chance({s: amount * _mass(s) ** power for s, amount in amounts.items()}, errors)
            if chance * _MORE_LIKELY < min(before, 1.0):
                read = "".join(f"{symbol}{ratio:g}" for symbol, ratio in sorted(ratios.items()))
                yield Flag(
                    WEIGHTS,
                    (record.place,),
                    f"the odd amounts of {record.formula} are round where they are read as {told}: {read}",
                    f"{read}, if amounts of weight stand in the place of atoms",
                )
                break


def as_weights(amounts: Mapping[str, float], power: int) -> dict[str, float]:
    """Atomic fractions where the amounts are weights (power -1), or were taken for weights and converted (power 1)."""
    read = {symbol: amount * _mass(symbol) ** power for symbol, amount in amounts.items()}
    total = math.fsum(read.values())
    return {symbol: amount / total for symbol, amount in read.items()}


def _mass(symbol: str) -> float:
    row = periodic_table().get(symbol)
    return math.nan if row is None else row["mass"]


def _last_place(amounts: Mapping[str, Fraction]) -> float:
    """Half a unit in the last decimal place that any amount is written with."""
    places = 0
    for amount in amounts.values():
        while places < 6 and (amount * 10**places).denominator != 1:
            places += 1
    return 0.5 * 10.0**-places


def _chance(amounts: Mapping[str, float], errors: Mapping[str, float]) -> tuple[float, dict[str, float]]:
    """How often chance makes ratios to one of the elements as round as these are, and the ratios; of the best element.

    Args:
        amounts: by element.
        errors: relative, of each.
    """
    best: tuple[float, dict[str, float]] = (math.inf, {})
    for base, amount in amounts.items():
        chance, ratios = 2.0 * len(amounts), {base: 1.0}
        for symbol, other in amounts.items():
            if symbol != base:
                ratio = other / amount
                off = ratio * (errors[symbol] + errors[base]) + 1e-6
                grid = next((grid for grid in _GRIDS if _on(ratio, grid, off)), None)
                ratios[symbol] = round(ratio, 3) if grid is None else round(ratio * grid) / grid
                chance *= 1.0 if grid is None else min(1.0, 4 * off * grid)
        best = min(best, (chance, ratios), key=lambda pair: pair[0])
    return best


def _on(ratio: float, grid: int, off: float) -> bool:
    return round(ratio * grid) > 0 and abs(ratio - round(ratio * grid) / grid) <= off
