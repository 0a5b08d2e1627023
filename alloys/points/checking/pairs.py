"""Values of one record that cannot both be true."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from alloys.points.checking.record import CheckedRecord, Flag

YIELD = "yield above ultimate strength"
PLASTIC = "plastic above total elongation"
HARDENING = "hardening without strain"
HARDNESS = "hardness against yield strength"

YIELD_STRENGTH, TENSILE, VICKERS = "yield_strength", "tensile_strength", "hardness"
TOTAL, PLASTIC_PART = "elongation", "plastic_elongation"

MPA_PER_HV = 9.80665 / 3
"""The flow stress of a hardness: a third of the pressure (Tabor, The Hardness of Metals, 1951)."""
_LEAST, _MOST = 0.65, 3.3
"""Flow stress by hardness to yield strength: the hardness tells the stress at about 8 % strain, which is not below the
yield strength but for pile-up and scatter; above it by what the alloy hardens, thrice in soft ones."""
_HARDENED = 1.6
"""The same to the ultimate strength, where hardening explains it."""
_ROUNDING = 1.005
_LITTLE_STRAIN, _MUCH_HARDENING = 0.5, 2.0
"""Percent of elongation, and ultimate to yield strength: nothing doubles its strength within so little strain."""


def yield_above_ultimate(records: Sequence[CheckedRecord]) -> Iterator[Flag]:
    """The ultimate strength is the largest stress of a test, that at yield included."""
    for record in records:
        low, high = record.values.get(YIELD_STRENGTH), record.values.get(TENSILE)
        if low is not None and high is not None and low > high * _ROUNDING:
            yield Flag(
                YIELD,
                record.places_of(YIELD_STRENGTH, TENSILE),
                f"yield strength {low:g} MPa of {record.formula} is above its ultimate strength {high:g} MPa",
                f"{high:g} and {low:g} MPa, if they are exchanged",
                (YIELD_STRENGTH, TENSILE),
            )


def plastic_above_total(records: Sequence[CheckedRecord]) -> Iterator[Flag]:
    """The plastic part of an elongation is not more than all of it."""
    for record in records:
        part, whole = record.values.get(PLASTIC_PART), record.values.get(TOTAL)
        if part is not None and whole is not None and part > 1.05 * whole + 0.3:
            yield Flag(
                PLASTIC,
                record.places_of(PLASTIC_PART, TOTAL),
                f"plastic elongation {part:g} % of {record.formula} is above its elongation {whole:g} %",
                f"{whole:g} and {part:g} %, if they are exchanged",
                (PLASTIC_PART, TOTAL),
            )


def hardening_without_strain(records: Sequence[CheckedRecord]) -> Iterator[Flag]:
    """An alloy that broke at once cannot have hardened to twice its yield strength."""
    for record in records:
        low, high, strain = (record.values.get(name) for name in (YIELD_STRENGTH, TENSILE, TOTAL))
        if low and high and strain is not None and strain < _LITTLE_STRAIN and high > _MUCH_HARDENING * low:
            yield Flag(
                HARDENING,
                record.places_of(YIELD_STRENGTH, TENSILE, TOTAL),
                f"{record.formula} hardens from {low:g} to {high:g} MPa within an elongation of {strain:g} %",
                f"{100 * strain:g} %, if the elongation is told as a fraction",
                (TOTAL,),
            )


def hardness_against_yield(records: Sequence[CheckedRecord]) -> Iterator[Flag]:
    """At room temperature a third of the hardness is a stress between yield and what hardening makes of it."""
    for record in records:
        hardness, strength = record.values.get(VICKERS), record.values.get(YIELD_STRENGTH)
        if not hardness or not strength or not record.at_room_temperature():
            continue
        flow = hardness * MPA_PER_HV
        ultimate = record.values.get(TENSILE)
        explained = ultimate is not None and strength < ultimate and flow <= _HARDENED * ultimate
        if flow < _LEAST * strength or (flow > _MOST * strength and not explained):
            yield Flag(
                HARDNESS,
                record.places_of(VICKERS, YIELD_STRENGTH),
                f"hardness {hardness:g} HV of {record.formula} is a flow stress of {flow:.0f} MPa, "
                f"{flow / strength:.2g} times its yield strength {strength:g} MPa; usual is {_LEAST:g} to {_MOST:g}",
                f"a yield strength near {flow / 1.2:.0f} MPa, or a hardness near {1.2 * strength / MPA_PER_HV:.0f} HV",
                (VICKERS, YIELD_STRENGTH),
            )
