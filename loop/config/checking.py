"""Mistakes of a configuration beyond types and names of keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from alloys.errors import InputError, MistakesError
from alloys.goal import Constraint, Goal, Objective
from alloys.intake.mapping import TableMap
from alloys.physics.base import Physics
from alloys.physics.combined import form_of
from alloys.physics.declaring import PropertySpec, check_on, declare
from alloys.physics.registry import DEFAULT as DEFAULT_PHYSICS
from alloys.physics.registry import get_physics
from alloys.points.choice import check_choices
from alloys.space import Space
from alloys.space.variables import Variables, condition_text
from generators.registry import settings_of
from loop.config.assembly import start_table
from loop.config.batches import BatchLimitsConfig, check_laboratories
from loop.config.data import read_data
from loop.config.declared import with_declared
from loop.config.schema import (
    AnySpace,
    CampaignConfig,
    ChoiceConfig,
    ClusterConfig,
    GeneratorConfig,
    MaterialsConfig,
    StartConfig,
    SurrogateConfig,
    TierConfig,
    ValidatorConfig,
    rules_moved,
)
from loop.config.steering.stopping import stop_mistakes
from loop.config.tiers import GoalNeeds, listed_tier, refuse_twins, single_tier
from loop.config.yaml_lines import Location
from validation.base import Validator
from validation.people import People
from validation.tier import Tier

Mistake = tuple[Location, str]


def semantic_mistakes(data: Mapping[str, Any]) -> list[Mistake]:
    """Everything that is wrong beyond types and names of keys, by the path of the value that is wrong.

    Parts whose own types are wrong are skipped: the schema reports those.
    """
    found: list[Mistake] = []
    try:
        data = with_declared(data)
    except MistakesError as error:
        found += error.mistakes
    moved = rules_moved(data)
    space = _part(moved, "space", AnySpace, lambda spec: spec.build(), found)
    if moved is not data:  # those that stay keep their places, and with them their lines
        stay = [text if text in moved["constraints"] else None for text in data["constraints"]]
        data = {**data, "constraints": stay}
    variables = _part(moved, "space", AnySpace, lambda spec: spec.declared_variables(), []) if space is None else None
    physics = _declared(data, _physics(data, found), found, space.variables if space else variables or Variables())
    validators = _validators(data, physics, found)
    found += _goal_mistakes(data, physics)
    found += stop_mistakes(data, physics)
    for validator in validators:
        _part(data, "cluster", ClusterConfig, partial(_check_patience, validator=validator), found)
    if validators:
        found += _unanswered(data, validators, physics)
    if space is not None:
        found += _uncomputable(data, space, physics)
        key = "validators" if data.get("validators") else "validator"
        found += _uncovered(space, physics, validators, key)
        found += _not_given(space, validators, key)
        found += _lacking(data, space, physics)
        found += _not_always(data, space)
    _part(data, "generator", GeneratorConfig, _check_generator, found)
    _part(data, "surrogate", SurrogateConfig, _check_surrogate, found)
    _check_batches(data, space, validators, found)
    _part(data, "choice", ChoiceConfig, partial(_check_choice, data), found)
    _part(data, "start", StartConfig, partial(start_table, physics=physics), found)
    if space is not None:
        _part(data, "data", list[TableMap], partial(read_data, properties=physics.properties, space=space), found)
    _part(data, "materials", MaterialsConfig, lambda its: check_choices(its.points, physics.properties), found)
    if isinstance(data.get("state"), str):
        found += _unusable_state(data["state"])
    return found


def _check_batches(
    data: Mapping[str, Any], space: Space | None, validators: Sequence[Validator], found: list[Mistake]
) -> None:
    """What a batch may take, and who makes it."""
    batch = data.get("batch", CampaignConfig.model_fields["batch"].default)
    if space is not None:
        _part(data, "batch_limits", BatchLimitsConfig, lambda limits: limits.check(space, batch), found)
    if validators:
        people = isinstance(validators[0], People)
        check = partial(check_laboratories, batch=batch, by_people=people)
        _part(data, "laboratories", dict[str, int], check, found)


def _physics(data: Mapping[str, Any], found: list[Mistake]) -> Physics:
    """The physics that is named; the default one where that cannot be had."""
    name = data.get("physics", DEFAULT_PHYSICS)
    try:
        return get_physics(name if isinstance(name, str) else DEFAULT_PHYSICS)
    except InputError as error:
        found.append((("physics",), f"physics: {error}"))
        return get_physics(DEFAULT_PHYSICS)


def _declared(data: Mapping[str, Any], physics: Physics, found: list[Mistake], variables: Variables) -> Physics:
    """The physics with the campaign's variables and own properties, as many as can be had."""
    try:
        physics = declare(physics, {}, variables)
    except InputError as error:
        found.append((("space", "variables"), f"space: {error}"))
    given = data.get("properties", {})
    specs: dict[str, PropertySpec] = {}
    for name, spec in given.items() if isinstance(given, dict) else ():
        try:
            specs[str(name)] = PropertySpec.model_validate(spec)
        except ValidationError:
            continue
    for name in list(specs):
        try:
            declare(physics, {name: specs[name].model_copy(update={"expression": None, "not_above": ""})})
        except InputError as error:
            found.append((("properties", name), f"properties: {error}"))
            del specs[name]
    try:
        return declare(physics, specs)
    except InputError as error:
        name = next((name for name in specs if str(error).startswith(f"{name}:")), "")
        found.append((("properties", name) if name else ("properties",), f"properties: {error}"))
        return declare(physics, {name: spec for name, spec in specs.items() if spec.expression is None})


