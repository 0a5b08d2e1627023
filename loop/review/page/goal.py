"""What was asked, and what was found: plain dictionaries of marked text for the template."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup, escape

from alloys.design import heading_of
from alloys.goal import Constraint, Objective
from alloys.records import Measured, proposer
from loop.review.figures.results import front_rows
from loop.review.figures.words import KNOWN_BEFORE
from loop.review.page.about import Reported, value_of
from loop.review.page.marks import alloy, code, count, joined, moment, named, real, unit_of, with_spread, words
from loop.review.page.novelty import nearest_of
from loop.review.report import best_of_each
from loop.store.records import Act
from loop.store.states import ActKind
from loop.view import Row, View

_MONEY = ("USD/", "EUR/")
"""How units of prices begin."""


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
    for objective, top in best_of_each(view):
        text += Markup(" {}: {} {}{} ({}).").format(
            named(about.view.problem.properties[objective.name]),
            "nearest to what is asked" if objective.target else "up to" if objective.sign > 0 else "down to",
            value_of(top, objective.name),
            unit_of(about.view.problem.properties[objective.name]),
            alloy(top.design),
        )
    return text


def asked(about: Reported) -> dict[str, Any]:
    """What was asked: the space, the goal, and who answers."""
    view = about.view
    goals = [Markup("{}: {}").format(about.label(o.name), _wanted(o)) for o in view.goal.objectives]
    bounds = [_bound(view, each) for each in view.goal.constraints]
    variables = [code(name) for name in view.space.variables.names]
    return {
        "elements": joined([Markup("<b>{}</b>").format(s) for s in view.space.elements]),
        "objectives": goals or [Markup("different feasible designs, as many as can be found")],
        "constraints": bounds,
        "variables": joined(variables),
        "validators": joined([code(tier.label) for tier in view.tiers]),
        "batch": count(view.config.batch, "config", "batch"),
        "acts": [_act(about, act) for act in about.store.acts()],
    }


def _bound(view: View, constraint: Constraint) -> Markup:
    """A constraint with its bound."""
    row = view.problem.properties[constraint.name]
    limit = real(constraint.bound, "bound", constraint.name, constraint.sign, digits=6)
    return Markup("{} {} {}{}").format(named(row), "≥" if constraint.sign > 0 else "≤", limit, unit_of(row))


def _wanted(objective: Objective) -> Markup:
    """What is wanted of a property."""
    if objective.target is None:
        return Markup("as {} as possible").format("large" if objective.sign > 0 else "small")
    ends = dict.fromkeys(objective.target)
    told = [real(end, "target", objective.name, place, digits=6) for place, end in enumerate(ends)]
    return Markup("as near as possible to {}").format(joined(told, " to "))


def _act(about: Reported, act: Act) -> Markup:
    """What somebody did to the campaign, when and why."""
    parts = [Markup("{}: {} by {}").format(moment(act.at, "act", act.id), str(act.kind), words(act.who))]
    if act.kind is ActKind.ADD:
        parts += [alloy(about.store.design(act.detail["design"]))]
    elif act.detail:
        parts += [code(", ".join(f"{key} {value}" for key, value in act.detail.items()))]
    parts += [Markup("because {}").format(words(act.why))] if act.why else []
    return joined(parts)


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
        "heading": heading_of(row.design for row in about.best).capitalize(),
        "columns": [about.label(name) for name in columns],
        "rows": rows,
        "broken": [] if rows else _broken(about),
    }


def _is_price(view: View, name: str) -> bool:
    return view.problem.properties[name].unit.startswith(_MONEY)


def _cell(about: Reported, row: Row, name: str) -> dict[str, Any]:
    known = name in row.values
    return {"value": value_of(row, name) if known else Markup("unknown"), "predicted": _predicted(row, name)}


def _predicted(row: Row, name: str) -> Markup | None:
    prediction, key = row.prediction, row.design.canonical()
    if prediction is None or name not in prediction.means:
        return None
    source, doubt = ("predicted", key, name), ("predicted std", key, name)
    return with_spread(prediction.means[name], prediction.stds.get(name), source, doubt)


def _origin(about: Reported, row: Row) -> Markup:
    if row.iteration is None:
        return escape(KNOWN_BEFORE)
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
        told.append(Markup("{}: {}").format(code(re.sub(r"(\d) C$", r"\1 °C", at)), joined(shares)))
    return told


def _broken(about: Reported) -> list[Markup]:
    """How many of the measured designs keep each constraint."""
    told = []
    for constraint in about.view.goal.constraints:
        known = [row for row in about.view.rows if constraint.name in row.values]
        kept = sum(constraint.met(row.values) for row in known)
        where = (constraint.name, constraint.sign)
        told.append(
            Markup("{}: kept by {} of {}").format(
                _bound(about.view, constraint),
                count(kept, "kept", *where),
                count(len(known), "known", constraint.name),
            )
        )
    return told
