"""An executor whose works and validations take turns of the driver instead of seconds, in an order made of a seed."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from alloys.composition import Composition
from alloys.records import Measured, Verdict, quantities
from loop.campaign import Campaign
from loop.config.schema import CampaignConfig
from loop.drive.driver import Driver
from loop.execute.local import LocalExecutor
from loop.execute.tasks import Done, Finished, ModelTask, ValidationTask, ValidatorSpec, do_task
from loop.store import CampaignStore
from tests.loop.loop_helpers import StoppedError, small_config

QUICK = {"epochs": 3, "retries": 0, "copies": 4}


def answer(canonical: str) -> Measured:
    """Made up, but a function of the alloy."""
    amounts = Composition.from_canonical(canonical).fractions()
    heavy = sum(amounts.get(symbol, 0.0) for symbol in ("Mo", "Nb", "Ta", "W"))
    values = {
        "solidus": 1900 + 700 * heavy,
        "freezing_range": 150 + 300 * amounts.get("Hf", 0.0) + 200 * amounts.get("Zr", 0.0),
        "bcc_fraction_1200c": 1 - 0.2 * amounts.get("Cr", 0.0),
        "bcc_fraction_1300c": 1 - 0.1 * amounts.get("Cr", 0.0),
        "specific_yield_strength_1300c": 10 + 20 * heavy,
    }
    return Measured(quantities(values), 0.01)


def scheduled_config(folder: Path, ahead: int | str = 2, **changes: Any) -> CampaignConfig:
    """The small campaign, with less to train and to rank; a batch of four after six."""
    schedule = {"ahead": ahead, **changes.pop("schedule", {})}
    told = {"iterations": 2, "batch": 4, "screening": {"random": 30, "neighbours": False}, **changes}
    told = {"generator": {"family": "cvae", "proposals": 20, "settings": QUICK, "guided": False}, **told}
    return small_config(folder, schedule=schedule, **told)


class Turns(LocalExecutor):
    """Two slots, and one who trains and chooses; everything takes some calls.

    Args:
        campaign: an open campaign.
        seed: of how many calls each takes.
        stop_at: the call at which the process's work is stopped, as a kill would; 0 for never.
        stuck: keys of jobs that are never answered, while it says so.
    """

    slots = 2

    def __init__(
        self, campaign: Campaign, seed: int = 0, stop_at: int = 0, stuck: Callable[[str], bool] = lambda key: False
    ) -> None:
        super().__init__()
        self._store = campaign.store
        self._rng, self._left, self._stuck = random.Random(seed), stop_at, stuck
        self._jobs: list[list[Any]] = []
        self._tasks: list[list[Any]] = []
        self.order: list[str] = []
        """Keys as they were answered."""
        self.seen: list[tuple[str, int, int]] = []
        """Each training as it ends: its name, and how many results were recorded as it began and as it ended."""

    def _call(self) -> None:
        self._left -= 1
        if self._left == 0:
            raise StoppedError

    def _results(self) -> int:
        return len(self._store.observations())

    @property
    def pending(self) -> int:
        return len(self._jobs)

    def submit(self, spec: ValidatorSpec, task: ValidationTask) -> None:
        self._call()
        assert len(self._jobs) < self.slots
        self._jobs.append([self._rng.randint(1, 4), task.key, task.canonical, spec])

    def collect(self, timeout: float) -> list[Done]:
        self._call()
        done = []
        for job in list(self._jobs):
            job[0] -= 1
            if job[0] <= 0 and not self._stuck(job[1]):
                self._jobs.remove(job)
                self.order.append(job[1])
                done.append(Done(job[1], self._answer(job[2], job[3])))
        return done

    def _answer(self, canonical: str, spec: ValidatorSpec) -> Verdict:
        return answer(canonical)

    def begin(self, task: ModelTask) -> None:
        self._call()
        self._tasks.append([self._rng.randint(1, 8), task, self._results()])

    def results(self, timeout: float) -> dict[str, Finished]:
        self._call()
        found = {}
        for entry in list(self._tasks):
            entry[0] -= 1
            if entry[0] <= 0:
                self._tasks.remove(entry)
                task: ModelTask = entry[1]
                found[task.name] = do_task(task)
                if task.trains:
                    self.seen.append((task.name, entry[2], self._results()))
        return found


def proposed(store: CampaignStore) -> list[tuple[Any, float]]:
    """Every proposal's candidate and score."""
    return [(p.selection.candidate, p.selection.score) for p in store.proposals()]


def run(config: CampaignConfig, **told: Any) -> tuple[Campaign, Turns]:
    """A campaign taken to its end, open, and what its works and validations took turns in."""
    campaign = Campaign.open(config)
    executor = Turns(campaign, **told)
    Driver(campaign, executor).run(config.iterations)
    return campaign, executor
