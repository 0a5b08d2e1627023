"""What people and programs are told of the queue: documents and tables of ``alloyloop queue``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from rich import box
from rich.table import Table

from alloys.design import design_text, heading_of
from alloys.properties import Property
from loop.config.lookup import said_directory
from loop.store import CampaignStore, Job, JobState, Pause, StoredObservation
from loop.store.queue.error_classes import RULES
from loop.store.states import MOVES
from loop.view import several_tiers


def moment(seconds: float | None) -> str | None:
    """A time as people and programs read it, in UTC."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def job_document(job: Job) -> dict[str, Any]:
    """A job in the list of ``alloyloop queue list --json``."""
    document = {
        "key": job.key,
        **job.request.design.named(),
        "validator": job.request.validator,
        "state": str(job.state),
        "attempts": job.attempts,
    }
    if job.error_class is not None:
        document["error_class"] = job.error_class
    return {**document, "created": moment(job.created), "updated": moment(job.updated)}


def _tries(job: Job) -> dict[str, Any]:
    """Failures of the class of the last one, and how many tries are left; None for as many as it takes."""
    rule = RULES.get(job.error_class or "")
    if rule is None or rule.counter is None:
        return {}
    failures = getattr(job, rule.counter)
    left = None if rule.most is None else rule.most + 1 - failures
    return {"failures": failures, "tries_left": left if job.state in (*_FOR_WORKERS, JobState.RUNNING) else 0}


def show_document(store: CampaignStore, key: str) -> dict[str, Any]:
    """Everything of one job: the document of ``alloyloop queue show --json``.

    Raises:
        InputError: if there is no such job.
    """
    job, tiers = store.job(key), several_tiers(store)
    return {
        **job_document(job),
        **_tries(job),
        "iteration": job.iteration,
        "rank": job.rank,
        "label": tiers[job.tier or 0].label if tiers else None,
        "by_hand": job.by_hand,
        "can_become": [str(state) for state in sorted(MOVES[job.state] - {job.state})],
        "retries": job.retries,
        "deaths": job.deaths,
        "waits": job.waits,
        "raises": job.raises,
        "corrections": job.corrections,
        "adjustment": job.adjustment.to_json(),
        "message": job.message,
        "not_before": moment(job.not_before),
        "nonce": job.nonce,
        "conflicts": job.conflicts,
        "results": [_result_document(seen, store.properties) for seen in store.results(job.request.design)],
        "events": [
            {
                "at": moment(event.at),
                "from": None if event.from_state is None else str(event.from_state),
                "to": str(event.to_state),
                "owner": event.owner,
                "note": event.note,
                "error_class": event.error_class,
            }
            for event in store.events(key)
        ],
    }


def _result_document(stored: StoredObservation, known: Mapping[str, Property]) -> dict[str, Any]:
    seen = stored.observation
    properties = {}
    for name, value in seen.values.items():
        properties[name] = {"value": value, "unit": known[name].unit}
        if name in seen.stds:
            properties[name]["std"] = seen.stds[name]
    return {
        "properties": properties,
        "failure": seen.failure,
        "source": seen.source,
        "replicate": stored.replicate,
        "withdrawn": sorted(stored.withdrawn),
        "conflict": stored.conflict,
        "at": moment(stored.at),
    }


