"""What is pending, what failed, what comes next, and how to have the same again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from loop.config.lookup import said_directory
from loop.review.page.about import LISTED, Reported, first_told
from loop.review.page.marks import alloy, code, count, joined, moment, named, percent, unit_of, with_spread, words
from loop.store import JobState
from loop.store.records import Job


def pending(about: Reported) -> dict[str, Any]:
    """What is asked and not answered."""
    jobs = sorted(about.store.open_jobs(), key=lambda job: (job.iteration or 0, job.rank or 0))
    rows = []
    for job in jobs[:LISTED]:
        proposal = about.proposals.get(job.request.design)
        prediction = None if proposal is None else proposal.selection.prediction
        rows.append(
            {
                "alloy": alloy(job.request.design),
                "state": str(job.state).replace("_", " "),
                "validator": code(job.request.validator),
                "expected": [] if prediction is None else _expected(about, job, prediction),
            }
        )
    return {"rows": rows, "count": count(len(jobs), "count", "pending"), "more": len(jobs) > LISTED}


def _expected(about: Reported, job: Job, prediction: Any) -> list[Markup]:
    key = job.request.design.canonical()
    return [
        Markup("{} {}{}").format(
            named(about.view.problem.properties[o.name]),
            with_spread(
                prediction.means[o.name],
                prediction.stds.get(o.name),
                ("predicted", key, o.name),
                ("predicted std", key, o.name),
            ),
            unit_of(about.view.problem.properties[o.name]),
        )
        for o in about.view.goal.objectives
        if o.name in prediction.means
    ]


def failures(about: Reported) -> dict[str, Any]:
    """What failed and why: reasons with how often, and what no answer will come for."""
    reasons = Counter(first_told(row.failure) for row in about.view.rows if row.failure is not None)
    examples = {first_told(row.failure): row.design for row in reversed(about.view.rows) if row.failure is not None}
    rows = [
        {"reason": words(text), "count": count(n, "failures", text), "example": alloy(examples[text])}
        for text, n in reasons.most_common(LISTED)
    ]
    events = [event for event in about.store.data_events() if event.why]
    told = [Markup("{}: {} ({})").format(moment(e.at, "event", e.id), str(e.kind), words(e.why)) for e in events]
    dropped = len(about.view.dropped)
    return {
        "rows": rows,
        "more": len(reasons) > LISTED,
        "dropped": count(dropped, "count", "dropped") if dropped else None,
        "events": told[-LISTED:],
    }


def following(about: Reported) -> list[Markup]:
    """What the loop would do next, and the commands for it."""
    name, view = about.view.config.name, about.view
    file, where = f"{name}.yaml", said_directory(view.config.directory)
    waiting = about.store.counts()
    people = sum(waiting.get(state, 0) for state in (JobState.HELD, JobState.NEEDS_REVIEW, JobState.AWAITING_HUMAN))
    told = {
        "new": Markup("Nothing has begun. {} begins.").format(code(f"alloyloop run {file}")),
        "waiting": Markup(
            "It waits for people: {} decisions or answers. {} shows them; {} and {} exchange files."
        ).format(
            count(people, "count", "people"),
            code(f"alloyloop queue list {name}{where}"),
            code(f"alloyloop queue export {name}{where} --out jobs.csv"),
            code(f"alloyloop queue import {name}{where} jobs.csv"),
        ),
        "running": Markup("It is running now."),
        "paused": Markup("It is paused. {} lets it go on.").format(code(f"alloyloop resume {name}{where}")),
        "stopped": Markup("It was stopped. {} goes on where it was.").format(code(f"alloyloop run {file}")),
        "finished": Markup("All iterations that were asked for are done. {} with a larger number goes on.").format(
            code(f"alloyloop run {file} --iterations")
        ),
    }.get(about.state, Markup("It is {}.").format(about.state))
    steps = [told]
    if view.rows:
        steps.append(_next_batch(about))
    return [*steps, *(_pause(pause) for pause in about.store.pauses()), *_gain(about)]


def _next_batch(about: Reported) -> Markup:
    """How the next batch would be chosen."""
    config, rows = about.view.config, about.view.rows
    families = joined([code(family) for family in config.generator.members()], " and ")
    drawn = Markup("") if about.view.space.elements == () else Markup("train {} anew, ").format(families)
    sought = "are the most likely to be feasible" if not about.feasible else "promise the most"
    return Markup(
        "For the next batch it would fit its models to all {} results, {}and ask for the {} designs that {}."
    ).format(count(len(rows), "count", "validated"), drawn, count(config.batch, "config", "batch"), sought)


def _pause(pause: Any) -> Markup:
    return Markup("The validator {} gets no jobs: {} failures in a row, the last {}.").format(
        code(pause.validator), count(pause.failures, "pause", pause.validator), words(first_told(pause.message))
    )


def _gain(about: Reported) -> list[Markup]:
    """What the last iteration was worth."""
    closed = [row for row in about.summaries if row["hypervolume"] is not None]
    if about.view.goal.any_feasible or len(closed) < 2 or not closed[-2]["hypervolume"]:
        return []
    before, after = closed[-2]["hypervolume"], closed[-1]["hypervolume"]
    return [
        Markup(
            "The last closed iteration raised the hypervolume by {}; where that is little, little is left to win."
        ).format(percent(after / before - 1.0, "gain", closed[-1]["index"]))
    ]


def reproduced(about: Reported) -> dict[str, Any]:
    """How to have the same again: seed, versions, digests and the configuration."""
    info, facts = about.store.campaign(), about.store.facts()
    later = [
        Markup("{} from {}").format(code(v.version), moment(v.at, "version", v.version)) for v in facts.code_versions
    ]
    return {
        "again": Markup("{} with this configuration has the same result, under the same versions.").format(
            code(f"alloyloop run {info.name}.yaml")
        ),
        "seed": count(info.seed, "config", "seed"),
        "begun": moment(info.created, "created"),
        "version": joined([code(info.code_version), *later], ", then "),
        "config_digest": code(about.view.config.digest),
        "dataset_digest": code(about.store.dataset_digest()),
        "validators": [Markup("{} {}").format(code(tier.label), code(tier.fingerprint)) for tier in about.view.tiers],
        "config": config_text(info.config["science"]),
    }


def config_text(science: Mapping[str, Any]) -> str:
    """The configuration that decides results, as YAML."""
    from io import StringIO

    from ruamel.yaml import YAML

    stream, yaml = StringIO(), YAML()
    yaml.default_flow_style = None
    yaml.width = 100
    yaml.dump(dict(science), stream)
    return stream.getvalue()
