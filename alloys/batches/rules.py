"""What the designs of one batch need together: so much of an element, and room between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alloys.distances import distances, places
from alloys.errors import InputError
from alloys.physics.basis import atomic_masses
from alloys.space import Bools, Floats, Points, Space

_ROUNDING = 1e-9
"""Share of a limit by which last digits may break it."""

_SAMPLE, _ROUNDS, _LIGHT = 4000, 60, 32
"""Random designs, rounds and designs of each round in the search for what fits best."""


@dataclass(frozen=True)
class BatchRules:
    """The rules for one batch; none by default.

    Attributes:
        space: where the designs lie.
        elements: whose mass is limited, ``e`` of them.
        most: kg of each that a batch may take, shape ``(e,)``.
        sample: kg of one sample.
        distance: at.% that must change their element between two designs.
    """

    space: Space
    elements: tuple[str, ...] = ()
    most: tuple[float, ...] = ()
    sample: float = 0.0
    distance: float = 0.0

    def __bool__(self) -> bool:
        return bool(self.elements) or self.distance > 0

    def masses(self, points: Points) -> Floats:
        """Kg of the limited elements in one sample of each of ``(n, d)`` points, shape ``(n, e)``."""
        palette = self.space.elements
        weights = self.space.fractions(points) * np.array([float(m) for m in atomic_masses(palette).values()])
        shares = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-300)
        return np.asarray(self.sample * shares[:, [palette.index(symbol) for symbol in self.elements]])

    def left(self, chosen: Points) -> Floats:
        """Kg of the limited elements that the chosen designs ``(k, d)`` leave, shape ``(e,)``."""
        return np.asarray(np.array(self.most) - self.masses(chosen).sum(axis=0))

    def affordable(self, points: Points, chosen: Points) -> Bools:
        """Which of ``(n, d)`` points need no more of an element than the chosen ones leave, shape ``(n,)``."""
        room = self.left(chosen) + _ROUNDING * np.array(self.most)
        return np.asarray((self.masses(points) <= room).all(axis=1))

    def apart(self, points: Points, chosen: Points) -> Bools:
        """Which of ``(n, d)`` points lie far enough from all chosen ones, shape ``(n,)``."""
        if self.distance <= 0 or not len(chosen):
            return np.ones(len(points), dtype=np.bool_)
        away = distances(places(self.space, points), places(self.space, chosen))
        return np.asarray((away >= self.distance).all(axis=1))

    def open(self, points: Points, chosen: Points) -> Bools:
        """Which of ``(n, d)`` points may join the chosen ones, ``(k, d)``, shape ``(n,)``."""
        return self.affordable(points, chosen) & self.apart(points, chosen)

    def broken(self, points: Points) -> list[str]:
        """What keeps these points ``(n, d)`` from being one batch, in words."""
        found = [
            f"{symbol} would weigh {most - rest:.4g} kg, more than {most:g} kg"
            for symbol, most, rest in zip(self.elements, self.most, self.left(points), strict=True)
            if rest < -_ROUNDING * most
        ]
        near = any(not self.apart(points[i : i + 1], points[:i])[0] for i in range(len(points)))
        return [*found, f"two designs are nearer than {self.distance:g} at.%"] if near else found

    def why(self, points: Points, chosen: Points) -> str:
        """Why none of ``(n, d)`` points may join the chosen ones, in words."""
        dear, near = ~self.affordable(points, chosen), ~self.apart(points, chosen)
        rests = zip(self.elements, self.left(chosen), strict=True)
        left = ", ".join(f"{max(rest, 0.0):.3g} kg of {symbol}" for symbol, rest in rests)
        parts = [f"{dear.sum()} need more than the {left} that is left"] if dear.any() else []
        if near.any():
            parts.append(f"{near.sum()} lie nearer than {self.distance:g} at.% to a chosen one")
        return f"of {len(points)} other candidates " + " and ".join(parts) if parts else "there are no other candidates"

    def check(self, batch: int) -> None:
        """Refuses a batch of so many designs that cannot be had, before anything is done.

        A random sample is followed downhill to what needs least of the limited elements.

        Raises:
            InputError: saying how many fit.
        """
        fits = self.packed(self._candidates(), batch)
        if len(fits) < batch:
            limits = [f"{most:g} kg of {symbol}" for symbol, most in zip(self.elements, self.most, strict=True)]
            told = f"samples of {self.sample:g} kg with at most {' and '.join(limits)} in all" if limits else ""
            far = f"{self.distance:g} at.% between two designs" if self.distance else ""
            raise InputError(
                f"no more than {len(fits)} of {batch} designs were found that fit into one batch ("
                f"{'; '.join(filter(None, [told, far]))}); allow more, or give a smaller batch or sample"
            )

    def packed(self, points: Points, batch: int) -> Points:
        """At most ``batch`` of ``(n, d)`` points that fit together, as many as are found, shape ``(m, d)``.

        They are taken one after the other: once those that need least of the limited elements first, once as they come,
        and once from one end of the space to the other, which leaves the least room between them.
        """
        load = (self.masses(points) / np.array(self.most)).max(axis=1, initial=0.0)
        along = np.lexsort(points.T[::-1])
        orders = (np.argsort(load, kind="stable"), np.arange(len(points)), along)
        return max((points[order[self._taken(points[order], batch)]] for order in orders), key=len)

    def _candidates(self) -> Points:
        """Designs of the space, those that need least of the limited elements among them, shape ``(n, d)``."""
        points = self.space.sample(_SAMPLE, np.random.default_rng(0))
        if not self.elements:
            return points
        best, found = points, [points]
        for _ in range(_ROUNDS):
            load = (self.masses(best) / np.array(self.most)).max(axis=1)
            best = best[np.argsort(load, kind="stable")[:_LIGHT]]
            around = np.unique(np.concatenate([best, *map(self.space.neighbours, best)]), axis=0)
            if (self.masses(around) / np.array(self.most)).max(axis=1).min() >= load.min() - _ROUNDING:
                return np.concatenate([*found, around])
            best = around
            found.append(around)
        return np.concatenate(found)

    def _taken(self, points: Points, batch: int) -> list[int]:
        """Rows of at most ``batch`` points that fit together, taken in their order."""
        rows: list[int] = []
        free = np.ones(len(points), dtype=np.bool_)
        while len(rows) < batch:
            free &= self.open(points, points[rows])
            if not free.any():
                break
            rows.append(int(np.argmax(free)))
            free &= (points != points[rows[-1]]).any(axis=1)
        return rows
