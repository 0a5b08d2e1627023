"""The site fractions of a single phase, where its composition alone fixes them."""

from __future__ import annotations

import numpy as np

from validation.calphad.solving.phases.sampling import MIN_SITE_FRACTION, Array
from validation.calphad.solving.phases.surface import PhaseSurface

FEW_VACANCIES = 1e-6
"""Vacancies on sublattices of which composition does not fix how many there are."""
FULL = 1e-9


def fixed_sites(surface: PhaseSurface, composition: Array) -> Array | None:
    """Site fractions of a disordered phase at a composition, or None where they are not fixed by it.

    Sublattices that can order hold the same. Vacancies fill what the elements leave; where they could be anywhere,
    there are few.

    Args:
        surface: The phase.
        composition: Mole fractions, ``(elements,)``.
    """
    if surface.formula is None or surface.constitution.charges.any():
        return None
    groups, copies = _groups(surface)
    sites = np.zeros(len(surface.formula))
    held = [_elements(surface.formula, places) for places in groups]
    elements = [one for one in held if one is not None]
    if len(elements) < len(held):
        return None
    every = [index for one in elements for index in one.values()]
    if len(set(every)) < len(every) or composition.sum() - composition[every].sum() > FULL:
        return None
    units = _units(surface, groups, elements, composition)
    if units is None:
        return None
    for places, one, count in zip(groups, elements, units, strict=True):
        sites[list(one)] = composition[list(one.values())] / count
        rest = 1.0 - sites[places].sum()
        vacancies = [place for place in places if place not in one]
        if rest < -FULL or (not vacancies and rest > FULL):
            return None
        sites[vacancies] = max(rest, 0.0) / max(len(vacancies), 1)
    for first, others in copies:
        sites[others] = sites[first]
    return np.maximum(sites, MIN_SITE_FRACTION)


def _groups(surface: PhaseSurface) -> tuple[list[list[int]], list[tuple[list[int], list[int]]]]:
    """Places of each sublattice, those that order as one; and which places are copies of which."""
    ordering = surface.constitution.ordering
    copies = [] if ordering is None else [(ordering.places[0].tolist(), o.tolist()) for o in ordering.places[1:]]
    copied = {place for _, others in copies for place in others}
    whole = [list(range(start, start + size)) for size, start in surface.constitution.sublattices()]
    return [places for places in whole if places[0] not in copied], copies


def _elements(formula: Array, places: list[int]) -> dict[int, int] | None:
    """The element at each place of a sublattice, vacancies left out; None where species hold several or one twice."""
    found: dict[int, int] = {}
    for place in places:
        elements = np.flatnonzero(formula[place])
        if len(elements) > 1 or (len(elements) == 1 and int(elements[0]) in found.values()):
            return None
        if len(elements) == 1:
            found[place] = int(elements[0])
    return found


def _units(
    surface: PhaseSurface, groups: list[list[int]], elements: list[dict[int, int]], composition: Array
) -> list[float] | None:
    """Moles of sites of each group for one mole of atoms; None where sublattices without vacancies disagree."""
    assert surface.formula is not None
    holding = [(places, one) for places, one in zip(groups, elements, strict=True) if one]
    if len(holding) == 1:
        places, one = holding[0]
        return [1.0 if len(one) == len(places) else 1.0 + FEW_VACANCIES] * len(groups)
    ratios = [_ratio(surface, places, one) for places, one in zip(groups, elements, strict=True)]
    per_unit = [
        composition[list(one.values())].sum() / ratio
        for places, one, ratio in zip(groups, elements, ratios, strict=True)
        if one and len(one) == len(places)
    ]
    if not per_unit:
        largest = max(range(len(groups)), key=lambda index: ratios[index] if elements[index] else 0.0)
        inside = composition[list(elements[largest].values())].sum()
        per_unit = [inside * (1.0 + FEW_VACANCIES) / ratios[largest]]
    if min(per_unit) <= 0.0 or max(per_unit) - min(per_unit) > FULL * max(per_unit):
        return None
    return [per_unit[0] * ratio for ratio in ratios]


def _ratio(surface: PhaseSurface, places: list[int], one: dict[int, int]) -> float:
    """Sites of a group per formula unit, with those of the sublattices that hold the same; 1 without atoms."""
    assert surface.formula is not None
    if not one:
        return 1.0
    place, element = next(iter(one.items()))
    ordering = surface.constitution.ordering
    alike = ordering.places if ordering is not None and place in ordering.places[0] else np.array([places])
    column = alike[:, places.index(place)] if len(alike) > 1 else np.array([place])
    return float(surface.formula[column, element].sum())
