"""Sampling for a target: on the grid, near the target, different, and no copy, from any source."""

from __future__ import annotations

import numpy as np
import pytest

from alloys.errors import InputError
from alloys.space import Floats, Space, Units
from generators.base import Samples
from generators.evaluation.measures import COPY, copies, mape, nearest_cosine, pairwise_cosine
from generators.resampling import TargetSampler, TargetSettings, polish, project, refine

SPACE = Space.build("Cr Hf Mo Nb Ta Ti V W Zr".split(), step="0.001", lower=0.01, upper=0.9)
WEIGHTS = np.random.default_rng(5).uniform(1, 9, size=(SPACE.dimension, 2))


def properties(fractions: Floats) -> Floats:
    """One linear and one curved property, shape ``(m, 2)``."""
    values = fractions @ WEIGHTS
    return np.asarray(np.stack([values[:, 0], np.sqrt(values[:, 0] * values[:, 1])], axis=1))


class Chance:
    """Random compositions of a space, whatever is asked."""

    def __init__(self, space: Space) -> None:
        self.space = space

    def sample(self, conditions: Floats, *, seed: int) -> Samples:
        units = self.space.sample(len(conditions), np.random.default_rng(seed))
        return Samples(units, np.arange(len(units)), 1.0)


@pytest.fixture(scope="module")
def known() -> Units:
    return SPACE.sample(60, np.random.default_rng(1))


@pytest.fixture(scope="module")
def targets(known: Units) -> Floats:
    return properties(SPACE.fractions(known[:2]))


def sampler(known: Units, **settings: float) -> TargetSampler:
    return TargetSampler(Chance(SPACE), SPACE, known, properties, TargetSettings(**settings))  # type: ignore[arg-type]


def test_refining_keeps_elements_and_space_and_never_makes_it_worse() -> None:
    units = SPACE.sample(300, np.random.default_rng(2))
    target = properties(SPACE.fractions(units)) * np.array([1.02, 1.01])
    found = refine(SPACE, units, target, properties)
    assert SPACE.contains(found).all()
    assert ((found > 0) == (units > 0)).all()
    before, after = (np.square(properties(SPACE.fractions(u)) / target - 1).sum(axis=1) for u in (units, found))
    assert (after <= before).all()
    assert np.median(after) < 0.01 * np.median(before)


def test_polishing_keeps_the_sum_and_finds_the_best_small_step() -> None:
    units = SPACE.sample(50, np.random.default_rng(2))
    target = properties(SPACE.fractions(units)) * 1.002
    found = polish(SPACE, units, target, properties)
    assert (found.sum(axis=1) == SPACE.total).all()
    assert np.abs(found - units).max() <= 3
    error = np.abs(properties(SPACE.fractions(found)) / target - 1).max(axis=1)
    assert np.mean(error < 0.002) > 0.8


def test_projection_leaves_what_is_not_asked() -> None:
    start = SPACE.fractions(SPACE.sample(40, np.random.default_rng(4)))
    target = properties(start) * np.array([1.01, 1.0])
    target[:, 1] = np.nan
    found = properties(project(start, target, properties))
    assert np.median(np.abs(found[:, 0] / target[:, 0] - 1)) < 1e-6


def test_samples_are_members_near_their_targets_and_no_copies(known: Units, targets: Floats) -> None:
    asked = np.repeat(targets, 40, axis=0)
    samples = sampler(known, least=640, copies=0.0, few=0).sample(asked, seed=0)
    assert samples.rows.tolist() == list(range(80))
    assert SPACE.contains(samples.units).all()
    fractions = SPACE.fractions(samples.units)
    assert mape(properties(fractions), asked) < 0.1
    assert copies(fractions, SPACE.fractions(known)) == 0
    assert len(np.unique(samples.units[:40], axis=0)) == 40
    assert "16 candidates" in samples.note


def test_a_seed_repeats_and_another_does_not(known: Units, targets: Floats) -> None:
    one, two, other = (sampler(known).sample(targets, seed=seed).units for seed in (3, 3, 4))
    assert (one == two).all()
    assert (one != other).any()


def test_a_wider_window_makes_picks_differ_more(known: Units, targets: Floats) -> None:
    asked = np.repeat(targets[:1], 12, axis=0)
    plain, apart = (
        pairwise_cosine(SPACE.fractions(sampler(known, unlike=u).sample(asked, seed=0).units)) for u in (1.0, 6.0)
    )
    assert apart < plain


def test_realism_pulls_towards_known_alloys(known: Units, targets: Floats) -> None:
    asked, fractions = np.repeat(targets, 20, axis=0), SPACE.fractions(known)
    near, far = (
        nearest_cosine(SPACE.fractions(sampler(known, reach=r, outside=o).sample(asked, seed=0).units), fractions)
        for r, o in ((0.3, 5.0), (50.0, 0.0))
    )
    assert near.mean() > far.mean()
    assert near.mean() < COPY


def test_properties_not_asked_and_no_conditions(known: Units, targets: Floats) -> None:
    asked = np.array([[targets[0, 0], np.nan], [np.nan, np.nan]])
    samples = sampler(known).sample(asked, seed=0)
    assert samples.rows.tolist() == [0, 1]
    assert properties(SPACE.fractions(samples.units))[0, 0] == pytest.approx(targets[0, 0], rel=0.01)
    assert len(sampler(known).sample(np.empty((0, 2)), seed=0).units) == 0


def test_a_silent_source_is_answered_from_known_alloys_or_not_at_all(known: Units, targets: Floats) -> None:
    class Silent:
        def sample(self, conditions: Floats, *, seed: int) -> Samples:
            return Samples(np.empty((0, SPACE.dimension), dtype=np.int64), np.empty(0, dtype=np.int64), 0.0)

    for share, rows in ((0.0, 0), (0.5, 2)):
        chosen = TargetSampler(Silent(), SPACE, known, properties, TargetSettings(known=share))
        assert len(chosen.sample(targets, seed=0).units) == rows


@pytest.mark.parametrize("wrong", [{"draws": 0}, {"width": 0.0}, {"known": 1.5}, {"unlike": 0.5}, {"doubt": 0.0}])
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match="must hold"):
        TargetSettings(**wrong)  # type: ignore[arg-type]
