"""How many candidates each family of generators may propose: a bandit over what its earlier ones earned.

Each family's earnings per thousand candidates are a Poisson rate with a Gamma(1, 1) prior; a candidate earns when
it is chosen, validated, and enlarges the feasible hypervolume of the iterations before. Shares follow one draw of each
rate (Thompson, Biometrika 25 (1933) 285), above a floor.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from alloys.records import proposer
from loop.store import CampaignStore
from loop.view import Row, View

FLOOR = 0.1
"""Smallest share of a family that is not collapsed, where there are at most five."""


def earned(view: View, before: Sequence[Row], batch: Sequence[Row]) -> dict[str, int]:
    """By origin: how many of a batch's alloys enlarge the hypervolume of what was known before."""
    volume = view.hypervolume(before)
    counts: dict[str, int] = {}
    for row in batch:
        if row.feasible and view.hypervolume([*before, row]) > volume * (1 + 1e-12):
            origin = proposer(row.origin)
            counts[origin] = counts.get(origin, 0) + 1
    return counts


def history(
    store: CampaignStore, view: View, before: int, hidden: Collection[str] = ()
) -> tuple[dict[str, int], dict[str, int]]:
    """Candidates proposed and candidates that earned, by origin, over the iterations before one.

    Those with an answer that counts as still to come, by its job's key, are left out.
    """
    proposed: dict[str, int] = {}
    gains: dict[str, int] = {}
    for iteration in store.iterations()[:before]:
        index = iteration.index
        asked = [*store.proposals(index), *store.promotions(index)] if hidden else []
        if any(proposal.key in hidden for proposal in asked):
            continue
        for origin, count in iteration.notes.screening.proposed.items():
            proposed[origin] = proposed.get(origin, 0) + int(count)
        if index > 0:
            batch = [row for row in view.rows if row.iteration == index]
            for origin, count in earned(view, view.upto(index - 1), batch).items():
                gains[origin] = gains.get(origin, 0) + count
    return proposed, gains


def shares(
    families: Sequence[str],
    proposed: Mapping[str, int],
    gains: Mapping[str, int],
    rng: np.random.Generator,
    *,
    collapsed: Sequence[str] = (),
) -> dict[str, float]:
    """Shares of the families, which sum to 1.

    Args:
        families: their names.
        proposed: candidates that each proposed so far.
        gains: how many of them earned.
        rng: one draw for each family.
        collapsed: families whose generator repeats itself now; they get nothing, unless all do.
    """
    rates = {
        name: float(rng.gamma(1.0 + gains.get(name, 0), 1.0 / (1.0 + proposed.get(name, 0) / 1000)))
        for name in families
    }
    alive = [name for name in families if name not in collapsed] or list(families)
    floor = min(FLOOR, 1.0 / (2 * len(alive)))
    total = sum(rates[name] for name in alive)
    free = 1.0 - floor * len(alive)
    return {name: floor + free * rates[name] / total if name in alive else 0.0 for name in families}


def counts(total: int, by_family: Mapping[str, float]) -> dict[str, int]:
    """Whole numbers of candidates that sum to the total, by largest remainder; ties go to the first."""
    names = list(by_family)
    exact = np.array([by_family[name] * total for name in names])
    whole = np.floor(exact + 1e-9).astype(int)
    order = np.argsort(-(exact - whole), kind="stable")
    whole[order[: total - int(whole.sum())]] += 1
    return dict(zip(names, (int(count) for count in whole), strict=True))
