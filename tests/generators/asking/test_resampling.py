"""Sampling for a target: on the grid, near the target, different, realistic, with few copies, from any source."""

from __future__ import annotations

import numpy as np
import pytest

from alloys.errors import InputError
from alloys.space import AlloySpace, Floats, Points
from generators.asking.resampling import TargetSampler, TargetSettings
from generators.evaluation.measures import classifier_auc, copies, mape
from generators.interface import Sampler, Samples
from generators.likeness import Neighbourhood

SPACE = AlloySpace.build("Cr Hf Mo Nb Ta Ti V W Zr".split(), step="0.001", lower=0.01, upper=0.9)
WEIGHTS = np.random.default_rng(5).uniform(1, 9, size=(SPACE.dimension, 2))


def properties(fractions: Floats) -> Floats:
    """One linear and one curved property, shape ``(m, 2)``."""
    values = fractions @ WEIGHTS
    return np.asarray(np.stack([values[:, 0], np.sqrt(values[:, 0] * values[:, 1])], axis=1))


class Chance:
    """Random compositions of a space, whatever is asked."""

    def __init__(self, space: AlloySpace) -> None:
        self.space = space

    def sample(self, conditions: Floats, *, seed: int) -> Samples:
        points = self.space.sample(len(conditions), np.random.default_rng(seed))
        return Samples(points, np.arange(len(points)), 1.0)


class Echo:
    """Known alloys among random compositions, in equal parts."""

    def __init__(self, known: Points) -> None:
        self.known = known

    def sample(self, conditions: Floats, *, seed: int) -> Samples:
        rng = np.random.default_rng(seed)
        points = SPACE.sample(len(conditions), rng)
        points[::2] = self.known[rng.integers(len(self.known), size=len(points[::2]))]
        return Samples(points, np.arange(len(points)), 1.0)


SYSTEMS = np.random.default_rng(9).random((6, SPACE.dimension)).argsort(axis=1) < 4
"""Four elements each that somebody works on."""


def even(m: int, rng: np.random.Generator) -> Points:
    """Alloys of these systems in nearly equal parts: what somebody would publish."""
    which = SYSTEMS[rng.integers(len(SYSTEMS), size=m)]
    fractions = np.where(which, np.exp(0.3 * rng.standard_normal(which.shape)), 0.0)
    return SPACE.round_to_grid(fractions / fractions.sum(axis=1, keepdims=True))


class Half:
    """Random compositions and such alloys, in equal parts."""

    def sample(self, conditions: Floats, *, seed: int) -> Samples:
        rng = np.random.default_rng(seed)
        points = SPACE.sample(len(conditions), rng)
        points[::2] = even(len(points[::2]), rng)
        return Samples(points, np.arange(len(points)), 1.0)


@pytest.fixture(scope="module")
def known() -> Points:
    return SPACE.sample(60, np.random.default_rng(1))


@pytest.fixture(scope="module")
def published() -> Points:
    return even(150, np.random.default_rng(7))


@pytest.fixture(scope="module")
def targets(known: Points) -> Floats:
    return properties(SPACE.fractions(known[:2]))


def sampler(known: Points, source: Sampler | None = None, **settings: float) -> TargetSampler:
    chosen = TargetSettings(**settings)  # type: ignore[arg-type]
    return TargetSampler(source or Chance(SPACE), SPACE, known, properties, chosen)


def test_samples_are_members_near_their_targets_distinct_and_no_copies(known: Points, targets: Floats) -> None:
    asked = np.repeat(targets, 40, axis=0)
    samples = sampler(known, least=640, copies=0.0).sample(asked, seed=0)
    assert samples.rows.tolist() == list(range(80))
    assert SPACE.contains(samples.points).all()
    fractions = SPACE.fractions(samples.points)
    assert mape(properties(fractions), asked) < 0.1
    assert copies(fractions, SPACE.fractions(known)) == 0
    assert len(np.unique(samples.points[:40], axis=0)) == len(np.unique(samples.points[40:], axis=0)) == 40
    assert "16 candidates" in samples.note


