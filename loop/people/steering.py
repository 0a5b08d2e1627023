"""What people do to a campaign as it goes on: checked against where it stands, then recorded once, or refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from alloys.composition import Composition
from alloys.design import Design, Value
from alloys.errors import InputError
from alloys.goal import Constraint, Goal, Objective
from alloys.physics.combined import only_amounts
from alloys.problem import Problem
from alloys.space import TableSpace
from loop.config.schema import MOST_IN_BATCH, CampaignConfig
from loop.config.steering.in_force import by, changed, narrowed, pause_in, stops_in
from loop.people.queue_report import moment
from loop.store import Act, ActKind, CampaignStore, IterationState
from loop.store.queue.moves import Refuses
from loop.summaries import campaign_state
from loop.view import View, outside, view_of

_LOOKED_AT = 4000
"""Designs that are drawn to find out whether any is left."""


@dataclass(frozen=True, slots=True)
class Steered:
    """An act that was recorded.

    Attributes:
        act: as it is in the log.
        withdrawn: keys of jobs that it ended.
        lines: what comes of it, in words.
    """

    act: Act
    withdrawn: tuple[str, ...]
    lines: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """The document of ``--json``."""
        return {**act_document(self.act), "withdrawn": list(self.withdrawn)}


def act_document(act: Act) -> dict[str, Any]:
    """An act in the documents of ``--json``."""
    told = {"act": act.id, "at": moment(act.at), "who": act.who, "kind": str(act.kind), "why": act.why}
    return {**told, "detail": dict(act.detail)}


def act_text(act: Act, store: CampaignStore) -> str:
    """An act in one line, such as ``excludes W``; the store says how designs are written."""
    told = _TEXTS[act.kind].format(**{**act.detail, **_names(act, store)})
    return f"{act.id}  {moment(act.at)}  {act.who}: {told}" + (f" ({act.why})" if act.why else "")


def _names(act: Act, store: CampaignStore) -> dict[str, str]:
    """What an act is about, as people write it."""
    if act.kind is ActKind.ADD:
        return {"formula": str(store.design(act.detail["design"]))}
    return {"what": next((text_of(act.detail[key], key) for key in _SAID if key in act.detail), "")}


_SAID = ("element", "region", "objective", "constraint", "batch")
"""What an act names, by the key of its detail."""


def text_of(value: Any, key: str) -> str:
    """What an act names, as people write it."""
    return f"batch {value}" if key == "batch" else str(value)


_TEXTS = {
    ActKind.PAUSE: "pauses the campaign",
    ActKind.RESUME: "lets it go on",
    ActKind.STOP: "stops after iteration {after}",
    ActKind.ADD: "adds {formula}",
    ActKind.EXCLUDE: "excludes {what}",
    ActKind.CHANGE: "wants {what}, was {was}",
    ActKind.END: "ends before iteration {before} by its rule {rule}, {limit:g}",
}


def pause(store: CampaignStore, *, who: str, why: str = "") -> Steered:
    """The driver hands out nothing new until the campaign is resumed.

    Raises:
        InputError: if it is paused or finished.
    """
    acts = store.acts()
    _refuse_finished(store)
    paused = pause_in(acts)
    if paused is not None:
        raise InputError(f"the campaign {store.campaign().name!r} is paused already, {by(paused)} (act {paused.id})")
    return _recorded(store, ActKind.PAUSE, acts, who, why, "paused: what runs is finished, and nothing new begins")


def resume(store: CampaignStore, *, who: str, why: str = "") -> Steered:
    """The driver goes on, and takes no heed of stops that were asked for.

    Raises:
        InputError: if the campaign is neither paused nor to stop.
    """
    acts, name = store.acts(), store.campaign().name
    if pause_in(acts) is None and not _stops_to_come(store, acts):
        raise InputError(f"the campaign {name!r} is neither paused nor to stop: there is nothing to resume")
    line = "it goes on" if store.driver() is not None else "it goes on with the next `alloyloop run`"
    return _recorded(store, ActKind.RESUME, acts, who, why, line)


def stop(store: CampaignStore, *, who: str, why: str = "") -> Steered:
    """The run ends after the iteration that was begun last.

    Raises:
        InputError: if nobody runs the campaign, it is paused, or it is to stop already.
    """
    acts, name = store.acts(), store.campaign().name
    _refuse_finished(store)
    if pause_in(acts) is not None:
        raise InputError(f"the campaign {name!r} is paused: resume it first, or end its run by SIGTERM (Ctrl-C)")
    coming = _stops_to_come(store, acts)
    if coming:
        raise InputError(f"the campaign {name!r} stops after iteration {coming[-1].detail['after']} already")
    if store.driver() is None:
        raise InputError(f"nobody runs the campaign {name!r}, so there is nothing to stop")
    after = max(len(store.iterations()) - 1, 0)
    line = f"the run ends when iteration {after} is closed; `alloyloop run` goes on from there"
    return _recorded(store, ActKind.STOP, acts, who, why, line, detail={"after": after})


def add(
    store: CampaignStore, formula: str, variables: Mapping[str, Value] | None = None, *, who: str, why: str = ""
) -> Steered:
    """A design joins the validations of the iteration that was begun last, or of the next one.

    Raises:
        InputError: if it is not in the space, or was excluded, asked for, added or measured before.
    """
    acts, view = store.acts(), view_of(store)
    _refuse_finished(store)
    design = view.config.space.shown(Design.of(Composition.parse(formula), variables or {}))
    point = view.space.point_of(design)
    asked = next((p.iteration for p in store.proposals() if p.selection.candidate.design == design), None)
    if asked is not None:
        raise InputError(f"{design} was asked for in iteration {asked}; an alloy is asked for once in a campaign")
    if any(act.kind is ActKind.ADD and act.detail["design"] == design.canonical() for act in acts):
        raise InputError(f"{design} was added already, and waits for the next iteration")
    row = next((row for row in view.rows if row.design == design), None)
    if row is not None and not row.may_be_asked(view.problem.validated):
        raise InputError(f"{design} is known already; `alloyloop data list` shows it")
    lines = [f"{design} joins the validations of the iteration under way, or of the next one"]
    if not view.problem.passes(point[None])[0]:
        lines.append("it breaks a constraint that the composition alone decides, so that it cannot be feasible")
    return _recorded(store, ActKind.ADD, acts, who, why, *lines, detail={"design": design.canonical()})


def exclude(
    store: CampaignStore, *, element: str | None = None, region: str | None = None, who: str, why: str = ""
) -> Steered:
    """Designs with an element or in a region are no longer proposed or validated.

    Those that wait in the queue are withdrawn; validations under way are finished. What is known of such designs
    stays, and teaches the models, but they are no longer feasible.

    Raises:
        InputError: if there is nothing of that kind in the space, or nothing would be left.
    """
    if (element is None) is (region is None):
        raise InputError("exclude takes --element SYMBOL or --region INEQUALITY, one of them")
    acts, view = store.acts(), view_of(store)
    _refuse_finished(store)
    detail = {"element": element} if element is not None else {"region": str(region).strip()}
    done = next((act for act in acts if act.kind is ActKind.EXCLUDE and act.detail == detail), None)
    if done is not None:
        raise InputError(f"{element or region} is excluded already, {by(done)} (act {done.id})")
    space = narrowed(view.space, detail)
    _refuse_nothing_left(store, replace(view.problem, space=space), f"without {element or region}")
    seen = sum(row.feasible and bool(outside(space, row.design)) for row in view.rows)
    lines = [f"excluded: {element or region}"]
    if seen:
        lines.append(f"{seen} designs that were feasible no longer are")
    return _recorded(
        store, ActKind.EXCLUDE, acts, who, why, *lines, detail=detail, refuses=lambda design: outside(space, design)
    )


def change(store: CampaignStore, text: str, *, who: str, why: str = "") -> Steered:
    """Another limit of a constraint, another direction or target of an objective, or another size of a batch.

    Raises:
        InputError: if it is none of these, of nothing that the campaign has or measures, as it is already, or against
            the rest of the goal.
    """
    acts, view = store.acts(), view_of(store)
    _refuse_finished(store)
    detail = wanted_change(view, text)
    key = next(key for key in _SAID if key in detail)
    if detail["was"] == text_of(detail[key], key):
        raise InputError(f"{detail['was']} is wanted already")
    config = changed(view.config, detail, view.problem.properties)
    goal = Goal.parse(config.objectives, config.constraints, view.problem.properties, config.choice.resolution)
    problem = replace(view.problem, goal=goal)
    if key == "constraint":
        _refuse_nothing_left(store, problem, f"with {text.strip()}")
    if key == "objective":
        detail |= {"reference": _new_reference(view, config, problem, detail["objective"])}
    line = f"from the next proposal on: {text_of(detail[key], key)}, was {detail['was']}"
    return _recorded(store, ActKind.CHANGE, acts, who, why, line, detail=detail)


def wanted_change(view: View, text: str) -> dict[str, Any]:
    """What a person wants changed, as the detail of an act, and what it ``was``.

    Raises:
        InputError: if it cannot be read, or is of nothing that the campaign has or measures.
    """
    words, problem = text.split(), view.problem
    if words[:1] == ["batch"]:
        if len(words) != 2 or not words[1].isdecimal() or not 1 <= int(words[1]) <= MOST_IN_BATCH:
            raise InputError(f"a batch has 1 to {MOST_IN_BATCH} alloys, as in 'batch 12', got {text!r}")
        return {"batch": int(words[1]), "was": text_of(view.config.batch, "batch")}
    if words and words[0].startswith(("maximi", "minimi", "match")):
        objective = Objective.parse(text, problem.properties)
        was = next((o for o in problem.goal.objectives if o.name == objective.name), None)
        if was is None:
            told = "; ".join(map(str, problem.goal.objectives))
            raise InputError(f"{objective.name} is no objective of the campaign; its objectives are: {told}")
        return {"objective": str(objective), "was": str(was)}
    if only_amounts(text):
        raise InputError(f"{text!r} is a rule on amounts; `alloyloop exclude NAME --region` takes the opposite of it")
    constraint = Constraint.parse(text, problem.properties)
    if not set(problem.physics.measured_parts(constraint.name)) <= set(problem.validated):
        known = ", ".join(problem.validated)
        raise InputError(f"nobody measures {constraint.name} in this campaign; what is measured is {known}")
    sides = [c for c in problem.goal.constraints if (c.name, c.sign) == (constraint.name, constraint.sign)]
    same = any(each == constraint for each in sides)
    was_text = " ".join(text.split()) if same else ", ".join(map(str, sides)) or "no such limit"
    return {"constraint": " ".join(text.split()), "was": was_text}


def _new_reference(view: View, config: CampaignConfig, problem: Problem, text: str) -> dict[str, float]:
    """Where hypervolume is measured from, of an objective that changes: as the start's results have it."""
    plain = config.model_copy(update={"reference_point": {}})
    after = replace(view, config=plain, problem=problem, frozen=None)
    if not any(problem.goal.signed_objectives(row.values) for row in after.upto(0)):
        raise InputError("nothing is measured yet, from which hypervolume could be measured anew; change it later")
    name = Objective.parse(text, problem.properties).name
    pairs = zip(problem.goal.objectives, after.reference_point(), strict=True)
    return {o.name: float(o.sign * value) for o, value in pairs if o.name == name}


