"""Laws of screening over the workers of a cluster: what threads would say, whatever becomes of the workers."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest

from alloys.errors import InputError
from alloys.space import Points
from loop.campaign import Campaign
from loop.config.schema import ClusterConfig
from loop.drive.driver import Driver
from loop.execute.cluster import RayExecutor, lock_down, start_cluster, worker_environment
from loop.execute.local import LocalExecutor
from loop.execute.spreading import RaySpreader, _Cluster
from surrogates.choosing.stream import Block, own_threads, spread_work
from tests.loop.loop_helpers import small_config
from tests.surrogates.choosing.test_surrogate_batch import SMALL, choose
from tests.surrogates.helpers import SPACE

# Ray warns on its own behalf.
pytestmark = pytest.mark.filterwarnings("ignore")

T = TypeVar("T")
FREE = 2
"""CPUs that the cluster has beside those of this process's threads."""


@pytest.fixture(scope="module")
def ray() -> Iterator[Any]:
    lock_down()
    import ray

    start_cluster(ray, "local", own_threads() + FREE)
    yield ray
    ray.shutdown()


def spreader(ray: Any, *, free: bool = True, **changes: Any) -> RaySpreader:
    """One that sends blocks from the first on, and waits for them long enough for workers to start.

    Where ``free``, the cluster is: what a test before held is reported as free only a moment later.
    """
    deadline = time.monotonic() + 60
    while free and ray.available_resources().get("CPU", 0) < own_threads() + FREE:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return RaySpreader(ray, worker_environment(), **{"least": 0, "patience": 60.0, **changes})


def blocks(count: int) -> Iterator[Block]:
    for number in range(count):
        yield np.full((2, 3), number), "test"


@dataclass(frozen=True)
class _Numbered:
    """A work that says of which block and in which process it was done."""

    def __call__(self, block: Block) -> tuple[int, int]:
        return int(block[0][0, 0]), os.getpid()


@dataclass(frozen=True)
class _Marking(_Numbered):
    """A work that leaves a mark whenever it is done, and takes a while."""

    folder: Path

    def __call__(self, block: Block) -> tuple[int, int]:
        number, process = super().__call__(block)
        (self.folder / f"{number}-{process}-{time.monotonic_ns()}").touch()
        time.sleep(0.02)
        return number, process


@dataclass(frozen=True)
class _Shared(_Numbered):
    """A work that leaves a mark elsewhere; here the first block waits for that, however slowly a worker starts."""

    mark: Path
    home: int = field(default_factory=os.getpid)

    def __call__(self, block: Block) -> tuple[int, int]:
        if os.getpid() != self.home:
            self.elsewhere()
        while block[0][0, 0] == 0 and not self.mark.exists():
            threading.Event().wait(0.02)
        return super().__call__(block)

    def elsewhere(self) -> None:
        self.mark.touch()


@dataclass(frozen=True)
class _Fatal(_Shared):
    """A work that ends its process if that is not this one, the first time or always."""

    always: bool = False

    def elsewhere(self) -> None:
        if self.always or not self.mark.exists():
            self.mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class _Hung(_Shared):
    """A work that elsewhere waits for what never comes."""

    def elsewhere(self) -> None:
        self.mark.touch()
        threading.Event().wait(600)


@dataclass(frozen=True)
class _Refusing:
    """A work that refuses one block."""

    def __call__(self, block: Block) -> int:
        if block[0][0, 0] == 7:
            raise InputError("seven is refused")
        return int(block[0][0, 0])


@dataclass(frozen=True)
class _Told:
    """What a work says, and the process that it was done in."""

    work: Callable[[Block], Any]

    def __call__(self, block: Block) -> tuple[Any, int]:
        return self.work(block), os.getpid()


@dataclass
class _Telling:
    """A spreader that notes which processes its blocks were done in."""

    inner: RaySpreader
    processes: list[int] = field(default_factory=list)

    def __call__(self, work: Callable[[Block], T], blocks: Iterable[Block]) -> Iterator[T]:
        for answer, process in self.inner(_Told(work), blocks):
            self.processes.append(process)
            yield answer


def test_answers_come_in_order_from_several_processes(ray: Any) -> None:
    answers = list(spreader(ray)(_Numbered(), blocks(30)))
    assert [number for number, _ in answers] == list(range(30))
    processes = {process for _, process in answers}
    assert os.getpid() in processes
    assert len(processes) > 1


def test_a_pool_is_screened_to_the_batch_of_threads(ray: Any) -> None:
    settings = replace(SMALL, block=32, wide=64)

    def candidates() -> Iterator[tuple[Points, str]]:
        for seed in range(20):
            yield SPACE.sample(60, np.random.default_rng(seed)), "stream"

    telling = _Telling(spreader(ray))
    spread = choose(candidates=candidates(), settings=settings, spreader=telling)
    assert spread == choose(candidates=candidates(), settings=settings)
    assert len(spread.picks) == 4
    assert len(telling.processes) == 38
    assert len(set(telling.processes)) > 1


