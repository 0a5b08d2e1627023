"""Where phases appear and disappear on the way down in temperature: solvus, and the window of a single phase.

A phase counts as absent while its distance from the tangent plane of the equilibrium is positive; the boundary is where
the distance is zero, found between a temperature with the phase and one without. A phase that orders out of another
without a distance of its own (a transition of second order) is found by halving.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from validation.calphad.errors import CalphadError
from validation.calphad.solving.melting import LOW_K, ROOT_TOLERANCE_J, ROOT_TOLERANCE_K
from validation.calphad.solving.state import State

LEAST_STEP_K, MOST_STEP_K = 10.0, 60.0
STEEPEST = 12.0
"""J/mol-atom and K: differences of entropy between phases are seldom larger, so that none is stepped over."""
BELOW_K = 0.5
"""How far below the solidus a phase must be alone for its window to reach up to it, K."""

At = Callable[[float], State]
Value = Callable[[float], float]
"""Positive on one side of a boundary; minus infinity, or a distance below 0, on the other."""


def solvus(at: At, names: Sequence[str], top: float) -> float | None:
    """The highest temperature at which any of the phases is stable, K; None where none is.

    Args:
        at: Equilibrium at a temperature in K.
        names: Names that phases are reported under.
        top: Where to begin, K.

    Raises:
        CalphadError: ``no_convergence``, where no temperature has an equilibrium.
    """

    def value(kelvin: float) -> float:
        state = at(kelvin)
        return -math.inf if state.holds(names) else state.distance(names)

    before = top
    for kelvin, state in _downwards(at, top, lambda state: state.distance(names)):
        if state.holds(names) or state.distance(names) < 0.0:
            return kelvin if kelvin == before else boundary(value, before, kelvin)
        before = kelvin
    return None


def single_phase_window(at: At, name: str, top: float) -> tuple[float, float] | None:
    """The hottest interval in which a phase is alone, as its lowest and highest temperature in K; None without one.

    Args:
        at: Equilibrium at a temperature in K.
        name: Name that the phase is reported under.
        top: The solidus in K.

    Raises:
        CalphadError: ``no_convergence``, where no temperature has an equilibrium.
    """

    def others(state: State) -> float:
        family = {name, name.partition(":")[0]}
        same = {item.phase for item in state.sets}
        rest = [other for other in state.distances if other not in family and other.partition(":")[0] not in same]
        return state.distance(rest)

    def value(kelvin: float) -> float:
        state = at(kelvin)
        return others(state) if _alone(state, name) else -math.inf

    start = top - BELOW_K
    high, before = None, start
    for kelvin, state in _downwards(at, start, others):
        alone = _alone(state, name)
        if high is None and alone:
            high = top if kelvin == start else boundary(value, kelvin, before)
        elif high is not None and not alone:
            return boundary(value, before, kelvin), high
        before = kelvin
    return None if high is None else (LOW_K, high)


def _alone(state: State, name: str) -> bool:
    return len(state.sets) == 1 and state.sets[0].named(name)


def _downwards(at: At, top: float, distance: Callable[[State], float]) -> Iterator[tuple[float, State]]:
    """Equilibria down to `LOW_K`, the denser the nearer a phase is, without those that do not converge."""
    kelvin, failure, found = top, None, False
    while kelvin >= LOW_K:
        step = LEAST_STEP_K
        try:
            state = at(kelvin)
        except CalphadError as error:
            failure = error
        else:
            found = True
            yield kelvin, state
            far = distance(state)
            step = min(max(far / STEEPEST, LEAST_STEP_K), MOST_STEP_K) if math.isfinite(far) else 2.0 * LEAST_STEP_K
        kelvin = max(kelvin - step, LOW_K) if kelvin > LOW_K else -math.inf
    if failure is not None and not found:
        raise failure


def boundary(value: Value, clear: float, met: float) -> float:
    """The temperature between two at which a value turns from positive to negative, K.

    Args:
        value: Its secant is followed while it is finite; else the interval is halved.
        clear: A temperature at which it is positive, K.
        met: A temperature at which it is negative, K.
    """
    seen: list[tuple[float, float]] = []
    kelvin = clear
    while abs(clear - met) > ROOT_TOLERANCE_K:
        found = value(kelvin)
        if 0.0 <= found <= ROOT_TOLERANCE_J:
            return kelvin
        clear, met = (kelvin, met) if found > 0.0 else (clear, kelvin)
        if math.isfinite(found):
            seen.append((kelvin, found))
        kelvin = _following(seen, clear, met)
    return 0.5 * (clear + met)


def _following(seen: list[tuple[float, float]], clear: float, met: float) -> float:
    """Where the last two values point to, if that lies inside the interval; else its middle."""
    middle = 0.5 * (clear + met)
    if len(seen) < 2 or seen[-1][1] == seen[-2][1]:
        return middle
    (first, one), (second, other) = seen[-2:]
    kelvin = second - other * (second - first) / (other - one)
    low, high = sorted((clear, met))
    margin = 0.02 * (high - low)
    return kelvin if low + margin < kelvin < high - margin else middle
