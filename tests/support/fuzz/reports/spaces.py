"""Spaces of alloys of random shape, however narrow; how many compositions each has is counted exactly."""

from __future__ import annotations

from random import Random

import numpy as np

from alloys.errors import InputError
from alloys.space import AlloySpace
from tests.support.fuzz.reports.base import Planted, right

SYMBOLS = "Al Co Cr Fe Hf Mo Nb Ni Ta Ti V W Zr".split()
DRAWN = 64


def compositions(total: int, ranges: list[tuple[int, int]], fewest: int, most: int, needed: set[int]) -> int:
    """How many ways there are to share a whole among elements, by adding one element after the other.

    Args:
        total: steps in a whole.
        ranges: least and most steps of each element where it is there.
        fewest: elements.
        most: elements.
        needed: elements that must be there.
    """
    ways = {(0, 0): 1}
    for i, (low, high) in enumerate(ranges):
        after: dict[tuple[int, int], int] = {}
        for (steps, count), number in ways.items():
            if i not in needed:
                after[steps, count] = after.get((steps, count), 0) + number
            for amount in range(max(low, 1), min(high, total - steps) + 1):
                key = steps + amount, count + 1
                after[key] = after.get(key, 0) + number
        ways = after
    return sum(number for (steps, count), number in ways.items() if steps == total and fewest <= count <= most)


class Spaces(Planted):
    """A space that has compositions is drawn from, all inside; one that has none is refused."""

    def ask(self, rng: Random) -> bool:
        """One space."""
        total, k = rng.choice((20, 50, 100, 200)), rng.randint(2, 9)
        elements = sorted(rng.sample(SYMBOLS, k))
        balance = rng.choice([*elements, *[None] * k])
        ranges, most = [], rng.choice((total // 20, total // 4, total)) or 1
        for symbol in elements:
            low = rng.randint(1, max(1, most // 2))
            ranges.append((low, rng.randint(low, most)))
            if symbol == balance:
                low = rng.randint(1, total - 1)
                ranges[-1] = (low, rng.randint(low, total))
        fewest = rng.randint(1, k)
        count = fewest, rng.randint(fewest, k)
        needed = {elements.index(balance)} if balance else set()
        there = compositions(total, ranges, *count, needed)
        bounds = {s: (low / total, high / total) for s, (low, high) in zip(elements, ranges, strict=True)}
        shape = f"{bounds}, a step of 1/{total}, {count} elements, balance {balance}: {there} compositions"
        try:
            space = AlloySpace.build(elements, step=1 / total, count=count, bounds=bounds, balance=balance)
            points = space.sample(DRAWN, np.random.default_rng(rng.randrange(2**31)))
        except InputError as error:
            right(there == 0, f"{shape}; {error}")
            return False
        right(there > 0, f"drawn from none: {shape}")
        amounts = np.rint(space.fractions(points) * total).astype(int)
        low, high = np.array(ranges).T
        inside = ((amounts == 0) | ((amounts >= low) & (amounts <= high))).all(axis=1) & (amounts.sum(axis=1) == total)
        inside &= ((amounts > 0).sum(axis=1) >= count[0]) & ((amounts > 0).sum(axis=1) <= count[1])
        right(len(points) == DRAWN and bool(inside.all()), f"{(~inside).sum()} of {len(points)} outside: {shape}")
        different = len({row.tobytes() for row in amounts})
        right(different > 1 or there == 1, f"{different} different of {DRAWN}: {shape}")
        return True
