"""Values that all other points call unlikely."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from alloys.points.checking import CheckedRecord, Flag
from alloys.points.point import point_properties
from loop.materials.governance.leaving_out import LeftOut, leave_out
from loop.materials.governance.observing import JudgedQuantity, observe, quantities_in

UNLIKELY = "unlikely by the other points"
DECIMAL = "decimal point"

FEWEST_POINTS, FEWEST_PAPERS = 30, 5
"""Of a quantity, below which its points are too few to judge each other."""
MOST_POINTS = 2000
"""Points that are judged together; of more, papers are judged in parts."""
WITH_PAPER, WITHOUT_PAPER, ALONE = 2.5, 2.0, 4.0
"""Standard deviations of residuals from which on a point is unlikely: with the rest of its paper told and, more weakly,
without; or without alone, where a whole paper is off. Chosen on half of the papers of the published MPEA table."""
_MADE = ("grain_size",)
"""Properties of how an alloy was made more than of the alloy: others say little of them."""
_NEAR_TEN = 0.45
"""How far a residual may be from a factor of ten, in logs, for the decimal point to be the doubt."""


def unlikely_values(records: Sequence[CheckedRecord]) -> Iterator[Flag]:
    """What leaving out one point at a time, and one paper, says of each value, and of ratios of two.

    A point is in doubt where the others contradict it both with the rest of its paper and without: neither a paper that
    is unlike others, nor its other points alone, accuse it. What contradicts all other papers by far does so alone.
    """
    fitting = [record for record in records if record.fractions and record.source]
    for quantity in (one for one in quantities_in(fitting) if one.told not in _MADE):
        for part in _parts(fitting, quantity):
            values = np.array([quantity.of(record) for record in part], dtype=float)
            yield from _flags(quantity, part, values, leave_out(observe(part, values)))


def _parts(records: Sequence[CheckedRecord], quantity: JudgedQuantity) -> Iterator[list[CheckedRecord]]:
    """Records that have the quantity, whole papers together, in parts that can be judged."""
    papers: dict[str, list[CheckedRecord]] = {}
    for record in records:
        if quantity.of(record) is not None:
            papers.setdefault(record.source, []).append(record)
    part: list[CheckedRecord] = []
    count = 0
    left = sum(map(len, papers.values()))
    for paper in papers.values():
        part += paper
        count += 1
        left -= len(paper)
        if (len(part) >= MOST_POINTS and left >= FEWEST_POINTS) or not left:
            if len(part) >= FEWEST_POINTS and count >= FEWEST_PAPERS:
                yield part
            part, count = [], 0


def _flags(
    quantity: JudgedQuantity, records: Sequence[CheckedRecord], values: np.ndarray, left_out: LeftOut
) -> Iterator[Flag]:
    within, without = np.abs(left_out.standardised), np.abs(left_out.paper_standardised)
    doubtful = ((within > WITH_PAPER) & (without > WITHOUT_PAPER)) | (without > ALONE)
    for row in map(int, np.flatnonzero(doubtful)):
        record = records[row]
        residual = float((left_out.paper_residuals if without[row] > ALONE else left_out.residuals)[row])
        expected = math.exp(float(values[row]) - residual)
        decimal = abs(abs(residual) - math.log(10)) < _NEAR_TEN and len(quantity.properties) == 1
        yield Flag(
            DECIMAL if decimal else UNLIKELY,
            record.places_of(*quantity.properties),
            f"{_told(quantity, record, values[row])} of {record.formula}; the other points expect {expected:.4g}, "
            f"{within[row]:.1f} standard deviations away with its paper, and {without[row]:.1f} without",
            _suggestion(quantity, record, residual, decimal),
            quantity.properties,
        )


def _told(quantity: JudgedQuantity, record: CheckedRecord, value: float) -> str:
    if len(quantity.properties) > 1:
        return f"{quantity.told} {math.exp(value):.3g}"
    unit = point_properties()[quantity.told].unit if quantity.told in point_properties() else ""
    celsius = "" if record.temperature is None else f" at {record.temperature:g} °C"
    return f"{quantity.told} {math.exp(value):.4g} {unit}{celsius}"


def _suggestion(quantity: JudgedQuantity, record: CheckedRecord, residual: float, decimal: bool) -> str:
    if not decimal:
        return "look it up in the source: another state, another unit, or a slip"
    value = record.values[quantity.properties[0]]
    return f"{value / 10 if residual > 0 else value * 10:g}, if the decimal point slipped"
