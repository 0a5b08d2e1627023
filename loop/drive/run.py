"""The main job: a configuration in, a finished campaign out."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from alloys.goal import measure_of
from loop.config.home import lasting
from loop.config.schema import CampaignConfig
from loop.drive.driver import Driver
from loop.drive.opened import OpenCampaign
from loop.drive.stopping import INTERRUPTED, Stop, StopAsked
from loop.drive.telling import Watcher
from loop.execute.local import Executor, LocalExecutor
from loop.review.desk.address import Address
from loop.review.desk.tracker import Tracker
from loop.review.report import best_tables, iteration_table
from loop.review.terminal import Log
from loop.review.terminal.display import Display
from loop.review.terminal.fitting import fitted
from loop.store import CampaignStore, IterationState
from loop.summaries import iteration_summaries


def make_executor(campaign: OpenCampaign) -> Executor:
    """The executor that the configuration names."""
    config = campaign.config
    if config.cluster.executor == "local":
        return LocalExecutor()
    from loop.execute.cluster import RayExecutor  # late: Ray imports for seconds

    return RayExecutor(config.cluster, families=len(config.generator.members()))


def run_campaign(
    config: CampaignConfig, console: Console, *, begin_from: str | None = None, log: Log = Log.LIVE
) -> None:
    """Runs or resumes a campaign until its last iteration, and prints what came out.

    Args:
        config: the campaign's.
        console: where it prints.
        begin_from: another campaign, whose results a new one begins with.
        log: how much it prints.

    Raises:
        InputError: if the campaign cannot be opened, or another process drives it.
        PeopleNeededError: if nothing goes on until people have decided or measured.
        WorkError: if training fails.
        StopAsked: if SIGTERM or Ctrl-C has ended it; what was done is recorded.
    """
    config = lasting(config)
    if config.tracking.enabled:
        Address.of(Path(config.tracking.folder)).prepare()
    with OpenCampaign.open(config, begin_from=begin_from) as campaign:
        where, ended = None, ""
        with ExitStack() as stack:
            stop = stack.enter_context(Stop())
            display = stack.enter_context(Display(console, config.name, config.iterations, log, campaign.store.counts))
            tracker = _tracker(campaign, stack)
            if not _finished(campaign):
                ended = _drive(campaign, display, [display, *([tracker] if tracker else [])], stop, stack)
            if tracker is not None:
                tracker.ended = True
        if tracker is not None:
            where = tracker.where
        if log is not Log.QUIET:
            summary(campaign, console, where)
        if ended:
            console.print(ended, markup=False, soft_wrap=True)


def _tracker(campaign: OpenCampaign, stack: ExitStack) -> Tracker | None:
    if not campaign.config.tracking.enabled:
        return None
    tracker = Tracker(campaign.store, campaign.config)
    stack.callback(tracker.finish)
    return tracker


def _drive(campaign: OpenCampaign, display: Display, watchers: list[Watcher], stop: Stop, stack: ExitStack) -> str:
    """Drives it, and says why it ended before its last iteration, if it did."""
    display.begin("starting Ray" if campaign.config.cluster.executor == "ray" else "starting")
    executor = make_executor(campaign)
    stack.callback(executor.close)
    stop.listen()
    try:
        driver = Driver(campaign, executor, watchers, safe_point=stop.safe_point)
        driver.run(campaign.config.iterations)
    except (StopAsked, KeyboardInterrupt) as end:
        freed = _give_back(campaign.store)
        status = end.status if isinstance(end, StopAsked) else INTERRUPTED
        raise StopAsked(f"{freed} validations under way were given back", status) from end
    return driver.ended


def _give_back(store: CampaignStore) -> int:
    """Queues again what this run had under way; how many there were."""
    return store.requeue_running(note="the run was stopped")


def _finished(campaign: OpenCampaign) -> bool:
    closed = [it for it in campaign.store.iterations() if it.state is IterationState.CLOSED]
    return len(closed) > campaign.config.iterations


def summary(campaign: OpenCampaign, console: Console, where: str | None, top: int = 10) -> None:
    """Prints the best alloys, the iterations, and where to look further."""
    view = campaign.view()
    console.print()
    console.print(fitted(best_tables(view, top), console))
    console.print(
        fitted(iteration_table(iteration_summaries(campaign.store, view), measure_of(view.goal.objectives)), console)
    )
    if begun := campaign.store.began_with():
        told = f"{begun['points']} points of {begun['materials']} speak of this campaign, up to point {begun['until']}"
        console.print(told, markup=False, soft_wrap=True)
    counts = campaign.store.counts()
    if counts.get("needs_review"):
        console.print(f"{counts['needs_review']} validations gave no answer and are set aside for review", markup=False)
    if not view.rows or all(row.failure for row in view.rows):
        console.print("no validation gave values; the first reason was: " + _first_reason(campaign), markup=False)
    console.print(f"dataset digest {campaign.store.dataset_digest()}", markup=False, soft_wrap=True)
    console.print(f"campaign files in {campaign.folder}", markup=False, soft_wrap=True)
    if where:
        console.print(f"MLflow: `alloyloop ui`, {where}", markup=False, soft_wrap=True)


def _first_reason(campaign: OpenCampaign) -> str:
    reasons = [job.message for job in campaign.store.jobs() if job.message]
    return reasons[0] if reasons else "unknown"
