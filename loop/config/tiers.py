"""A campaign's validators as its list of tiers, from the cheapest to the last, or a single one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from alloys.errors import InputError
from alloys.goal import Constraint
from alloys.problem import Problem
from alloys.properties import Property
from alloys.records import canonical_json
from loop.config.assembly import build_problem
from loop.config.measured_strength import with_measurements
from loop.config.schema import CampaignConfig, TierConfig, ValidatorConfig
from validation.base import Validator
from validation.people import People
from validation.registry import make_validator
from validation.tier import Tier

EXTERNAL = "external"
PEOPLE = (EXTERNAL, "human")
"""The validator's names where people bring the answers: by `alloyloop queue import`, or `Campaign.observe`."""


@dataclass(frozen=True, slots=True)
class GoalNeeds:
    """What the validators need of the problem.

    Attributes:
        constraints: the goal's.
        unknown: the properties that only validation answers.
        properties: every property that may be named.
    """

    constraints: tuple[Constraint, ...]
    unknown: tuple[str, ...]
    properties: Mapping[str, Property]

    @classmethod
    def of(cls, problem: Problem) -> GoalNeeds:
        """What a whole problem needs."""
        return cls(problem.goal.constraints, problem.validated, problem.properties)


def build_tiers(config: CampaignConfig, scratch: Path | None = None) -> tuple[Tier, ...]:
    """The campaign's validators in their order, at least one.

    Args:
        config: the campaign's; a single ``validator`` is a list of one.
        scratch: a folder for the validators' files, if one needs it and its settings name none.

    Raises:
        InputError: for an unknown validator, or impossible settings, gates or hours.
    """
    needs = GoalNeeds.of(build_problem(config))
    if not config.validators:
        return (single_tier(config.validator, needs, scratch)[0],)
    last = len(config.validators) - 1
    tiers = [listed_tier(entry, needs, i, last, scratch)[0] for i, entry in enumerate(config.validators)]
    refuse_twins(tiers)
    return tuple(tiers)


def single_tier(config: ValidatorConfig, needs: GoalNeeds, scratch: Path | None = None) -> tuple[Tier, Validator]:
    """The one ``validator`` of a campaign, as a tier and as itself.

    If people are the only validator, a word stands in place of the digest, as in every older database.

    Raises:
        InputError: for an unknown validator or settings that it refuses.
    """
    name, settings = config.name, config.settings
    if name not in PEOPLE:
        return listed_tier(TierConfig(name=name, settings=settings), needs, 0, 0, scratch)
    if settings:
        raise InputError(f"the validator {name!r} has no settings, got {sorted(settings)}")
    people = People.of(name, name, {}, needs.unknown, needs.properties)
    return Tier(name, name, EXTERNAL, needs.unknown, by_hand=True), people


def listed_tier(
    config: TierConfig, needs: GoalNeeds, number: int, last: int, scratch: Path | None = None
) -> tuple[Tier, Validator]:
    """One of a list of validators, as a tier and as itself.

    Args:
        config: its entry.
        needs: what it needs of the goal.
        number: its place, counted from 0.
        last: the place of the last one.
        scratch: a folder for its files.

    Raises:
        InputError: for an unknown validator, or impossible settings, gates or hours.
    """
    validator = _validator(config, needs, scratch)
    _check_units(validator, needs.properties)
    declared = validator.description.expected_seconds
    tier = Tier(
        label=config.label or config.name,
        validator=validator.name,
        fingerprint=validator.fingerprint,
        properties=validator.properties,
        by_hand=isinstance(validator, People),
        settings=canonical_json(validator.portable_settings),
        gates=_gates(config, validator, needs, last=number == last),
        hours=config.hours,
        seconds=float(config.seconds) if isinstance(config.seconds, float | int) else declared,
        measured=config.seconds == "measured",
        version=validator.description.version,
    )
    _check_hours(tier, number)
    return tier, validator


def _validator(config: TierConfig, needs: GoalNeeds, scratch: Path | None) -> Validator:
    if config.name not in PEOPLE:
        settings = with_measurements(config.name, config.settings)
        return make_validator(config.name, settings, scratch, needs.properties)
    if config.seconds == "measured":
        raise InputError("nobody takes the time that people need; give seconds as a number")
    return People.of(config.name, config.label or config.name, config.settings, needs.unknown, needs.properties)


def _check_units(validator: Validator, properties: Mapping[str, Property]) -> None:
    """Refuses a validator that answers a property of the campaign in another unit than it has."""
    for name, unit in validator.description.units.items():
        if name in properties and properties[name].unit != unit:
            wanted = properties[name].unit
            raise InputError(
                f"the validator {validator.name!r} answers {name} in {unit}; the campaign has it in {wanted}"
            )


def _gates(config: TierConfig, validator: Validator, needs: GoalNeeds, *, last: bool) -> tuple[Constraint, ...]:
    if config.gates is None:
        return () if last else tuple(c for c in needs.constraints if c.name in validator.properties)
    if last and config.gates:
        raise InputError("gates of the last validator keep nothing from anybody; leave them out")
    gates = tuple(Constraint.parse(text, needs.properties) for text in config.gates)
    for gate in gates:
        if gate.name not in validator.properties:
            answered = ", ".join(validator.properties)
            raise InputError(f"the gate '{gate}' is on what {config.name!r} does not answer; it answers {answered}")
    return gates


def refuse_twins(tiers: Sequence[Tier]) -> None:
    """Refuses two validators of one label, or that are the same.

    Raises:
        InputError: naming them.
    """
    labels = [tier.label for tier in tiers]
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        raise InputError(f"two validators are called {', '.join(twice)}; give each a label of its own")
    if len({(tier.validator, tier.fingerprint) for tier in tiers}) < len(tiers):
        raise InputError("two validators are the same one with the same settings; leave one of them out")


def _check_hours(tier: Tier, number: int) -> None:
    if tier.hours is None:
        return
    if number == 0:
        raise InputError("the first validator is asked for the whole batch; give hours to those after it")
    if tier.seconds <= 0:
        raise InputError("hours need the expected seconds of one answer, which it does not declare; give seconds")
    if tier.seconds > 3600 * tier.hours:
        raise InputError(
            f"hours = {tier.hours:g} are too few for one answer of {tier.seconds:g} s; nothing would ever be asked"
        )
