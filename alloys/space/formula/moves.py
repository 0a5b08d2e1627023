"""Formulas one move away: other numbers of atoms of one or two elements, an element more, or one for another.

An element that takes another's place with as many atoms is an ionic substitution, where the rules for charges hold.

References:
    Hautier, G. et al. (2011). Data mined ionic substitutions for the discovery of new compounds. Inorg. Chem. 50, 656.
"""

from __future__ import annotations

import itertools

import numpy as np

from alloys.space.base import Points
from alloys.space.formula.reducing import reduced


def changed(point: Points, most_atoms: int) -> Points:
    """The reduced formulas that one move from a point ``(d,)`` makes, each once, whatever rules they break, ``(m, d)``.

    Args:
        point: numbers of atoms.
        most_atoms: of one element.
    """
    there, absent = np.flatnonzero(point).tolist(), np.flatnonzero(point == 0)
    counts = np.arange(most_atoms + 1)
    rows = [_set(point, (i,), counts[:, None]) for i in there]
    both = np.array(list(itertools.product(counts, counts)))
    rows += [_set(point, pair, both) for pair in itertools.combinations(there, 2)]
    rows += [_exchanged(point, i, absent) for i in there]
    rows.append(_entered(point, absent))
    made = np.concatenate(rows)
    made = made[made.any(axis=1)]
    made = np.unique(reduced(made), axis=0)
    return np.asarray(made[(made != point).any(axis=1)])


def _set(point: Points, places: tuple[int, ...], counts: Points) -> Points:
    rows = np.repeat(point[None], len(counts), axis=0)
    rows[:, list(places)] = counts
    return rows


def _exchanged(point: Points, place: int, absent: Points) -> Points:
    rows = np.repeat(point[None], len(absent), axis=0)
    rows[:, place] = 0
    rows[np.arange(len(absent)), absent] = point[place]
    return rows


def _entered(point: Points, absent: Points) -> Points:
    rows = np.repeat(point[None], len(absent), axis=0)
    rows[np.arange(len(absent)), absent] = 1
    return rows
