"""One set of elements: phases as sampled Gibbs-energy surfaces, compiled once and kept.

Only the energy itself is compiled for the tangent-plane tests; pycalphad's phase records, which cost more to
build (gradients, Hessians, constraints), are made when a phase first takes part in an equilibrium.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from weakref import WeakSet

import numpy as np
import symengine
from pycalphad import Database
from pycalphad import variables as v

from validation.calphad.compiling.functions import Functions
from validation.calphad.solving.phases.fixed import fixed_sites
from validation.calphad.solving.phases.models import components_of, models_of
from validation.calphad.solving.phases.order import Ordering, ordering
from validation.calphad.solving.phases.sampling import Array
from validation.calphad.solving.phases.surface import PRESSURE_PA, PhaseSurface, surface_of
from validation.calphad.solving.records import Shared, SharedRecordFactory

PURE = 1e-7
"""Mole fraction of all others up to which a sampled point counts as a pure element."""


class ElementSystem:
    """Phases of one set of elements, ready for tangent-plane tests and for pycalphad's solver.

    Args:
        database: A parsed database.
        elements: Upper-case element names.
        phases: Phases to use; those that cannot hold the elements are left out.
        functions: Where its compiled functions are kept between processes.
        shared: Compiled functions shared with other systems.

    Attributes:
        elements: Upper-case element names in order.
        models: Phase to pycalphad's model of it.
        surfaces: Phase to its sampled energy.
        orderings: Phase to how it orders, for those that can.
        functions: Its compiled functions, as far as they are not shared.
        users: What is alive and computes with this system.
    """

    def __init__(
        self,
        database: Database,
        elements: Iterable[str],
        phases: Iterable[str],
        functions: Functions | None = None,
        shared: Shared | None = None,
    ) -> None:
        self.functions = functions or Functions()
        self.elements = tuple(sorted(elements))
        self.users: WeakSet[object] = WeakSet()
        components = components_of(database, self.elements)
        self.models: dict[str, Any] = models_of(database, components, phases)
        found = {name: ordering(database, model) for name, model in self.models.items()}
        self.orderings: dict[str, Ordering] = {name: how for name, how in found.items() if how is not None}
        self.surfaces: dict[str, PhaseSurface] = {}
        for name, model in self.models.items():
            surface = surface_of(model, self.elements, found[name], self.functions)
            if surface is not None:
                self.surfaces[name] = surface
        self._properties: dict[tuple[str, str], Callable[[Array], Array] | None] = {}
        energies = {name: surface.function for name, surface in self.surfaces.items()}
        self.records = SharedRecordFactory(
            database, components, {v.N, v.P, v.T}, self.models, energies, self.functions, shared or Shared()
        )

    def reported(self, phase: str, sites: Array) -> tuple[str, str]:
        """Name that a phase is reported under at site fractions, its partner's where disordered, and its order."""
        how = self.orderings.get(phase)
        order = "" if how is None else how.of(sites)
        disordered = how is not None and how.partner is not None and order == how.disordered
        return (str(how.partner) if how is not None and disordered else phase), order

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that a phase of this system can be reported under, in order."""
        return tuple(sorted({name for phase in self.surfaces for name in self.names_of(phase)}))

    def names_of(self, phase: str) -> tuple[str, ...]:
        """The names that one phase can be reported under."""
        partner = self.orderings[phase].partner if phase in self.orderings else None
        return (phase,) if partner is None else (phase, partner)

    def property_of(self, phase: str, name: str, temperature_k: float, sites: Array) -> float | None:
        """A property of pycalphad's model (HM, CPM, VM …) of a phase, per mole of atoms; None where it has none.

        Args:
            phase: Name of the phase's model.
            name: Name of the property there.
            temperature_k: Temperature in K.
            sites: Site fractions, ``(site fractions,)``.
        """
        key = (phase, name)
        if key not in self._properties:
            model = self.models[phase]
            # pycalphad leaves functions of functions in the volume as they are.
            expression = model.symbol_replace(symengine.sympify(getattr(model, name, 0)), model._symbols)
            variables = [v.N, v.P, v.T, *model.site_fractions]
            self._properties[key] = None if expression == 0 else self.functions.value(variables, [expression])
        function = self._properties[key]
        if function is None:
            return None
        row = np.array([[1.0, PRESSURE_PA, temperature_k, *sites]])
        return float(np.asarray(function(row)).reshape(()))

    def pure_energy(self, element: int, temperature_k: float, phase: str | None = None) -> float | None:
        """Gibbs energy of a pure element, J per mole of atoms; None where no phase holds it pure.

        Args:
            element: Its place.
            temperature_k: Temperature in K.
            phase: The phase; the lowest of all by default.
        """
        lowest: list[float] = []
        for name in self.surfaces if phase is None else [n for n in self.surfaces if phase in self.names_of(n)]:
            surface = self.surfaces[name]
            pure = surface.grid[surface.grid_composition[:, element] > 1.0 - PURE]
            if len(pure):
                lowest.append(float(surface.energy(temperature_k, pure).min()))
        return min(lowest, default=None)

    def close_when_unused(self) -> None:
        """Let go of everything compiled, at once rather than at some later garbage collection, if no alloy uses it."""
        self.functions.save()
        if self.users:
            return
        self.records.close()
        self.surfaces.clear()
        self.models.clear()
        self._properties.clear()

    def formula_sites(self, phase: str, composition: Array) -> Array | None:
        """Site fractions of a phase that is disordered at a composition, or None where they are not fixed by it."""
        return fixed_sites(self.surfaces[phase], composition)
