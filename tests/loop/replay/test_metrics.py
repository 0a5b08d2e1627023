"""EF and AF against cases worked out by hand, chance against enumeration."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from loop.replay import metrics


def test_factors_of_a_curve_worked_out_by_hand() -> None:
    # 20 rows, 2 of them best, found at looks 2 and 5: chance has found 0.05 more after every look.
    curve = np.array([0.0, 0.5, 0.5, 0.5, 1.0])
    np.testing.assert_allclose(metrics.enhancement(curve, 20), [0, 5, 10 / 3, 2.5, 4])
    assert metrics.looks_to(curve, 0.5) == 2
    assert metrics.looks_to(curve, 0.51) == 5
    assert metrics.acceleration(curve, 20, 0.5) == 10 / 2
    assert metrics.acceleration(curve, 20, 0.8) == 16 / 5
    assert metrics.acceleration(curve[:4], 20, 0.8) is None


def test_the_looks_of_chance_are_rounded_up() -> None:
    # 0.8 of 7 rows is 5.6 looks: chance needs 6.
    assert metrics.acceleration(np.array([1.0]), 7, 0.8) == 6.0


def test_intervals_count_campaigns_that_never_arrive_as_slowest() -> None:
    curves = np.array([[0.0, 1.0], [1.0, 1.0], [0.0, 0.0]])
    assert metrics.acceleration_interval(curves, 10, 0.8) == (None, 8.0)
    assert metrics.acceleration_interval(curves[:2], 10, 0.8) == (4.0, 8.0)


@pytest.mark.parametrize(("rows", "best", "looks"), [(4, 2, 2), (6, 2, 3), (7, 1, 4)])
def test_chance_is_that_of_all_draws(rows: int, best: int, looks: int) -> None:
    found = [sum(i < best for i in drawn) / best for drawn in combinations(range(rows), looks)]
    assert metrics.random_fraction(rows, looks)[-1] == pytest.approx(np.mean(found))
    for share in (0.05, 0.5, 0.95):
        expected = np.quantile(found, share, method="inverted_cdf")
        assert metrics.random_quantile(rows, best, looks, share)[-1] == pytest.approx(expected)