def test_no_block_is_done_twice_while_workers_answer(ray: Any, tmp_path: Path) -> None:
    list(spreader(ray)(_Marking(tmp_path), blocks(60)))
    marks = [path.name.split("-")[0] for path in tmp_path.iterdir()]
    assert sorted(map(int, marks)) == list(range(60))
    assert len({path.name.split("-")[1] for path in tmp_path.iterdir()}) > 1


def test_a_short_stream_stays_in_this_process(ray: Any) -> None:
    answers = list(spreader(ray, least=12)(_Numbered(), blocks(12)))
    assert answers == list(spread_work(_Numbered(), blocks(12)))
    assert {process for _, process in answers} == {os.getpid()}
    assert list(spreader(ray)(_Numbered(), iter([]))) == []


@pytest.mark.parametrize("always", [False, True])
def test_a_block_whose_worker_dies_is_done_again(ray: Any, tmp_path: Path, *, always: bool) -> None:
    mark = tmp_path / "mark"
    answers = list(spreader(ray)(_Fatal(mark, always=always), blocks(20)))
    assert mark.exists()
    assert [number for number, _ in answers] == list(range(20))
    if always:
        assert {process for _, process in answers} == {os.getpid()}


def test_a_block_that_does_not_come_back_is_done_here(ray: Any, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    answers = list(spreader(ray, patience=0.2)(_Hung(mark), blocks(20)))
    assert {process for _, process in answers} == {os.getpid()}
    assert [number for number, _ in answers] == list(range(20))
    # The hung ones were taken back, and others may have their CPUs.
    assert len({process for _, process in spreader(ray)(_Shared(tmp_path / "again"), blocks(30))}) > 1


def test_without_a_free_cpu_threads_do_it_all(ray: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @ray.remote(num_cpus=1, max_retries=0)
    def hold(mark: Path) -> None:
        mark.touch()
        threading.Event().wait(600)

    cpus = own_threads() + FREE
    holding = [hold.remote(tmp_path / str(number)) for number in range(cpus)]
    try:
        deadline = time.monotonic() + 120
        while len(list(tmp_path.iterdir())) < cpus:
            assert time.monotonic() < deadline
            assert ray.wait(holding, timeout=0.1)[0] == []
        answers = list(spreader(ray, free=False)(_Numbered(), blocks(20)))
        # As if some had been free when it asked: blocks wait behind what holds them now, and are done here.
        sent = []
        node = ray.get_runtime_context().get_node_id()
        monkeypatch.setattr(_Cluster, "_ask", lambda self, away: sent.append(away) or {node: FREE})
        late = list(spreader(ray, free=False, patience=0.2)(_Numbered(), blocks(20)))
        assert sent
    finally:
        for held in holding:
            ray.cancel(held, force=True)
    assert answers == late == [(number, os.getpid()) for number in range(20)]


def test_what_the_work_raises_is_raised_here(ray: Any) -> None:
    with pytest.raises(InputError, match="seven is refused"):
        list(spreader(ray)(_Refusing(), blocks(20)))


def test_few_blocks_are_taken_ahead_and_the_rest_is_dropped_on_the_way_out(ray: Any) -> None:
    taken = 0

    def watched() -> Iterator[Block]:
        nonlocal taken
        for block in blocks(500):
            taken += 1
            yield block

    answers = spreader(ray, most=4)(_Numbered(), watched())
    assert next(answers)[0] == 0
    assert taken <= 2 * (own_threads() + 4)
    answers.close()  # type: ignore[attr-defined]
    assert taken < 500


@dataclass(frozen=True)
class _Noting:
    """A spreader that leaves a file for each process that its blocks are done in."""

    inner: RaySpreader
    folder: Path

    def __call__(self, work: Callable[[Block], T], blocks: Iterable[Block]) -> Iterator[T]:
        for answer, process in self.inner(_Told(work), blocks):
            (self.folder / str(process)).touch()
            yield answer


@pytest.mark.slow
def test_a_campaign_whose_scorer_spreads_ends_as_one_in_this_process(ray: Any, tmp_path: Path) -> None:
    digests = []
    for name in ("spread", "here"):
        folder = tmp_path / name
        folder.mkdir()
        config = small_config(folder, screening={"random": 200_000, "neighbours": True})
        with Campaign.open(config) as campaign:
            executor = _attached(ray, folder) if name == "spread" else LocalExecutor()
            try:
                Driver(campaign, executor).run(1)
            finally:
                executor.close()
            notes = campaign.store.iteration(1).notes
            digests.append((campaign.store.dataset_digest(), notes.screening, notes.calibration))
    assert digests[0] == digests[1]
    assert digests[0][1].counts["candidates"] > 200_000
    processes = {int(path.name) for path in (tmp_path / "spread").iterdir() if path.name.isdigit()}
    assert len(processes) > 1
    assert os.getpid() not in processes


def _attached(ray: Any, folder: Path) -> RayExecutor:
    """An executor on the cluster that is there, which waits for workers as long as they need."""
    executor = RayExecutor(ClusterConfig(workers=1, timeout_seconds=600.0))
    assert executor.spreader == RaySpreader(ray, worker_environment())
    executor.spreader = _Noting(replace(executor.spreader, least=2, patience=120.0), folder)
    return executor
