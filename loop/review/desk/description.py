"""What a campaign's run says of itself, in Markdown: what is best, how far to trust it, what comes next."""

from __future__ import annotations

import shlex
from collections import Counter
from dataclasses import dataclass

from alloys.design import heading_of, variable_text
from alloys.goal import Constraint, Objective, measure_of
from alloys.records import proposer
from loop.choose.ranking import batch_calibration
from loop.config.lookup import said_directory
from loop.config.schema import CampaignConfig
from loop.people.queue_report import waiting_text
from loop.review.desk.markdown import alloy, listed, plain, table
from loop.review.figures.words import KNOWN_BEFORE, label, number, spread, title, unit
from loop.review.report import best_of_each, front_first
from loop.store import CampaignStore, IterationState, JobState
from loop.view import Row, View

NOTE = "mlflow.note.content"
"""The tag that MLflow shows as the description of a run."""
BEST = 10
_OTHERS = 4
"""Constrained properties beside the objectives in the table of the best; shares are 1 in nearly all of them."""
_NAMED = 8
_REASONS = 6
LONGEST = 7900
"""Characters; MLflow cuts a description at 8000."""


@dataclass(frozen=True, slots=True)
class CampaignStanding:
    """A campaign as it is told of.

    Attributes:
        view: what is known.
        store: its database.
        config: its configuration, with the folder where it lies.
        state: as `loop.summaries.campaign_state` names it.
    """

    view: View
    store: CampaignStore
    config: CampaignConfig
    state: str


def description(told: CampaignStanding) -> str:
    """The whole text, the most important first."""
    parts = [
        _short(told),
        f"**Goal.** {_goal(told.view)}",
        f"**Where it stands.** {_standing(told)}",
        f"### The best designs\n\n{_best(told.view)}",
        f"### How far the models can be trusted\n\n{_trust(told.view)}",
        f"### What comes next\n\n{_next(told)}",
        f"### What failed, and why\n\n{_failed(told)}",
        f"### How to go on\n\n{_commands(told)}",
    ]
    text = "\n\n".join(parts)
    cut = text[: LONGEST - 40].rpartition("\n")[0]
    return text if len(text) <= LONGEST else f"{cut}\n\n… and more in the tables."


def _short(told: CampaignStanding) -> str:
    """The answers in lines that are seen before anybody asks for more: MLflow folds the rest of a long description."""
    view, name = told.view, told.config.name
    scores = _scores(view)
    held, known = sum(s["coverage"] * s["count"] for s in scores.values()), sum(s["count"] for s in scores.values())
    best = [f"{_value(view, each.name, row.values[each.name])} {alloy(row.design)}" for each, row in best_of_each(view)]
    asked = len(told.store.open_jobs())
    lines = [
        ("Best", "; ".join(best) or _feasible_in_short(view)),
        (
            "Trust",
            f"{held / known:.0%} of {known:.0f} predictions held in their 90 % interval" if known else "untested",
        ),
        ("Next", f"{asked} validations are pending" if asked else "nothing is pending"),
        ("Failed", _failures_in_short(view)),
        ("Go on", f"`{_go_on(told)}`; `alloyloop best {name}`"),
    ]
    return "<br>".join(f"**{head}:** {text}" for head, text in lines)


def _feasible_in_short(view: View) -> str:
    """Where no objective says what is best."""
    feasible = sum(row.feasible for row in view.rows)
    return f"{feasible} meet every constraint" if feasible else "none meets every constraint yet"


def _failures_in_short(view: View) -> str:
    failed = sum(row.failure is not None for row in view.rows)
    broken = _broken(view).most_common(1)
    mostly = f", mostly by {_bound(view, broken[0][0])}" if broken else ""
    bad = sum(row.failure is None and not row.feasible for row in view.rows)
    return f"{failed or 'no'} validation{'s' * (failed > 1)}; {bad} of {len(view.rows)} not feasible{mostly}"


def _go_on(told: CampaignStanding) -> str:
    after = sum(it.state is IterationState.CLOSED for it in told.store.iterations())
    return f"alloyloop run FILE --iterations {after}"


def _name(view: View, name: str) -> str:
    return plain(title(view.problem.properties[name]))