def test_a_seed_repeats_and_another_does_not(known: Points, targets: Floats) -> None:
    one, two, other = (sampler(known, critics=1).sample(targets, seed=seed).points for seed in (3, 3, 4))
    assert (one == two).all()
    assert (one != other).any()


@pytest.mark.parametrize("each", [1, 15])
def test_copies_are_counted_over_a_whole_call(published: Points, each: int) -> None:
    """Also where each condition has one sample: a share of it would be none or all."""
    fractions = SPACE.fractions(published)
    asked = np.repeat(properties(fractions[::each]), each, axis=0)
    shares = []
    for most in (0.0, 0.2, 1.0):
        chosen = sampler(published, Echo(published), copies=most, critics=0, shy=0.0, spread=0.0)
        samples = chosen.sample(asked, seed=0)
        assert samples.rows.tolist() == list(range(150))
        shares.append(copies(SPACE.fractions(samples.points), fractions))
    none, some, many = shares
    assert none == 0.0
    assert 0.15 < some <= 0.2 + 1 / 150
    assert many > 0.3


def test_copies_in_large_balls_come_last(published: Points) -> None:
    fractions = SPACE.fractions(published)
    asked, shares = properties(fractions), []
    for shy in (0.0, 20.0):
        chosen = sampler(published, Echo(published), critics=0, copies=1.0, shy=shy)
        shares.append(copies(SPACE.fractions(chosen.sample(asked, seed=0).points), fractions))
    assert shares[1] < 0.5 * shares[0]


def test_critics_make_samples_harder_to_tell_from_known_alloys(published: Points) -> None:
    fractions = SPACE.fractions(published)
    asked, near, areas, inside = properties(fractions), Neighbourhood.of(fractions), [], []
    for critics in (0, 2):
        chosen = sampler(published, Half(), critics=critics, outside=0.0, copies=1.0, shy=0.0, width=0.01)
        found = SPACE.fractions(chosen.sample(asked, seed=0).points)
        assert mape(properties(found), asked) < 0.5
        areas.append(classifier_auc(found, fractions, seed=0))
        inside.append(near.precision(found))
    assert areas[1] < areas[0] - 0.1
    assert inside[1] > inside[0] + 0.1


def test_what_lies_outside_every_ball_loses_weight(published: Points) -> None:
    fractions = SPACE.fractions(published)
    asked, near, inside = properties(fractions[::3]), Neighbourhood.of(fractions), []
    for outside in (0.0, 20.0):
        chosen = sampler(published, Half(), critics=0, outside=outside, copies=1.0, shy=0.0, width=0.01)
        inside.append(near.precision(SPACE.fractions(chosen.sample(asked, seed=0).points)))
    assert inside[1] > inside[0] + 0.2


def test_properties_not_asked_and_no_conditions(known: Points, targets: Floats) -> None:
    asked = np.array([[targets[0, 0], np.nan], [np.nan, np.nan]])
    samples = sampler(known).sample(asked, seed=0)
    assert samples.rows.tolist() == [0, 1]
    assert properties(SPACE.fractions(samples.points))[0, 0] == pytest.approx(targets[0, 0], rel=0.01)
    assert len(sampler(known).sample(np.empty((0, 2)), seed=0).points) == 0


def test_equal_conditions_are_answered_together_where_something_is_not_asked(known: Points, targets: Floats) -> None:
    asked = np.tile([[targets[0, 0], np.nan], [np.nan, np.nan]], (30, 1))
    samples = sampler(known, critics=0, draws=2).sample(asked, seed=0)
    assert "2.13 candidates" in samples.note  # 64 for either
    for part in (samples.points[::2], samples.points[1::2]):
        assert len(np.unique(part, axis=0)) == 30


