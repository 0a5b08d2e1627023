"""How new an alloy is: the nearest one of the literature, or of what the campaign began with."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from markupsafe import Markup

from alloys.dataset import KnownAlloy, known_alloys
from alloys.design import Design
from loop.review.page.marks import alloy, real
from loop.view import View

_STRANGE = 50.0
"""at.% from which on the nearest known alloy says nothing."""


@cache
def _literature() -> tuple[KnownAlloy, ...]:
    return tuple(known_alloys())


def exchanged(first: Design, second: Design) -> float:
    """The share of atoms, in at.%, by which two compositions differ: half the sum of the differences."""
    ours, theirs = first.composition.fractions(), second.composition.fractions()
    return 50.0 * sum(abs(ours.get(s, 0.0) - theirs.get(s, 0.0)) for s in {*ours, *theirs})


def nearest_of(view: View, design: Design) -> Markup | None:
    """The nearest alloy of the table of known ones with its DOI, or else of the campaign's start; None without either.

    The table holds refractory alloys; one that shares fewer than half of its atoms is no relative.
    """
    if not design.composition.items:
        return None
    known = _literature()
    away = [exchanged(design, Design(entry.composition)) for entry in known]
    best = int(np.argmin(away))
    if away[best] < _STRANGE:
        entry, link = known[best], f"https://doi.org/{known[best].doi}"
        return Markup('{} at.% of its atoms away from {} (<a href="{}">{}</a>)').format(
            real(away[best], "literature", design.canonical(), digits=3),
            alloy(Design(entry.composition)),
            link,
            entry.doi,
        )
    start = [row.design for row in view.rows if not row.iteration and row.design != design]
    return _of_start(design, start) if start else None


def _of_start(design: Design, start: Sequence[Design]) -> Markup:
    away = [exchanged(design, other) for other in start]
    best = int(np.argmin(away))
    return Markup("{} at.% of its atoms away from {}, with which the campaign began").format(
        real(away[best], "start", design.canonical(), digits=3), alloy(start[best])
    )
