"""What is on the page, section by section: plain dictionaries of marked text for the template."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from markupsafe import Markup

from alloys.records import Measured, proposer
from loop.review.figures.catalog import Picture
from loop.review.figures.results import best_rows, front_rows
from loop.review.page.marks import (
    alloy,
    code,
    count,
    joined,
    moment,
    named,
    percent,
    real,
    unit_of,
    with_spread,
    words,
)
from loop.review.page.novelty import nearest_of
from loop.store import CampaignStore, JobState
from loop.store.records import Job, Proposal
from loop.summaries import campaign_state, iteration_summaries
from loop.view import Row, View
from surrogates.model.calibration import NOMINAL

BEST, LISTED = 10, 12
"""Alloys of the table, and the most of what else is listed."""
_MONEY = ("USD/", "EUR/")
"""How units of prices begin."""


@dataclass(frozen=True)
class Reported:
    """A campaign, read once for all sections.

    Attributes:
        view: what is known.
        store: its database.
        pictures: by name, those in which there is something to show.
        beside: a campaign at random, None without.
    """

    view: View
    store: CampaignStore
    pictures: Mapping[str, Picture]
    beside: View | None = None

    @cached_property
    def proposals(self) -> dict[Any, Proposal]:
        """By design, the proposal for its first validator."""
        return {p.selection.candidate.design: p for p in self.store.proposals()}

    @cached_property
    def summaries(self) -> list[dict[str, Any]]:
        """Of each iteration; see `iteration_summaries`."""
        return iteration_summaries(self.store, self.view)

    @cached_property
    def state(self) -> str:
        """Where it stands; see `campaign_state`."""
        return campaign_state(self.store)

    @cached_property
    def best(self) -> list[Row]:
        """The best feasible alloys."""
        return best_rows(self.view, BEST)

    @property
    def feasible(self) -> int:
        """How many designs are feasible."""
        return sum(row.feasible for row in self.view.rows)

    def label(self, name: str) -> Markup:
        """A property's name and unit."""
        row = self.view.problem.properties[name]
        return Markup(", ").join(part for part in (named(row), unit_of(row).strip()) if part)


def asked(about: Reported) -> dict[str, Any]:
    """What was asked: the space, the goal, and who answers."""
    view = about.view
    goals = [
        Markup("{}: as {} as possible").format(about.label(o.name), "large" if o.sign > 0 else "small")
        for o in view.goal.objectives
    ]
    bounds = [
        named(view.problem.properties[c.name])
        + (" ≥ " if c.sign > 0 else " ≤ ")
        + real(c.bound, "bound", c.name, c.sign, digits=6)
        + unit_of(view.problem.properties[c.name])
        for c in view.goal.constraints
    ]
    variables = [code(name) for name in view.space.variables.names]
    return {
        "elements": joined([Markup("<b>{}</b>").format(s) for s in view.space.elements]),
        "objectives": goals,
        "constraints": bounds,
        "variables": joined(variables),
        "validators": joined([code(tier.label) for tier in view.tiers]),
        "batch": count(view.config.batch, "config", "batch"),
        "acts": [_act(about, act) for act in about.store.acts()],
    }


def _act(about: Reported, act: Any) -> Markup:
    detail = ", ".join(f"{key} {value}" for key, value in act.detail.items())
    return Markup("{}: {} by {} {} {}").format(
        moment(act.at, "act", act.id), str(act.kind), words(act.who), code(detail), words(act.why) if act.why else ""
    )


def headline(about: Reported) -> Markup:
    """Where the campaign stands, in two sentences."""
    view = about.view
    measured, failed = len(view.rows), sum(row.failure is not None for row in view.rows)
    if not measured:
        return Markup("Nothing has been validated yet.")
    front = len(front_rows(view.rows, view))
    text = Markup("{} designs were validated; {} are feasible").format(
        count(measured, "count", "validated"), count(about.feasible, "count", "feasible")
    )
    text += Markup(", {} of them on the front.").format(count(front, "count", "front")) if front else Markup(".")
    text += Markup(" {} validations failed.").format(count(failed, "count", "failed")) if failed else Markup("")
    for objective in view.goal.objectives if about.best else ():
        rows = [row for row in view.rows if row.feasible and objective.name in row.values]
        top = max(rows, key=lambda row: objective.sign * row.values[objective.name])
        text += Markup(" {}: {} {}{} ({}).").format(
            named(about.view.problem.properties[objective.name]),
            "up to" if objective.sign > 0 else "down to",
            _value(top, objective.name),
            unit_of(about.view.problem.properties[objective.name]),
            alloy(top.design),
        )
    return text


