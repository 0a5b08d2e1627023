"""Fractions of an alloy's phases against temperature, and how it freezes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from alloys.physics.elements import column
from validation.calphad.diagrams.tracing import Change, Region, changes
from validation.calphad.errors import CalphadError
from validation.calphad.solving.alloy import Alloy
from validation.calphad.solving.equilibrium import PhaseSet
from validation.calphad.solving.phases.sampling import Array

POINTS = 61
"""Even temperatures of a curve; each change of phases between two of them is searched for."""
CHANGE_K = 0.5
"""Interval in K that holds a change of phases."""
COLDEST_OF_SOLIDUS = 0.5
"""Where nothing else is asked for, a curve begins at this share of the solidus in K: diffusion is slow below."""
ABOVE_LIQUIDUS_K = 60.0
LOWEST_K = 298.15
FREEZING_POINTS = 41


@dataclass(frozen=True, slots=True)
class PhaseFractions:
    """The phases of one alloy at rising temperatures.

    Attributes:
        kelvin: temperatures in K, ``(n,)``; a change of phases lies between two that are close together.
        fractions: phase to its fraction at each, ``(n,)``, NaN where no equilibrium was found. Further sets of one
            phase, told apart by their composition, are ``PHASE#2`` and so on.
        changes: temperatures in K at which the phases change, with those below and above.
        ends: solidus and liquidus in K, by name; none without a liquid.
    """

    kelvin: Array
    fractions: dict[str, Array]
    changes: tuple[Change, ...]
    ends: dict[str, float]


@dataclass(frozen=True, slots=True)
class Freezing:
    """How an alloy becomes solid, without diffusion in the solid and in equilibrium.

    Attributes:
        scheil: temperatures in K and mole fractions of solid, ``(n, 2)``, from the liquidus down.
        equilibrium: likewise.
        ends: liquidus, solidus, and solidus after Scheil in K, by name.
        ranges: freezing range in equilibrium and after Scheil in K, by name.
        solids: phase to the mole fraction of the alloy that froze as it.
    """

    scheil: Array
    equilibrium: Array
    ends: dict[str, float]
    ranges: dict[str, float]
    solids: dict[str, float]


def labelled(alloy: Alloy, kelvin: float) -> dict[str, PhaseSet]:
    """The composition sets of an alloy's equilibrium by their labels, in alphabetical order.

    Raises:
        CalphadError: where there is no equilibrium.
    """
    found: dict[str, PhaseSet] = {}
    for item in sorted(alloy.at(kelvin).sets, key=lambda s: (s.phase, s.order, tuple(s.composition))):
        rank = 1 + sum(label.partition("#")[0] == item.label for label in found)
        found[item.label if rank == 1 else f"{item.label}#{rank}"] = item
    return found


def region_of(alloy: Alloy, kelvin: float) -> Region:
    """The names of the phases that are there; none where no equilibrium was found."""
    try:
        return tuple(labelled(alloy, kelvin))
    except CalphadError:
        return ()


def usual_range(solidus: float, liquidus: float) -> tuple[float, float]:
    """Temperatures in K that a picture of an alloy spans where nothing else is asked for."""
    return max(LOWEST_K, COLDEST_OF_SOLIDUS * solidus), liquidus + ABOVE_LIQUIDUS_K


def phase_fractions(
    alloy: Alloy,
    low: float,
    high: float,
    *,
    by_weight: bool = False,
    points: int = POINTS,
    advance: Callable[[], object] = lambda: None,
) -> PhaseFractions:
    """The fractions of the phases of an alloy between two temperatures.

    Args:
        alloy: the alloy.
        low: K.
        high: K.
        by_weight: weight fractions in place of mole fractions.
        points: how many even temperatures; those beside each change come in addition.
        advance: called after each of the even temperatures.

    Raises:
        CalphadError: if no temperature has an equilibrium.
    """
    even = np.linspace(low, high, points)
    found: list[Change] = []
    for cold, hot in pairwise(even.tolist()):
        found += changes(lambda t: region_of(alloy, t), cold, hot, CHANGE_K)
        advance()
    half = CHANGE_K / 2.0
    beside = [t for change in found for t in (change.where - half, change.where + half)]
    kelvin = np.unique(np.clip([*even, *beside], low, high))
    return PhaseFractions(kelvin, fractions_at(alloy, kelvin, by_weight=by_weight), tuple(found), _ends(alloy))


def fractions_at(alloy: Alloy, kelvin: Sequence[float] | Array, *, by_weight: bool = False) -> dict[str, Array]:
    """The fractions of the phases of an alloy against temperature.

    Args:
        alloy: the alloy.
        kelvin: temperatures in K, rising, ``(n,)``.
        by_weight: weight fractions in place of mole fractions.

    Returns:
        Phase to fractions, ``(n,)``, NaN where there is no equilibrium; see `PhaseFractions`.

    Raises:
        CalphadError: if no temperature has an equilibrium.
    """
    masses = column([symbol.capitalize() for symbol in alloy.elements], "mass")
    curves: dict[str, Array] = {}
    failed, failure = np.zeros(len(kelvin), dtype=bool), None
    sets: dict[str, PhaseSet] = {}
    for place, temperature in reversed(list(enumerate(np.asarray(kelvin).tolist()))):
        try:
            sets = _followed(labelled(alloy, temperature), sets)
        except CalphadError as error:
            failed[place], failure = True, error
            continue
        weights = {n: s.amount * (float(s.composition @ masses) if by_weight else 1.0) for n, s in sets.items()}
        whole = sum(weights.values())
        for name, weight in weights.items():
            curves.setdefault(name, np.zeros(len(kelvin)))[place] = weight / whole
    if failure is not None and failed.all():
        raise failure
    return {name: np.where(failed, np.nan, values) for name, values in sorted(curves.items())}


def _followed(sets: dict[str, PhaseSet], hotter: dict[str, PhaseSet]) -> dict[str, PhaseSet]:
    """The sets of phases that demix, each under the label of the set that it was nearest to a little hotter."""
    found = dict(sets)
    for name in {label.partition("#")[0] for label in sets}:
        labels = [label for label in sets if label.partition("#")[0] == name]
        left = [sets[label] for label in labels]
        known = {label: hotter[label].composition for label in labels if label in hotter}
        for label in [*known, *(label for label in labels if label not in known)]:
            away = [float(np.abs(item.composition - known[label]).sum()) if label in known else 0.0 for item in left]
            found[label] = left.pop(int(np.argmin(away)))
    return found


def _ends(alloy: Alloy) -> dict[str, float]:
    try:
        return {"solidus": alloy.solidus, "liquidus": alloy.liquidus}
    except CalphadError:
        return {}


def freezing(
    alloy: Alloy,
    liquids: tuple[str, ...],
    *,
    points: int = FREEZING_POINTS,
    advance: Callable[[], object] = lambda: None,
) -> Freezing:
    """How an alloy freezes.

    Args:
        alloy: the alloy.
        liquids: names of the database's liquids.
        points: temperatures in equilibrium.
        advance: called after each of them.

    Raises:
        CalphadError: where there is no liquid, or an equilibrium on the way is not found.
    """
    path = alloy.scheil()
    liquidus, solidus = alloy.liquidus, alloy.solidus
    rows = []
    for kelvin in np.linspace(liquidus, solidus, points).tolist():
        left = sum(item.amount for item in alloy.at(kelvin).sets if item.phase in liquids)
        rows.append((kelvin, 1.0 - left))
        advance()
    frozen = np.array([(kelvin, 1.0 - left) for kelvin, left in path.liquid])
    ends = {"liquidus": liquidus, "solidus": solidus, "scheil_solidus": path.solidus}
    ranges = {"freezing_range": liquidus - solidus, "scheil_freezing_range": liquidus - path.solidus}
    return Freezing(frozen, np.array(rows), ends, ranges, path.solids)
