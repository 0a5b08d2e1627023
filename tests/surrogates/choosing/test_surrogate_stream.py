"""Laws of screening: what comes in blocks is chosen as from a list, little is held, and what may be lost is said."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from alloys.errors import InputError
from alloys.space import Points
from surrogates.choosing import acquisition
from surrogates.choosing.screen import Bound, Settings, shorten
from surrogates.choosing.stream import Block, RandomSample, Scored, ShortList, in_blocks
from surrogates.model.features import Described
from tests.surrogates.choosing.test_surrogate_batch import SMALL, choose, point_of
from tests.surrogates.helpers import BUNDLE, PROBLEM, SPACE, closed_form_ok, fitted, pool

BLOCKS = replace(SMALL, block=128, wide=64)


def mixed() -> Points:
    """Some 700 candidates with repetitions, known alloys and ones outside the space."""
    points = np.concatenate([pool()[:400], SPACE.sample(300, np.random.default_rng(3)), pool()[100:110]])
    points[650, :2] += 1
    return points


def pieces(points: Points, sizes: tuple[int, ...]) -> Iterator[Block]:
    start = 0
    while start < len(points):
        for size in sizes:
            yield points[start : start + size], "stream"
            start += size


def test_a_stream_gives_the_batch_of_a_list_however_it_is_cut() -> None:
    points = mixed()
    listed = choose(candidates=[(points, "stream")], settings=BLOCKS)
    for sizes in ((7, 64, 1), (1000,)):
        streamed = choose(candidates=pieces(points, sizes), settings=BLOCKS)
        assert streamed == listed
    assert listed.counts["candidates"] == len(points)
    assert listed.counts["out_of_space"] == 1


def test_the_quick_screening_of_many_blocks_leads_to_the_batch_of_the_exact_one() -> None:
    points = mixed()
    quick = choose(candidates=pieces(points, (100,)), settings=BLOCKS)
    exact = choose(candidates=pieces(points, (100,)), settings=SMALL)
    assert point_of(quick).tolist() == point_of(exact).tolist()


def test_picks_from_a_stream_are_new_distinct_and_in_the_space() -> None:
    points, pending = mixed(), pool()[40:60]
    batch = choose(candidates=pieces(points, (50,)), pending=pending, settings=BLOCKS)
    found = point_of(batch)
    assert len(set(SPACE.keys(found))) == len(found) == 4
    assert SPACE.contains(found).all()
    assert closed_form_ok(found).all()
    assert not set(SPACE.keys(found)) & set(SPACE.keys(np.concatenate([pool()[:30], pending])))


def test_repetitions_across_blocks_are_chosen_once() -> None:
    few = pool()[200:210]
    batch = choose(candidates=((few, "again") for _ in range(30)), settings=replace(BLOCKS, polish=0, climb=0))
    assert batch.counts["short_list"] <= 10
    assert batch.counts["duplicate"] == 290
    assert len(set(SPACE.keys(point_of(batch)))) == 4


def test_ten_candidates_are_enough() -> None:
    batch = choose(candidates=iter([(pool()[200:210], "few")]), settings=replace(SMALL, climb=0))
    assert len(batch.picks) == 4
    assert batch.lost == {"sampled": 0.0}


def test_a_stream_of_nothing_gives_no_picks() -> None:
    assert choose(candidates=iter([])).picks == ()


def test_few_rows_are_alive_at_once() -> None:
    alive: list[weakref.ref[Points]] = []
    most = 0

    def watched() -> Iterator[Block]:
        nonlocal most
        for seed in range(40):
            most = max(most, sum(ref() is not None for ref in alive))
            points = SPACE.sample(128, np.random.default_rng(seed))
            alive.append(weakref.ref(points))
            yield points, "stream"
            del points

    choose(candidates=watched(), settings=replace(BLOCKS, polish=0, check=0))
    # Two read ahead, and for each of at most 16 cores one at work, beside one that waits.
    assert most <= 20 < len(alive)


def scored(count: int, seed: int, least: float) -> Scored:
    draw = np.random.default_rng(seed)
    points = np.eye(5, dtype=np.int64)[draw.integers(0, 5, count)] * draw.integers(1, 10**6, count)[:, None]
    points = np.unique(points, axis=0)
    points = draw.permutation(points)
    value, chance = np.round(draw.random(len(points)), 2), least * draw.random(len(points))
    described = Described(BUNDLE, SPACE.elements, SPACE.fractions(points), np.arange(len(points))[:, None] * 1.0)
    return Scored(points, np.full(len(points), "a", dtype=object), described, Bound(value, chance))


@pytest.mark.parametrize("least", [1.0, 0.26, 0.1])
@pytest.mark.parametrize("seed", range(5))
def test_a_short_list_kept_across_blocks_is_that_of_all_at_once(least: float, seed: int) -> None:
    rows, settings = scored(400, seed, least), Settings(share=0.3)
    expected = rows.take(shorten(rows.present, rows.scores, 40, settings, floor=0.25))
    kept = ShortList(40, settings, 0.25, SPACE)
    for start in range(0, len(rows), 37):
        kept.add(rows.take(np.arange(start, min(start + 37, len(rows)))))
    best = kept.best()
    assert best is not None
    assert best.points.tolist() == expected.points.tolist()
    assert best.described.descriptors.tolist() == expected.described.descriptors.tolist()


def test_what_the_short_list_lost_is_found_when_the_bound_is_bad(monkeypatch: pytest.MonkeyPatch) -> None:
    good = choose(settings=SMALL)
    assert good.lost["sampled"] > 0
    assert good.lost["better_than_first"] == 0
    assert good.lost["first"] >= good.lost["best_alone"]
    honest = acquisition.bound

    def reversed_bound(*args: object) -> Bound:
        found = honest(*args)  # type: ignore[arg-type]
        return Bound(-found.value, np.ones(len(found.value)))

    monkeypatch.setattr(acquisition, "bound", reversed_bound)
    bad = choose(settings=SMALL)
    assert bad.lost["better_than_first"] > 0
    assert bad.lost["best_alone"] > bad.lost["first"]
    assert choose(settings=replace(SMALL, check=0)).lost == {"sampled": 0.0}


def test_the_sample_is_even_and_the_same_for_a_seed() -> None:
    rows = np.arange(2000)[:, None] * np.ones(9, dtype=np.int64)
    drawn = []
    for cut in (100, 250):
        sample = RandomSample(300, 9, seed=4)
        for start in range(0, 2000, cut):
            sample.add(rows[start : start + cut])
        drawn.append(sample.drawn(SPACE, rows[:0], 300))
    assert drawn[0].tolist() == drawn[1].tolist()
    assert len(set(drawn[0][:, 0])) == 300
    assert drawn[0][:, 0].mean() == pytest.approx(1000, abs=120)


@pytest.mark.parametrize(
    ("block", "message"),
    [((np.zeros((2, 3), dtype=np.int64), "a"), "candidates must have shape"), ((pool()[:2], ["a"]), "one origin per")],
)
def test_bad_blocks_are_refused(block: Block, message: str) -> None:
    with pytest.raises(InputError, match=message):
        list(in_blocks([block], SPACE, 10))


def test_quick_models_keep_the_mean_and_bound_the_spread_from_above() -> None:
    surrogate = fitted(60)
    described = surrogate.describe(SPACE.fractions(pool()[100:300]))
    exact, quick = surrogate.latent(described), surrogate.quick().latent(described)
    for name in surrogate.names:
        if not surrogate.outputs[name].chained:
            scale = exact[name][1].max()
            np.testing.assert_allclose(quick[name][0], exact[name][0], atol=5e-3 * scale)
            assert (quick[name][1] >= exact[name][1] - 5e-3 * scale).all()
    chance = surrogate.probability_feasible(described, PROBLEM)
    assert np.corrcoef(chance, surrogate.quick().probability_feasible(described, PROBLEM))[0, 1] > 0.95