def _value(row: Row, name: str) -> Markup:
    """What was measured, or what a closed form says."""
    key = row.design.canonical()
    if name not in row.measured:
        return real(row.values[name], "computed", key, name)
    scatter = row.measured[name].scatter
    return with_spread(row.values[name], scatter, ("measured", key, name), ("scatter", key, name))


def _predicted(row: Row, name: str) -> Markup | None:
    prediction, key = row.prediction, row.design.canonical()
    if prediction is None or name not in prediction.means:
        return None
    source, doubt = ("predicted", key, name), ("predicted std", key, name)
    return with_spread(prediction.means[name], prediction.stds.get(name), source, doubt)


def found(about: Reported) -> dict[str, Any]:
    """What was found: the best alloys; where none is feasible, which constraints are to blame."""
    view = about.view
    prices = [n for row in about.best[:1] for n in row.values if _is_price(view, n) and n not in view.goal.names]
    columns = [*view.goal.names, *prices]
    rows = [
        {
            "alloy": alloy(row.design),
            "cells": [_cell(about, row, name) for name in columns],
            "phases": _phases(about, row),
            "nearest": nearest_of(view, row.design),
            "from": _origin(about, row),
        }
        for row in about.best
    ]
    return {
        "columns": [about.label(name) for name in columns],
        "rows": rows,
        "broken": [] if rows else _broken(about),
    }


def _is_price(view: View, name: str) -> bool:
    return view.problem.properties[name].unit.startswith(_MONEY)


def _cell(about: Reported, row: Row, name: str) -> dict[str, Any]:
    known = name in row.values
    return {"value": _value(row, name) if known else Markup("unknown"), "predicted": _predicted(row, name)}


def _origin(about: Reported, row: Row) -> Markup:
    if row.iteration is None:
        return Markup("brought by hand")
    number = count(row.iteration, "iteration", row.design.canonical())
    return Markup("iteration {}, {}").format(number, code(proposer(row.origin)))


def _phases(about: Reported, row: Row) -> list[Markup]:
    """The phases that a verdict tells of, by temperature."""
    proposal, told = about.proposals.get(row.design), []
    verdict = None if proposal is None else about.store.job(proposal.key).verdict
    states = verdict.details.get("phases", {}) if isinstance(verdict, Measured) else {}
    for at, phases in states.items() if isinstance(states, Mapping) else ():
        shares = [
            Markup("{} {}").format(code(name), real(amount, "phase", row.design.canonical(), at, i, digits=3))
            for i, (name, amount, *_) in enumerate(phases)
        ]
        told.append(Markup("{}: {}").format(code(at.replace(" C", " °C")), joined(shares)))
    return told


def _broken(about: Reported) -> list[Markup]:
    """How many of the measured designs keep each constraint."""
    told = []
    for constraint in about.view.goal.constraints:
        known = [row for row in about.view.rows if constraint.name in row.values]
        kept = sum(constraint.met(row.values) for row in known)
        where = (constraint.name, constraint.sign)
        told.append(
            Markup("{} {} {}{}: kept by {} of {}").format(
                named(about.view.problem.properties[constraint.name]),
                "≥" if constraint.sign > 0 else "≤",
                real(constraint.bound, "bound", *where, digits=6),
                unit_of(about.view.problem.properties[constraint.name]),
                count(kept, "kept", *where),
                count(len(known), "known", constraint.name),
            )
        )
    return told