def _unusable_state(text: str) -> list[Mistake]:
    from loop.store.database.postgresql import parse_url  # late, for a light start: few campaigns are on a server

    try:
        parse_url(text, schema="any")
    except InputError as error:
        return [(("state",), f"state: {error}")]
    return []


def _part(data: Mapping[str, Any], key: str, model: Any, build: Callable[[Any], Any], found: list[Mistake]) -> Any:
    """Builds one section, noting what is wrong with it; None where it cannot be built."""
    if key == "space" and key not in data:
        return None
    try:
        return build(TypeAdapter(model).validate_python(data.get(key, {})))
    except ValidationError:
        return None
    except MistakesError as error:
        found += [((key, *place), f"{key}: {text}") for place, text in error.mistakes]
    except InputError as error:
        found.append(((key,), f"{key}: {error}"))
    return None


def _validators(data: Mapping[str, Any], physics: Physics, found: list[Mistake]) -> list[Validator]:
    """Who is asked; nobody where one of them cannot be had."""
    if data.get("validators"):
        return _listed(data, physics, found)
    try:
        config = ValidatorConfig.model_validate(data.get("validator", {}))
        return [single_tier(config, _needs(data, physics))[1]]
    except ValidationError:
        return []
    except InputError as error:
        found += _placed(error, ("validator",))
        return []


def _placed(error: InputError, place: Location) -> list[Mistake]:
    """What is wrong with a validator, each mistake at its own place where it has one."""
    key = ".".join(map(str, place))
    if isinstance(error, MistakesError):
        return [((*place, *inner), f"{key}: {text}") for inner, text in error.mistakes]
    return [(place, f"{key}: {error}")]


def _listed(data: Mapping[str, Any], physics: Physics, found: list[Mistake]) -> list[Validator]:
    """Those of ``validators``; none where one cannot be had."""
    entries = data["validators"]
    if not isinstance(entries, list):
        return []
    if "validator" in data:
        found.append((("validators",), "validators: give either validator or validators, not both"))
    needs = _needs(data, physics)
    tiers: list[tuple[Tier, Validator]] = []
    for i, entry in enumerate(entries):
        try:
            tiers.append(listed_tier(TierConfig.model_validate(entry), needs, i, len(entries) - 1))
        except ValidationError:
            continue
        except InputError as error:
            found += _placed(error, ("validators", i))
    try:
        refuse_twins([tier for tier, _ in tiers])
    except InputError as error:
        found.append((("validators",), f"validators: {error}"))
    return [validator for _, validator in tiers] if len(tiers) == len(entries) else []


