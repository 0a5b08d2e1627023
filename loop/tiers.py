"""Several validators in one campaign: the cheap ones as gates before the dear ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from alloys.errors import InputError
from alloys.goal import Constraint
from loop.assembly import PEOPLE, Mistake, build_goal, build_validator
from loop.config import CampaignConfig, TierConfig, ValidatorConfig
from validation.base import Validator


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

    def passes(self, values: Mapping[str, float]) -> bool:
        """Whether measured values satisfy every gate; a missing value does not."""
        return all(c.name in values and c.sign * (values[c.name] - c.bound) >= 0 for c in self.gates)


def build_tiers(config: CampaignConfig, scratch: Path | None = None) -> tuple[Tier, ...]:
    """The validators in their order; none where the campaign has a single ``validator``.

    Raises:
        InputError: for an unknown validator, or settings, gates or hours that cannot be.
    """
    constraints, last = build_goal(config).constraints, len(config.validators) - 1
    tiers = tuple(_tier(entry, constraints, i, last, scratch) for i, entry in enumerate(config.validators))
    _check_apart(tiers)
    return tiers


def _tier(
    config: TierConfig, constraints: Sequence[Constraint], number: int, last: int, scratch: Path | None = None
) -> Tier:
    if config.name in PEOPLE:
        raise InputError(f"{config.name!r} cannot be one of several validators; it can be the only one (validator)")
    validator = build_validator(ValidatorConfig(name=config.name, settings=config.settings), scratch)
    if validator is None:
        raise InputError(f"{config.name!r} is no validator that can be asked")
    declared = validator.description.expected_seconds
    tier = Tier(
        label=config.label or config.name,
        validator=validator,
        gates=_gates(config, validator, constraints, last=number == last),
        hours=config.hours,
        seconds=float(config.seconds) if isinstance(config.seconds, float | int) else declared,
        measured=config.seconds == "measured",
    )
    _check_hours(tier, number)
    return tier


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
    constraints = _constraints(data)
    tiers: list[Tier] = []
    for i, entry in enumerate(entries):
        try:
            config = TierConfig.model_validate(entry)
            tiers.append(_tier(config, constraints, i, len(entries) - 1))
        except ValidationError:
            continue
        except InputError as error:
            found.append((("validators", i), f"validators.{i}: {error}"))
    try:
        _check_apart(tiers)
    except InputError as error:
        found.append((("validators",), f"validators: {error}"))
    return [tier.validator for tier in tiers] if len(tiers) == len(entries) else []


def _constraints(data: Mapping[str, Any]) -> list[Constraint]:
    """Those that can be read; what is wrong with the others is told elsewhere."""
    found, texts = [], data.get("constraints")
    for text in texts if isinstance(texts, list) else []:
        try:
            found.append(Constraint.parse(str(text)))
        except InputError:
            continue
    return found


def fidelities(tiers: Sequence[Tier]) -> list[dict[str, Any]]:
    """What a campaign's database keeps of its validators, so that a reader needs none of them."""
    return [{"label": tier.label, "properties": list(tier.validator.properties)} for tier in tiers]
