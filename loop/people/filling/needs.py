"""What a goal needs to know of materials, and who could say it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.metadata import version

import numpy as np

from alloys.composition import SYMBOLS, Composition
from alloys.design import Design
from alloys.errors import InputError
from alloys.physics.base import Physics
from alloys.physics.closed_forms import answered
from alloys.physics.declaring import PropertySpec
from alloys.physics.registry import DEFAULT, get_physics
from alloys.points.choice import PointChoice
from alloys.points.point import point_properties
from alloys.properties import Property
from alloys.records import digest_of
from alloys.space import Space
from loop.config.assembly import build_problem
from loop.config.schema import CampaignConfig
from loop.config.steering.in_force import in_force
from loop.config.tiers import build_tiers
from loop.store import CampaignStore
from loop.view import config_of, tiers_of
from validation.tier import Tier


@dataclass(frozen=True)
class Needs:
    """Properties that somebody wants of materials, and what a campaign could say of them.

    Attributes:
        names: the properties.
        physics: with their closed forms.
        bundle: its name.
        space: the designs that the campaign's validators may be asked of; None where there is no campaign.
        asked: the properties that these answer.
        modelled: whether there is a surrogate of them.
        choices: which points of other properties speak of some of them.
        declared: the campaign's own properties.
    """

    names: tuple[str, ...]
    physics: Physics
    bundle: str = DEFAULT
    space: Space | None = None
    asked: frozenset[str] = frozenset()
    modelled: bool = False
    choices: Mapping[str, PointChoice] = field(default_factory=dict)
    declared: Mapping[str, PropertySpec] = field(default_factory=dict)

    @classmethod
    def of_names(cls, names: Sequence[str]) -> Needs:
        """Properties by their names, without a goal: closed forms are those of the usual physics.

        Raises:
            InputError: if there is no property of a name.
        """
        return cls((), get_physics(DEFAULT)).only(names)

    @classmethod
    def of_config(cls, config: CampaignConfig) -> Needs:
        """The goal of a campaign that is still to be made.

        Raises:
            InputError: for an impossible configuration.
        """
        return cls._of(config, config, build_tiers(config), modelled=False)

    @classmethod
    def of_campaign(cls, store: CampaignStore) -> Needs:
        """The goal of a campaign as it stands."""
        config = config_of(store)
        wanted = in_force(config, build_problem(config), store.acts())
        known = any(count for count in store.observation_counts().values())
        needs = cls._of(config, wanted.config, tiers_of(store, config), modelled=known)
        return replace(needs, space=wanted.problem.space)

    @classmethod
    def _of(cls, config: CampaignConfig, wanted: CampaignConfig, tiers: Sequence[Tier], *, modelled: bool) -> Needs:
        problem = build_problem(wanted)
        closed = [name for name in problem.goal.names if problem.has_closed_form(name)]
        return cls(
            names=tuple(dict.fromkeys([*closed, *problem.validated])),
            physics=problem.physics,
            bundle=config.physics,
            space=problem.space,
            asked=frozenset(name for tier in tiers for name in tier.properties) & frozenset(problem.validated),
            modelled=modelled,
            choices=config.materials.points if config.materials is not None else {},
            declared=config.properties,
        )

    def only(self, names: Sequence[str]) -> Needs:
        """The same of some properties, which need not be the goal's.

        Raises:
            InputError: if there is no property of a name.
        """
        for name in names:
            if name not in self.physics.properties and name not in point_properties():
                known = ", ".join(dict.fromkeys([*self.names, *point_properties()]))
                raise InputError(f"there is no property {name!r}; there are {known}")
        return replace(self, names=tuple(dict.fromkeys(names)))

    def property_named(self, name: str) -> Property:
        """A property, with its unit."""
        found: Property = self.physics.properties.get(name) or point_properties()[name]
        return found

    def has_form(self, name: str) -> bool:
        """Whether a composition alone decides a property."""
        return name in self.physics.closed_forms

    def closed_forms_of(self, design: Design) -> Mapping[str, float]:
        """Every closed form that the physics' numbers allow for a design, by property."""
        return answered(self.physics.closed_forms, design)[0]

    @cached_property
    def elements_with_form(self) -> Mapping[str, frozenset[str]]:
        """The elements of which the physics has the numbers for a closed form, by property."""
        found: dict[str, set[str]] = {name: set() for name in self.names if self.has_form(name)}
        for symbol in sorted(SYMBOLS) if found else ():
            told = self.closed_forms_of(Design(Composition.from_amounts({symbol: 1})))
            for name in found:
                if np.isfinite(told.get(name, np.nan)):
                    found[name].add(symbol)
        return {name: frozenset(elements) for name, elements in found.items()}

    def source_of_form(self, name: str) -> str:
        """What a closed form's predictions name as their source: the physics, its version, and own properties."""
        bundle = f"physics {self.bundle}, alloyloop {version('alloyloop')}"
        if name not in self.declared:
            return bundle
        specs = {one: spec.model_dump(mode="json", exclude_defaults=True) for one, spec in self.declared.items()}
        return f"{bundle}, with own properties {digest_of(specs)[:12]}"
