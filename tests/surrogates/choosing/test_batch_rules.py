"""A batch takes no more of an element than there is, and its designs keep their distance."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alloys.batches.rules import BatchRules
from alloys.composition import Composition
from alloys.design import Design
from alloys.distances import distances, places
from alloys.errors import InputError
from alloys.space import AlloySpace, Points, TableSpace
from loop.choose.starting import StartPlan, initial_design
from surrogates.choosing.acquisition import choose_batch
from surrogates.choosing.screen import BatchContext, Settings
from surrogates.model.surrogate import Surrogate
from tests.surrogates.choosing.test_batches import _with_hardness

SPACE = AlloySpace.build(["Co", "Cr", "Fe", "Ni"], count=(2, 4))
PROBLEM = _with_hardness(SPACE)
SAMPLE = 0.05


def _rules(chromium: float | None = None, distance: float = 0.0, **more: float) -> BatchRules:
    masses = {**({} if chromium is None else {"Cr": chromium}), **more}
    return BatchRules(SPACE, tuple(masses), tuple(masses.values()), SAMPLE, distance)


@cache
def _known() -> tuple[Points, dict[str, np.ndarray], Surrogate]:
    points = SPACE.sample(30, np.random.default_rng(1))
    values = {"own_hardness": 300.0 + 400.0 * SPACE.fractions(points)[:, 1]}
    return points, values, Surrogate.fit(PROBLEM.physics, SPACE.elements, SPACE.fractions(points), values)


def _batch(rules: BatchRules, q: int = 6, top: float | None = None) -> tuple[Points, str]:
    """A batch where more chromium is better."""
    points, values, surrogate = _known()
    context = BatchContext(points, values, points[:0], points[:0], np.array([0.0]), rules)
    small = Settings(short_list=64, samples=32, climb=2, polish=1, polish_list=32, check=0, top=top)
    pool = SPACE.sample(300, np.random.default_rng(2))
    chosen = choose_batch(surrogate, PROBLEM, [(pool, "random")], context, q=q, settings=small)
    return np.array([pick.point for pick in chosen.picks]), chosen.short


def _nearest(points: Points) -> float:
    at = places(SPACE, points)
    return float(distances(at, at)[np.triu_indices(len(points), 1)].min())


def test_mass_is_that_of_the_element_in_a_sample() -> None:
    point = SPACE.point_of(Design(Composition.parse("Co1Cr1")))
    assert _rules(chromium=1.0).masses(point[None])[0, 0] == pytest.approx(
        0.05 * 51.9961 / (51.9961 + 58.9332), rel=1e-4
    )


@settings(max_examples=50, deadline=None)
@given(
    limits=st.dictionaries(st.sampled_from(SPACE.elements), st.floats(0.005, 0.2), max_size=3),
    distance=st.sampled_from([0.0, 4.0, 15.0]),
    seed=st.integers(0, 1000),
)
def test_whatever_joins_what_may_join_keeps_mass_and_distance(
    limits: dict[str, float], distance: float, seed: int
) -> None:
    rules = BatchRules(SPACE, tuple(limits), tuple(limits.values()), SAMPLE, distance)
    rng = np.random.default_rng(seed)
    free, chosen = SPACE.sample(200, rng), SPACE.sample(1, rng)[:0]
    while len(chosen) < 10 and (able := rules.open(free, chosen)).any():
        chosen = np.concatenate([chosen, rng.permutation(free[able])[:1]])
    assert rules.broken(chosen) == []
    assert (rules.masses(chosen).sum(axis=0) <= np.array(rules.most) * (1 + 1e-6)).all()
    if distance and len(chosen) > 1:
        assert _nearest(chosen) >= distance
    if len(chosen) < 10:
        assert "other candidates" in rules.why(free, chosen)


def test_a_batch_takes_no_more_chromium_than_there_is() -> None:
    free, _ = _batch(_rules())
    assert _rules(chromium=0.06).broken(free) == [
        f"Cr would weigh {_rules(chromium=1.0).masses(free).sum():.4g} kg, more than 0.06 kg"
    ]
    points, short = _batch(_rules(chromium=0.06))
    used = _rules(chromium=1.0).masses(points).sum()
    assert (len(points), short) == (6, "")
    assert 0.05 < used <= 0.06 * (1 + 1e-6)


@pytest.mark.parametrize("top", [None, 0.1])
def test_the_designs_of_a_batch_keep_their_distance(top: float | None) -> None:
    points, short = _batch(_rules(distance=12.0), top=top)
    assert (len(points), short) == (6, "")
    assert _nearest(points) >= 12.0


def test_a_batch_that_cannot_be_filled_says_why() -> None:
    points, short = _batch(_rules(chromium=0.004, Fe=0.02, Co=0.02, Ni=0.06))
    assert 0 < len(points) < 6
    assert short.startswith(f"{len(points)} of 6 designs: of ")
    assert "need more than the" in short
    assert "kg of Cr" in short


def test_every_batch_of_the_start_keeps_the_rules() -> None:
    rules = _rules(chromium=0.08, distance=10.0)
    table = [Design(Composition.parse(text)) for text in ("CrFe", "CrNi", "CrCo", "CoNi", "FeNi")]
    chosen = initial_design(PROBLEM, table, StartPlan(15, 0.5, 6, rules), seed=0)
    points = np.array([SPACE.point_of(each.candidate.design) for each in chosen])
    assert [rules.broken(points[i : i + 6]) for i in (0, 6, 12)] == [[], [], []]
    assert rules.broken(points)
    with pytest.raises(InputError, match=r"of 15 starting compositions satisfy .* and the limits of their batches"):
        initial_design(PROBLEM, table, StartPlan(15, 0.5, 6, _rules(chromium=0.08, distance=60.0)), seed=0)


def test_a_start_has_as_many_designs_that_keep_their_distance_as_the_space_has_room_for() -> None:
    line = AlloySpace.build(["Cr", "Ni"], lower=0.01, upper=0.99, count=(2, 2))
    rules = BatchRules(line, distance=14.0)  # 1, 15, 29, ... 99 at.% of chromium
    rules.check(8)
    chosen = initial_design(_with_hardness(line), [], StartPlan(8, 0.0, 8, rules), seed=3)
    assert len(chosen) == 8
    assert rules.broken(np.array([line.point_of(each.candidate.design) for each in chosen])) == []
    with pytest.raises(InputError, match="no more than 8 of 9 designs were found"):
        rules.check(9)


def test_a_list_keeps_the_rules_too() -> None:
    space = TableSpace(tuple(Design(Composition.parse(f"Cr{10 + n}Fe{90 - n}")) for n in range(40)))
    rules = BatchRules(space, ("Cr",), (0.03,), SAMPLE, 5.0)
    rules.check(3)
    with pytest.raises(InputError, match=r"no more than \d of 20 designs were found that fit into one batch"):
        rules.check(20)


def test_what_no_batch_can_keep_is_refused_with_what_is_possible() -> None:
    bound = AlloySpace.build(["Co", "Cr", "Fe"], bounds={"Cr": (0.2, 0.5)}, balance="Fe")
    share = 0.2 * 51.9961 / (0.2 * 51.9961 + 0.8 * 55.845)
    lightest = BatchRules(bound, ("Cr",), (SAMPLE * share * 5.5,), SAMPLE)
    lightest.check(4)
    with pytest.raises(InputError, match=r"no more than 5 of 8 .*\(samples of 0.05 kg with at most .* kg of Cr"):
        lightest.check(8)
