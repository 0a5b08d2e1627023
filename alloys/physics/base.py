"""A physics bundle: everything that is known of a design problem before any data."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from alloys.properties import PROPERTIES, Property

if TYPE_CHECKING:
    from alloys.composition import Composition

Floats = NDArray[np.float64]
Elements = tuple[str, ...]
ClosedForm = Callable[[Elements, Floats], Floats]
"""A property of many compositions: elements and atomic fractions ``(n, d)`` in, values ``(n,)`` out."""


class ComputedForm(Protocol):
    """A property that is computed from measured ones; see `alloys.physics.combined.Combination`."""

    @property
    def leaves(self) -> tuple[str, ...]:
        """The measured properties that it needs."""
        ...

    def evaluate(self, values: Mapping[str, Floats], elements: Elements, fractions: Floats) -> Floats:
        """The property, in the shape of the values; NaN where it is no number."""
        ...


class Physics:
    """A bundle of prior knowledge; the base class knows nothing, and a bundle overrides what it knows better.

    Every method takes ``elements`` (symbols) and ``fractions`` of shape ``(n, len(elements))`` whose rows sum to one.
    A bundle has no state, so that one object serves every campaign and every process; a campaign that declares
    properties of its own has a bundle that is `extended`.

    Attributes:
        name: the word used in configs.
        properties: every property that may be named.
        combined: properties that are computed from measured ones, by name.
        closed_forms: properties that the composition alone decides, by name.
        derived: properties that follow from another one, by name: what each follows from. `derive` says how.
        prior_std: standard deviation of a property about its prior mean while next to nothing is known of it, in the
            property's unit; for every property that `prior_means` or `derived` has.
    """

    name: str = ""
    properties: Mapping[str, Property] = PROPERTIES
    combined: Mapping[str, ComputedForm] = {}
    closed_forms: Mapping[str, ClosedForm] = {}
    derived: Mapping[str, str] = {}
    prior_std: Mapping[str, float] = {}

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash(type(self))

    def extended(
        self,
        properties: Mapping[str, Property],
        closed_forms: Mapping[str, ClosedForm],
        combined: Mapping[str, ComputedForm],
    ) -> Self:
        """The bundle with a campaign's own properties; see `alloys.physics.declaring.declare`."""
        own = copy.copy(self)
        own.properties, own.closed_forms, own.combined = properties, closed_forms, combined
        return own

    def measured_parts(self, name: str) -> tuple[str, ...]:
        """The measured properties that a property is computed from: none of a closed form, itself if measured."""
        if name in self.closed_forms:
            return ()
        return self.combined[name].leaves if name in self.combined else (name,)

    def check(self, elements: Sequence[str]) -> None:
        """Refuses elements that the bundle cannot describe.

        Raises:
            InputError: naming them, and those that it knows.
        """

    def descriptors(self, elements: Elements) -> tuple[str, ...]:
        """Names of the columns that `describe` gives for these elements."""
        return ()

    def descriptor_sets(self, elements: Elements) -> Mapping[str, tuple[str, ...]]:
        """Descriptors that a surrogate chooses from by its observations, a set at a time, by what they are.

        Without a set it takes all descriptors and the fractions, whatever the observations are.
        """
        names = self.descriptors(elements)
        return {"descriptors": names} if names else {}

    def notes(self, elements: Elements) -> tuple[str, ...]:
        """What a person should know of the description of these elements: numbers that are lacking, a line each."""
        return ()

    def groups(self, elements: Elements) -> Mapping[str, tuple[str, ...]]:
        """Groups of similar descriptors, by their subject; each descriptor is in one group."""
        return {name: (name,) for name in self.descriptors(elements)}

    def describe(self, elements: Elements, fractions: Floats) -> Floats:
        """What a surrogate sees beside the fractions, shape ``(n, len(descriptors(elements)))``."""
        return np.zeros((len(fractions), 0))

    def prior_means(self, elements: Elements, fractions: Floats, described: Floats) -> Mapping[str, Floats]:
        """Expected values of properties before any data, each of shape ``(n,)``; a surrogate models the residual.

        Args:
            elements: symbols.
            fractions: shape ``(n, len(elements))``.
            described: what `describe` gave for them, so that nothing is computed twice.
        """
        return {}

    def derive(self, source: str, values: Floats, elements: Elements, fractions: Floats) -> Mapping[str, Floats]:
        """Properties that follow from another one, each of shape ``(n,)``.

        Args:
            source: the property they follow from, one of the values of `derived`.
            values: its values in its unit, shape ``(n,)``.
            elements: symbols.
            fractions: shape ``(n, len(elements))``.
        """
        return {}

    def phase_quantities(self, celsius: Sequence[int] = ()) -> Mapping[str, Mapping[str, Any]]:
        """What a validator of phase equilibria answers for this bundle, by property, as its settings write it.

        Args:
            celsius: further temperatures in °C.
        """
        return {}

    def start_table(self) -> list[Composition]:
        """Known materials from which a campaign without its own table may start."""
        return []
