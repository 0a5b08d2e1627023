"""Equilibrium thermodynamics as a validator: quantities of each alloy, and what a physics derives from them."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import cached_property, partial
from typing import Any

import numpy as np

from alloys.composition import Composition
from alloys.design import Design
from alloys.errors import InputError, WorkError
from alloys.physics.registry import DEFAULT
from alloys.properties import PROPERTIES, Property, with_own
from alloys.records import Failed, FailureKind, Measured, Verdict, digest_of, quantities
from validation.base import Description
from validation.calphad.errors import CalphadError, DatabaseError
from validation.calphad.own.database import ELEMENTS
from validation.calphad.quantities.asked import AskedQuantities
from validation.calphad.quantities.held import Held, no_temperature, refuse
from validation.calphad.quantities.samples import ParameterSamples, spread
from validation.calphad.quantities.temperature import celsius_text
from validation.calphad.reading.kept import remembered
from validation.calphad.reading.phases import not_held, partner_of
from validation.calphad.reading.ranges import temperature_range
from validation.calphad.reading.tdbfile import check_apart, parsed, reading
from validation.calphad.settings import CalphadSettings, asked_physics

VERSION = 4
"""Raised whenever the same composition could get another answer from the same database."""
SECONDS = 0.5
"""What the equilibria of one alloy take, about."""


class CalphadValidator:
    """What a person asks of an alloy's equilibria, on any database.

    Without ``quantities``: solidus, liquidus and freezing range, and what the physics bundle asks where the database
    has its phases. For refractory alloys that is the bcc share at 1200 and 1300 °C, and yield strengths at 1300 °C from
    the edge model with softening towards the computed solidus (`alloys.physics.edge`), which are left out for elements
    that it does not know.

    Settings: ``tdb``, a path to a database in TDB format (the project's own by default), or its ``file`` with
    ``samples`` of its parameters, whose spread every answer then carries as its standard deviation; ``tdb_text``, the
    same as text; ``liquid``, the phase that melts, where its name does not hold LIQ; ``phases``, the phases to consider
    (all by default); ``exclude``, those to leave out; ``quantities``, what to answer, by name; ``bundle``, a physics
    whose quantities are answered too; ``temperatures``, more temperatures in whole °C at which the bundle's are;
    ``scheil``, whether to add ``scheil_freezing_range``, which takes many equilibria; ``units``, of the design's
    variables.
    """

    name = "calphad"

    def __init__(self, settings: Mapping[str, Any]) -> None:
        """Reads and checks the database and the quantities; nothing is computed yet.

        Raises:
            InputError: for unknown settings, a database that cannot be read or lacks a phase, or quantities that it
                does not have.
        """
        self._settings = CalphadSettings.parse(settings)
        with_bundle = self._settings.plain or self._has_bundle()
        self._asked = AskedQuantities.parse(self._settings.asked(with_bundle=with_bundle), self._settings.units)
        refuse(self._asked.asked, partial(no_temperature, units=self._settings.units))
        if not self._settings.plain:
            refuse(self._asked.asked, self._held.lacks)
        sources = set(self._asked.asked)
        physics = self._settings.physics if with_bundle else None
        self._derived = {} if physics is None else {n: of for n, of in physics.derived.items() if of in sources}
        self._samples = self._sampled()
        self._rows = with_own({n: row for n, row in self._asked.properties.items() if n not in PROPERTIES})

    @staticmethod
    def declares(settings: Mapping[str, Any]) -> dict[str, Property]:
        """The properties that settings name beyond those that every campaign has.

        Raises:
            InputError: for quantities that are none.
        """
        given, bundle = settings.get("quantities"), settings.get("bundle")
        asked = dict(asked_physics(bundle).phase_quantities()) if isinstance(bundle, str) and bundle else {}
        if given is not None:
            asked |= AskedQuantities.parse(given).plain
        found = AskedQuantities.parse(asked).properties if asked else {}
        return {name: row for name, row in found.items() if name not in PROPERTIES}

    @staticmethod
    def completed(settings: Mapping[str, Any], properties: Mapping[str, Property]) -> Mapping[str, Any]:
        """The settings with the units of the variables that quantities name, of a campaign's properties."""
        given = settings.get("quantities")
        if given is None or "units" in settings:
            return settings
        names = AskedQuantities.parse(given).variables
        units = {name: properties[name].unit for name in names if name in properties and name not in PROPERTIES}
        return {**settings, "units": units} if units else settings

    @staticmethod
    def settings_schema() -> dict[str, Any]:
        """What an editor should know of the settings, as a JSON schema."""
        return {"properties": {"quantities": AskedQuantities.json_schema()}}

    @property
    def properties(self) -> tuple[str, ...]:
        """The properties that it answers, by its settings."""
        return (*self._asked.asked, *self._derived)

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables that a design must have, as numbers."""
        return self._asked.variables

    @property
    def portable_settings(self) -> dict[str, Any]:
        """Settings from which a worker without the file makes the same validator."""
        return {"tdb_text": self._settings.text, "phases": self._settings.phases, **self._extra}

    @cached_property
    def fingerprint(self) -> str:
        """Digest of the version, the database's text and the settings."""
        settings = {"phases": self._settings.phases, **self._extra}
        return digest_of({"name": self.name, "version": VERSION, "tdb": self._settings.text, **settings})

    @property
    def description(self) -> Description:
        """What it answers, and from which database."""
        units = {name: self._rows[name].unit for name in self.properties}
        data = (hashlib.sha256(self._settings.text.encode()).hexdigest(),)
        settings = {"phases": self._settings.phases, **self._extra}
        seconds = SECONDS * (1 if self._samples is None else 1 + len(self._samples.values))
        return Description(self.name, units, "equilibrium", seconds, str(VERSION), settings, data)

    @cached_property
    def _engine(self) -> Any:
        return self._engine_of(self._settings.text)

    @cached_property
    def _sampled_engines(self) -> list[Any]:
        """An engine for each sample of the parameters; each keeps one set of elements compiled, to save memory."""
        texts = [] if self._samples is None else self._samples.texts(self._settings.text)
        return [self._engine_of(text, cached_systems=1) for text in texts]

    def _engine_of(self, text: str, **options: Any) -> Any:
        from validation.calphad.solving.engine import CalphadEngine  # late: imports pycalphad

        settings = self._settings
        try:
            return CalphadEngine(
                text, phases=settings.phases, exclude=settings.exclude, liquid=settings.liquid, **options
            )
        except (DatabaseError, ValueError) as error:
            raise InputError(f"the thermodynamic database cannot be used: {error}") from error

    @cached_property
    def _held(self) -> Held:
        """What is to be known before anything is computed; a second start finds it without loading pycalphad.

        Raises:
            InputError: if the database cannot be used.
        """
        settings = self._settings
        question = ["held", settings.text, settings.phases, settings.exclude, settings.liquid]
        return Held.from_json(remembered(question, self._found))

    def _found(self) -> dict[str, Any]:
        if not self._settings.own:
            try:
                check_apart(self._settings.text)
            except DatabaseError as error:
                raise InputError(f"the thermodynamic database cannot be used: {error}") from error
        engine, database = self._engine, parsed(self._settings.text)
        # A phase can be reported under its own name, or that of its disordered partner.
        partners = (partner_of(database, name) for name in engine.phases)
        names = tuple(sorted({*engine.phases, *filter(None, partners)}))
        volumes = any(row["parameter_type"] == "V0" for row in database._parameters.all())
        return asdict(Held(names, engine.elements, engine.liquids, *temperature_range(database), volumes))

    def _sampled(self) -> ParameterSamples | None:
        """The samples of the database's parameters, if there are any."""
        settings, found = self._settings, None
        if settings.trace is not None:
            found = ParameterSamples.of_trace(settings.trace, parsed(settings.text).symbols)
        elif settings.samples is not None:
            found = ParameterSamples.from_json(settings.samples)
        if found is not None:
            _ = list(found.texts(settings.text))  # or says why there are none
        return found

    @property
    def _extra(self) -> dict[str, Any]:
        """Settings beyond the default ones, as they travel."""
        return self._settings.extra | ({} if self._samples is None else {"samples": self._samples.to_json()})

    def _has_bundle(self) -> bool:
        """Whether the database has the phases of the bundle's quantities.

        Raises:
            InputError: if it has not, though the bundle, or temperatures for its quantities, are named.
        """
        physics = self._settings.physics
        asked = {} if physics is None else physics.phase_quantities()
        if not asked:
            return physics is not None
        try:
            refuse(AskedQuantities.parse(asked).asked, self._held.lacks)
        except InputError as error:
            if self._settings.bundle or self._settings.celsius:
                raise InputError(f"bundle {self._settings.bundle or DEFAULT}: {error}") from error
            return False
        return True

    @property
    def elements(self) -> tuple[str, ...]:
        """The elements of the database."""
        symbols = ELEMENTS if self._settings.own else self._held.elements
        return tuple(symbol.capitalize() for symbol in symbols)

    def check(self, elements: Iterable[str]) -> None:
        """Whether the database can answer for alloys of these elements at all.

        Raises:
            InputError: if it lacks an element, or a function, an energy or a model that their phases need.
        """
        lacking = sorted(set(elements) - set(self.elements))
        if lacking:
            raise InputError(
                f"the thermodynamic database lacks {', '.join(lacking)}; it has {', '.join(self.elements)}"
            )
        if self._settings.own:
            return
        text, chosen = self._settings.text, (self._settings.phases, self._settings.exclude)
        try:
            found = remembered(
                ["usable", text, sorted(elements), *chosen], lambda: _computable(text, sorted(elements), *chosen)
            )
        except DatabaseError as error:
            raise InputError(f"the thermodynamic database cannot be used: {error}") from error
        if self._asked.melts:
            liquids = {*self._held.liquids} & {*found}
            for what, phases in (("liquid", liquids), ("solid", {*found} - liquids)):
                self._refuse_without(what, sorted(phases), sorted(elements))

    def _refuse_without(self, what: str, phases: list[str], elements: list[str]) -> None:
        """Refuses elements that no liquid, or no solid, holds: every alloy with one would fail by no fault of its own.

        Raises:
            InputError: naming them.
        """
        text = self._settings.text
        if lost := remembered(["not held", text, elements, phases], lambda: not_held(parsed(text), phases, elements)):
            raise InputError(
                f"the thermodynamic database has no {what} with {', '.join(lost)}, so no alloy with it has a solidus; "
                "leave it out, ask for other quantities, or take another database"
            )

    def validate(self, design: Design) -> Verdict:
        """The quantities of one alloy, or why one of them has no value."""
        start, composition = time.perf_counter(), design.composition
        try:
            kelvins = self._asked.kelvins(design.values, self._held)
            alloy = self._engine.alloy(composition.fractions())
            values = self._asked.values(alloy, kelvins, told=self._settings.quantities is not None)
            derived, notes = self._follow(composition, values)
            stds, doubts = self._spread(composition, kelvins)
            measured = quantities({**values, **derived}, self._rows, stds)
            details = _details(alloy, self._asked, kelvins, [*notes, *doubts])
            self._engine.save()
        except CalphadError as error:
            return Failed(FailureKind.PHYSICS, str(error), time.perf_counter() - start)
        except (DatabaseError, InputError) as error:  # no fault of the alloy
            return Failed(FailureKind.SUSPECT, str(error), time.perf_counter() - start)
        except (ArithmeticError, LookupError, ValueError) as error:
            # The solver broke on this alloy and this database; it would again.
            reason = f"the equilibrium solver failed: {type(error).__name__}: {error}"
            return Failed(FailureKind.PHYSICS, reason, time.perf_counter() - start)
        return Measured(measured, time.perf_counter() - start, details)

    def _follow(self, composition: Composition, values: Mapping[str, float]) -> tuple[dict[str, float], list[str]]:
        """What the bundle derives from the values, or a note on why it does not."""
        physics = self._settings.physics
        found: dict[str, Any] = {}
        if physics is None or not self._derived:
            return {}, []
        fractions = np.array([list(composition.fractions().values())])
        for source in sorted(set(self._derived.values())):
            if source not in values:
                continue
            try:
                found |= physics.derive(source, np.array([values[source]]), composition.elements, fractions)
            except InputError as error:
                return {}, [f"nothing is derived from {source}: {error}"]
        return {name: float(column[0]) for name, column in found.items() if name in self._derived}, []

    def _spread(self, composition: Composition, kelvins: Mapping[str, float]) -> tuple[dict[str, float], list[str]]:
        """Standard deviations over the samples of the parameters, and notes on them; none without samples."""
        found = []
        for engine in self._sampled_engines:
            try:
                values = self._asked.possible(engine.alloy(composition.fractions()), kelvins)
            except (CalphadError, DatabaseError):
                values = {}
            found.append({**values, **self._follow(composition, values)[0]})
        return spread(found, self.properties) if found else ({}, [])

    def curve(self, composition: Composition, temperatures_k: Sequence[float]) -> dict[str, Any]:
        """Mole fraction of each phase at each temperature in K; see `diagrams.fractions.fractions_at`.

        Raises:
            WorkError: where there is no equilibrium at any of them.
        """
        from validation.calphad.diagrams.fractions import fractions_at  # late: imports pycalphad

        try:
            return dict(fractions_at(self._engine.alloy(composition.fractions()), temperatures_k))
        except CalphadError as error:
            raise WorkError(str(error)) from error


def _computable(text: str, elements: Sequence[str], phases: list[str] | None, exclude: list[str]) -> tuple[str, ...]:
    """The phases that alloys of these elements are computed with.

    Raises:
        DatabaseError: There are none, or one of them cannot be computed.
    """
    from validation.calphad.solving.phases.models import computable  # late: imports pycalphad

    return computable(reading(text), elements, phases, exclude).phases


def _details(alloy: Any, asked: AskedQuantities, kelvins: Mapping[str, float], notes: Sequence[str]) -> dict[str, Any]:
    """What a verdict keeps beside its properties; every key by temperature names it in °C."""
    states = {celsius_text(kelvin): alloy.at(kelvin) for kelvin in kelvins.values() if np.isfinite(kelvin)}
    details: dict[str, Any] = {
        "phases": {at: [_row(item, alloy.elements) for item in state.sets] for at, state in states.items()},
        "miscibility_gaps": {at: list(state.gaps) for at, state in states.items() if state.gaps},
        "competing": {
            at: None if state.competing is None else dict(zip(("phase", "driving_force"), state.competing, strict=True))
            for at, state in states.items()
        },
        "notes": [*alloy.notes, *notes],
        "retries": [{"temperature": kelvin, "step": step} for kelvin, step in alloy.retries],
    }
    if asked.freezes:
        path = alloy.scheil()
        details["scheil"] = {"solidus": path.solidus, "solids": path.solids, "liquid": list(path.liquid)}
    return details


def _row(item: Any, elements: Sequence[str]) -> list[Any]:
    composition = {e: round(float(x), 6) for e, x in zip(elements, item.composition, strict=True)}
    return [item.label, round(item.amount, 6), composition]


VALIDATOR = CalphadValidator
