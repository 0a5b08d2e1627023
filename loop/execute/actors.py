"""Actors that train and choose while validators run: trainers, one for each training at once, and a scorer.

Ray itself is given to what is here: only `loop.execute.cluster` imports it.
"""

from __future__ import annotations

import importlib
import math
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from alloys.errors import WorkError
from loop.execute.tasks import Finished, ModelTask, do_task, nobody

SCORER = "scorer"
_ACTOR = {"max_restarts": -1, "max_task_retries": 1, "max_concurrency": 2}
"""One that dies, or whose node does, begins again; beside its task it answers what it is at."""


class ModelActor:
    """The actor behind each of them: plain data in, plain data out; while it works, it can be asked what it is at.

    Args:
        module: what its tasks need, imported before the first one comes.
    """

    def __init__(self, module: str) -> None:
        importlib.import_module(module)
        self._at = ""

    def run(self, task: ModelTask) -> Finished:
        """Does a task."""
        return do_task(task, self._note)

    def at(self) -> str:
        """What the task told last."""
        return self._at

    def _note(self, text: str) -> None:
        self._at = text


@dataclass(frozen=True, slots=True)
class _TaskUnderWay:
    task: ModelTask
    place: str
    begun: float


@dataclass
class Actors:
    """Begins tasks in actors, which are started when they are needed first and kept.

    Ray starts an actor that died again, and its task once more.

    Attributes:
        ray: the module, connected to a cluster.
        trainers: how many trainings may be under way at once.
        gpus: of the cluster; trainers share them, a fraction each where they are fewer.
        threads: environment variables of every actor.
        timeout: seconds that one task may take once an actor has it.
        tell: is told what a task is doing, where it tells that.
    """

    ray: Any
    trainers: int
    gpus: int
    threads: dict[str, str]
    timeout: float
    tell: Callable[[str], None] = nobody
    _asked: dict[Any, Any] = field(default_factory=dict)
    _waiting: deque[ModelTask] = field(default_factory=deque)
    _actors: dict[str, Any] = field(default_factory=dict)
    _under_way: dict[Any, _TaskUnderWay] = field(default_factory=dict)

    @property
    def futures(self) -> list[Any]:
        """What is under way."""
        return list(self._under_way)

    def prepare(self) -> None:
        """Starts every actor that is not there yet."""
        self._start(*self._trainer_places(), SCORER)

    def begin(self, task: ModelTask) -> None:
        """Starts a task, or lines it up until a trainer is free."""
        self._waiting.append(task)
        self._fill()

    def results(self, timeout: float) -> dict[str, Finished]:
        """What has finished, waiting up to ``timeout`` seconds for the first.

        Raises:
            WorkError: if a task failed or took too long.
        """
        waiting, found = self.futures, {}
        if not waiting:
            return {}
        ready, _ = self.ray.wait(waiting, num_returns=1, timeout=timeout)
        if ready and len(waiting) > 1:
            ready, _ = self.ray.wait(waiting, num_returns=len(waiting), timeout=0)
        for future in ready:
            task = self._under_way.pop(future).task
            found[task.name] = self._get(task, future)
        self._end_late()
        self._fill()
        self._pass_on()
        return found

    def _pass_on(self) -> None:
        """Asks those that tell what they are at, and passes on what they answered."""
        self._asked = {future: asked for future, asked in self._asked.items() if future in self._under_way}
        for future, entry in self._under_way.items():
            if not entry.task.tells:
                continue
            asked = self._asked.get(future)
            if asked is not None and self.ray.wait([asked], timeout=0)[0]:
                with suppress(self.ray.exceptions.RayError):
                    self._tell(self.ray.get(asked))
                asked = None
            self._asked[future] = asked or self._actors[entry.place].at.remote()

    def _tell(self, text: str) -> None:
        if text:
            self.tell(text)

    def _get(self, task: ModelTask, future: Any) -> Finished:
        """What a task gave."""
        try:
            finished: Finished = self.ray.get(future, timeout=self.timeout)
        except self.ray.exceptions.RayError as error:
            raise WorkError(f"{task.name} failed: {last_line(error)}") from error
        return finished

    def _end_late(self) -> None:
        limit = time.monotonic() - self.timeout
        for future, entry in list(self._under_way.items()):
            if entry.begun < limit:
                del self._under_way[future]
                self.ray.kill(self._actors.pop(entry.place))
                raise WorkError(f"{entry.task.name} took longer than cluster.timeout_seconds = {self.timeout:g}")

    def _fill(self) -> None:
        """Gives what waits to actors that are free."""
        for task in list(self._waiting):
            place = self._free_place(task)
            if place is None:
                continue
            self._waiting.remove(task)
            # A training is followed by a choice: the scorer gets ready in the meantime.
            self._start(place, SCORER)
            # The name is the title of the process as long as it works.
            future = self._actors[place].run.options(name=task.name).remote(task)
            self._under_way[future] = _TaskUnderWay(task, place, time.monotonic())

    def _start(self, *places: str) -> None:
        for place in places:
            if place not in self._actors:
                self._actors[place] = self._actor(gpu=place != SCORER)

    def _trainer_places(self) -> list[str]:
        return [f"trainer {i + 1}" for i in range(self.trainers)]

    def _free_place(self, task: ModelTask) -> str | None:
        places = self._trainer_places() if task.trains else [SCORER]
        busy = {entry.place for entry in self._under_way.values()}
        return next((place for place in places if place not in busy), None)

    def _actor(self, *, gpu: bool) -> Any:
        """A new actor; all hold as many CPUs as there are trainers, as the scorer works when the trainers do not."""
        gpus = share(self.gpus, self.trainers) if gpu else 0
        hidden = {} if gpus else {"CUDA_VISIBLE_DEVICES": ""}
        environment = {"env_vars": {**self.threads, **hidden}}
        cpus = share(self.trainers, self.trainers + 1)
        kind = self.ray.remote(num_cpus=cpus, num_gpus=gpus, runtime_env=environment, **_ACTOR)(ModelActor)
        return kind.remote("generators.train" if gpu else "loop.choose.choosing")

    def close(self) -> None:
        """Ends all actors."""
        for actor in self._actors.values():
            self.ray.kill(actor)
        self._actors.clear()
        self._under_way.clear()
        self._waiting.clear()


def share(whole: int, among: int) -> float:
    """The part of some CPUs or GPUs that each of several gets, at most one; Ray counts ten-thousandths."""
    return min(1.0, math.floor(10_000 * whole / among) / 10_000)


def last_line(error: Exception) -> str:
    return str(error).strip().splitlines()[-1]
