"""A surrogate learns from points of another source where these help, and is as it was where they do not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from alloys.physics.base import Physics
from alloys.physics.declaring import declare
from alloys.physics.registry import get_physics
from loop.config.schema import CampaignConfig
from surrogates.model.surrogate import Surrogate
from surrogates.model.transfer.tasks import ForeignTask

Floats = NDArray[np.float64]
OWN = ("Mo", "Nb", "Ta", "Ti", "W")
BEYOND = ("Al", "Co", "Ni")
ALL = (*OWN, *BEYOND)


@pytest.fixture(scope="module")
def physics() -> Physics:
    document = {
        "name": "own",
        "space": {"elements": [*OWN]},
        "physics": "generic",
        "properties": {"wear": {"unit": "1", "range": [-1e6, 1e6], "usual": [0.0, 400.0]}},
        "objectives": ["maximize wear"],
        "validator": {"name": "external"},
    }
    config = CampaignConfig.model_validate(document)
    return declare(get_physics("generic"), config.properties, ())


def alloys(count: int, seed: int, elements: Sequence[str] = OWN) -> Floats:
    rng = np.random.default_rng(seed)
    rows = np.zeros((count, len(ALL)))
    for row in rows:
        chosen = rng.choice(len(elements), 3, replace=False)
        row[chosen] = rng.dirichlet(np.full(3, 2.0))
    return rows


def wear(rows: Floats) -> Floats:
    weights = np.array([300.0, 100.0, 250.0, 20.0, 400.0, 30.0, 90.0, 60.0])
    return np.asarray(rows @ weights + 300 * rows[:, 0] * rows[:, 3] - 200 * rows[:, 1] * rows[:, 4])


def task(name: str, rows: Floats, values: Floats) -> ForeignTask:
    return ForeignTask(name, rows, {"wear": values}, {}, BEYOND)


def fitted(physics: Physics, count: int, tasks: Sequence[ForeignTask], inference: str = "map") -> Surrogate:
    own = alloys(count, 0)
    values = {"wear": wear(own) + 2.0 * np.random.default_rng(1).standard_normal(count)}
    return Surrogate.fit(physics, OWN, own[:, : len(OWN)], values, inference, tasks=tasks)  # type: ignore[arg-type]


def error(surrogate: Surrogate) -> float:
    rows = alloys(200, 99)
    mean, _ = surrogate.predict(rows[:, : len(OWN)])
    return float(np.sqrt(np.mean((mean["wear"] - wear(rows)) ** 2)))


THERE = alloys(80, 5, ALL)
SCALED = task("lab B", THERE, 50.0 + 1.5 * wear(THERE) + 5.0 * np.random.default_rng(2).standard_normal(80))
NOISE = task("noise", THERE, np.random.default_rng(4).permutation(SCALED.values["wear"]))


@pytest.mark.parametrize("inference", ["map", "votes"])
def test_points_of_another_source_on_another_scale_help(physics: Physics, inference: str) -> None:
    without, with_it = (fitted(physics, 8, tasks, inference) for tasks in ((), (SCALED,)))
    assert error(with_it) < 0.7 * error(without)
    (note,) = [note for note in with_it.notes if "lab B" in note]
    assert "correlation 0.9" in note
    assert "offset" in note
    assert "leaving one out" in note


def test_noise_is_left_out_and_leaves_no_trace(physics: Physics) -> None:
    without, with_it = (fitted(physics, 8, tasks) for tasks in ((), (NOISE,)))
    assert with_it.digest == without.digest
    assert error(with_it) == error(without)
    (note,) = [note for note in with_it.notes if "noise" in note]
    assert "do not tell of each other" in note


def test_a_task_that_contradicts_is_left_out(physics: Physics) -> None:
    opposite = task("opposite", THERE, 400.0 - wear(THERE))
    without, with_it = (fitted(physics, 25, tasks) for tasks in ((), (opposite,)))
    (note,) = [note for note in with_it.notes if "opposite" in note]
    assert "left out: it harms" in note or "correlation 0," in note
    assert error(with_it) < 1.1 * error(without)


def test_of_two_tasks_the_helpful_one_stays(physics: Physics) -> None:
    alone, both = (fitted(physics, 8, tasks) for tasks in ((SCALED,), (SCALED, NOISE)))
    assert error(both) == pytest.approx(error(alone), rel=0.01)
    told = [note for note in both.notes if "lab B" in note or "noise" in note]
    assert len(told) == 2
    assert sum("is used" in note for note in told) == 1


def test_two_helpful_tasks_are_used_together(physics: Physics) -> None:
    more = alloys(60, 11, ALL)
    other = task("lab C", more, wear(more) - 30.0)
    both = fitted(physics, 6, (SCALED, other))
    assert error(both) < 0.8 * error(fitted(physics, 6, ()))
    assert sum("is used;" in note for note in both.notes) == 2


def test_before_the_first_own_observation_the_other_source_speaks(physics: Physics) -> None:
    unknown = {"wear": np.full(1, np.nan)}
    first = alloys(1, 0)[:, : len(OWN)]
    same = task("lab A", THERE, wear(THERE))
    surrogate = Surrogate.fit(physics, OWN, first, unknown, tasks=(same,))
    assert error(surrogate) < 60.0
    assert any("lab A is used" in note for note in surrogate.notes)


def test_elements_that_the_physics_does_not_know_are_no_reason_to_refuse() -> None:
    physics = get_physics("refractory")
    elements = ("Mo", "Nb", "Ti", "W")
    rng = np.random.default_rng(0)
    own, there = rng.dirichlet(np.ones(4), 6), rng.dirichlet(np.ones(5), 40)
    other = ForeignTask("steels", there, {"solidus": 2500 + 900 * there[:, 3]}, {}, ("Ni",))
    values = {"solidus": 2500 + 900 * own[:, 3]}
    surrogate = Surrogate.fit(physics, elements, own, values, tasks=(other,))
    assert any("steels" in note for note in surrogate.notes)
    assert all(np.isfinite(mean).all() for mean in surrogate.predict(own)[0].values())


def test_the_same_points_give_the_same_surrogate(physics: Physics) -> None:
    first, again, without = (fitted(physics, 8, tasks) for tasks in ((SCALED,), (SCALED,), ()))
    assert first.digest == again.digest != without.digest
