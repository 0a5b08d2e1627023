"""The Ray executor on a real cluster of this machine."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import pytest

from alloys.composition import Composition
from alloys.errors import InputError, WorkError
from alloys.records import Failed, FailureKind, Measured
from alloys.space import AlloySpace
from loop.choose.training import TrainingJob, train_generator
from loop.config.schema import ClusterConfig
from loop.execute.actors import share
from loop.execute.cluster import Demand, RayExecutor
from loop.execute.local import Executor, LocalExecutor
from loop.execute.tasks import Done, Finished, ModelTask, ValidationTask, ValidatorSpec, told_by, validate
from tests.loop.loop_helpers import ROOT
from tests.strategies import PALETTE
from tests.support.ray_workers import left_alive, workers

# Ray warns on its own behalf.
pytestmark = pytest.mark.filterwarnings("ignore")

SPEC = ValidatorSpec("reference", "{}")
SPACE = AlloySpace.build(PALETTE)


def _training_job() -> TrainingJob:
    points = SPACE.sample(40, np.random.default_rng(0))
    conditions = SPACE.fractions(points)[:, :1]
    return TrainingJob("cvae", SPACE, ("density",), points, conditions, seed=1, settings={"epochs": 5})


@dataclass(frozen=True)
class _Where:
    """A work that says in which process it was done."""

    number: int

    def run(self) -> tuple[int, int]:
        return self.number, os.getpid()


@dataclass(frozen=True)
class _Fatal:
    """A work that ends its process, the first time or always."""

    mark: Path
    always: bool = False
    number: int = signal.SIGKILL

    def run(self) -> str:
        if self.always or not self.mark.exists():
            self.mark.touch()
            os.kill(os.getpid(), self.number)
            threading.Event().wait(10)
        return "done"


@dataclass(frozen=True)
class _Hung:
    """A work that waits for what never comes."""

    def run(self) -> bool:
        return threading.Event().wait(600)


def do_work(work: _Where | _Fatal | _Hung) -> object:
    """What a task does of a work."""
    return work.run()


def tell_and_wait(mark: Path, tell: Callable[[str], None]) -> str:
    """Tells, and waits for a file."""
    tell("half of it")
    while not mark.exists():
        time.sleep(0.01)
    return "done"


def _task(name: str, work: _Where | _Fatal | _Hung) -> ModelTask:
    return ModelTask(name, f"{__name__}:do_work", work)


def training_task(name: str, job: TrainingJob) -> ModelTask:
    """A task for a trainer."""
    return ModelTask(name, "loop.choose.training:train_generator", job, trains=True)


def _results(executor: Executor, *names: str) -> dict[str, Finished]:
    found: dict[str, Finished] = {}
    while not set(names) <= set(found):
        found |= executor.results(10.0)
    return found


@pytest.fixture(scope="module")
def executor() -> Iterator[RayExecutor]:
    assert ROOT.is_dir()
    made = RayExecutor(ClusterConfig(timeout_seconds=120.0))
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
        executor.submit(SPEC, ValidationTask(formula, Composition.parse(formula).canonical()))
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
    executor.submit(SPEC, ValidationTask("own", canonical))
    executor.submit(other, ValidationTask("other", canonical))
    answers = _collect(executor, 2)
    assert isinstance(answers["own"].verdict, Measured)
    refused = answers["other"].verdict
    assert isinstance(refused, Failed)
    assert "has no settings" in refused.message


def test_training_in_an_actor_gives_the_same_weights_as_here(executor: RayExecutor) -> None:
    job = _training_job()
    executor.begin(training_task("training", job))
    trained = _results(executor, "training")["training"].value
    assert trained.digest == train_generator(job).digest


def test_what_a_task_is_doing_is_told_while_it_does_it(executor: RayExecutor, tmp_path: Path) -> None:
    told: list[str] = []
    executor.tell = told.append
    mark = tmp_path / "go on"
    executor.begin(ModelTask("telling", f"{__name__}:tell_and_wait", mark, tells=True))
    deadline = time.monotonic() + 240  # a busy machine takes its time to import the libraries
    while not told:
        assert executor.results(0.1) == {}
        assert time.monotonic() < deadline
    mark.touch()
    assert _results(executor, "telling")["telling"].value == "done"
    assert set(told) == {"half of it"}


WAITING = ValidatorSpec(
    "script",
    json.dumps({"command": [sys.executable, "-c", "import time; time.sleep(600)"], "properties": ["liquidus"]}),
)
"""A validator that never answers."""


def _waiting_worker(executor: RayExecutor) -> psutil.Process:
    """The process of Ray in which a validation waits, once it does."""
    executor.submit(WAITING, ValidationTask("waiting", Composition.parse("NbMoTaW").canonical()))
    deadline = time.monotonic() + 60
    while not (found := [worker for worker in workers(os.getpid())["validator"] if worker.children(recursive=True)]):
        assert executor.collect(0.2) == []
        assert time.monotonic() < deadline
    return found[0]


def test_a_worker_that_ray_ends_gives_no_verdict_and_a_validator_that_exits_does() -> None:
    from ray._raylet import raise_sys_exit_with_custom_error_message as ended_by_ray

    with pytest.raises(SystemExit):
        told_by(lambda: ended_by_ray("The process receives a SIGTERM.", 1))
    assert told_by(lambda: sys.exit(3)) == Failed(FailureKind.INFRASTRUCTURE, "SystemExit: 3")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_dead_worker_is_told_apart_from_a_failure(executor: RayExecutor, number: int) -> None:
    _waiting_worker(executor).send_signal(number)
    (done,) = _collect(executor, 1).values()
    assert done == Done("waiting", None)


def test_a_stopped_validation_is_given_up_and_its_process_ended(executor: RayExecutor) -> None:
    process = _waiting_worker(executor)
    process.suspend()
    executor.timeout = 0.2
    try:
        (done,) = executor.collect(0.3)
    finally:
        executor.timeout = 120.0
    assert isinstance(done.verdict, Failed)
    assert done.verdict.kind is FailureKind.INFRASTRUCTURE
    assert "no answer within cluster.timeout_seconds = 0.2" in done.verdict.message
    assert left_alive([process]) == []


def _contract(executor: Executor) -> dict[str, Finished]:
    """Works and validations side by side, whatever the executor."""
    job = _training_job()
    executor.prepare()
    before = time.time()
    executor.begin(training_task("training cvae", job))
    executor.begin(_task("number", _Where(7)))
    executor.submit(SPEC, ValidationTask("alloy", Composition.parse("NbMoTaW").canonical()))
    found = _results(executor, "training cvae", "number")
    done: list[Done] = []
    while not done:
        done = executor.collect(10.0)
    assert executor.pending == 0
    assert executor.collect(0.0) == []
    assert executor.results(0.0) == {}
    assert [entry.key for entry in done] == ["alloy"]
    assert isinstance(done[0].verdict, Measured)
    times = [(done[0].begun or 0.0, done[0].ended or 0.0), *((f.begun, f.ended) for f in found.values())]
    for begun, ended in times:
        assert before - 1 <= begun <= ended <= time.time() + 1
    assert found["training cvae"].value.digest == train_generator(job).digest
    assert found["number"].value[0] == 7
    return found


def test_works_and_validations_side_by_side_here() -> None:
    assert _contract(LocalExecutor())["number"].value[1] == os.getpid()


def test_works_and_validations_side_by_side_on_ray(executor: RayExecutor) -> None:
    assert _contract(executor)["number"].value[1] != os.getpid()


def test_trainings_go_to_trainers_and_choices_to_one_scorer(executor: RayExecutor) -> None:
    for number in range(3):
        executor.begin(_task(f"choice {number}", _Where(number)))
    found = _results(executor, *(f"choice {number}" for number in range(3)))
    assert [found[f"choice {number}"].value[0] for number in range(3)] == [0, 1, 2]
    assert len({finished.value[1] for finished in found.values()}) == 1


def test_an_actor_that_is_told_to_end_answers_all_the_same(executor: RayExecutor, tmp_path: Path) -> None:
    # Ray lets an actor finish that can be asked what it is at; or it dies, and another does the work.
    executor.begin(_task("told", _Fatal(tmp_path / "mark", number=signal.SIGTERM)))
    assert _results(executor, "told")["told"].value == "done"
    assert (tmp_path / "mark").exists()
    executor.begin(_task("after", _Where(1)))
    assert _results(executor, "after")["after"].value[0] == 1


def test_an_actor_that_dies_is_replaced_once(executor: RayExecutor, tmp_path: Path) -> None:
    executor.begin(_task("fragile", _Fatal(tmp_path / "mark")))
    assert _results(executor, "fragile")["fragile"].value == "done"
    executor.begin(_task("hopeless", _Fatal(tmp_path / "other", always=True)))
    with pytest.raises(WorkError, match="hopeless failed"):
        _results(executor, "hopeless")
    executor.begin(_task("after", _Where(1)))
    assert _results(executor, "after")["after"].value[0] == 1


def test_a_work_that_takes_too_long_is_ended(executor: RayExecutor) -> None:
    executor.begin(_task("hung", _Hung()))
    executor.timeout = 0.2
    try:
        with pytest.raises(WorkError, match=r"hung took longer than cluster.timeout_seconds = 0.2"):
            executor.results(0.3)
    finally:
        executor.timeout = 120.0
    executor.begin(_task("after", _Where(2)))
    assert _results(executor, "after")["after"].value[0] == 2


def test_no_more_is_under_way_than_there_is_room_for(executor: RayExecutor) -> None:
    assert executor.slots == 2
    rooms = {"CPU": 64.0, "memory": 8 * 2.0**30}
    assert Demand(2, 1.0, 0, reserved=1).slots(rooms) == 2
    assert Demand(100, 4.0, 0, reserved=1).slots(rooms) == 15
    large = Demand(100, 4.0, 2**30, reserved=1)
    assert large.slots(rooms) == 8
    with pytest.raises(InputError, match=r"validation_memory_mb = 1024 is more than the cluster's 512 MB"):
        large.refuse_too_small({"memory": 2.0**29})
    with pytest.raises(
        InputError, match=r"the cluster has 4 CPUs, too few .* = 4\) beside training and choosing \(1\)"
    ):
        large.refuse_too_small({"CPU": 4.0, "memory": 2.0**31})


def test_on_a_cluster_of_its_own_threads_screen(executor: RayExecutor) -> None:
    assert executor.spreader is None


def test_a_gpu_is_shared_among_the_families() -> None:
    assert [share(1, n) for n in (1, 2, 3)] == [1.0, 0.5, 0.3333]
    assert share(4, 2) == 1.0
    assert 3 * share(1, 3) <= 1.0
