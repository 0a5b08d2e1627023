"""The history checker: replays the events of a campaign and says whatever does not fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from alloys.records import FailureKind
from loop.store.queue.error_classes import COUNTERS, DUE, RULES, Rule
from loop.store.records import Iteration, Job, JobEvent, StoredObservation
from loop.store.states import ANSWERED, MOVES, OPEN, IterationState, JobState

if TYPE_CHECKING:
    from loop.store.store import CampaignStore


def check_store(store: CampaignStore) -> list[str]:
    """Problems found in a campaign database; none is the good answer."""
    return check_history(store.events(), store.jobs(), store.observations(include_replicates=True), store.iterations())


def check_history(
    events: Sequence[JobEvent],
    jobs: Sequence[Job],
    observations: Sequence[StoredObservation],
    iterations: Sequence[Iteration] = (),
) -> list[str]:
    """Problems found in rows as they were read: moves, error classes, final states, answers, iterations."""
    chains: dict[str, list[JobEvent]] = {job.key: [] for job in jobs}
    problems = []
    for event in events:
        if event.key not in chains:
            problems.append(f"event {event.id} belongs to no job: {event.key}")
        chains.setdefault(event.key, []).append(event)
    for chain in chains.values():
        problems += _chain_problems(chain)
        problems += _class_problems(chain)
    for job in jobs:
        problems += _final_problems(job, chains[job.key])
        problems += _count_problems(job, chains[job.key])
    problems += _answer_problems(jobs, observations)
    problems += _conflict_problems(jobs, observations)
    problems += _iteration_problems(jobs, iterations)
    return problems


def _chain_problems(chain: Iterable[JobEvent]) -> list[str]:
    """Each event starts where the one before it ended, by an allowed move."""
    problems = []
    state: JobState | None = None
    for event in chain:
        where = f"event {event.id} of job {event.key}"
        if event.from_state != state:
            problems.append(f"{where} starts from {event.from_state}, but the job was {state}")
        if event.to_state not in MOVES[event.from_state]:
            problems.append(f"{where} makes a move that is not allowed: {event.from_state} to {event.to_state}")
        if event.to_state is JobState.RUNNING and not event.owner:
            problems.append(f"{where} is of no run")
        state = event.to_state
    return problems


def _rounds(chain: Iterable[JobEvent]) -> Iterator[tuple[JobEvent, Counter[str]]]:
    """Each event with the failures by class up to it, since the job was last asked from the start."""
    failures: Counter[str] = Counter()
    for event in chain:
        if event.from_state is JobState.NEEDS_REVIEW and event.to_state in (JobState.QUEUED, JobState.AWAITING_HUMAN):
            failures = Counter()
        if event.error_class is not None:
            failures[event.error_class] += 1
        yield event, failures


def _class_problems(chain: Sequence[JobEvent]) -> list[str]:
    """Each failure led where the table of error classes says, and each wait was as long as it says."""
    problems = []
    until: float | None = None
    before = 0.0
    for event, failures in _rounds(chain):
        where = f"event {event.id} of job {event.key}"
        # Where time went backwards, the clock was set back.
        if event.note == DUE and until is not None and before <= event.at < until:
            problems.append(f"{where} ends a wait {until - event.at:g} s too early")
        until, before = None, event.at
        if event.to_state is JobState.RETRY_WAIT and event.error_class is None:
            problems.append(f"{where} makes the job wait for another try without a class of error")
        if event.error_class is None:
            continue
        rule = RULES.get(event.error_class)
        if rule is None:
            problems.append(f"{where} has an unknown class of error: {event.error_class}")
            continue
        failed = failures[event.error_class]
        if event.to_state not in _targets(rule, failed):
            problems.append(f"{where} is {event.error_class} number {failed}, but led to {event.to_state}")
        elif event.to_state is JobState.RETRY_WAIT:
            until = event.at + rule.wait(failed)
    return problems


def _targets(rule: Rule, failures: int) -> set[JobState]:
    """Where a failure may lead: a class that needs something to ask for may also end early."""
    if not rule.goes_on(failures, asked=True):
        return {rule.end}
    return {rule.again, rule.end} if rule.asks else {rule.again}


def _count_problems(job: Job, chain: Sequence[JobEvent]) -> list[str]:
    """The job counts the failures that its log has, and was given every correction."""
    failures: Counter[str] = Counter()
    corrected = 0
    for event, failures in _rounds(chain):
        again = event.to_state is JobState.RETRY_WAIT and event.error_class == FailureKind.CORRECTABLE
        corrected = corrected + again if failures else 0
    named = {rule.counter: name for name, rule in RULES.items()}
    problems = [
        f"job {job.key} counts {getattr(job, counter)} {named[counter]} failures, but its log has "
        f"{failures[named[counter]]}"
        for counter in COUNTERS
        if getattr(job, counter) != failures[named[counter]]
    ]
    if len(job.adjustment.corrections) != corrected:
        problems.append(f"job {job.key} has {len(job.adjustment.corrections)} corrections, but its log has {corrected}")
    return problems


def _final_problems(job: Job, chain: Sequence[JobEvent]) -> list[str]:
    if not chain:
        return [f"job {job.key} has no events"]
    problems = []
    if chain[-1].to_state != job.state:
        problems.append(f"job {job.key} is {job.state}, but its last event made it {chain[-1].to_state}")
    begun = sum(event.to_state is JobState.RUNNING for event in chain)
    if job.by_hand and begun:
        problems.append(f"job {job.key} is for people, but a worker had it")
    if begun != job.attempts:
        problems.append(f"job {job.key} counts {job.attempts} attempts, but began to run {begun} times")
    return problems


def _answer_problems(jobs: Sequence[Job], observations: Sequence[StoredObservation]) -> list[str]:
    """An answered job has exactly one accepted result, any other job none."""
    accepted = Counter(o.key for o in observations if o.key is not None and not o.replicate)
    problems = []
    for job in jobs:
        wanted = int(job.state in ANSWERED)
        if accepted[job.key] != wanted:
            problems.append(f"job {job.key} is {job.state} with {accepted[job.key]} accepted results, not {wanted}")
    strays = {o.key for o in observations if o.key is not None} - {job.key for job in jobs}
    return problems + [f"a result belongs to no job: {key}" for key in sorted(strays)]


def _conflict_problems(jobs: Sequence[Job], observations: Sequence[StoredObservation]) -> list[str]:
    """A job waits for a look at no more conflicting results than it has, and every such result is a replicate."""
    found = Counter(o.key for o in observations if o.conflict is not None)
    problems = [
        f"job {job.key} has {job.conflicts} conflicts to look at, but {found[job.key]} conflicting results"
        for job in jobs
        if job.conflicts > found[job.key]
    ]
    return problems + [
        f"result {o.id} is accepted, but conflicts" for o in observations if o.conflict and not o.replicate
    ]


def _iteration_problems(jobs: Sequence[Job], iterations: Sequence[Iteration]) -> list[str]:
    closed = {iteration.index for iteration in iterations if iteration.state is IterationState.CLOSED}
    return [
        f"iteration {job.iteration} is closed, but its job {job.key} is {job.state}"
        for job in jobs
        if job.iteration in closed and job.state in OPEN
    ]