def _needs(data: Mapping[str, Any], physics: Physics) -> GoalNeeds:
    """What can be read of the goal; what is wrong with the rest is told elsewhere."""
    objectives, constraints = _goal_parts(data, physics, [])
    named = [each.name for each in objectives] + [each.name for each in constraints]
    names = [part for name in named for part in physics.measured_parts(name)]
    return GoalNeeds(tuple(constraints), tuple(dict.fromkeys(names)), physics.properties)


def _goal_parts(
    data: Mapping[str, Any], physics: Physics, found: list[Mistake]
) -> tuple[list[Objective], list[Constraint]]:
    """What of the goal can be read."""
    objectives = _parsed(data, "objectives", partial(Objective.parse, properties=physics.properties), found)
    return objectives, _parsed(data, "constraints", partial(Constraint.parse, properties=physics.properties), found)


def _check_generator(config: GeneratorConfig) -> None:
    for family, settings in config.members().items():
        settings_of(family, settings)


def _check_surrogate(config: SurrogateConfig) -> None:
    if config.inference == "bayesian":
        from surrogates.model.bayesian import require  # late: with torch

        require()


def _check_choice(data: Mapping[str, Any], config: ChoiceConfig) -> None:
    """The top is a share of a list, by one objective."""
    space, objectives = data.get("space"), data.get("objectives")
    kind = space.get("kind", "alloy") if isinstance(space, dict) else getattr(space, "kind", "alloy")
    if config.seek == "best":
        return
    if kind != "table":
        raise InputError(f"seek: top asks for a share of a list, and the space is of the kind {kind!r}; seek: best")
    if isinstance(objectives, list) and len(objectives) != 1:
        raise InputError(f"seek: top needs one objective, got {len(objectives)}; seek: best finds their front")
    if isinstance(objectives, list) and any(str(text).split()[:1] == ["match"] for text in objectives):
        raise InputError("seek: top needs an objective to maximize or minimize; seek: best finds what matches")


def _check_patience(config: ClusterConfig, validator: Validator) -> None:
    """Ray ends a validation after its own limit; one that may take longer would never be answered."""
    longest = getattr(validator, "longest_seconds", 0.0)
    if config.executor == "ray" and longest > config.timeout_seconds:
        raise InputError(
            f"timeout_seconds = {config.timeout_seconds:g} is less than {longest:g}, what validator.settings.run "
            "lets one validation take; raise the one or lower run.time_limit"
        )


def _texts(data: Mapping[str, Any], key: str) -> list[tuple[int, str]]:
    values = data.get(key, [])
    return [(i, v) for i, v in enumerate(values) if isinstance(v, str)] if isinstance(values, list) else []


def _parsed(data: Mapping[str, Any], key: str, parse: Callable[[str], Any], found: list[Mistake]) -> list[Any]:
    parts = []
    for i, text in _texts(data, key):
        try:
            parts.append(parse(text))
        except InputError as error:
            found.append(((key, i), f"{key}: {error}"))
    return parts


def _goal_mistakes(data: Mapping[str, Any], physics: Physics) -> list[Mistake]:
    found: list[Mistake] = []
    objectives, constraints = _goal_parts(data, physics, found)
    if found or not isinstance(data.get("objectives"), list):
        return found
    try:
        goal = Goal(tuple(objectives), tuple(constraints))
    except InputError as error:
        return [(("constraints",) if objectives else ("objectives",), f"goal: {error}")]
    if set(goal.names) <= set(physics.closed_forms):
        text = "every objective and constraint has a closed form, so there is nothing to validate"
        found.append((("objectives",), f"objectives: {text}; name a property that only validation answers"))
    reference = data.get("reference_point", {})
    wanted = [objective.name for objective in objectives]
    if isinstance(reference, dict) and reference and sorted(reference) != sorted(wanted):
        text = f"reference_point must name the objectives {wanted}, got {list(reference)}"
        found.append((("reference_point",), text))
    return found + _nearer_than_nothing(objectives, reference)


