"""What a training says of its samples."""

from __future__ import annotations

import numpy as np
import pytest

from alloys.space import AlloySpace
from generators.training.trained_candidate import spread_of

SPACE = AlloySpace.build(("Mo", "Nb", "Ta"), step="0.01", lower=0.01, upper=1.0, count=(1, 3))


def line(*first: int) -> np.ndarray:
    return np.array([[a, 100 - a, 0] for a in first])


def test_a_collapsed_generator_is_alike_and_reaches_one_corner() -> None:
    rows = line(*range(5, 95, 5))
    alike, covered = spread_of(SPACE, rows, line(*[20] * 40))
    assert alike == pytest.approx(1.0)
    assert covered is not None
    assert 0 < covered < 0.4
    everywhere, all_of_it = spread_of(SPACE, rows, rows)
    assert everywhere is not None
    assert (everywhere < 0.9, all_of_it) == (True, 1.0)


def test_what_few_rows_or_samples_cannot_say_is_none() -> None:
    rows = line(10, 20, 30, 40, 50, 50, 50)
    assert spread_of(SPACE, rows, line(10)) == (None, None)
    assert spread_of(SPACE, rows, rows[:0]) == (None, None)
    assert spread_of(SPACE, line(10, 20, 30, 40, 50, 60), line(10))[0] is None
