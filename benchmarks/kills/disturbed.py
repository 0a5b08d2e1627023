"""One campaign, disturbed again and again until it has ended: what came of it beside an undisturbed one."""

from __future__ import annotations

import random
import signal
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.kills.steps import Step, kill_at, past_the_lock, record, steps_in
from loop.store import CampaignStore, NoCampaign, StoreError
from tests.support.forked import End, Forked, log_tail, write_tiny

Prepare = Callable[[], None]
TRIES = 8
"""How often a campaign may fail by itself before it counts as stuck."""


def nothing() -> None:
    """Plants nothing."""


@dataclass
class Tally:
    """What a series of campaigns came to.

    Attributes:
        kills: processes ended by SIGKILL, by what they were.
        campaigns: how many ended.
        refused: second drivers that were refused.
        admitted: second drivers that were let in while the first lived.
        lost: results that were accepted once and gone later.
        replicates: results that came once more and changed nothing.
        wrong: everything that was not as undisturbed.
    """

    kills: dict[str, int] = field(default_factory=dict)
    campaigns: int = 0
    refused: int = 0
    admitted: int = 0
    lost: int = 0
    replicates: int = 0
    wrong: list[str] = field(default_factory=list)

    def killed(self, what: str) -> None:
        """One more."""
        self.kills[what] = self.kills.get(what, 0) + 1

    @property
    def total(self) -> int:
        """All kills."""
        return sum(self.kills.values())


class Campaign:
    """A tiny campaign in a folder of its own, whose accepted results are watched.

    Args:
        tally: where what happens is counted.
        wanted: the undisturbed end.
        plant: called in every process of it first.
    """

    def __init__(self, tally: Tally, wanted: End, plant: Prepare = nothing) -> None:
        self._home = tempfile.TemporaryDirectory()
        self.folder = Path(self._home.name)
        self._tally, self._wanted, self._plant = tally, wanted, plant
        self._config = write_tiny(self.folder, iterations=wanted.closed - 1)
        self._seen: dict[str, str] = {}

    def start(self, *prepare: Prepare) -> Forked:
        """A driver."""

        def both() -> None:
            for each in (self._plant, *prepare):
                each()

        return Forked.start(self.folder, ["run", str(self._config)], both)

    def kill(self, process: Forked, what: str) -> bool:
        """Ends a process by SIGKILL; False where it had ended by itself."""
        process.signal(signal.SIGKILL)
        return self.struck(process.wait(), what)

    def struck(self, status: int | None, what: str) -> bool:
        """Counts a process that has ended, and looks for what it has lost; whether a kill ended it."""
        killed = status == -signal.SIGKILL
        if killed:
            self._tally.killed(what)
        self._look()
        return killed

    def _look(self) -> None:
        try:
            with CampaignStore.open(self.folder / "campaigns" / "tiny" / "campaign.db") as store:
                now = {str(o.key): str(dict(o.observation.values)) for o in store.observations()}
        except NoCampaign:
            now = {}
        gone = [key for key, values in self._seen.items() if now.get(key) != values]
        self._tally.lost += len(gone)
        self._tally.wrong += [f"the result of {key} is gone" for key in gone]
        self._seen |= now

    def held(self, process: Forked, seconds: float = 20.0) -> bool:
        """Waits until a driver holds the lock; False where it ended first."""
        lock, limit = self.folder / "campaigns" / "tiny" / "driver.lock", time.monotonic() + seconds
        while time.monotonic() < limit:
            if lock.exists() and f"pid {process.pid} " in lock.read_text(errors="replace"):
                return True
            if process.poll() is not None:
                return False
            time.sleep(0.002)
        raise TimeoutError("no driver took the lock")

    def finish(self) -> list[str]:
        """Lets the campaign end, and says what is wrong with it."""
        wrong: list[str] = []
        for _ in range(TRIES):
            status = self.start().wait()
            if status == 0:
                break
        else:
            wrong.append(f"stuck: {log_tail(self.folder, 2)}")
        try:
            end = End.of(self.folder)
            wrong += end.against(self._wanted)
            self._tally.replicates += end.replicates
        except StoreError as error:
            wrong.append(str(error))
        self._tally.campaigns += 1
        self._tally.wrong += wrong
        self._home.cleanup()
        return wrong


def recorded_steps(wanted: End, rng: random.Random) -> list[Step]:
    """Every named step of an undisturbed campaign, each at a random one of its turns."""
    campaign = Campaign(Tally(), wanted)
    with tempfile.TemporaryFile() as trace:
        if campaign.start(record(trace.fileno())).wait() != 0:
            raise RuntimeError(log_tail(campaign.folder, 20))
        trace.seek(0)
        return steps_in(trace.read().decode(), rng)


def at_steps(steps: Iterable[Step], tally: Tally, wanted: End, plant: Prepare = nothing) -> None:
    """One campaign for each step: killed there, then resumed to its end."""
    for step in steps:
        campaign = Campaign(tally, wanted, plant)
        status = campaign.start(kill_at(step)).wait()
        if not campaign.struck(status, "driver at a named step"):
            tally.wrong.append(f"{step} was not reached: status {status}")
        wrong = campaign.finish()
        if wrong:
            print(f"killed {step}: {'; '.join(wrong)}", flush=True)


def at_random(
    kills: int, span: float, rng: random.Random, tally: Tally, wanted: End, plant: Prepare = nothing, *, fight: bool
) -> None:
    """Drivers killed at random moments, campaign after campaign; where they fight, each beside a second one."""
    left = kills
    while left > 0:
        campaign = Campaign(tally, wanted, plant)
        goes_on = True
        while goes_on and left > 0:
            first = campaign.start()
            limit = time.monotonic() + rng.uniform(0.0, span / 2)
            if fight and campaign.held(first):
                _second(campaign, first, tally)
            goes_on = first.wait(max(0.0, limit - time.monotonic())) is None
            goes_on = campaign.kill(first, "driver, fighting" if fight else "driver") and goes_on
            left -= goes_on
        campaign.finish()


def _second(campaign: Campaign, first: Forked, tally: Tally) -> None:
    second = campaign.start()
    status = second.wait()
    if first.poll() is not None:
        return  # it had come to its end, and the second may well go on
    refused = status == 2 and "already driven by" in log_tail(campaign.folder, 40)
    tally.refused += refused
    tally.admitted += not refused
    if not refused:
        tally.wrong.append(f"a second driver ended with {status}, not refused")


def unlocked(rounds: int, span: float, rng: random.Random, tally: Tally, wanted: End, plant: Prepare = nothing) -> None:
    """Two drivers at once on one campaign, the lock taken away: the first result wins. Either is killed."""
    left = rounds
    while left > 0:
        campaign = Campaign(tally, wanted, plant)
        pair = [campaign.start(past_the_lock), campaign.start(past_the_lock)]
        while left > 0 and not any(process.poll() == 0 for process in pair):
            time.sleep(rng.uniform(0.0, span / 2))
            victim = rng.randrange(2)
            if campaign.kill(pair[victim], "driver past the lock"):
                left -= 1
            pair = [p if p.poll() is None else campaign.start(past_the_lock) for p in pair]
        for process in pair:
            process.signal(signal.SIGKILL)
            process.wait()
        campaign.finish()