def searched(about: Reported) -> dict[str, Any]:
    """How the search went, iteration by iteration."""
    rows = []
    for summary in about.summaries:
        index, volume = summary["index"], summary["hypervolume"]
        told = {name: count(summary[name], name, index) for name in ("selected", "validated", "feasible", "failed")}
        told["index"] = count(index, "index", index)
        told["hypervolume"] = Markup("open") if volume is None else real(volume, "hypervolume", index)
        seconds = summary["seconds"]
        told["seconds"] = Markup("–") if seconds is None else real(seconds, "seconds", index, digits=3)
        rows.append(told)
    shown = [*rows[: LISTED // 2], None, *rows[-LISTED:]] if len(rows) > 2 * LISTED else rows
    chance = Markup(
        "<code>alloyloop run {0}.yaml --name {0}-chance --iterations 0 "
        "--set start.from_table=0 --set start.validate={1}</code>"
    ).format(about.view.config.name, count(len(about.view.rows), "count", "validated"))
    return {"rows": shown, "chance": chance, "arm": None if about.beside is None else code(about.beside.config.name)}


def trusted(about: Reported) -> dict[str, Any]:
    """How far the models can be trusted: predictions that were made before the answer."""
    picture = about.pictures.get("parity")
    rows = []
    for name, score in picture.data.scores.items() if picture else ():
        inside = int(picture.data.frames[name]["inside"].sum()) if picture else 0
        row = about.view.problem.properties[name]
        rows.append(
            {
                "property": named(row),
                "count": count(score.count, "predictions", name),
                "inside": Markup("{} ({})").format(
                    count(inside, "inside", name), percent(score.coverage, "coverage", name)
                ),
                "error": real(score.rmse, "rmse", name, digits=3) + unit_of(row),
                "sharpness": real(score.sharpness, "sharpness", name, digits=3) + unit_of(row),
                "verdict": score.verdict,
            }
        )
    iterations = about.store.iterations()
    notes = iterations[-1].notes.screening.notes if iterations else ()
    return {"rows": rows, "notes": [_note(about, note) for note in notes], "nominal": percent(NOMINAL, "nominal")}


def _note(about: Reported, text: str) -> Markup:
    """A note of the surrogate; where it begins with a property, that stands as people write it."""
    name, _, rest = text.partition(": ")
    known = about.view.problem.properties.get(name) if rest else None
    return words(text) if known is None else Markup("{}: {}").format(named(known), words(rest))


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


def _first(text: str) -> str:
    """The first line of what a program said."""
    return text.strip().partition("\n")[0]


def failures(about: Reported) -> dict[str, Any]:
    """What failed and why: reasons with how often, and what no answer will come for."""
    reasons = Counter(_first(row.failure) for row in about.view.rows if row.failure is not None)
    examples = {_first(row.failure): row.design for row in reversed(about.view.rows) if row.failure is not None}
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
    file = f"{name}.yaml"
    waiting = about.store.counts()
    people = sum(waiting.get(state, 0) for state in (JobState.HELD, JobState.NEEDS_REVIEW, JobState.AWAITING_HUMAN))
    told = {
        "new": Markup("Nothing has begun. {} begins.").format(code(f"alloyloop run {file}")),
        "waiting": Markup(
            "It waits for people: {} decisions or answers. {} shows them; {} and {} exchange files."
        ).format(
            count(people, "count", "people"),
            code(f"alloyloop queue list {name}"),
            code(f"alloyloop queue export {name} --out jobs.csv"),
            code(f"alloyloop queue import {name} jobs.csv"),
        ),
        "running": Markup("It is running now."),
        "stopped": Markup("It was stopped. {} goes on where it was.").format(code(f"alloyloop run {file}")),
        "finished": Markup("All iterations that were asked for are done. {} with a larger number goes on.").format(
            code(f"alloyloop run {file} --iterations")
        ),
    }[about.state]
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
        code(pause.validator), count(pause.failures, "pause", pause.validator), words(_first(pause.message))
    )


def _gain(about: Reported) -> list[Markup]:
    """What the last iteration was worth."""
    closed = [row for row in about.summaries if row["hypervolume"] is not None]
    if len(closed) < 2 or not closed[-2]["hypervolume"]:
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
