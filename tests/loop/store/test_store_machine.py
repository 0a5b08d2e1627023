"""The queue against a model of it: hypothesis tries sequences of operations."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from loop.store import StaleLease, check_store
from tests.loop.store.store_helpers import FAST, INFRASTRUCTURE, PHYSICS, SUSPECT, Clock, begin, make, measured

BACK_OFF = (30, 300, 1200)
JOBS = 4


@dataclass
class Model:
    """What the rules say of one job."""

    state: str = "queued"
    token: str | None = None
    owner: str | None = None
    until: float = 0.0
    retries: int = 0
    deaths: int = 0
    old: list[str] = field(default_factory=list)
    results: list[tuple[str | None, str]] = field(default_factory=list)
    accepted: str | None = None

    def drop(self, state: str) -> None:
        self.state, self.token, self.owner = state, None, None

    def die(self) -> None:
        self.deaths += 1
        self.drop("needs_review" if self.deaths == 3 else "queued")

    def sweep(self, now: float) -> None:
        if self.state == "leased" and self.until <= now:
            self.die()
        if self.state == "retry_wait" and self.until <= now:
            self.drop("queued")


places = st.integers(0, JOBS - 1)
values = st.sampled_from([2400.0, 2500.0])


class QueueMachine(RuleBasedStateMachine):
    """Every operation of the queue, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(dir=FAST)
        self.clock = Clock()
        self.store = make(Path(self.folder.name) / "campaign.db", self.clock)
        self.keys = begin(self.store, range(JOBS))
        self.models = [Model() for _ in range(JOBS)]

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()

    def leased(self) -> list[int]:
        return [place for place, model in enumerate(self.models) if model.state == "leased"]

    def pick(self, data: st.DataObject) -> int:
        return data.draw(st.sampled_from(self.leased()))

    @rule(owner=st.sampled_from("ab"), n=st.integers(0, 3), seconds=st.sampled_from([10, 60]))
    def claim(self, owner: str, n: int, seconds: int) -> None:
        for model in self.models:
            model.sweep(self.clock.now)
        wanted = [place for place, model in enumerate(self.models) if model.state == "queued"][:n]
        leases = self.store.claim(owner, n, lease_seconds=seconds)
        assert [lease.key for lease in leases] == [self.keys[place] for place in wanted]
        for place, lease in zip(wanted, leases, strict=True):
            model = self.models[place]
            model.state, model.token, model.owner = "leased", lease.token, owner
            model.until = self.clock.now + seconds
            model.old.append(lease.token)

    @rule(seconds=st.sampled_from([1, 10, 60, 400, 1200]))
    def wait(self, seconds: int) -> None:
        self.clock.now += seconds

    @precondition(leased)
    @rule(data=st.data(), value=values)
    def measure(self, data: st.DataObject, value: float) -> None:
        place = self.pick(data)
        model = self.models[place]
        assert self.store.finish(self.keys[place], str(model.token), measured(value)) == "done"
        model.accepted = str(value)
        model.results.append((model.token, str(value)))
        model.drop("done")

    @precondition(leased)
    @rule(data=st.data(), verdict=st.sampled_from([INFRASTRUCTURE, PHYSICS, SUSPECT]))
    def fail(self, data: st.DataObject, verdict) -> None:
        place = self.pick(data)
        model = self.models[place]
        outcome = self.store.finish(self.keys[place], str(model.token), verdict)
        if verdict is PHYSICS:
            assert outcome == "failed"
            model.accepted = PHYSICS.message
            model.results.append((model.token, PHYSICS.message))
            model.drop("failed")
        elif verdict is SUSPECT or model.retries == 3:
            assert outcome == "review"
            model.retries += verdict is INFRASTRUCTURE
            model.drop("needs_review")
        else:
            assert outcome == "retry"
            model.until = self.clock.now + BACK_OFF[model.retries]
            model.retries += 1
            model.drop("retry_wait")

    @rule(data=st.data(), place=places, value=values)
    def come_late(self, data: st.DataObject, place: int, value: float) -> None:
        model = self.models[place]
        stale = [token for token in model.old if token != model.token]
        token = data.draw(st.sampled_from([*stale, "never"]))
        try:
            outcome = self.store.finish(self.keys[place], token, measured(value))
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
        place = self.pick(data)
        model = self.models[place]
        model.until = self.store.renew(self.keys[place], str(model.token))
        assert model.until == self.clock.now + 60

    @precondition(leased)
    @rule(data=st.data(), died=st.booleans())
    def end(self, data: st.DataObject, died: bool) -> None:
        place = self.pick(data)
        model = self.models[place]
        if died:
            state = self.store.worker_died(self.keys[place], str(model.token))
            model.die()
            assert state == model.state
        else:
            self.store.release(self.keys[place], str(model.token))
            model.drop("queued")

    @rule(owner=st.sampled_from("ab"), count=st.booleans())
    def take_over(self, owner: str, count: bool) -> None:
        others = [self.models[place] for place in self.leased() if self.models[place].owner != owner]
        assert self.store.release_leases(not_owner=owner, count_death=count) == len(others)
        for model in others:
            if count:
                model.die()
            else:
                model.drop("queued")

    @rule(place=places, verdict=st.sampled_from([None, PHYSICS]))
    def review(self, place: int, verdict) -> None:
        model = self.models[place]
        if model.state != "needs_review":
            return
        self.store.review(self.keys[place], verdict)
        model.drop("queued" if verdict is None else "failed")
        if verdict is None:
            model.retries = model.deaths = 0
        else:
            model.accepted = verdict.message
            model.results.append((None, verdict.message))

    @rule(place=places)
    def cancel(self, place: int) -> None:
        model = self.models[place]
        if model.state not in {"done", "failed", "cancelled"} and self.clock.now % 3 == 0:
            self.store.cancel(self.keys[place])
            model.drop("cancelled")

    @invariant()
    def the_store_is_as_the_model(self) -> None:
        jobs = self.store.jobs()
        assert [(j.state, j.retries, j.deaths) for j in jobs] == [(m.state, m.retries, m.deaths) for m in self.models]
        assert [j.token for j in jobs if j.state == "leased"] == [self.models[p].token for p in self.leased()]
        stored = self.store.observations(include_replicates=True)
        for key, model in zip(self.keys, self.models, strict=True):
            mine = [o for o in stored if o.key == key]
            assert len(mine) == len(model.results)
            accepted = [o.observation for o in mine if not o.replicate]
            assert [o.failure or str(o.values["solidus"]) for o in accepted] == (
                [] if model.accepted is None else [model.accepted]
            )
        assert check_store(self.store) == []


TestQueue = QueueMachine.TestCase
TestQueue.settings = settings(
    max_examples=25,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