def _goal(view: View) -> str:
    wanted = [_wanted(view, each) for each in view.goal.objectives] or ["find different feasible designs"]
    bounds = [_bound(view, each) for each in view.goal.constraints]
    space = f" Among alloys of {', '.join(view.space.elements)}." if view.space.elements else ""
    kept = f", with {listed(bounds, 12)}" if bounds else ""
    text = " and ".join(wanted)
    return f"{text[0].upper()}{text[1:]}{kept}.{space}"


def _wanted(view: View, each: Objective) -> str:
    """What is wanted of a property."""
    if each.target is None:
        return f"{'maximize' if each.sign > 0 else 'minimize'} {_name(view, each.name)}"
    ends = " to ".join(_value(view, each.name, end, 6) for end in dict.fromkeys(each.target))
    return f"bring {_name(view, each.name)} to {ends}"


def _bound(view: View, each: Constraint) -> str:
    return f"{_name(view, each.name)} {'≥' if each.sign > 0 else '≤'} {_value(view, each.name, each.bound)}"


def _value(view: View, name: str, value: float, digits: int = 4) -> str:
    return f"{number(value, digits)} {plain(unit(view.problem.properties[name].unit))}".strip()


def _standing(told: CampaignStanding) -> str:
    """One sentence, and what was found so far in numbers."""
    view, closed = told.view, [it for it in told.store.iterations() if it.state is IterationState.CLOSED]
    if not closed:
        return f"The campaign is {told.state}; no iteration is closed yet."
    feasible = sum(row.feasible for row in view.rows)
    text = f"The campaign is {told.state} after iteration {closed[-1].index}: {len(view.rows)} designs were validated, "
    text += f"{feasible} of them meet{'s' if feasible == 1 else ''} every constraint"
    gains = [it.notes.summary.hypervolume for it in closed if it.notes.summary is not None]
    if len(view.goal.objectives) != 1 and gains:
        text += f"; {measure_of(view.goal.objectives)}: {number(gains[-1])}"
        if len(gains) > 1 and gains[-2] > 0:
            text += f", {gains[-1] / gains[-2] - 1:+.1%} in the last iteration".replace("-", "−")
    best = [
        f"{_name(view, each.name)} {_value(view, each.name, row.values[each.name])} ({alloy(row.design)})"
        for each, row in best_of_each(view)
    ]
    return f"{text}." + (f" Best so far: {'; '.join(best)}." if best else "")


def _best(view: View) -> str:
    rows, on_front, _ = front_first(view, BEST)
    if not rows:
        return "No design meets every constraint yet."
    objectives = [each.name for each in view.goal.objectives]
    others = [name for name in view.problem.validated if name in view.goal.names and name not in objectives]
    others = [name for name in others if view.problem.properties[name].scale != "share"][:_OTHERS]
    heads = [
        heading_of(row.design for row in rows).capitalize(),
        *(plain(label(view.problem.properties[name])) for name in [*objectives, *others]),
        "From",
    ]
    cells = [
        [alloy(row.design), *(_cell(row, name) for name in objectives), *(_cell(row, n, short=True) for n in others)]
        for row in rows
    ]
    where = [
        KNOWN_BEFORE if row.iteration is None else f"{row.iteration}, {plain(proposer(row.origin))}" for row in rows
    ]
    about = "Measured, and in brackets what the model had predicted before."
    if len(objectives) > 1:
        about += f" The first {on_front} are on the front: none is better in every objective."
    return f"{table(heads, [[*line, origin] for line, origin in zip(cells, where, strict=True)])}\n\n{about}"


def _cell(row: Row, name: str, *, short: bool = False) -> str:
    """A measured value, and the prediction before it."""
    if name not in row.values:
        return "–"
    scatter = row.measured[name].scatter if name in row.measured else None
    text = spread(row.values[name], scatter)
    told = row.prediction
    if short or told is None or name not in told.means or not told.stds.get(name):
        return text
    return f"{text} ({spread(told.means[name], told.stds[name])})"


