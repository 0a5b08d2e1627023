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
from loop.store import IllegalMove, Result, StaleLease, StoreError, check_store
from loop.store.classes import back_off
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
OPEN = {"queued", "retry_wait", "held", "awaiting_human", "leased"}


@dataclass
class Model:
    """What the rules say of one job."""

    order: tuple[int, int]
    state: str = "queued"
    by_hand: bool = False
    token: str | None = None
    owner: str | None = None
    until: float = 0.0
    failures: Counter[str] = field(default_factory=Counter)
    given: list[str] = field(default_factory=list)
    deaths: int = 0
    conflicts: int = 0
    old: list[str] = field(default_factory=list)
    results: list[tuple[str | None, str]] = field(default_factory=list)
    accepted: str | None = None
    beside: list[str] = field(default_factory=list)  # accepted of the alloy, but no answer to the job

    def drop(self, state: str) -> None:
        self.state, self.token, self.owner = state, None, None

    def wait(self) -> None:
        self.drop("awaiting_human" if self.by_hand else "queued")

    def afresh(self) -> None:
        self.failures, self.given, self.deaths = Counter(), [], 0

    def die(self) -> None:
        self.deaths += 1
        self.drop("needs_review" if self.deaths == 3 else "queued")

    def end(self, state: str, token: str | None, result: str) -> None:
        self.accepted = result
        self.results.append((token, result))
        self.drop(state)

    def sweep(self, now: float) -> None:
        if self.state == "leased" and self.until <= now:
            self.die()
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

    def leased(self) -> list[str]:
        return [key for key, model in self.models.items() if model.state == "leased"]

    def key_of(self, place: int) -> str:
        return sorted(self.models, key=lambda key: self.models[key].order)[place % len(self.models)]

    @rule(owner=st.sampled_from("ab"), n=st.integers(0, 3), seconds=st.sampled_from([10, 60]))
    def claim(self, owner: str, n: int, seconds: int) -> None:
        for model in self.models.values():
            model.sweep(self.clock.now)
        queued = [key for key, model in self.models.items() if model.state == "queued"]
        wanted = sorted(queued, key=lambda key: self.models[key].order)[:n]
        if self.machinery.paused(self.clock.now):
            wanted = []
        leases = self.store.claim(owner, n, lease_seconds=seconds)
        assert [lease.key for lease in leases] == wanted
        for lease in leases:
            model = self.models[lease.key]
            model.state, model.token, model.owner = "leased", lease.token, owner
            model.until = self.clock.now + seconds
            model.old.append(lease.token)

    @rule(seconds=st.sampled_from([1, 10, 60, 400, 1400]))
    def wait(self, seconds: int) -> None:
        self.clock.now += seconds

    @precondition(leased)
    @rule(data=st.data(), value=values)
    def measure(self, data: st.DataObject, value: float) -> None:
        key = data.draw(st.sampled_from(self.leased()))
        model = self.models[key]
        assert self.store.finish(key, str(model.token), measured(value)) == "done"
        self.machinery.work()
        model.end("done", model.token, str(value))

    @precondition(leased)
    @rule(data=st.data(), verdict=st.sampled_from([INFRASTRUCTURE, PHYSICS, SUSPECT, *AGAIN]))
    def fail(self, data: st.DataObject, verdict: Failed) -> None:
        self._fail(data.draw(st.sampled_from(self.leased())), verdict)

    @rule(n=st.integers(1, 3), seconds=st.sampled_from([0, 400, 1400]))
    def outage(self, n: int, seconds: int) -> None:
        """Whatever is asked fails, twice."""
        for _ in range(2):
            self.claim("a", n, 60)
            for key in self.leased():
                self._fail(key, INFRASTRUCTURE)
            self.clock.now += seconds

    @rule(verdict=st.sampled_from([CAPACITY, RESOURCE, CORRECTABLE]), times=st.integers(4, 6))
    def stubborn(self, verdict: Failed, times: int) -> None:
        """Whoever takes the first job is told the same."""
        for _ in range(times):
            self.claim("a", 1, 60)
            for key in self.leased():
                self._fail(key, verdict)
            self.clock.now += 1000 if verdict is CAPACITY else 0

    @rule(times=st.integers(2, 3))
    def poison(self, times: int) -> None:
        """Whoever takes the first job dies; then people ask again."""
        for _ in range(times):
            self.claim("b", 1, 60)
            for key in self.leased():
                self._end(key, died=True)
        for key, model in self.models.items():
            if model.state == "needs_review":
                self._retry(key)

    def _fail(self, key: str, verdict: Failed) -> None:
        model = self.models[key]
        outcome = self.store.finish(key, str(model.token), verdict)
        if verdict is INFRASTRUCTURE:
            self.machinery.fail(self.clock.now)
        elif verdict is not CAPACITY:
            self.machinery.work()
        if verdict is PHYSICS:
            assert outcome == "failed"
            model.end("failed", model.token, PHYSICS.message)
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

    @rule(data=st.data(), place=places, value=values)
    def come_late(self, data: st.DataObject, place: int, value: float) -> None:
        key = self.key_of(place)
        model = self.models[key]
        stale = [token for token in model.old if token != model.token]
        token = data.draw(st.sampled_from([*stale, "never"]))
        try:
            outcome = self.store.finish(key, token, measured(value))
        except StaleLease:
            assert token == "never"
            return
        known = (token, str(value)) in model.results
        assert outcome == ("duplicate" if known else "replicate")
        if not known:
            model.results.append((token, str(value)))

    @precondition(leased)
    @rule(data=st.data())
    def renew(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(self.leased()))
        model = self.models[key]
        model.until = self.store.renew(key, str(model.token))
        assert model.until == self.clock.now + 60

    @precondition(leased)
    @rule(data=st.data(), died=st.booleans())
    def end(self, data: st.DataObject, died: bool) -> None:
        self._end(data.draw(st.sampled_from(self.leased())), died)

    def _end(self, key: str, died: bool) -> None:
        model = self.models[key]
        if died:
            state = self.store.worker_died(key, str(model.token))
            self.machinery.fail(self.clock.now)
            model.die()
            assert state == model.state
        else:
            self.store.release(key, str(model.token))
            model.drop("queued")

    @rule(owner=st.sampled_from("ab"), count=st.booleans())
    def take_over(self, owner: str, count: bool) -> None:
        others = [self.models[key] for key in self.leased() if self.models[key].owner != owner]
        assert self.store.release_leases(not_owner=owner, count_death=count) == len(others)
        for model in others:
            if count:
                model.die()
            else:
                model.drop("queued")

    # People -------------------------------------------------------------------------------------------------

    @rule(place=places, verdict=st.sampled_from([None, PHYSICS]))
    def review(self, place: int, verdict: Failed | None) -> None:
        key = self.key_of(place)
        model = self.models[key]
        if model.state != "needs_review":
            return
        self.store.review(key, verdict)
        if verdict is None:
            model.wait()
            model.afresh()
        else:
            model.end("failed", None, verdict.message)

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
        if stale or model.state == "leased":
            with pytest.raises(StoreError, match=r"line 2: the (nonce is not|job is leased)"):
                self.store.import_results([row], source="lab", wanted={"solidus"})
            return
        counts = self.store.import_results([row], source="lab", wanted={"solidus"})
        spoken = [model.accepted, *model.beside] if model.accepted else model.beside
        if model.state in OPEN | {"needs_review"}:
            assert counts.answered == 1
            model.end("done", None, str(value))
        elif str(value) in [*model.beside, *(result for _, result in model.results)]:
            assert counts.known == 1
        elif spoken:
            assert (counts.replicates, counts.conflicts) == (1, 1)
            model.conflicts += 1
            model.results.append(("by hand", str(value)))
        else:
            assert counts.kept == 1
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
        leased = {job.key: job.token for job in jobs if job.state == "leased"}
        assert leased == {key: self.models[key].token for key in self.leased()}
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
