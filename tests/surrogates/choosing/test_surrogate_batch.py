"""Laws of the batch."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from alloys.errors import InputError
from alloys.space import Points
from surrogates.choosing.acquisition import choose_batch
from surrogates.choosing.pareto import hypervolume
from surrogates.choosing.picks import ChosenBatch
from surrogates.choosing.screen import BatchContext, ObservedOutcomes, Settings
from surrogates.model.surrogate import Surrogate
from tests.surrogates.helpers import (
    BUNDLE,
    PROBLEM,
    REFERENCE,
    SPACE,
    closed_form_ok,
    feasible,
    fitted,
    pool,
    truth,
    wanted,
)

SMALL = Settings(short_list=48, samples=32, polish_list=48)


def choose(**changes: Any) -> ChosenBatch:
    """A batch; what differs from the usual one is told by the names of `BatchContext` and of `choose_batch`."""
    observed = pool()[:30]
    candidates = np.concatenate([pool()[:400], SPACE.sample(300, np.random.default_rng(3))])
    usual: dict[str, Any] = {
        "surrogate": fitted(),
        "problem": PROBLEM,
        "observed": observed,
        "values": truth(observed),
        "pending": observed[:0],
        "barred": observed[:0],
        "candidates": [(candidates[:400], "pool"), (candidates[400:], "random")],
        "reference": REFERENCE,
        "q": 4,
        "seed": 5,
        "settings": SMALL,
    }
    given = usual | changes
    context = BatchContext(**{name.name: given.pop(name.name) for name in fields(BatchContext) if name.name in given})
    return choose_batch(**given, context=context)


@cache
def usual() -> ChosenBatch:
    return choose()


def point_of(batch: ChosenBatch) -> Points:
    return np.array([pick.point for pick in batch.picks], dtype=np.int64).reshape(-1, SPACE.dimension)


def test_picks_are_new_distinct_in_the_space_and_hold_the_closed_forms() -> None:
    points = point_of(usual())
    assert points.shape == (4, SPACE.dimension)
    assert SPACE.contains(points).all()
    assert closed_form_ok(points).all()
    keys = SPACE.keys(points)
    assert len(set(keys)) == 4
    assert not set(keys) & set(SPACE.keys(pool()[:30]))


def test_picks_say_where_they_come_from_and_why() -> None:
    assert usual().mode == "improvement"
    assert [pick.rank for pick in usual().picks] == [0, 1, 2, 3]
    for pick in usual().picks:
        assert {"solidus", "ductility_index", "density"} <= set(pick.means)
        assert set(pick.stds) == set(fitted().names)
        assert 0 <= pick.probability_feasible <= 1
        for words in ("log expected hypervolume gain", "P(feasible)", "tightest constraint", pick.origin):
            assert words in pick.why
        assert pick.origin.removeprefix("polish of ") in {"pool", "random"}


def test_the_counts_add_up() -> None:
    counts = usual().counts
    assert counts["candidates"] == 700
    assert counts["duplicate"] >= 30
    assert counts["closed_form"] > 0
    assert 0 < counts["short_list"] <= SMALL.short_list


def test_the_same_seed_gives_the_same_picks() -> None:
    assert choose().picks == usual().picks


def test_pending_alloys_are_not_proposed_again_and_change_the_batch() -> None:
    first = point_of(usual())
    batch = choose(pending=first[:2])
    assert not set(SPACE.keys(first[:2])) & set(SPACE.keys(point_of(batch)))
    assert point_of(batch).shape == (4, SPACE.dimension)


def test_barred_alloys_are_not_chosen_and_are_not_waited_for() -> None:
    first = point_of(usual())
    batch = choose(barred=first[:1])
    assert tuple(first[0]) not in {tuple(row) for row in point_of(batch)}
    # Of the first pick of a batch, what is waited for takes a part; what is barred takes none.
    waited = choose(pending=first[:1], settings=replace(SMALL, polish=0))
    barred = choose(barred=first[:1], settings=replace(SMALL, polish=0))
    assert barred.picks[0].score > waited.picks[0].score


def test_polish_is_a_setting_and_names_what_it_moved() -> None:
    plain = choose(settings=Settings(short_list=48, samples=32, polish=0, climb=0))
    assert plain.counts["polished"] == 0
    assert all(not pick.origin.startswith("polish") for pick in plain.picks)
    assert usual().counts["polished"] > 0


def test_picks_are_better_than_random_ones() -> None:
    observed, points = pool()[:30], point_of(choose(q=8))
    random = SPACE.sample(2000, np.random.default_rng(9))
    random = random[closed_form_ok(random)][:8]
    volumes = []
    for batch in (points, random):
        known = ObservedOutcomes.of(
            PROBLEM, np.concatenate([observed, batch]), truth(np.concatenate([observed, batch]))
        )
        volumes.append(hypervolume(known.front(), REFERENCE))
    assert volumes[0] > 1.2 * volumes[1]
    assert feasible(points).mean() >= 0.5


def test_without_anything_feasible_feasibility_comes_first() -> None:
    observed = pool()[:60][~feasible(pool()[:60])][:30]
    surrogate = Surrogate.fit(BUNDLE, SPACE.elements, SPACE.fractions(observed), truth(observed))
    batch = choose(surrogate=surrogate, observed=observed, values=truth(observed))
    assert batch.mode == "feasibility"
    assert max(pick.probability_feasible for pick in batch.picks) > 0.2
    assert "chosen to be feasible" in batch.picks[0].why
    assert len(set(SPACE.keys(point_of(batch)))) == 4


def test_one_objective_and_a_derived_constraint() -> None:
    problem = wanted(["minimize density"], ["vec <= 5", "solidus >= 2000", "specific_yield_strength_1300c >= 5"])
    batch = choose(problem=problem, reference=np.array([-12.0]), q=2)
    assert batch.mode == "improvement"
    assert len(batch.picks) == 2
    assert batch.picks[0].probability_feasible > 0.3


@pytest.mark.parametrize("text", [["maximize ductility_index"], ["maximize ductility_index", "minimize density"]])
def test_nothing_observed_and_nothing_to_validate_still_gives_a_batch(text: list[str]) -> None:
    problem = wanted(text, ["vec <= 5"])
    observed = pool()[:0]
    batch = choose(problem=problem, observed=observed, values={}, reference=np.array([1.0, -15.0])[: len(text)], q=2)
    assert len(batch.picks) == 2


def test_failed_validations_are_no_obstacle() -> None:
    observed = pool()[:31]
    values = {name: np.append(column[:30], np.nan) for name, column in truth(observed).items()}
    surrogate = Surrogate.fit(BUNDLE, SPACE.elements, SPACE.fractions(observed), values)
    batch = choose(surrogate=surrogate, observed=observed, values=values)
    assert not set(SPACE.keys(point_of(batch))) & set(SPACE.keys(observed))


def test_fewer_candidates_than_asked_for_give_fewer_picks() -> None:
    batch = choose(candidates=[(pool()[40:42], ["a", "b"])], settings=replace(SMALL, climb=0))
    assert 1 <= len(batch.picks) <= 2
    assert choose(candidates=[(pool()[:5], "a")]).picks == ()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"candidates": [(pool()[:3], ["a"])]}, "one origin per candidate"),
        ({"reference": np.array([0.0])}, "one finite number per objective"),
        ({"q": 0}, "q must be at least 1"),
        ({"pending": np.zeros((1, 3), dtype=np.int64)}, "pending must have shape"),
        ({"values": {}}, "needs one value"),
        ({"problem": wanted(["maximize yield_strength_1300c"], [])}, "no model answers|one finite number"),
    ],
)
def test_bad_input_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        choose(**changes)


@pytest.mark.parametrize("changes", [{"floor": 1.0}, {"polish": -1}, {"samples": 0}, {"share": 0.0}])
def test_impossible_settings_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="must"):
        Settings(**changes)
