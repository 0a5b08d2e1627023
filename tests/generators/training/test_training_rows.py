"""Which rows judge a training, and that those a model learned never judge a later one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from alloys.space import Points
from generators.training.codec import AlloyCodec, ConditionScale, EncodedRows
from generators.training.settings import TrainingSettings
from generators.training.training_rows import HELD_OUT_FROM, TrainingRows, held_out
from tests.generators.helpers import PROPERTIES, properties_of, refractory_space

SPACE = refractory_space()
ROWS = SPACE.sample(400, np.random.default_rng(4))
SHARE = TrainingSettings().validation_share


def material(points: Points, seed: int = 0) -> TrainingRows:
    codec, values = AlloyCodec(SPACE, PROPERTIES), properties_of(SPACE, points)
    rng = torch.Generator().manual_seed(seed)
    return TrainingRows.of(codec, TrainingSettings(copies=0), points, values, ConditionScale.of(values), rng)


def compositions(batch: EncodedRows) -> set[bytes]:
    return {row.numpy().tobytes() for row in batch.amounts}


def test_few_rows_are_all_learned_and_all_judge() -> None:
    points = ROWS[: HELD_OUT_FROM - 1]
    assert not held_out(points, SHARE).any()
    made = material(points)
    assert made.rows == len(points)
    assert compositions(made.checks) == compositions(made.pool)
    assert not held_out(ROWS, 0.0).any()


@pytest.mark.parametrize("n", [40, 50, 75, 120, 400])
@pytest.mark.parametrize("share", [0.05, 0.15, 0.5])
def test_the_share_is_kept_roughly(n: int, share: float) -> None:
    held = held_out(ROWS[:n], share).sum()
    assert round(0.5 * share * n) <= held <= round(1.5 * share * n)
    if n == 400:
        assert held / n == pytest.approx(share, rel=0.3)


def test_the_order_of_rows_does_not_matter() -> None:
    order = np.random.default_rng(0).permutation(len(ROWS))
    np.testing.assert_array_equal(held_out(ROWS[order], SHARE), held_out(ROWS, SHARE)[order])


def test_equal_rows_are_held_out_within_the_limits() -> None:
    same = np.repeat(ROWS[:1], 100, axis=0)
    assert 0.5 * SHARE * 100 - 1 <= held_out(same, SHARE).sum() <= 1.5 * SHARE * 100 + 1


def test_a_row_keeps_its_part_as_the_data_grow() -> None:
    whole = held_out(ROWS, SHARE)
    for n in (75, 100, 150, 250):
        np.testing.assert_array_equal(held_out(ROWS[:n], SHARE), whole[:n])


def test_what_was_learned_never_judges_a_later_training() -> None:
    order = np.random.default_rng(1).permutation(len(ROWS))
    first, later = material(ROWS[:100]), material(ROWS[order], seed=9)
    assert not compositions(first.pool) & compositions(later.checks)
    assert compositions(first.checks) <= compositions(later.checks)
    assert not compositions(later.pool) & compositions(later.checks)
    known = properties_of(SPACE, ROWS)
    rows = AlloyCodec(SPACE, PROPERTIES).encode(ROWS, known, ConditionScale.of(known))
    assert compositions(later.pool) | compositions(later.checks) == compositions(rows)