def _recorded(
    store: CampaignStore,
    kind: ActKind,
    acts: Sequence[Act],
    who: str,
    why: str,
    *lines: str,
    detail: Mapping[str, Any] | None = None,
    refuses: Refuses | None = None,
) -> Steered:
    """Records what was checked against these acts."""
    after = acts[-1].id if acts else 0
    number, ended = store.record_act(kind, detail or {}, who=who, why=why, after=after, refuses=refuses)
    (act,) = (act for act in store.acts(number) if act.id == number)
    withdrawn = [f"{len(ended)} that waited in the queue were withdrawn"] if ended else []
    return Steered(act, tuple(ended), (*lines, *withdrawn))


def _refuse_finished(store: CampaignStore) -> None:
    """Refuses a campaign that a run has brought to its last iteration."""
    if store.facts().last_iteration is not None and campaign_state(store) == "finished":
        raise InputError(
            f"the campaign {store.campaign().name!r} is finished; `alloyloop run CONFIG --iterations N` goes on with it"
        )


def _refuse_nothing_left(store: CampaignStore, problem: Problem, what: str) -> None:
    """Refuses a problem in which nothing is left to validate, as far as chance finds that out."""
    points = problem.space.sample(_LOOKED_AT, np.random.default_rng(0))
    if not problem.passes(points).any():
        raise InputError(f"{what}, none of {_LOOKED_AT} designs keeps the constraints that need no validation")
    asked = {proposal.selection.candidate.design for proposal in store.proposals()}
    if isinstance(problem.space, TableSpace) and set(problem.space.designs) <= asked:
        raise InputError(f"{what}, every candidate of the list was asked for already")


def _stops_to_come(store: CampaignStore, acts: list[Act]) -> list[Act]:
    """Stops after iterations that are not closed."""
    closed = {it.index for it in store.iterations() if it.state is IterationState.CLOSED}
    return [act for act in stops_in(acts) if act.detail["after"] not in closed]
