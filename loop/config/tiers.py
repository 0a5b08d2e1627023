"""Several validators in one campaign: the cheap ones as gates before the dear ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from alloys.errors import InputError
from alloys.goal import Constraint, Objective
from alloys.physics.registry import DEFAULT as DEFAULT_PHYSICS
from alloys.physics.registry import get_physics
from loop.config.assembly import PEOPLE, Mistake, build_problem, build_validator
from loop.config.schema import CampaignConfig, TierConfig, ValidatorConfig
from loop.store import Asked, CampaignStore
from validation.base import Validator
from validation.people import People

_Part = TypeVar("_Part", Objective, Constraint)


@dataclass(frozen=True, slots=True)
class Tier:
    """One of a campaign's validators.

    Attributes:
        label: its name in the campaign.
        validator: who is asked.
        gates: what its answer must satisfy before the next validator is asked.
        hours: expected hours that it may be asked for in one iteration; None for every alloy that got so far.
        seconds: what one answer is expected to take; 0 where that is not known.
        measured: whether the seconds are those of its finished jobs, once there are some.
    """

    label: str
    validator: Validator
    gates: tuple[Constraint, ...]
    hours: float | None
    seconds: float
    measured: bool

    @property
    def by_hand(self) -> bool:
        """Whether people answer."""
        return isinstance(self.validator, People)

    @property
    def program(self) -> Validator | None:
        """The validator where a program answers; None where people do."""
        return None if self.by_hand else self.validator

    def passes(self, values: Mapping[str, float]) -> bool:
        """Whether measured values satisfy every gate; a missing value does not.

        People may bring an answer in parts: nothing passes before all of it is there.
        """
        if self.by_hand and not set(self.validator.properties) <= set(values):
            return False
        return all(c.name in values and c.sign * (values[c.name] - c.bound) >= 0 for c in self.gates)


def build_tiers(config: CampaignConfig, scratch: Path | None = None) -> tuple[Tier, ...]:
    """The validators in their order; none where the campaign has a single ``validator``.

    Raises:
        InputError: for an unknown validator, or settings, gates or hours that cannot be.
    """
    problem, last = build_problem(config), len(config.validators) - 1
    told = _Told(problem.goal.constraints, problem.validated)
    tiers = tuple(_tier(entry, told, i, last, scratch) for i, entry in enumerate(config.validators))
    _check_apart(tiers)
    return tiers


@dataclass(frozen=True, slots=True)
class _Told:
    """What the goal says to the validators: its constraints, and the properties that only validation answers."""

    constraints: tuple[Constraint, ...]
    unknown: tuple[str, ...]


def _tier(config: TierConfig, told: _Told, number: int, last: int, scratch: Path | None = None) -> Tier:
    validator = _validator(config, told, scratch)
    declared = validator.description.expected_seconds
    tier = Tier(
        label=config.label or config.name,
        validator=validator,
        gates=_gates(config, validator, told.constraints, last=number == last),
        hours=config.hours,
        seconds=float(config.seconds) if isinstance(config.seconds, float | int) else declared,
        measured=config.seconds == "measured",
    )
    _check_hours(tier, number)
    return tier


def _validator(config: TierConfig, told: _Told, scratch: Path | None) -> Validator:
    if config.name in PEOPLE:
        if config.seconds == "measured":
            raise InputError("nobody takes the time that people need; give seconds as a number")
        return People.of(config.name, config.label or config.name, config.settings, told.unknown)
    validator = build_validator(ValidatorConfig(name=config.name, settings=config.settings), scratch)
    if validator is None:
        raise InputError(f"{config.name!r} is no validator that can be asked")
    return validator


def _gates(
    config: TierConfig, validator: Validator, constraints: Sequence[Constraint], *, last: bool
) -> tuple[Constraint, ...]:
    if config.gates is None:
        return () if last else tuple(c for c in constraints if c.name in validator.properties)
    if last and config.gates:
        raise InputError("gates of the last validator keep nothing from anybody; leave them out")
    gates = tuple(Constraint.parse(text) for text in config.gates)
    for gate in gates:
        if gate.name not in validator.properties:
            answered = ", ".join(validator.properties)
            raise InputError(f"the gate '{gate}' is on what {config.name!r} does not answer; it answers {answered}")
    return gates


def _check_apart(tiers: Sequence[Tier]) -> None:
    labels = [tier.label for tier in tiers]
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        raise InputError(f"two validators are called {', '.join(twice)}; give each a label of its own")
    if len({(tier.validator.name, tier.validator.fingerprint) for tier in tiers}) < len(tiers):
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


def tier_mistakes(data: Mapping[str, Any], found: list[Mistake]) -> list[Validator]:
    """Adds what is wrong with ``validators`` to the mistakes; the validators, or none where one cannot be had."""
    entries = data["validators"]
    if not isinstance(entries, list):
        return []
    if "validator" in data:
        found.append((("validators",), "validators: give either validator or validators, not both"))
    told = _told(data)
    tiers: list[Tier] = []
    for i, entry in enumerate(entries):
        try:
            config = TierConfig.model_validate(entry)
            tiers.append(_tier(config, told, i, len(entries) - 1))
        except ValidationError:
            continue
        except InputError as error:
            found.append((("validators", i), f"validators.{i}: {error}"))
    try:
        _check_apart(tiers)
    except InputError as error:
        found.append((("validators",), f"validators: {error}"))
    return [tier.validator for tier in tiers] if len(tiers) == len(entries) else []


def _told(data: Mapping[str, Any]) -> _Told:
    """What can be read of the goal; what is wrong with the rest is told elsewhere."""
    objectives, constraints = _parts(data, "objectives", Objective.parse), _parts(data, "constraints", Constraint.parse)
    names = dict.fromkeys([o.name for o in objectives] + [c.name for c in constraints])
    with suppress(InputError):
        closed = get_physics(str(data.get("physics", DEFAULT_PHYSICS))).closed_forms
        return _Told(tuple(constraints), tuple(name for name in names if name not in closed))
    return _Told(tuple(constraints), tuple(names))


def _parts(data: Mapping[str, Any], key: str, parse: Callable[[str], _Part]) -> list[_Part]:
    found: list[_Part] = []
    texts = data.get(key)
    for text in texts if isinstance(texts, list) else []:
        with suppress(InputError):
            found.append(parse(str(text)))
    return found


def fidelities(tiers: Sequence[Tier]) -> list[dict[str, Any]]:
    """What a campaign's database keeps of its validators, so that a reader needs none of them."""
    return [
        {"label": tier.label, "properties": list(tier.validator.properties), "by_hand": tier.by_hand} for tier in tiers
    ]


def asked_of(store: CampaignStore) -> tuple[Asked, ...]:
    """The same, read from a campaign's database; none where it has one validator."""
    told = store.campaign().config.get("tiers", [])
    return tuple(Asked(tier["label"], tuple(tier["properties"]), tier["by_hand"]) for tier in told)
