"""Laws of the search uphill of the cheap bound."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from alloys.space import Points
from surrogates.choosing.ascent import BestPerElementSet, climb
from surrogates.choosing.screen import Bound
from surrogates.choosing.stream import Block, Scored
from surrogates.model.features import Described
from tests.surrogates.choosing.test_surrogate_batch import SMALL, choose
from tests.surrogates.helpers import BUNDLE, SPACE, pool

SUMMIT = SPACE.sample(1, np.random.default_rng(8))[0]


def hill(block: Block) -> Scored:
    """Candidates whose bound is larger the nearer they are to the summit."""
    points, origins = block
    keys = SPACE.keys(points)
    first = np.sort(np.unique(np.array(keys), return_index=True)[1])
    points = points[first]
    value = np.exp(-np.abs(points - SUMMIT).sum(axis=1) / 20.0)
    names = np.asarray(origins, dtype=np.object_)[first]
    described = Described(BUNDLE, SPACE.elements, SPACE.fractions(points), np.zeros((len(points), 1)))
    return Scored(points, names, described, Bound(value, np.ones(len(points))))


def starts(count: int, seed: int = 0) -> Scored:
    points = SPACE.sample(count, np.random.default_rng(seed))
    return hill((points, ["random"] * count))


def test_every_way_ends_where_no_neighbour_is_better() -> None:
    begin = starts(6)
    rounds = list(climb(begin, hill, SPACE, 100))
    best = max(rounds, key=lambda rows: rows.scores.value.max())
    top = best.points[int(best.scores.value.argmax())]
    around = hill((SPACE.neighbours(top), [""] * len(SPACE.neighbours(top))))
    assert around.scores.value.max() <= best.scores.value.max()
    assert best.scores.value.max() > begin.scores.value.max()
    assert len(rounds) < 100


def test_what_is_looked_at_is_in_the_space_and_named_after_where_it_began() -> None:
    for rows in climb(starts(3), hill, SPACE, 4):
        assert SPACE.contains(rows.points).all()
        assert set(rows.origins) == {"polish of random"}


@pytest.mark.parametrize("rounds", [0, 1, 3])
def test_no_more_rounds_than_allowed(rounds: int) -> None:
    assert len(list(climb(starts(3), hill, SPACE, rounds))) == min(rounds, 3)


def test_no_start_and_no_candidate_end_the_search() -> None:
    none = starts(1).take(np.zeros(0, dtype=np.int64))
    assert list(climb(none, hill, SPACE, 5)) == []
    assert list(climb(starts(2), lambda block: none, SPACE, 5)) == []


def test_they_are_the_best_of_each_set_of_elements() -> None:
    rows = starts(200, seed=4)
    best_of_each = BestPerElementSet(5)
    for part in (rows.take(np.arange(90)), rows.take(np.arange(90, len(rows)))):
        best_of_each.add(part)
    assert best_of_each.rows is not None
    found = best_of_each.rows
    best: dict[bytes, float] = {}
    for points, value in zip(rows.points, rows.scores.value, strict=True):
        key = (points > 0).tobytes()
        best[key] = max(best.get(key, 0.0), float(value))
    np.testing.assert_allclose(found.scores.value, sorted(best.values(), reverse=True)[:5])
    assert len({(points > 0).tobytes() for points in found.points}) == 5


def _poor_pool() -> Points:
    return pool()[30:60]


def test_a_poor_pool_is_left_behind() -> None:
    """Of thirty candidates alone the best batch is worse than with a search from them."""
    still, free = (
        choose(candidates=[(_poor_pool(), "pool")], q=2, settings=replace(SMALL, climb=rounds, polish=0))
        for rounds in (0, 10)
    )
    assert free.counts["climbed"] > 0
    assert still.counts["climbed"] == 0
    assert free.picks[0].score > still.picks[0].score
    assert {pick.origin for pick in free.picks} <= {"pool", "polish of pool"}


def test_candidates_that_were_measured_stay_out() -> None:
    batch = choose(settings=replace(SMALL, climb=10))
    taken = set(SPACE.keys(pool()[:30]))
    points = np.array([pick.point for pick in batch.picks])
    assert not taken & set(SPACE.keys(points))
