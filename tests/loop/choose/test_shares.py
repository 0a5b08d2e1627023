from __future__ import annotations

import numpy as np
import pytest

from loop.choose.shares import FLOOR, counts, shares

FAMILIES = ("cvae", "flow", "wcgan")


def _mean(proposed: dict[str, int], gains: dict[str, int], **more: object) -> dict[str, float]:
    draws = [shares(FAMILIES, proposed, gains, np.random.default_rng(seed), **more) for seed in range(300)]
    return {name: float(np.mean([draw[name] for draw in draws])) for name in FAMILIES}


def test_shares_are_above_the_floor_and_sum_to_one() -> None:
    for seed in range(50):
        drawn = shares(FAMILIES, {"cvae": 4000}, {"cvae": 30}, np.random.default_rng(seed))
        assert sum(drawn.values()) == pytest.approx(1.0)
        assert min(drawn.values()) >= FLOOR - 1e-12


def test_without_a_history_all_are_alike() -> None:
    assert all(share == pytest.approx(1 / 3, abs=0.06) for share in _mean({}, {}).values())


def test_who_earned_more_for_as_many_gets_more() -> None:
    proposed = dict.fromkeys(FAMILIES, 5000)
    mean = _mean(proposed, {"cvae": 2, "flow": 20, "wcgan": 2})
    assert mean["flow"] > 0.6
    assert mean["cvae"] == pytest.approx(mean["wcgan"], abs=0.05)


def test_a_collapsed_family_is_voted_out_unless_all_are() -> None:
    mean = _mean({}, {}, collapsed=["flow"])
    assert mean["flow"] == 0.0
    assert sum(mean.values()) == pytest.approx(1.0)
    assert min(_mean({}, {}, collapsed=list(FAMILIES)).values()) > 0.2


def test_a_draw_repeats_with_its_seed() -> None:
    first = shares(FAMILIES, {}, {}, np.random.default_rng(4))
    assert shares(FAMILIES, {}, {}, np.random.default_rng(4)) == first


@pytest.mark.parametrize("total", [1, 2, 7, 4000])
def test_counts_are_whole_and_sum(total: int) -> None:
    made = counts(total, {"a": 0.5, "b": 0.3, "c": 0.2})
    assert sum(made.values()) == total
    assert all(abs(made[name] - share * total) < 1 for name, share in {"a": 0.5, "b": 0.3, "c": 0.2}.items())