def test_a_silent_source_is_answered_with_nothing(known: Points, targets: Floats) -> None:
    class Silent:
        def sample(self, conditions: Floats, *, seed: int) -> Samples:
            return Samples(np.empty((0, SPACE.dimension), dtype=np.int64), np.empty(0, dtype=np.int64), 0.0)

    samples = sampler(known, Silent()).sample(targets, seed=0)
    assert samples.points.shape == (0, SPACE.dimension)
    assert len(samples.rows) == 0


def test_a_condition_without_candidates_leaves_the_others_be(known: Points, targets: Floats) -> None:
    class Choosy(Chance):
        def sample(self, conditions: Floats, *, seed: int) -> Samples:
            rows = np.flatnonzero(conditions[:, 0] < targets[:, 0].mean())
            return Samples(self.space.sample(len(rows), np.random.default_rng(seed)), rows, 0.5)

    asked = np.repeat(targets, 3, axis=0)
    samples = sampler(known, Choosy(SPACE), critics=1, spread=0.0).sample(asked, seed=0)
    assert samples.rows.tolist() == np.flatnonzero(asked[:, 0] < targets[:, 0].mean()).tolist()
    assert len(samples.rows) == 3


def test_fewer_candidates_than_asked_for_are_given_more_than_once(known: Points, targets: Floats) -> None:
    class One:
        def sample(self, conditions: Floats, *, seed: int) -> Samples:
            rows = np.arange(len(conditions))
            return Samples(np.repeat(known[:1], len(rows), axis=0), rows, 1.0)

    samples = sampler(known, One(), critics=1, spread=0.0, copies=0.0).sample(np.repeat(targets[:1], 4, axis=0), seed=0)
    assert samples.rows.tolist() == [0, 1, 2, 3]
    assert len(np.unique(samples.points, axis=0)) == 1


@pytest.mark.parametrize(
    ("name", "wrong"), [("draws", 0), ("width", 0.0), ("small", float("nan")), ("critics", -1), ("copies", 1.5)]
)
def test_settings_out_of_range_are_refused(name: str, wrong: float) -> None:
    with pytest.raises(InputError, match=f"^the target setting {name} must lie in "):
        TargetSettings.from_mapping({name: wrong})


def test_copies_taken_for_want_of_others_do_not_make_it_too_many(published: Points) -> None:
    """A source of copies alone overdraws what is allowed; the next condition still has as many as were asked for."""
    fractions = SPACE.fractions(published)
    asked = np.repeat(properties(fractions[:4]), 3, axis=0)

    class Copies:
        def sample(self, conditions: Floats, *, seed: int) -> Samples:
            rows = np.random.default_rng(seed).integers(len(published), size=len(conditions))
            return Samples(published[rows], np.arange(len(rows)), 1.0)

    chosen = sampler(published, Copies(), copies=0.0, critics=0, least=8, draws=1)
    assert chosen.sample(asked, seed=0).rows.tolist() == list(range(12))


def test_a_target_that_no_draw_can_reach_is_met_by_mixtures_of_known_alloys() -> None:
    """Between two systems of three elements, for a source that draws one alloy of each."""
    shares = np.random.default_rng(3).dirichlet([5.0, 5.0, 5.0], 12)
    fractions = np.zeros((12, SPACE.dimension))
    fractions[:6, [0, 1, 2]], fractions[6:, [0, 3, 4]] = shares[:6], shares[6:]
    known = SPACE.round_to_grid(fractions)

    class Ends:
        def sample(self, conditions: Floats, *, seed: int) -> Samples:
            rows = np.random.default_rng(seed).integers(2, size=len(conditions))
            return Samples(known[[0, -1]][rows], np.arange(len(rows)), 1.0)

    asked = np.repeat(properties(fractions).mean(axis=0)[None], 20, axis=0)
    drawn = sampler(known, Ends(), critics=0, copies=0.0).sample(asked, seed=0).points
    assert mape(properties(SPACE.fractions(drawn)), asked) < 0.2
    five = (drawn > 0).sum(axis=1) == 5
    assert five.mean() > 0.2
    assert len(np.unique(drawn, axis=0)) == 20