def _trust(view: View) -> str:
    """Coverage and error of each property on designs that were predicted before they were measured."""
    lines = []
    for name, found in _scores(view).items():
        count, coverage, error, sharpness = (found[key] for key in ("count", "coverage", "rmse", "sharpness"))
        rows = [
            _name(view, name),
            f"{coverage:.0%} of {count:.0f}",
            _value(view, name, error, 2),
            _value(view, name, sharpness, 2),
        ]
        lines.append([*rows, _verdict(coverage, bool(found["miscalibrated"]))])
    if not lines:
        return "No design was predicted before it was measured yet: nothing is known of how far to trust the models."
    heads = ["Property", "In the 90 % interval", "Error (rms)", "Predicted spread", "So the model is"]
    about = "Of designs that were predicted before they were measured, each by what was known then."
    return f"{table(heads, lines)}\n\n{about}"


def _scores(view: View) -> dict[str, dict[str, float]]:
    """Calibration of each property on designs that were predicted before they were measured."""
    told = batch_calibration(view, view.rows, "all")
    keys = ("count", "coverage", "rmse", "sharpness", "miscalibrated")
    found = {name: {key: told.get(f"all.{key}.{name}") for key in keys} for name in view.problem.validated}
    return {
        name: known
        for name, each in found.items()
        if len(known := {k: v for k, v in each.items() if v is not None}) == len(keys)
    }


def _verdict(coverage: float, miscalibrated: bool) -> str:
    if not miscalibrated:
        return "as sure as it should be"
    return "too sure of itself" if coverage < 0.9 else "too careful"


def _next(told: CampaignStanding) -> str:
    store = told.store
    jobs = [job for job in store.open_jobs() if job.state is not JobState.CANCELLED]
    if jobs:
        last = max((job.iteration or 0) for job in jobs)
        asked = waiting_text(store, told.config.name, None, told.config.directory)
        text = f"{len(jobs)} validations are pending, of iteration {last}: "
        text += listed(dict.fromkeys(alloy(job.request.design) for job in jobs), _NAMED)
        return f"{text}." + (f"\n\nPeople are waited for: {plain(asked)}." if asked else "")
    return (
        f"Nothing is pending. The next batch is chosen when the campaign goes on: `{_go_on(told)}`, with the file that "
        "it was begun with."
    )


def _failed(told: CampaignStanding) -> str:
    view = told.view
    reasons = Counter(plain(row.failure)[:160] for row in view.rows if row.failure is not None)
    review = [plain(job.message or "no message")[:160] for job in told.store.jobs(JobState.NEEDS_REVIEW)]
    lines = [f"- {count} validation{'s' * (count > 1)} failed: {why}" for why, count in reasons.most_common(_REASONS)]
    look = f"`alloyloop queue list {told.config.name} --state needs_review`"
    lines += [
        f"- {count} set aside for people to look at ({look}): {why}"
        for why, count in Counter(review).most_common(_REASONS)
    ]
    if broken := _broken(view):
        said = [f"{_bound(view, each)} ({count})" for each, count in broken.most_common(_REASONS)]
        answered = [row for row in view.rows if row.failure is None]
        bad = sum(not row.feasible for row in answered)
        lines.append(f"- Of {len(answered)} measured designs {bad} are not feasible; they break {', '.join(said)}.")
    if not reasons and not review:
        lines.insert(0, "- No validation failed.")
    return "\n".join(lines)


def _broken(view: View) -> Counter[Constraint]:
    """How many measured designs break each constraint."""
    answered = [row for row in view.rows if row.failure is None]
    return Counter(
        each
        for row in answered
        for each in view.goal.constraints
        if each.name in row.values and not each.met(row.values)
    )


def _commands(told: CampaignStanding) -> str:
    name, where = told.config.name, said_directory(told.config.directory)
    example = next((row.design for row in front_first(told.view, 1)[0]), None)
    chosen = (
        ""
        if example is None
        else "".join(f" --variable {shlex.quote(f'{n}={variable_text(v)}')}" for n, v in example.variables)
    )
    formula = "FORMULA" if example is None else f"{example.formula}{chosen}"
    lines = [
        f"alloyloop best {name} --top 30{where}",
        f"alloyloop explain {name} {formula}{where}",
        f"alloyloop predict {name} FORMULA{where}",
        f"alloyloop plot {name} front --out front.png{where}",
        f"alloyloop report {name}{where}",
        f"alloyloop status {name}{where}",
    ]
    return "```\n" + "\n".join(lines) + "\n```"
