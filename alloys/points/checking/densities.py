"""Densities against those of mixtures: of what is measured, and of what a source calculates for the same alloy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from alloys.errors import InputError
from alloys.physics.linear import density
from alloys.points.checking.amounts import WEIGHTS, as_weights
from alloys.points.checking.record import CheckedRecord, Flag

DENSITY = "density against mixture"
_NAME = density.__name__
_MEASURED = 0.10
"""How far a measured density may be from that of the mixture, relative: packing and vacancies of solid solutions and
compounds change it by a few percent, pores by more."""
_CALCULATED = 0.02
"""How far a calculated one may be: densities of the elements differ so much between handbooks."""
_LAST_PLACE = 0.05
"""Calculated densities are told to a tenth of a g/cm3."""


def densities_off_mixtures(records: Sequence[CheckedRecord]) -> Iterator[Flag]:
    """A density that the alloy's elements cannot mix to: it is wrong, or the composition is.

    Where the composition read as weights explains it, that is the doubt.
    """
    for record in records:
        mixed = mixed_density(record.fractions)
        if mixed is None:
            continue
        if (told := record.values.get(_NAME)) is not None and told > 0:
            yield from _told(record, told, mixed, _MEASURED * mixed, "measured")
        if (told := record.calculated.get(_NAME)) is not None and told > 0:
            yield from _told(record, told, mixed, _CALCULATED * mixed + _LAST_PLACE, "calculated")


def mixed_density(fractions: Mapping[str, float]) -> float | None:
    """The density of a mixture by volume, in g/cm3; None where an element's is not known."""
    if not fractions:
        return None
    try:
        return float(density(tuple(fractions), np.array([[*fractions.values()]]))[0])
    except InputError:
        return None


def _told(record: CheckedRecord, told: float, mixed: float, most: float, how: str) -> Iterator[Flag]:
    if abs(told - mixed) <= most:
        return
    measured = how == "measured"
    places = record.places_of(_NAME) if measured else (record.place,)
    said = f"{how} density {told:g} g/cm3 of {record.formula}; the elements mix to {mixed:.3g} g/cm3"
    for power in (-1, 1):
        other = mixed_density(as_weights(record.fractions, power))
        if other is not None and abs(told - other) <= most / 2 and not measured:
            yield Flag(
                WEIGHTS,
                places,
                f"{said}, and to {other:.3g} g/cm3 with amounts of weight and atoms exchanged",
                "amounts of weight may stand in the place of atoms",
            )
            return
    suggestion = "the composition may be wrong" if not measured else "pores, another composition, or a slip"
    yield Flag(DENSITY, places, f"{said}: {told / mixed - 1:+.0%}", suggestion, (_NAME,) if measured else ())
