"""Guided candidates: nearer to their own targets, constraints only satisfied, elements and space kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from alloys.errors import InputError
from alloys.space import Floats
from generators.asking.guidance import Guidance
from generators.interface import Generator, Samples
from generators.registry import make
from tests.generators.helpers import PROPERTIES, QUICK, refractory_space, training_rows

SPACE = refractory_space()
UNITS, VALUES = training_rows(SPACE, 300, missing=0.0)
FLOOR = float(np.quantile(VALUES[:, 2], 0.8))
SCALE = VALUES.std(axis=0)
TABLE = np.linalg.lstsq(SPACE.fractions(UNITS), VALUES, rcond=None)[0]


def outlook(fractions: Floats) -> Floats:
    """Objective: the shear modulus. Constraint: a melting point that a fifth of the rows reach."""
    values = fractions @ TABLE
    short = np.maximum(FLOOR - values[:, 2], 0.0) / SCALE[2]
    return np.stack([values[:, 1], short], axis=1)


GUIDANCE = Guidance(
    outlook=outlook, objectives=(1,), constraints=1, centre=VALUES.mean(axis=0)[1:2], scale=SCALE[1:2], turns=2
)


@pytest.fixture(scope="module")
def generator() -> Generator:
    model = make("cvae", SPACE, PROPERTIES, QUICK)
    model.fit(UNITS, VALUES, seed=0)
    return model


def asked(m: int) -> Floats:
    """Each row its own shear modulus, the rest open."""
    conditions = np.full((m, len(PROPERTIES)), np.nan)
    conditions[:, 1] = np.random.default_rng(3).choice(VALUES[:, 1], size=m)
    return conditions


def test_moved_compositions_are_nearer_and_keep_their_elements() -> None:
    conditions = asked(len(UNITS))
    moved = GUIDANCE.move(SPACE, UNITS, conditions)
    assert SPACE.contains(moved).all()
    assert ((moved > 0) == (UNITS > 0)).all()
    before, after = (outlook(SPACE.fractions(points)) for points in (UNITS, moved))
    assert after[:, 1].mean() < 0.7 * before[:, 1].mean()
    fine = before[:, 1] == 0
    off = [np.abs(seen[fine, 0] - conditions[fine, 1]).mean() for seen in (before, after)]
    assert off[1] < 0.8 * off[0]


def test_a_satisfied_constraint_pulls_nothing() -> None:
    free = replace(GUIDANCE, pull=0.0)
    fine = outlook(SPACE.fractions(UNITS))[:, 1] == 0
    moved = free.move(SPACE, UNITS, asked(len(UNITS)))
    np.testing.assert_array_equal(moved[fine], UNITS[fine])
    assert (moved[~fine] != UNITS[~fine]).any(axis=1).mean() > 0.5


def test_nothing_asked_leaves_only_constraints() -> None:
    nothing = np.full((len(UNITS), len(PROPERTIES)), np.nan)
    np.testing.assert_array_equal(
        GUIDANCE.move(SPACE, UNITS, nothing), replace(GUIDANCE, pull=0.0).move(SPACE, UNITS, nothing)
    )


def test_the_nearest_of_several_draws_is_kept(generator: Generator) -> None:
    plain = replace(GUIDANCE, turns=0, pull=1.0)
    conditions = asked(40)
    kept = plain.sample(generator, conditions, seed=2)
    assert list(kept.rows) == list(range(10))
    drawn = generator.sample(np.repeat(conditions[:10], 4, axis=0), seed=2)
    seen = outlook(SPACE.fractions(drawn.points))
    wanted = conditions[drawn.rows // 4, 1]
    error = ((seen[:, 0] - wanted) / SCALE[1]) ** 2 + seen[:, 1] ** 2
    for row, points in zip(kept.rows, kept.points, strict=True):
        mine = np.flatnonzero(drawn.rows // 4 == row)
        np.testing.assert_array_equal(points, drawn.points[mine[np.argmin(error[mine])]])


def test_a_seed_repeats_and_counts_are_rounded_up(generator: Generator) -> None:
    conditions = asked(41)
    one, two, other = (GUIDANCE.sample(generator, conditions, seed=s) for s in (5, 5, 6))
    np.testing.assert_array_equal(one.points, two.points)
    assert not np.array_equal(one.points, other.points)
    assert list(one.rows) == list(range(11))
    assert SPACE.contains(one.points).all()


class _Silent:
    """A generator none of whose draws lies in the space."""

    name, space, properties = "silent", SPACE, PROPERTIES

    def sample(self, conditions: Floats, *, seed: int) -> Samples:
        return Samples(np.empty((0, SPACE.dimension), dtype=np.int64), np.empty(0, dtype=np.int64), 0.0, "nothing")


def test_no_draws_give_no_candidates() -> None:
    assert len(GUIDANCE.sample(_Silent(), asked(8), seed=0).points) == 0  # type: ignore[arg-type]
    assert len(GUIDANCE.move(SPACE, UNITS[:0], asked(0))) == 0


def test_bad_guidance_is_refused() -> None:
    with pytest.raises(InputError, match="1 objectives needs a centre and a scale"):
        replace(GUIDANCE, scale=np.array([0.0]))
    with pytest.raises(InputError, match="1 objectives needs a centre and a scale"):
        replace(GUIDANCE, centre=np.array([1.0, 2.0]))
    with pytest.raises(InputError, match="draws >= 1"):
        replace(GUIDANCE, draws=0)
