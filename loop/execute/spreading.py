"""Blocks of a long screening on the CPUs that a cluster has free, beside the threads of the process that screens.

Ray itself is given to what is here: only `loop.execute.cluster` imports it.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from surrogates.choosing.stream import Block

T = TypeVar("T")

LEAST = 8
"""Blocks that are begun here before any is sent: they take about 4 s of a core, which a new worker's imports and the
way there and back must be worth."""

MOST = 32
"""Blocks that are away at once. What comes back is taken in by one thread, which keeps up with no more workers."""

PATIENCE_SECONDS = 5.0
"""After so long, or three times what a thread took at most, a block that is away is done here as well, as soon as a
thread is free: more than a worker's start takes."""

_ASK_SECONDS = 1.0
"""How often the cluster is asked what is free; also the longest wait."""


def do(work: Callable[[Block], T], block: Block) -> T:
    """What a worker does of a block; at the top of a module, so that workers find it by its name."""
    return work(block)


@dataclass(frozen=True, slots=True)
class RaySpreader:
    """A `Spreader` whose blocks are done by threads here and by tasks on free CPUs of a cluster.

    Both take the next block of the same stream, and what comes of them is given in its order. A task asks for one CPU
    and is sent only where one is free, so it takes none from a validation. Every block stays here until
    it is answered: one whose worker died, or that is away for long, is done here. So screening ends
    whatever the cluster does, at the latest when it had ended without one. The work must be a pure function that can be
    pickled; it goes into the object store once.

    Attributes:
        ray: the module, connected to a cluster.
        environment: Ray's ``runtime_env`` of a task.
        least: blocks that are begun here before any is sent.
        most: blocks that are away at once.
        patience: least seconds after which a block that is away is done here as well.
    """

    ray: Any
    environment: Mapping[str, Any] = field(default_factory=dict)
    least: int = LEAST
    most: int = MOST
    patience: float = PATIENCE_SECONDS

    def __call__(self, work: Callable[[Block], T], blocks: Iterable[Block]) -> Iterator[T]:
        """What the work makes of each block, in order; raises what the work raises here."""
        from surrogates.choosing.stream import own_threads  # with torch, which the driver, who makes this, does without

        threads = own_threads()
        with ThreadPoolExecutor(threads) as pool:
            screening = _Screening(work, pool, threads, _Cluster(self, threads), self)
            try:
                yield from screening.run(iter(blocks))
            finally:
                screening.end()


@dataclass(slots=True)
class _Lot(Generic[T]):
    """A block that is not answered yet: in a thread, away on a node, or both."""

    block: Block
    here: Future[T] | None = None
    there: Future[T] | None = None
    ref: Any = None
    node: str = ""
    sent: float = 0.0

    def answer(self) -> Future[T] | None:
        """The answer, if there is one; what went wrong elsewhere is none."""
        if self.there is not None and self.there.done() and self.there.exception() is None:
            return self.there
        return self.here if self.here is not None and self.here.done() else None

    def is_away(self) -> bool:
        """Whether a worker has it, or is to have it."""
        return self.there is not None and not self.there.done()

    def under_way(self) -> list[Future[T]]:
        return [future for future in (self.here, self.there) if future is not None and not future.done()]

    def overdue(self, patience: float) -> bool:
        """Whether it is to be done here too."""
        if self.here is not None or self.there is None or self.answer() is not None:
            return False
        return self.there.done() or time.monotonic() - self.sent > patience