def _nearer_than_nothing(objectives: Sequence[Objective], reference: Any) -> list[Mistake]:
    """Reference points of properties that should match which are no distances."""
    found: list[Mistake] = []
    for objective in objectives:
        given = reference.get(objective.name) if isinstance(reference, dict) else None
        if objective.target is not None and isinstance(given, int | float) and given <= 0:
            text = f"reference_point.{objective.name}: of {objective} it is a distance from the target, above 0"
            found.append((("reference_point", objective.name), f"{text}; got {given:g}"))
    return found


def _unanswered(data: Mapping[str, Any], validators: Sequence[Validator], physics: Physics) -> list[Mistake]:
    """Objectives and constraints that neither a closed form nor a validator answers."""
    found: list[Mistake] = []
    told = " and ".join(f"the validator {v.name!r} answers {', '.join(v.properties)}" for v in validators)
    for key, parse in (("objectives", Objective.parse), ("constraints", Constraint.parse)):
        for i, text in _texts(data, key):
            try:
                parts = physics.measured_parts(parse(text, physics.properties).name)
            except InputError:
                continue
            for name in parts:
                if not any(name in v.properties for v in validators):
                    found.append(((key, i), f"{key}: nobody measures {name!r}: {told}"))
    return found


def _uncomputable(data: Mapping[str, Any], space: Space, physics: Physics) -> list[Mistake]:
    """Properties of the campaign's own that some designs of the space have not."""
    found: list[Mistake] = []
    for name in data.get("properties", {}) if isinstance(data.get("properties", {}), dict) else ():
        try:
            if name in physics.properties:
                check_on(space, physics, name)
        except InputError as error:
            found.append((("properties", name), f"properties: {name}: {error}"))
    return found


def _uncovered(space: Space, physics: Physics, validators: Sequence[Validator], key: str) -> list[Mistake]:
    found: list[Mistake] = []
    try:
        physics.check(space.elements)
    except InputError as error:
        found.append((("space", "elements"), f"space: {error}"))
    for validator in validators:
        try:
            validator.check(space.elements)
        except InputError as error:
            found.append(((key,), f"{key}: {error}"))
    return found


def _not_given(space: Space, validators: Sequence[Validator], key: str) -> list[Mistake]:
    """Variables that a validator needs as numbers and some designs of the space have not."""
    found: list[Mistake] = []
    for validator in validators:
        for name in getattr(validator, "variables", ()):
            variable = space.variables[name] if name in space.variables.names else None
            if variable is None or not variable.is_number:
                numbers = ", ".join(each.name for each in space.variables if each.is_number) or "none"
                told = f"{name} is no number among the variables of the space; there are {numbers}"
            elif variable.when:
                told = f"{name} is chosen only where {condition_text(variable)}, and is needed for every design"
            else:
                continue
            found.append(((key,), f"{key}: the validator {validator.name!r}: {told}"))
    return found


def _lacking(data: Mapping[str, Any], space: Space, physics: Physics) -> list[Mistake]:
    """Parts of the goal whose closed form lacks a number of one of the elements."""
    found: list[Mistake] = []
    alike = np.full((1, len(space.elements)), 1 / max(len(space.elements), 1))
    chosen = {v.name: np.array(v.values[:1], dtype=np.float64) for v in space.variables if v.is_number}
    for key in ("objectives", "constraints"):
        for i, text in _texts(data, key):
            form = next((physics.closed_forms[word] for word in text.split() if word in physics.closed_forms), None)
            try:
                _ = form is not None and form_of(form, chosen, space.elements, alike)
            except InputError as error:
                found.append(((key, i), f"{key}: {text}: {error}"))
    return found


def _not_always(data: Mapping[str, Any], space: Space) -> list[Mistake]:
    """Parts of the goal that name a category, or a variable that some designs do not have."""
    found: list[Mistake] = []
    for key in ("objectives", "constraints"):
        for i, text in _texts(data, key):
            for variable in [variable for variable in space.variables if variable.name in text.split()]:
                if not variable.is_number:
                    told = f"{variable.name} has words for values; leave those that must not be out of its list"
                elif variable.when:
                    told = f"{variable.name} is chosen only where {condition_text(variable)}; bound it by its values"
                else:
                    continue
                found.append(((key, i), f"{key}: {text}: {told}"))
    return found
