"""Alloys of any thermodynamic database; models are built once per set of elements and kept."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from validation.calphad.compiling.functions import Functions
from validation.calphad.errors import CalphadError
from validation.calphad.reading.phases import Usable, is_gas, is_liquid, usable
from validation.calphad.reading.tdbfile import elements_of, load_database, reading
from validation.calphad.solving.alloy import Alloy
from validation.calphad.solving.records import Shared
from validation.calphad.solving.system import ElementSystem

SUM_TOLERANCE = 1e-6
MIN_FRACTION = 1e-6


class CalphadEngine:
    """Evaluates alloys with one database; models are built once per set of elements and kept.

    Results depend on the database text, the settings and the alloy only: no earlier evaluation is used as
    a starting point.

    Args:
        tdb_text: TDB text, e.g. of ``build_database()`` or ``load_database(path)``.
        phases: Phases to consider; by default all of the database that it does not reject itself.
        exclude: Phases that are not considered.
        liquid: Name of the liquid, where neither its name nor its PHASE line tells it.
        cached_systems: How many sets of elements are kept compiled (about 15 MB each).

    Attributes:
        elements: Elements of the database in upper case, in order.
        phases: The phases considered, in order.
        liquids: Those of them that are liquids.
        gases: Those of them that are gases.

    Raises:
        DatabaseError: The text does not parse, or lacks a listed phase.
    """

    def __init__(
        self,
        tdb_text: str,
        *,
        phases: Sequence[str] | None = None,
        exclude: Sequence[str] = (),
        liquid: str | None = None,
        cached_systems: int = 24,
    ) -> None:
        if cached_systems < 1:
            raise ValueError(f"cached_systems must be at least 1, got {cached_systems}")
        load_database(tdb_text, phases=[*(phases or ()), *exclude, *([liquid] if liquid is not None else ())])
        self._reading = reading(tdb_text)
        self._database, self._asked, self._exclude = self._reading.database, phases, exclude
        accepted = set(self._database.phases) - set(self._reading.rejected) if phases is None else phases
        self.phases = tuple(sorted({name.upper() for name in accepted} - {name.upper() for name in exclude}))
        liquids = tuple(name for name in self.phases if is_liquid(self._database, name))
        self.liquids = (liquid.upper(),) if liquid else liquids
        self.gases = tuple(name for name in self.phases if is_gas(self._database, name))
        self.elements = tuple(elements_of(self._database))
        self._limit = cached_systems
        self._text = tdb_text
        self._shared = Shared(Functions("shapes", tdb_text))
        self._systems: OrderedDict[tuple[str, ...], ElementSystem] = OrderedDict()
        self._left_out: dict[tuple[str, ...], list[str]] = {}

    def alloy(self, fractions: Mapping[str, float]) -> Alloy:
        """An alloy, of which equilibria can be asked.

        Args:
            fractions: Element symbol to atomic fraction; they sum to 1.

        Raises:
            CalphadError: ``composition``, ``missing_element`` or ``missing_phase``.
            DatabaseError: A phase uses a function or a model that is not defined.
        """
        checked = self._checked(fractions)
        self.save()
        system = self._system(tuple(checked))
        alloy = Alloy(system, np.array(list(checked.values())), self.liquids, self.gases)
        system.users.add(alloy)
        alloy.notes += self._left_out.get(tuple(checked), [])
        return alloy

    def save(self) -> None:
        """Keeps for other processes what was compiled so far; each new alloy does that too."""
        for functions in (self._shared.functions, *(system.functions for system in self._systems.values())):
            functions.save()

    def phases_for(self, elements: Iterable[str]) -> Usable:
        """The phases that alloys of these elements are computed with, and why others are left out.

        Raises:
            DatabaseError: No phase is left, or one of them cannot be computed.
        """
        return usable(self._reading, elements, self._asked, self._exclude)

    def _checked(self, fractions: Mapping[str, float]) -> dict[str, float]:
        alloy: dict[str, float] = {}
        for name, value in fractions.items():
            if not math.isfinite(value) or value < 0.0:
                raise CalphadError("composition", f"fraction of {name} must be finite and not negative, got {value}")
            if name.upper() in alloy:
                raise CalphadError("composition", f"{name} is given twice; give each element once")
            if value > MIN_FRACTION:
                alloy[name.upper()] = float(value)
        total = math.fsum(alloy.values())
        if abs(total - 1.0) > SUM_TOLERANCE + MIN_FRACTION * len(fractions):
            raise CalphadError("composition", f"fractions must sum to 1, got {total:.6f}; give atomic fractions")
        missing = sorted(set(alloy) - set(self.elements))
        if missing:
            raise CalphadError(
                "missing_element",
                f"the database lacks {', '.join(missing)}; available: {', '.join(self.elements)}",
            )
        return {name: alloy[name] / total for name in sorted(alloy)}

    def _system(self, elements: tuple[str, ...]) -> ElementSystem:
        if elements in self._systems:
            self._systems.move_to_end(elements)
            return self._systems[elements]
        found = self.phases_for(elements)
        self._left_out[elements] = _told(found)
        functions = Functions("elements", *elements, self._text)
        system = ElementSystem(self._database, elements, found.phases, functions, self._shared)
        if not system.surfaces:
            raise CalphadError("missing_phase", f"no phase of the database can hold {', '.join(elements)}")
        self._systems[elements] = system
        if len(self._systems) > self._limit:
            self._systems.popitem(last=False)[1].close_when_unused()
        return system


def _told(found: Usable) -> list[str]:
    """What a reader should know of the phases that alloys are computed with."""
    left_out = ", ".join(f"{name} ({why})" for name, why in sorted(found.left_out.items()))
    notes = [f"phases left out: {left_out}"] if left_out else []
    if found.uncounted:
        shown = ", ".join(found.uncounted[:4]) + (" ..." if len(found.uncounted) > 4 else "")
        notes.append(f"energies of constituents that their phases do not hold count nowhere: {shown}")
    return notes
