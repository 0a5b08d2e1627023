"""Solidus and liquidus of one alloy, each bracketed and then checked.

The liquidus is the temperature at which the tangent plane of the liquid at the alloy's composition first
touches a solid; the solidus the temperature at which the tangent plane of the solid equilibrium first
touches the liquid. Both distances are continuous in temperature, so a bracketed secant finds the root in a
few equilibria, and a first liquid far from the alloy's composition cannot fall between grid points.

On the way to a root the minima of the last search, and the sets of the last equilibrium, are followed from one
temperature to the next, without looking for others. At the root everything is searched anew: where that finds
another distance, it is followed from there, and after `FOLLOWED_ROUNDS` of these every step is a search of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from validation.calphad.errors import CalphadError
from validation.calphad.solving.equilibrium import (
    DRIVING_FORCE_TOLERANCE,
    HOPELESS,
    Equilibrator,
    Equilibrium,
    PhaseSet,
    followed,
    lowest,
)
from validation.calphad.solving.phases.sampling import Array
from validation.calphad.solving.retry import find

LOW_K, HIGH_K = 298.15, 6000.0
RANGES_K = ((400.0, 4400.0), (LOW_K, HIGH_K))
"""Where a root is looked for, first where nearly all alloys melt."""
STARTS_K = (2500.0, 1200.0)
"""Where a liquidus is looked for from; from below where the functions of a database run away above all melting."""
ROOT_TOLERANCE_K = 0.02
ROOT_TOLERANCE_J = 0.05
FOLLOWED_ROUNDS = 3
FOLLOWED_MINIMA = 2
"""Minima of each phase, the lowest, that are followed."""
SAME_J = 0.1
"""Distance at a root that was followed, J/mol-atom, up to which a new search confirms it: about 0.02 K."""
CHECK_K = 1.0
"""A solidus or liquidus must still hold this far below and above it, K."""

Distance = Callable[[float], float]
Matrix = Callable[[float], str | None]
Minima = dict[str, Array]
"""Site fractions of minima by phase, ``(minima, site fractions)``."""


class Melting:
    """Where one alloy begins and ends to melt.

    Args:
        solver: The alloy's equilibria.
        liquid: Name of the liquid.
        solids: Names of the solid phases.
        matrix: The solid that is tried alone before anything else at a temperature in K.
    """

    def __init__(self, solver: Equilibrator, liquid: str, solids: Sequence[str], matrix: Matrix) -> None:
        self._solver = solver
        self._liquid = liquid
        self._solids = list(solids)
        self._matrix = matrix

    def liquidus(self, notes: list[str]) -> float:
        """Temperature above which no solid is left, K.

        Args:
            notes: Takes a word where the liquid itself splits in two.

        Raises:
            CalphadError: ``no_convergence``, ``bracket`` or ``bracket_check``.
        """

        minima: Minima = {}

        def distance(kelvin: float) -> float:
            return self._distance(self._alone(kelvin), self._solids, kelvin, minima)

        def near(kelvin: float) -> float:
            return self._followed(self._alone(kelvin), kelvin, minima) if minima else distance(kelvin)

        try:
            kelvin = checked_root(distance, STARTS_K[0], "liquidus", near)
        except CalphadError:
            minima.clear()
            kelvin = checked_root(distance, STARTS_K[1], "liquidus", near)
        above = kelvin + CHECK_K
        if self._distance(self._alone(above), [self._liquid], above) >= -DRIVING_FORCE_TOLERANCE:
            return kelvin
        notes.append(f"the liquid splits in two at {above:.0f} K")
        return checked_root(self._from_liquids, kelvin, "liquidus")

    def _from_liquids(self, kelvin: float) -> float:
        """Distance of the solids from the equilibrium of the liquid, which may be two liquids."""
        return self._distance(find(self._solver, kelvin, [self._liquid]), self._solids, kelvin)

    def solidus(self, liquidus: float) -> float:
        """Temperature of the first liquid, K, at most the liquidus.

        Args:
            liquidus: The liquidus in K; the search starts below it.

        Raises:
            CalphadError: ``no_convergence``, ``bracket`` or ``bracket_check``.
        """

        minima: Minima = {}
        sets: tuple[PhaseSet, ...] = ()

        def distance(kelvin: float) -> float:
            nonlocal sets
            solid = find(self._solver, kelvin, self._solids, self._matrix(kelvin))
            sets = solid.sets
            return -self._distance(solid, [self._liquid], kelvin, minima)

        def near(kelvin: float) -> float:
            try:
                solid = self._solver.solve(sets, kelvin) if minima else None
            except (ArithmeticError, LookupError, ValueError):  # pycalphad's solver broke on these sets
                solid = None
            return distance(kelvin) if solid is None else -self._followed(solid, kelvin, minima)

        return min(checked_root(distance, liquidus - 60.0, "solidus", near), liquidus)

    def _alone(self, kelvin: float) -> Equilibrium:
        liquid = self._solver.single(self._liquid, kelvin)
        if liquid is None:
            raise CalphadError("no_convergence", f"the liquid alone did not converge at {kelvin:.1f} K")
        return liquid

    def _distance(
        self, plane: Equilibrium, phases: Sequence[str], kelvin: float, minima: Minima | None = None
    ) -> float:
        """The lowest distance of any of the phases; the minima that are worth following are put into ``minima``."""
        least = math.inf
        for name in phases:
            values, sites = lowest(self._solver.surfaces[name], kelvin, plane.potentials)
            least = min(least, float(values.min()))
            if minima is not None:
                minima.pop(name, None)
                if values.min() < HOPELESS:
                    minima[name] = sites[np.argsort(values, kind="stable")[:FOLLOWED_MINIMA]]
        return least

    def _followed(self, plane: Equilibrium, kelvin: float, minima: Minima) -> float:
        """The lowest distance of the minima, moved to where they are now."""
        least = math.inf
        for name, start in minima.items():
            values, minima[name] = followed(self._solver.surfaces[name], kelvin, plane.potentials, start)
            least = min(least, float(values.min()))
        return least


def checked_root(function: Distance, start: float, what: str, near: Distance | None = None) -> float:
    """Root of a function that rises with temperature, K, with its signs confirmed `CHECK_K` to either side.

    Args:
        function: J/mol-atom of a temperature in K; negative below the root.
        start: Where to begin, K.
        what: Its name, for messages.
        near: The same by following what the function found last; cheaper, and not always right.

    Raises:
        CalphadError: ``bracket``: no change of sign between 298.15 and 6000 K; ``bracket_check``: the sign does not
            hold just below or above the root, so that it is no boundary.
    """
    seen: dict[float, float] = {}

    def remembered(kelvin: float) -> float:
        seen[kelvin] = function(kelvin)
        return seen[kelvin]

    root = None if near is None else _followed_root(remembered, near, start, what)
    if root is None:
        root = _root(remembered, start, what)
    for sign, side in ((-1.0, "below"), (1.0, "above")):
        if any(0.0 < sign * (t - root) <= CHECK_K and sign * value > ROOT_TOLERANCE_J for t, value in seen.items()):
            continue
        value = function(root + sign * CHECK_K)
        if sign * value <= 0.0:
            raise CalphadError(
                "bracket_check",
                f"the {what} of {root:.2f} K does not hold {CHECK_K:g} K {side} it (distance {value:.2f} J/mol of "
                "atoms); try another composition",
            )
    return root


def _followed_root(function: Distance, near: Distance, start: float, what: str) -> float | None:
    """Root of the cheaper function that the other one confirms, K; None where it does not."""
    kelvin = min(max(start, LOW_K), HIGH_K)
    function(kelvin)
    for _ in range(FOLLOWED_ROUNDS):
        try:
            kelvin = _root(near, kelvin, what)
        except CalphadError:
            return None
        if abs(function(kelvin)) <= SAME_J:
            return kelvin
    return None


def _root(function: Distance, start: float, what: str) -> float:
    """Root of a function that rises with temperature, K.

    Raises:
        CalphadError: ``bracket``: no change of sign between 298.15 and 6000 K.
    """
    for coldest, hottest in RANGES_K:
        root = _root_between(function, start, coldest, hottest)
        if root is not None:
            return root
    raise CalphadError("bracket", f"no {what} between {LOW_K:.0f} and {HIGH_K:.0f} K; check the database's range")


def _root_between(function: Distance, start: float, coldest: float, hottest: float) -> float | None:
    """Root by a secant kept inside its bracket, K; None where the sign does not change between the two temperatures."""
    kelvin = min(max(start, coldest), hottest)
    value = function(kelvin)
    low, high = coldest, hottest
    low_value, high_value = -math.inf, math.inf
    for _ in range(80):
        if value < 0.0:
            low, low_value = kelvin, value
        else:
            high, high_value = kelvin, value
        if abs(value) <= ROOT_TOLERANCE_J:
            return kelvin
        if high - low <= ROOT_TOLERANCE_K:
            return 0.5 * (low + high)
        following = min(max(_next(low, low_value, high, high_value), coldest), hottest)
        if kelvin in (coldest, hottest) and not (math.isfinite(low_value) and math.isfinite(high_value)):
            break
        if abs(following - kelvin) < 0.25 * ROOT_TOLERANCE_K:
            return following
        kelvin = following
        value = function(kelvin)
    return None


def _next(low: float, low_value: float, high: float, high_value: float) -> float:
    slope_guess = 8.0
    if not math.isfinite(high_value):
        return low - 1.3 * low_value / slope_guess + 5.0
    if not math.isfinite(low_value):
        return high - 1.3 * high_value / slope_guess - 5.0
    inside = low - low_value * (high - low) / (high_value - low_value)
    margin = 0.01 * (high - low)
    return min(max(inside, low + margin), high - margin)