class _Cluster:
    """Where there is room for blocks, and what sends them there."""

    def __init__(self, settings: RaySpreader, threads: int) -> None:
        self._ray, self._settings, self._threads = settings.ray, settings, threads
        self._limits: dict[str, int] = {}
        self._asked = float("-inf")
        self._task: Any = None
        self._work: Any = None

    def place(self, away: Counter[str]) -> str | None:
        """The node with the most room; None if there is none."""
        if away.total() >= self._settings.most:
            return None
        if time.monotonic() - self._asked > _ASK_SECONDS:
            self._limits, self._asked = self._ask(away), time.monotonic()
        room = {node: limit - away[node] for node, limit in self._limits.items()}
        best = max(room, key=lambda node: room[node], default="")
        return best if room.get(best, 0) > 0 else None

    def _ask(self, away: Counter[str]) -> dict[str, int]:
        """How many blocks each node may have: its free CPUs and those that hold blocks now, or what it had before.

        Between two blocks Ray keeps a CPU for a moment, so that one which is not reported as free is not lost yet.
        """
        # There is no public function that says this node by node; Ray's own libraries call this one.
        free = self._ray._private.state.available_resources_per_node()
        here = self._ray.get_runtime_context().get_node_id()
        limits = {}
        for node, resources in free.items():
            # Threads use the cores of this node already.
            used = self._threads if node == here else 0
            limits[node] = max(int(resources.get("CPU", 0)) + away[node] - used, self._limits.get(node, 0))
        return limits

    def late(self, node: str) -> None:
        """Notes that a node did not answer in time: others have its CPUs, or it is gone."""
        self._limits[node] = 0

    def send(self, work: Callable[[Block], T], block: Block, node: str) -> Any:
        """A reference to what a worker on that node is to make of the block."""
        if self._task is None:
            self._work = self._ray.put(work)
            options = {"num_cpus": 1, "num_gpus": 0, "max_retries": 1, "runtime_env": dict(self._settings.environment)}
            self._task = self._ray.remote(**options)(do)
        strategy = self._ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(node, soft=True)
        return self._task.options(scheduling_strategy=strategy).remote(self._work, block)


@dataclass
class _Screening(Generic[T]):
    """One stream on its way: its blocks, and those that were answered here while they were still away."""

    work: Callable[[Block], T]
    pool: ThreadPoolExecutor
    threads: int
    cluster: _Cluster
    settings: RaySpreader
    lots: deque[_Lot[T]] = field(default_factory=deque)
    strays: list[_Lot[T]] = field(default_factory=list)
    longest: float = 0.0
    begun: int = 0
    ended: bool = False

    def run(self, blocks: Iterator[Block]) -> Iterator[T]:
        """Answers in order. No more blocks are alive than twice those that can be at work at once."""
        while not self.ended or self.lots:
            self._help()
            self._fill(blocks)
            while self.lots and (answer := self.lots[0].answer()):
                self._leave(self.lots.popleft())
                yield answer.result()
                del answer
                self._fill(blocks)
            futures = [future for lot in self.lots for future in lot.under_way()]
            wait(futures, timeout=_ASK_SECONDS, return_when=FIRST_COMPLETED)

    def _help(self) -> None:
        """Does here what others lost or keep for long, the oldest first."""
        patience = max(self.settings.patience, 3 * self.longest)
        for lot in self.lots:
            if self._idle() and lot.overdue(patience):
                lot.here = self.pool.submit(self._timed, lot.block)
                self.cluster.late(lot.node)

    def _timed(self, block: Block) -> T:
        begun = time.monotonic()
        answer = self.work(block)
        self.longest = max(self.longest, time.monotonic() - begun)
        return answer

    def _fill(self, blocks: Iterator[Block]) -> None:
        """Begins blocks while there is somebody to do them."""
        while not self.ended and len(self.lots) < 2 * (self.threads + self.settings.most):
            node = None if self._idle() else self._away()
            if node is None and not self._idle():
                return
            block = next(blocks, None)
            if block is None:
                self.ended = True
                return
            self.begun += 1
            self.lots.append(self._begin(block, node))

    def _begin(self, block: Block, node: str | None) -> _Lot[T]:
        if node is None:
            return _Lot(block, here=self.pool.submit(self._timed, block))
        ref = self.cluster.send(self.work, block, node)
        return _Lot(block, there=ref.future(), ref=ref, node=node, sent=time.monotonic())

    def _idle(self) -> bool:
        """Whether a thread is free, or will find nothing to do when it is."""
        return sum(lot.here is not None and not lot.here.done() for lot in self.lots) <= self.threads

    def _away(self) -> str | None:
        """The node that the next block may go to."""
        if self.begun < self.settings.least:
            return None
        return self.cluster.place(Counter(lot.node for lot in (*self.strays, *self.lots) if lot.is_away()))

    def _leave(self, lot: _Lot[T]) -> None:
        """Keeps in mind that somebody may still be at work on an answered block: a worker that starts, or hangs."""
        self.strays = [stray for stray in (*self.strays, lot) if stray.is_away()]

    def end(self) -> None:
        """Takes back what nobody waits for."""
        for lot in (*self.strays, *self.lots):
            if lot.is_away():
                # By force, as Ray cannot interrupt one that hangs in a call.
                self.settings.ray.cancel(lot.ref, force=True)
            if lot.here is not None:
                lot.here.cancel()
