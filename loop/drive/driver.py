"""The driver: takes a campaign from where it stands to its last iteration, and computes nothing itself."""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from alloys.errors import PeopleNeededError
from loop.choose.promotion import next_promotions
from loop.config.steering.in_force import by
from loop.drive.closing import close_iteration, store_promotions
from loop.drive.opened import OpenCampaign
from loop.drive.proposing import Proposing
from loop.drive.schedule import Schedule
from loop.drive.steering import Steering
from loop.drive.stop_rules import Reached, StopRules
from loop.drive.telling import Telling, Watcher
from loop.drive.validations import Validations
from loop.execute.local import Executor
from loop.execute.spans import SCORER, WAIT, Recorder, Span
from loop.execute.tasks import Finished, ModelTask
from loop.people.queue_report import waiting_text
from loop.store import Act, IterationState, ProposalInputs

log = logging.getLogger(__name__)

_RUNS = itertools.count(1)

POLL_SECONDS = 1.0
_PROMOTING = "choosing for the further validators"
_COUNTED_SECONDS = 5.0
"""Of a turn that took longer, because the process was stopped, no more counts as a slot's idleness."""


@dataclass
class Driver:
    """Drives a campaign: the only writer of its state, in one turn after another.

    Each turn hands out queued jobs, begins the next proposal if it may (`loop.drive.schedule`), closes iterations that
    are answered, in their order, and waits for whatever comes first. Trainings, choices and validations are the
    executor's.

    What people do to the campaign from another shell is read at each turn (`loop.drive.steering`).

    Where people do both, suggest and observe, they step it by `propose` and `settle`: nothing is handed out then, a
    proposal waits for no answer, and iterations are closed as they are answered.

    Attributes:
        campaign: an open campaign.
        executor: where work is done.
        watchers: who is told.
        clock: unix seconds.
        sleep: waits so many seconds.
        safe_point: called wherever all that was done is recorded; what it raises ends the run.
        by_hand: whether people step it.
        ended: why it has ended before the last iteration; empty where it has not.
    """

    campaign: OpenCampaign
    executor: Executor
    watchers: list[Watcher] = field(default_factory=list)
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    safe_point: Callable[[], None] = lambda: None
    by_hand: bool = False
    ended: str = ""
    _last: int = -1
    _batch: int | None = None
    _open: list[int] = field(default_factory=list)
    _next: int = 0
    _proposing: Proposing | None = None
    _promoting: int | None = None
    _promoting_after: int = 0
    _idle: float = 0.0
    _seen: float = 0.0
    _due: float | None = None
    _resumed: ProposalInputs | None = None

    def __post_init__(self) -> None:
        campaign, owner = self.campaign, f"{self.campaign.owner} run {next(_RUNS)}"
        self.recorder = Recorder(self.clock)
        self._telling = Telling(self.watchers, lambda: self.safe_point())
        self.executor.tell = self._telling.step
        self._work = Validations(campaign, self.executor, owner, self.clock, self.recorder)
        self._steering = Steering(campaign)
        self._rules = StopRules(campaign)
        self._schedule = Schedule.of(campaign.store, campaign.config, campaign.tiers)

    # From where it stands -----------------------------------------------------------------------------------

    def run(self, iterations: int) -> None:
        """Goes on until iteration number ``iterations`` is closed; iteration 0 is the start.

        Where the campaign was interrupted it continues: what was running is queued again first.

        Raises:
            PeopleNeededError: if nothing goes on until people have decided or measured, or let a paused campaign go on,
                saying what.
            WorkError: if a training or a choice fails.
        """
        self._steering.begin()
        self._work.take_over()
        self._resume(iterations)
        self._note_last()
        if self._schedule.ahead and self._next <= iterations:
            # The first choice has as little time as any other.
            self.executor.prepare()
        if self._next == 0:
            self._begin_start()
        self.run_until(self._over)

    def propose(self, batch: int) -> None:
        """By hand: stores the batch of the next iteration, or of the one whose proposal was interrupted.

        Raises:
            PeopleNeededError: if the campaign is paused.
            WorkError: if a training or a choice fails.
        """
        self._steering.begin()
        self._resume(-1, batch)
        index = self._last = self._next
        if index == 0:
            self._begin_start()
            if not self.campaign.store.proposals(0):  # enough is known to propose at once
                index = self._last = 1
        self.run_until(lambda: self._next > index)

    def settle(self) -> int:
        """By hand: asks further validators, or closes, wherever all is answered; how many iterations were closed."""
        self._resume(-1)
        before = len(self._open)
        self.run_until(lambda: not self.model_work_pending and self._answered(self._counts()) is None)
        return before - len(self._open)

    def _resume(self, last: int, batch: int | None = None) -> None:
        self._last, self._batch = last, batch
        known = self.campaign.store.iterations()
        self._open = [it.index for it in known if it.state is IterationState.VALIDATING]
        self._next = sum(it.state is not IterationState.PROPOSING for it in known)
        self._resumed = known[self._next].notes.inputs if self._next < len(known) else None
        earlier = {it.index: it.notes.timeline for it in known if it.state is not IterationState.CLOSED}
        self.recorder = self._work.recorder = Recorder(self.clock, earlier)
        self._seen = self.clock()

    def _note_last(self) -> None:
        if not self.by_hand:
            self.campaign.store.go_until(self._last)

    def run_until(self, done: Callable[[], bool]) -> None:
        """Takes turns until something is so."""
        while not done():
            self._turn()

    def _turn(self) -> None:
        if self.model_work_pending:
            self._go_on(self.executor.results(0.0))  # what has finished is stored before a run ends
        self.safe_point()
        self._steering.look()
        paused = None if self.by_hand else self._steering.paused
        if not self.by_hand and paused is None:
            self._work.hand_out(self._steering.refuses)
        if paused is None and self._resumed is None and not self.model_work_pending:
            self._steering.add(self._open)
        counts = self._counts()
        self._telling.progress(self.campaign.store, self._open, counts)
        if paused is None:
            self._begin_next(counts)
            self._settle(counts)
        else:
            self._telling.once(self._oldest, f"paused {by(paused)}")
        busy = paused is not None or self.model_work_pending or self.executor.pending >= self.executor.slots
        if paused is None or self.executor.pending or self.model_work_pending:
            self._gather()
        else:
            self.sleep(POLL_SECONDS)
        self._count_idle(busy=busy)

    @property
    def _stop(self) -> Act | None:
        """The act after whose iteration the run ends."""
        return None if self.by_hand else self._steering.stop

    def _over(self) -> bool:
        """Whether the run is at its end: its last iteration is closed, or the one after which people stop it."""
        if self._open or self._proposing is not None:
            return False
        stop = self._stop
        if self._next <= self._last and stop is not None and self._next > stop.detail["after"]:
            self.ended = f"stopped after iteration {self._next - 1} {by(stop)}; the same command goes on from here"
        return bool(self.ended) or self._next > self._last

    def _counts(self) -> Mapping[int, int]:
        return self.campaign.store.open_counts()

    @property
    def _oldest(self) -> int:
        """The iteration that the driver's own time is put down to."""
        return self._open[0] if self._open else self._next

    # Proposals ----------------------------------------------------------------------------------------------

    def _begin_next(self, counts: Mapping[int, int]) -> None:
        """Begins the next proposal, if there is one to make and what it is to be shown is there."""
        index, store, stop = self._next, self.campaign.store, self._stop
        if self._proposing is not None or index > self._last or (stop is not None and index > stop.detail["after"]):
            return
        begun, self._resumed = self._resumed, None
        inputs = None if self.ended else begun or self._inputs(index, counts)
        if inputs is None or (begun is None and self._enough(index, lambda: self._rules.before(index))):
            return
        with self.recorder.driver(index, "begin"):
            store.begin_iteration(index)
            store.note_iteration(index, inputs=inputs)
            self._proposing = Proposing(
                self.campaign, self.executor, index, self._batch, inputs, lambda text: self._telling.stage(index, text)
            )
            self._proposing.begin()

    def _enough(self, index: int, rule: Callable[[], Reached | None]) -> bool:
        """Whether a rule ends the campaign before an iteration, which is recorded then; people by hand go on."""
        reached = None if self.by_hand else rule()
        if reached is not None:
            self.ended = self._rules.record(reached, index)
            self._telling.stage(index, self.ended)
        return reached is not None

    def _begin_start(self) -> None:
        """Stores the start, which nothing has to be learned for."""
        self._resumed = None
        with self.recorder.driver(0, "begin"):
            self.campaign.store.begin_iteration(0)
            if self._steering.last:
                self.campaign.store.note_iteration(0, inputs=ProposalInputs(acts=self._steering.last))
            self._telling.stage(0, "choosing the start")
            self.campaign.store_batch(0, self.campaign.start(self._batch))
        self._stored(0)

    def _inputs(self, index: int, counts: Mapping[int, int]) -> ProposalInputs | None:
        """What the proposal is shown if it may begin now, else None."""
        if self.by_hand:
            hidden = tuple(job.key for job in self.campaign.store.open_jobs())
            return ProposalInputs(hidden=hidden, acts=self._steering.last)
        if self._schedule.ahead == 0 and self._answered(counts) is not None:
            return None
        inputs = self._schedule.inputs(index, counts, self._idle)
        return inputs and replace(inputs, acts=self._steering.last)

    def _stored(self, index: int) -> None:
        """An iteration has its batch."""
        store = self.campaign.store
        self._note_last()
        store.note_iteration(index, timeline=self.recorder.of(index))
        if index and not store.count_jobs(iteration=index):
            log.warning("iteration %d: no new candidate of the space passes the closed forms", index)
        self._open.append(index)
        self._next, self._proposing, self._idle = index + 1, None, 0.0
        self._telling.stage(index, "validating")
        self._steering.add(self._open)

    # Closing ------------------------------------------------------------------------------------------------

    def _answered(self, counts: Mapping[int, int]) -> int | None:
        """The iteration that has all it asked for, to be closed or to ask further validators: the oldest, if it has."""
        candidates = self._open if self.by_hand else self._open[:1]
        return next((index for index in candidates if index not in counts), None)

    def _settle(self, counts: Mapping[int, int]) -> None:
        """Asks further validators, or closes, where an iteration has all it asked for."""
        index = self._answered(counts)
        if self._promoting is not None or index is None:
            return
        campaign = self.campaign
        with self.recorder.driver(index, "begin"):
            job = next_promotions(campaign.store, campaign.tiers, campaign.config, index)
            if job is not None:
                self._telling.stage(index, _PROMOTING)
                self.executor.begin(ModelTask(_PROMOTING, "loop.choose.choosing:choose_promotions", job))
                self._promoting, self._promoting_after = index, self._steering.last
                return
        self._close(index)

    def _close(self, index: int) -> None:
        """Writes an iteration's numbers, closes it, and tells."""
        self._telling.stage(index, "closing")
        store = self.campaign.store
        notes = {}
        if not self.by_hand:
            window = self.recorder.window(self.executor.slots, self._work.spans())
            notes = {"schedule": {**window, "ahead": self._schedule.ahead}}
        with self.recorder.driver(index, "close"):
            store.note_iteration(index, timeline=self.recorder.of(index), **notes)
            view = close_iteration(self.campaign, index)
            self.campaign.tell_materials(now=True)
        with self.recorder.driver(index, "log"):
            self._telling.closed(index, view)
        store.note_iteration(index, timeline=self.recorder.of(index))
        self.recorder.forget(index)
        self._open.remove(index)

    # Waiting ------------------------------------------------------------------------------------------------

    def _gather(self) -> None:
        """Waits for whatever finishes first, and records it."""
        results: dict[str, Finished] = {}
        if self.executor.pending:
            with self.recorder.driver(self._oldest, WAIT):
                finished = self.executor.collect(POLL_SECONDS)
            with self.recorder.driver(self._oldest, "record"):
                self._work.record(finished)
        elif self.model_work_pending:
            with self.recorder.driver(self._oldest, WAIT):
                results = self.executor.results(POLL_SECONDS)
        if self.model_work_pending:
            self._go_on(results or self.executor.results(0.0))
        elif not self.executor.pending and not self.by_hand:
            self._pause()

    @property
    def model_work_pending(self) -> bool:
        """Whether a training or a choice is under way."""
        return self._proposing is not None or self._promoting is not None

    def _go_on(self, results: dict[str, Finished]) -> None:
        """Goes on with what a training or a choice gave."""
        if _PROMOTING in results and self._promoting is not None:
            self._store_promotions(self._promoting, results[_PROMOTING])
        proposing = self._proposing
        if proposing is None or not results:
            return
        if proposing.chosen(results) and self._steering.outdated(proposing.inputs.acts):
            self._telling.stage(proposing.index, "choosing anew: what is wanted was changed meanwhile")
            self._proposing = None
            return
        if self._enough(proposing.index, lambda: proposing.ruled_out(results, self._rules)):
            self._proposing = None
            return
        with self.recorder.driver(proposing.index, "record"):
            proposals = proposing.take(results)
        if proposals is not None:
            self.recorder.add(proposing.index, *proposing.spans)
            self._stored(proposing.index)

    def _store_promotions(self, index: int, found: Finished) -> None:
        self._promoting = None
        if self._steering.outdated(self._promoting_after):
            return  # decided anew at the next turn
        self.recorder.add(index, Span(SCORER, "screen", found.begun, found.ended))
        with self.recorder.driver(index, "record"):
            asked = store_promotions(self.campaign, index, found.value)
        if asked:
            self._telling.stage(index, "validating")

    def _pause(self) -> None:
        """Nothing is under way: waits where nothing can be handed out either."""
        due = self.campaign.store.next_due()
        if self.campaign.store.open_counts() and (due is None or due > self.clock()):
            self._wait_for_due(self._oldest)

    def _wait_for_due(self, index: int) -> None:
        """Waits a little for a job that is to be tried again.

        Raises:
            PeopleNeededError: if none will be without people.
        """
        config, store = self.campaign.config, self.campaign.store
        text = waiting_text(store, config.name, None, config.directory)
        if text is not None:
            raise PeopleNeededError(f"{text}\nThen run the same command again")
        due = store.next_due()
        wait = POLL_SECONDS if due is None else max(due - self.clock(), 0.05)
        if due != self._due:
            self._telling.stage(index, f"waiting {wait:.0f} s to try a failed validation again")
            self._due = due
        with self.recorder.driver(index, WAIT):
            self.sleep(min(wait, POLL_SECONDS))

    def _count_idle(self, *, busy: bool) -> None:
        """How long a slot has had nothing to do."""
        now = self.clock()
        passed = min(max(now - self._seen, 0.0), _COUNTED_SECONDS)
        self._idle = 0.0 if busy else self._idle + passed
        self._seen = now
