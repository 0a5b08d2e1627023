"""The Ray executor on a real cluster of this machine."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import numpy as np
import pytest

from alloys.composition import Composition
from alloys.records import Failed, Measured
from alloys.space import Space
from loop.cluster import RayExecutor
from loop.jobs import Done, LocalExecutor, TrainingJob, ValidatorSpec, validate
from tests.loop.loop_helpers import ROOT
from tests.strategies import PALETTE

# Ray warns on its own behalf.
pytestmark = pytest.mark.filterwarnings("ignore")

SPEC = ValidatorSpec("reference", "{}")
SPACE = Space.build(PALETTE)


def _training_job() -> TrainingJob:
    units = SPACE.sample(40, np.random.default_rng(0))
    conditions = SPACE.fractions(units)[:, :1]
    return TrainingJob("cvae", SPACE, ("density",), units, conditions, seed=1, settings={"epochs": 5})


@pytest.fixture(scope="module")
def executor() -> Iterator[RayExecutor]:
    assert ROOT.is_dir()
    made = RayExecutor(SPEC, "local", workers=2, timeout=120.0)
    yield made
    made.close()


def _collect(executor: RayExecutor, count: int) -> dict[str, Done]:
    found: dict[str, Done] = {}
    while len(found) < count:
        assert executor.pending
        found |= {done.key: done for done in executor.collect(30.0)}
    return found


def test_tasks_answer_as_this_process_does(executor: RayExecutor) -> None:
    formulas = ["NbMoTaW", "HfNbTaTiZr", "NbTaTi", "NbTiVZr"]
    for formula in formulas:
        executor.submit(formula, Composition.parse(formula).canonical())
    assert executor.pending == 4
    answers = _collect(executor, 4)
    for formula in formulas:
        here = validate(SPEC, Composition.parse(formula).canonical())
        there = answers[formula].verdict
        assert isinstance(here, Measured)
        assert isinstance(there, Measured)
        assert there.properties == here.properties
    assert executor.pending == 0


def test_a_validation_may_name_another_validator(executor: RayExecutor) -> None:
    canonical = Composition.parse("NbMoTaW").canonical()
    other = ValidatorSpec("reference", '{"no": "such setting"}')
    executor.submit("own", canonical)
    executor.submit("other", canonical, other)
    answers = _collect(executor, 2)
    assert isinstance(answers["own"].verdict, Measured)
    refused = answers["other"].verdict
    assert isinstance(refused, Failed)
    assert "has no settings" in refused.message


def test_training_in_an_actor_gives_the_same_weights_as_here(executor: RayExecutor) -> None:
    job = _training_job()
    assert executor.train(job).digest == LocalExecutor(SPEC).train(job).digest


def test_a_dead_worker_is_told_apart_from_a_failure(executor: RayExecutor) -> None:
    import ray

    @ray.remote(num_cpus=1, max_retries=0)
    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    executor._under_way[die.remote()] = "doomed"
    (done,) = _collect(executor, 1).values()
    assert done == Done("doomed", None)
