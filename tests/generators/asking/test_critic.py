"""The critic's odds: higher for what is like known alloys, the same for a seed, given for any number of rows."""

from __future__ import annotations

import numpy as np
import pytest

from alloys.space import AlloySpace, Floats
from generators.asking.critic import SURE, log_odds

SPACE = AlloySpace.build("Hf Mo Nb Ta Ti Zr".split(), step="0.001", lower=0.01, upper=0.97)


def alloys(m: int, seed: int, shift: float = 0.0) -> Floats:
    """Fractions near equal parts, with more of the first element the larger the shift, shape ``(m, 6)``."""
    logs = 0.4 * np.random.default_rng(seed).standard_normal((m, 6))
    logs[:, 0] += shift
    weights = np.exp(logs)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def odds(candidates: Floats, shown: Floats, known: Floats, seed: int = 0) -> Floats:
    return log_odds(candidates, shown, known, np.random.default_rng(seed))


def test_what_is_like_known_alloys_has_the_better_odds() -> None:
    known, shifted = alloys(80, 0), alloys(80, 1, shift=1.5)
    unseen = np.concatenate((alloys(50, 2), alloys(50, 3, shift=1.5)))
    found = odds(unseen, np.concatenate((alloys(20, 4), shifted)), known)
    assert found[:50].mean() > found[50:].mean() + 2
    assert np.median(found[:50]) > 0 > np.median(found[50:])


def test_what_cannot_be_told_has_even_odds() -> None:
    found = odds(alloys(200, 2), alloys(80, 1), alloys(80, 0))
    assert abs(found.mean()) < 1.0


def test_the_number_of_elements_tells() -> None:
    """No single fraction differs much: one element in six is absent, another one each time."""
    rng = np.random.default_rng(0)
    five = alloys(240, 1) * (rng.random((240, 6)).argsort(axis=1) > 0)
    five = five / five.sum(axis=1, keepdims=True)
    found = odds(np.concatenate((alloys(60, 2), five[:60])), five[60:], alloys(80, 0))
    assert found[:60].min() > found[60:].max()


def test_a_seed_repeats_and_odds_are_held() -> None:
    known, shown, some = alloys(40, 0), alloys(30, 1, shift=3.0), alloys(25, 2)
    np.testing.assert_array_equal(odds(some, shown, known), odds(some, shown, known))
    assert (odds(some, shown, known) != odds(some, shown, known, seed=1)).any()
    assert np.abs(odds(np.concatenate((some, shown)), shown, known)).max() <= np.log((1 - SURE) / SURE) + 1e-12


@pytest.mark.parametrize(("candidates", "shown", "known"), [(1, 1, 1), (3, 1, 6), (2, 500, 2)])
def test_few_rows_are_enough(candidates: int, shown: int, known: int) -> None:
    found = odds(alloys(candidates, 1), alloys(shown, 2), alloys(known, 3))
    assert found.shape == (candidates,)
    assert np.isfinite(found).all()
