"""The main job: a configuration in, a finished campaign out."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from loop.campaign import Campaign
from loop.config import CampaignConfig
from loop.display import Display
from loop.driver import Driver, Watcher
from loop.jobs import Executor, LocalExecutor
from loop.report import best_table, iteration_table
from loop.store import IterationState
from loop.view import iteration_summaries

log = logging.getLogger(__name__)


def make_executor(campaign: Campaign) -> Executor:
    """The executor that the configuration names."""
    cluster = campaign.config.cluster
    if cluster.executor == "local":
        return LocalExecutor(campaign.spec)
    from loop.cluster import RayExecutor

    return RayExecutor(campaign.spec, cluster.address, cluster.workers, cluster.timeout_seconds)


def run_campaign(config: CampaignConfig, console: Console) -> None:
    """Runs or resumes a campaign until its last iteration, and prints what came out.

    Raises:
        InputError: if the campaign cannot be opened, or another process drives it.
    """
    with ExitStack() as stack:
        campaign = stack.enter_context(Campaign.open(config))
        if campaign.validator is None:
            from alloys.errors import InputError

            raise InputError("the validator is 'external': drive this campaign from Python with suggest and observe")
        display = stack.enter_context(Display(console, config.name, config.iterations))
        watchers: list[Watcher] = [display]
        tracker = None
        display.stage(len(campaign.store.iterations()), "starting Ray and MLflow")
        if config.tracking.enabled:
            from loop.tracking import Tracker

            tracker = Tracker(campaign, Path(config.tracking.folder))
            watchers.append(tracker)
        finished = False
        try:
            if not _finished(campaign):
                executor = make_executor(campaign)
                stack.callback(executor.close)
                Driver(campaign, executor, watchers).run(config.iterations)
            finished = True
        finally:
            if tracker is not None:
                tracker.sync()
                tracker.finish(finished=finished)
        where = tracker.where if tracker is not None else None
        summary(campaign, console, where)


def _finished(campaign: Campaign) -> bool:
    closed = [it for it in campaign.store.iterations() if it.state is IterationState.CLOSED]
    return len(closed) > campaign.config.iterations


def summary(campaign: Campaign, console: Console, where: str | None, top: int = 10) -> None:
    """Prints the best alloys, the iterations, and where to look further."""
    view = campaign.view()
    console.print()
    console.print(best_table(view, top, width=console.width))
    console.print(iteration_table(iteration_summaries(campaign.store, view)))
    console.print(f"dataset digest {campaign.store.dataset_digest()}", markup=False, highlight=False)
    console.print(f"campaign files in {campaign.folder}", markup=False, highlight=False)
    if where is not None:
        console.print(f"MLflow: `alloyloop ui`, {where}", markup=False, highlight=False)
