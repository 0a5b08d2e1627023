"""The queue against a model of it: hypothesis tries sequences of operations, and the log is replayed after each."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from alloys.records import Adjustment, Failed
from loop.store import IllegalMove, NotRunning, Result, StoreError, check_store
from loop.store.queue.error_classes import back_off
from tests.loop.store.store_helpers import (
    CAPACITY,
    CORRECTABLE,
    FAST,
    INFRASTRUCTURE,
    NO_MORE,
    PHYSICS,
    RESOURCE,
    SUSPECT,
    Clock,
    begin,
    make,
    measured,
    request,
)

PAUSES = (300, 1200)
# How many further tries each class has; None for as many as it takes.
TRIES = {"infrastructure": 3, "capacity": None, "resource": 5, "correctable": 5, "suspect": 0}
OPEN = {"queued", "retry_wait", "held", "awaiting_human", "running"}


@dataclass
class Model:
    """What the rules say of one job."""

    order: tuple[int, int]
    state: str = "queued"
    by_hand: bool = False
    until: float = 0.0
    failures: Counter[str] = field(default_factory=Counter)
    given: list[str] = field(default_factory=list)
    deaths: int = 0
    conflicts: int = 0
    results: list[tuple[str, str]] = field(default_factory=list)
    accepted: str | None = None
    beside: list[str] = field(default_factory=list)  # accepted of the alloy, but no answer to the job

    def drop(self, state: str) -> None:
        self.state = state

    def wait(self) -> None:
        self.drop("awaiting_human" if self.by_hand else "queued")

    def afresh(self) -> None:
        self.failures, self.given, self.deaths = Counter(), [], 0

    def die(self) -> None:
        self.deaths += 1
        self.drop("needs_review" if self.deaths == 3 else "queued")

    def end(self, state: str, who: str, result: str) -> None:
        self.accepted = result
        self.results.append((who, result))
        self.drop(state)

    def sweep(self, now: float) -> None:
        if self.state == "retry_wait" and self.until <= now:
            self.drop("queued")


@dataclass
class Machinery:
    """What the rules say of the validator."""

    failures: int = 0
    pauses: int = 0
    until: float | None = 0.0

    def paused(self, now: float) -> bool:
        return self.until is None or self.until > now

    def fail(self, now: float) -> None:
        if self.paused(now):
            return
        self.failures += 1
        if self.failures >= 5:
            self.until = now + PAUSES[self.pauses] if self.pauses < 2 else None
            self.pauses += 1

    def work(self) -> None:
        self.failures, self.pauses, self.until = 0, 0, 0.0


AGAIN = [CAPACITY, RESOURCE, NO_MORE, CORRECTABLE]
values = st.sampled_from([2400.0, 2500.0])
places = st.integers(0, 20)


class QueueMachine(RuleBasedStateMachine):
    """Every operation of the queue, in any order: three jobs for workers, two held, one for people."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(dir=FAST)
        self.clock = Clock()
        self.store = make(Path(self.folder.name) / "campaign.db", self.clock)
        self.machinery = Machinery()
        self.models: dict[str, Model] = {}
        for index, (numbers, state, more) in enumerate(
            [((0, 1, 2), "queued", {}), ((3, 4), "held", {"hold": True}), ((5,), "awaiting_human", {"by_hand": True})]
        ):
            for rank, key in enumerate(begin(self.store, numbers, index, **more)):
                self.models[key] = Model((index, rank), state, by_hand="by_hand" in more)
        self.edits = 0

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()

    def running(self) -> list[str]:
        return [key for key, model in self.models.items() if model.state == "running"]

    def key_of(self, place: int) -> str:
        return sorted(self.models, key=lambda key: self.models[key].order)[place % len(self.models)]

    @rule(owner=st.sampled_from("ab"), n=st.integers(0, 3))
    def take(self, owner: str, n: int) -> None:
        for model in self.models.values():
            model.sweep(self.clock.now)
        queued = [key for key, model in self.models.items() if model.state == "queued"]
        wanted = sorted(queued, key=lambda key: self.models[key].order)[:n]
        if self.machinery.paused(self.clock.now):
            wanted = []
        assert [job.key for job in self.store.take(owner, n)] == wanted
        for key in wanted:
            self.models[key].state = "running"

    @rule(seconds=st.sampled_from([1, 10, 60, 400, 1400]))
    def wait(self, seconds: int) -> None:
        self.clock.now += seconds

    @precondition(running)
    @rule(data=st.data(), value=values)
    def measure(self, data: st.DataObject, value: float) -> None:
        key = data.draw(st.sampled_from(self.running()))
        model = self.models[key]
        assert self.store.finish(key, measured(value)) == "done"
        self.machinery.work()
        model.end("done", "worker", str(value))

    @precondition(running)
    @rule(data=st.data(), verdict=st.sampled_from([INFRASTRUCTURE, PHYSICS, SUSPECT, *AGAIN]))
    def fail(self, data: st.DataObject, verdict: Failed) -> None:
        self._fail(data.draw(st.sampled_from(self.running())), verdict)

    @rule(n=st.integers(1, 3), seconds=st.sampled_from([0, 400, 1400]))
    def outage(self, n: int, seconds: int) -> None:
        """Whatever is asked fails, twice."""
        for _ in range(2):
            self.take("a", n)
            for key in self.running():
                self._fail(key, INFRASTRUCTURE)
            self.clock.now += seconds

    @rule(verdict=st.sampled_from([CAPACITY, RESOURCE, CORRECTABLE]), times=st.integers(4, 6))
    def stubborn(self, verdict: Failed, times: int) -> None:
        """Whoever takes the first job is told the same."""
        for _ in range(times):
            self.take("a", 1)
            for key in self.running():
                self._fail(key, verdict)
            self.clock.now += 1000 if verdict is CAPACITY else 0

    @rule(times=st.integers(2, 3))
    def poison(self, times: int) -> None:
        """Whoever takes the first job dies; then people ask again."""
        for _ in range(times):
            self.take("b", 1)
            for key in self.running():
                self._end(key, died=True)
        for key, model in self.models.items():
            if model.state == "needs_review":
                self._retry(key)

    def _fail(self, key: str, verdict: Failed) -> None:
        model = self.models[key]
        outcome = self.store.finish(key, verdict)
        if verdict is INFRASTRUCTURE:
            self.machinery.fail(self.clock.now)
        elif verdict is not CAPACITY:
            self.machinery.work()
        if verdict is PHYSICS:
            assert outcome == "failed"
            model.end("failed", "worker", PHYSICS.message)
            return
        kind = str(verdict.kind)
        model.failures[kind] += 1
        most = TRIES[kind]
        if verdict is NO_MORE or (most is not None and model.failures[kind] > most):
            assert outcome == "review"
            model.drop("needs_review")
            return
        assert outcome == "retry"
        model.until = self.clock.now + back_off(kind, key, model.failures[kind])
        model.given += [kind] if verdict.ask else []
        model.drop("retry_wait")

    @rule(place=places, value=values)
    def come_late(self, place: int, value: float) -> None:
        key = self.key_of(place)
        model = self.models[key]
        if model.state == "running":
            return
        known = ("worker", str(value)) in model.results
        assert self.store.finish(key, measured(value)) == ("duplicate" if known else "replicate")
        if not known:
            model.results.append(("worker", str(value)))

    @rule(place=places, verdict=st.sampled_from([INFRASTRUCTURE, CAPACITY, SUSPECT]))
    def fail_late(self, place: int, verdict: Failed) -> None:
        key = self.key_of(place)
        if self.models[key].state != "running":
            with pytest.raises(NotRunning):
                self.store.finish(key, verdict)

    @precondition(running)
    @rule(data=st.data(), died=st.booleans())
    def end(self, data: st.DataObject, died: bool) -> None:
        self._end(data.draw(st.sampled_from(self.running())), died)

    def _end(self, key: str, died: bool) -> None:
        model = self.models[key]
        if died:
            state = self.store.worker_died(key)
            self.machinery.fail(self.clock.now)
            model.die()
            assert state == model.state
        else:
            self.store.requeue(key, note="its node was lost")
            model.drop("queued")

    @rule()
    def take_over(self) -> None:
        under_way = [self.models[key] for key in self.running()]
        assert self.store.requeue_running(note="taken over") == len(under_way)
        for model in under_way:
            model.drop("queued")

    # People -------------------------------------------------------------------------------------------------

    @rule(place=places)
    def answer(self, place: int) -> None:
        key = self.key_of(place)
        model = self.models[key]
        if model.state == "needs_review":
            assert self.store.answer(key, PHYSICS, source="me") == "failed"
            model.end("failed", "me", PHYSICS.message)

    @rule(place=places)
    def retry(self, place: int) -> None:
        self._retry(self.key_of(place))

    def _retry(self, key: str) -> None:
        model = self.models[key]
        if model.state not in {"needs_review", "retry_wait"}:
            with pytest.raises(IllegalMove, match=f"is {model.state}: only a job that needs review"):
                self.store.retry(key, by="me")
            return
        nonce = self.store.job(key).nonce
        again = model.state == "needs_review"
        if again:
            model.afresh()
        model.wait()
        assert self.store.retry(key, by="me") == [model.state]
        assert (self.store.job(key).nonce != nonce) is again

    @rule()
    def resume(self) -> None:
        self.store.resume_validator("calphad")
        self.machinery.work()

    @rule(place=places)
    def approve(self, place: int) -> None:
        key = self.key_of(place)
        model = self.models[key]
        if model.state == "held":
            model.wait()
        elif model.conflicts and model.state in {"done", "failed", "cancelled"}:
            model.conflicts = 0
        else:
            with pytest.raises(IllegalMove, match=f"is {model.state}: only a held job"):
                self.store.approve(key, by="me")
            return
        assert self.store.approve(key, by="me") == [model.state]

    @rule(place=places, edit=st.booleans())
    def reject(self, place: int, edit: bool) -> None:
        key = self.key_of(place)
        model = self.models[key]
        if model.state != "held":
            with pytest.raises(IllegalMove, match=f"is {model.state}: only a held job can be rejected"):
                self.store.reject(key, reason="too dear", by="me")
            return
        model.drop("cancelled")
        if not edit:
            self.store.reject(key, reason="too dear", by="me")
            return
        self.edits += 1
        new = self.store.edit(key, request(100 + self.edits), by="me")
        self.models[new] = Model((model.order[0], 1 + self.edits))

    @rule(place=places)
    def cancel(self, place: int) -> None:
        key = self.key_of(place)
        model = self.models[key]
        if model.state not in {"done", "failed", "cancelled"} and self.clock.now % 3 == 0:
            self.store.cancel(key)
            model.drop("cancelled")

    @rule(place=places, several=st.lists(values, min_size=1, max_size=3))
    def bring(self, place: int, several: list[float]) -> None:
        for value in several:
            self._bring(self.key_of(place), value)

    @rule(place=places)
    def bring_stale(self, place: int) -> None:
        self._bring(self.key_of(place), 2400.0, stale=True)

    def _bring(self, key: str, value: float, stale: bool = False) -> None:
        model = self.models[key]
        nonce = "stale" if stale else self.store.job(key).nonce
        row = Result(2, key, nonce, {"solidus": value}, {})
        if stale or model.state == "running":
            with pytest.raises(StoreError, match=r"line 2: the (nonce is not|job is running)"):
                self.store.import_results([row], source="lab", wanted={"solidus"})
            return
        counts = self.store.import_results([row], source="lab", wanted={"solidus"})
        spoken = [model.accepted, *model.beside] if model.accepted else model.beside
        if model.state in OPEN | {"needs_review"}:
            assert counts.answered == 1
            model.end("done", "lab", str(value))
        elif str(value) in [*model.beside, *(result for _, result in model.results)]:
            assert counts.known == 1
        else:
            again = any(told.replace(".", "").isdigit() for told in spoken)
            assert (counts.repeats, counts.kept) == (again, not again)
            model.beside.append(str(value))

    @invariant()
    def the_store_is_as_the_model(self) -> None:
        jobs = self.store.jobs()
        models = sorted(self.models.items(), key=lambda item: item[1].order)
        assert [(j.key, j.state, j.deaths, j.conflicts, j.by_hand) for j in jobs] == [
            (key, m.state, m.deaths, m.conflicts, m.by_hand) for key, m in models
        ]
        assert [(j.retries, j.waits, j.raises, j.corrections) for j in jobs] == [
            tuple(m.failures[kind] for kind in TRIES if kind != "suspect") for _, m in models
        ]
        assert [j.adjustment for j in jobs] == [_adjustment(m) for _, m in models]
        assert bool(self.store.pauses()) is self.machinery.paused(self.clock.now)
        stored = self.store.observations(include_replicates=True)
        for key, model in models:
            mine = [o for o in stored if o.key == key]
            assert len(mine) == len(model.results)
            accepted = [o.observation for o in mine if not o.replicate]
            assert [o.failure or str(o.values["solidus"]) for o in accepted] == (
                [] if model.accepted is None else [model.accepted]
            )
        assert sum(o.key is None for o in stored) == sum(len(model.beside) for model in self.models.values())
        assert check_store(self.store) == []


def _adjustment(model: Model) -> Adjustment:
    resources = dict(RESOURCE.ask) if "resource" in model.given else {}
    return Adjustment(resources, (CORRECTABLE.ask,) * model.given.count("correctable"))


def test_the_queue(backend: str) -> None:
    """More sequences in a file than on a server, where each transaction takes longer."""
    run_state_machine_as_test(
        QueueMachine,
        settings=settings(
            max_examples=20 if backend == "sqlite" else 4,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
