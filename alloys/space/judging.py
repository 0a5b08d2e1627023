"""What is wrong with a grid: numbers that contradict each other, and rules that leave nothing."""

from __future__ import annotations

from collections.abc import Iterable

from alloys.composition import SYMBOLS
from alloys.errors import InputError, Mistake
from alloys.physics.basis import MOST_ATOMS, too_fine
from alloys.space.grid import Grid
from alloys.space.reaching import contradicting, find, never_there
from alloys.space.starts import starts_of

MOST_SUMS = 4
"""Moves that keep more equal sums are too many to list."""


def mistakes_in(grid: Grid) -> list[Mistake]:
    """Everything that is wrong, each with the key that it comes from; whether any composition is left comes last."""
    return _wrong_numbers(grid) or _wrong_parts(grid) or _too_many_sums(grid) or _too_fine(grid) or _nothing_left(grid)


def _wrong_numbers(grid: Grid) -> list[Mistake]:
    found: list[Mistake] = []
    elements = grid.elements
    if len(set(elements)) != len(elements) or list(elements) != sorted(elements):
        found.append((("elements",), f"elements must be distinct and in alphabetical order, got {list(elements)}"))
    found += [(("elements",), f"{s!r} is not a chemical element") for s in elements if s not in SYMBOLS]
    if not 1 <= grid.fewest <= grid.most:
        text = f"1 <= fewest <= most elements must hold, but got ({grid.fewest}, {grid.most})"
        found.append((("count",), text))
    elif grid.fewest > len(elements):
        text = f"at least {grid.fewest} elements are asked for, but only {len(elements)} are named"
        found.append((("count",), text))
    for low, high in dict.fromkeys(zip(grid.lower, grid.upper, strict=True)):
        if not 0 < low <= high <= grid.total:
            own = [s for s, *pair in zip(elements, grid.lower, grid.upper, strict=True) if pair == [low, high]]
            got = f"({low / grid.total:g}, {high / grid.total:g})"
            text = f"0 < lower <= upper <= 1 must hold for {', '.join(own)}, but got {got}"
            found.append((("bounds", own[0]), text))
    for i, limit in enumerate(grid.limits):
        if outside := [s for s in (limit.element, limit.where) if s not in elements]:
            found.append((("limits", i), f"a limit names {', '.join(outside)}, which is not in the space"))
    return found


def _wrong_parts(grid: Grid) -> list[Mistake]:
    """What a grid that nobody wrote, from a file of weights, may have beside its bounds."""
    d = grid.dimension
    rows = [row for row in (grid.strides, grid.atoms) if row] + [rule.weights for rule in grid.rules]
    found: list[Mistake] = []
    if any(len(row) != d or not all(type(number) is int for number in row) for row in rows):
        found.append((("elements",), f"steps, atoms and rules must have {d} whole numbers each"))
    elif grid.strides and (min(grid.strides) < 1 or any(grid.total % stride for stride in grid.strides)):
        found.append((("steps",), f"steps must divide {grid.total}, got {list(grid.strides)}"))
    elif grid.atoms and not 0 < min(grid.atoms) <= max(grid.atoms) <= MOST_ATOMS:
        found.append((("basis",), f"atoms in a gram must be between 1 and {MOST_ATOMS}, got {list(grid.atoms)}"))
    if grid.balance is not None and grid.balance not in grid.elements:
        found.append((("balance",), f"the balance {grid.balance} is not among the elements"))
    elif grid.strides and grid.balance is None:
        found.append((("steps",), "steps of single elements need a balance"))
    return found


def _too_many_sums(grid: Grid) -> list[Mistake]:
    equal = [i for i, rule in enumerate(grid.rules) if rule.equal]
    text = f"at most {MOST_SUMS} rules may ask for equal sums (==), got {len(equal)}; leave an element out instead"
    return [(("rules", equal[MOST_SUMS]), text)] if len(equal) > MOST_SUMS else []


def _too_fine(grid: Grid) -> list[Mistake]:
    """Steps of weight that formulas cannot tell."""
    fine = too_fine(grid.atoms, grid.step_sizes, grid.upper, grid.total) if grid.atoms else []
    return [
        (
            ("step",),
            f"a step of {grid.percent(grid.step_sizes[i])} wt.% {grid.elements[i]} is too fine: two such compositions "
            "have one formula in at.%; take a coarser step",
        )
        for i in fine
    ]


def _nothing_left(grid: Grid) -> list[Mistake]:
    """Why there is no composition, or none with some element."""
    sums = f"no composition satisfies the bounds: {grid.fewest} to {grid.most} elements cannot sum to 1 within them"
    if not _sums_reach(grid, zip(grid.lower, grid.upper, strict=True)):
        return [((), f"{sums}; widen the bounds or the number of elements")]
    if grid.plain and _limits_leave_room(grid):
        return []
    try:
        return _against_rules(grid, sums)
    except InputError as error:
        return [(("rules",), str(error))]


def _against_rules(grid: Grid, sums: str) -> list[Mistake]:
    point = find(grid, grid.rules)
    if point is not None and (grid.contains(point[None])[0] or len(starts_of(grid).points)):
        return _never_there(grid)
    if point is not None:  # it keeps the rules but for the program's tolerance
        return [(("rules",), "no composition was found that keeps all rules exactly; loosen one, or take a finer step")]
    against = contradicting(grid)
    if not against:
        return [((), f"{sums}, their steps and their limits; widen these or the number of elements")]
    texts = list(dict.fromkeys(rule.text for rule in against))
    place = list(dict.fromkeys(rule.text for rule in grid.rules)).index(texts[-1])
    what = "the rule" if len(texts) == 1 else "one of the rules"
    told = " and ".join(map(repr, texts))
    return [(("rules", place), f"no composition within the bounds satisfies {told}; change {what} or the bounds")]


def _never_there(grid: Grid) -> list[Mistake]:
    if not grid.rules:
        return []
    return [
        (
            ("rules",),
            f"the rules and bounds leave no composition with {symbol}; leave it out of the elements, or change its "
            "lower bound, its step or a rule",
        )
        for symbol in never_there(grid)
    ]


def _sums_reach(grid: Grid, bounds: Iterable[tuple[int, int]]) -> bool:
    """Whether the sums of (lower, upper) leave room; limits, rules and steps may still leave nothing."""
    pairs = list(bounds)
    lows, highs = sorted(low for low, _ in pairs), sorted((high for _, high in pairs), reverse=True)
    counts = range(grid.fewest, min(grid.most, len(pairs)) + 1)
    return any(sum(lows[:k]) <= grid.total <= sum(highs[:k]) for k in counts)


def _limits_leave_room(grid: Grid) -> bool:
    """Whether there is a composition even if every limit holds always; if not, a program has to look."""
    upper = dict(zip(grid.elements, grid.upper, strict=True))
    for limit in grid.limits:
        upper[limit.element] = min(upper[limit.element], limit.most)
    pairs = zip(grid.lower, upper.values(), strict=True)
    return _sums_reach(grid, [(low, high) for low, high in pairs if low <= high])