def job_table(jobs: Iterable[Job]) -> Table:
    """Jobs, one line for each."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    jobs = list(jobs)
    heading = heading_of(job.request.design for job in jobs)
    for name in ("key", heading, "from", "state", "tries", "why", "updated, UTC"):
        wraps = name in (heading, "why")
        table.add_column(name, no_wrap=not wraps, justify="right" if name == "tries" else "left")
    for job in jobs:
        table.add_row(
            job.key[:12],
            str(job.request.design),
            "" if job.iteration is None else f"{job.iteration}/{job.rank}",
            str(job.state),
            str(job.attempts),
            _why(job),
            (moment(job.updated) or "")[:16].replace("T", " "),
        )
    return table


def _why(job: Job) -> str:
    parts = [f"{job.error_class}{_left(job)}: {job.message}"] if job.error_class else []
    if job.conflicts:
        parts.append(f"{job.conflicts} conflicting")
    return "; ".join(parts)


def _left(job: Job) -> str:
    left = _tries(job).get("tries_left", 0)
    if left is None:
        return " (tried again as often as it takes)"
    return f" ({left} more {'try' if left == 1 else 'tries'})" if left else ""


def show_table(document: dict[str, Any]) -> list[Table]:
    """One job as tables: what it is, its results, and what happened to it."""
    facts = Table.grid(padding=(0, 2))
    for name, value in {**document, "formula": design_text(document)}.items():
        if name not in ("variables", "results", "events") and value not in (None, [], {}):
            facts.add_row(name, ", ".join(value) if isinstance(value, list) else str(value))
    results = Table("result", "source", "", title="Results", title_justify="left", box=box.SIMPLE_HEAD)
    for result in document["results"]:
        values = [_value_text(name, entry) for name, entry in result["properties"].items()]
        taken = f"withdrawn: {', '.join(result['withdrawn'])}".removesuffix(": ") if result["withdrawn"] else ""
        mark = result["conflict"] or ("replicate" if result["replicate"] else taken)
        results.add_row(", ".join(values) or result["failure"], result["source"], mark)
    events = Table(
        "when", "from", "to", "class", "owner", "note", title="Events", title_justify="left", box=box.SIMPLE_HEAD
    )
    for event in document["events"]:
        events.add_row(
            event["at"],
            event["from"] or "",
            event["to"],
            event["error_class"] or "",
            event["owner"] or "",
            event["note"],
        )
    return [facts, *([results] if document["results"] else []), events]


def _value_text(name: str, entry: dict[str, Any]) -> str:
    std = f" ± {entry['std']:g}" if "std" in entry else ""
    return f"{name} {entry['value']:g}{std} {entry['unit']}"


def pause_text(pause: Pause, name: str) -> str:
    """Why a validator gets no jobs, and what to do."""
    until = f"until {moment(pause.until)}" if pause.until is not None else "until a person says that it works again"
    return (
        f"the validator {pause.validator!r} is paused {until}: it failed {pause.failures} times in a row, last with: "
        f"{pause.message}; `alloyloop queue retry {name} --validator {pause.validator}` ends the pause"
    )


def waiting_text(
    store: CampaignStore, name: str, iteration: int | None = None, directory: str = "campaigns"
) -> str | None:
    """What people have to do where nothing goes on without them, or None where something does.

    Args:
        store: the campaign's database.
        name: the campaign's.
        iteration: whose jobs count; all if None.
        directory: where campaigns lie.
    """
    jobs = store.open_jobs(iteration)
    asks = {pause.validator: pause for pause in store.pauses() if pause.until is None}
    held = sum(job.state is JobState.HELD for job in jobs)
    awaiting = sum(job.state is JobState.AWAITING_HUMAN for job in jobs)
    stuck = [job for job in jobs if job.state in _FOR_WORKERS and job.request.validator in asks]
    if not jobs or held + awaiting + len(stuck) < len(jobs):
        return None
    parts = []
    where = said_directory(directory)
    if held:
        parts.append(
            f"{held} held: look with `alloyloop queue list {name} --state held{where}`, then `alloyloop queue approve "
            f"{name} KEY...{where}` (or --all) or `alloyloop queue reject {name} KEY... --reason TEXT{where}`"
        )
    if awaiting:
        parts.append(
            f"{awaiting} to be measured{_by_whom(store, jobs)}: `alloyloop queue export {name} --out jobs.csv{where}`, "
            f"fill it in, `alloyloop queue import {name} jobs.csv{where}`"
        )
    parts += [pause_text(asks[validator], name) for validator in sorted({job.request.validator for job in stuck})]
    return "\n  ".join([f"the campaign {name!r} waits for people:", *parts])


def _by_whom(store: CampaignStore, jobs: Iterable[Job]) -> str:
    """Of several validators, which people have how many jobs to answer."""
    tiers = several_tiers(store)
    waiting = [tiers[job.tier or 0].label for job in jobs if tiers and job.state is JobState.AWAITING_HUMAN]
    told = [f"{label}: {count}" for label, count in Counter(waiting).items()]
    return f" (by {', '.join(told)})" if told else ""


_FOR_WORKERS = (JobState.QUEUED, JobState.RETRY_WAIT)
