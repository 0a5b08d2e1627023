"""Equilibrium thermodynamics as a validator, with the strengths that follow from the solidus."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from alloys.composition import Composition
from alloys.design import Design
from alloys.errors import InputError, WorkError
from alloys.physics.refractory import BUNDLE
from alloys.properties import get_property
from alloys.records import Failed, FailureKind, Measured, Verdict, digest_of, quantities
from validation.base import Description
from validation.calphad.errors import CalphadError, DatabaseError
from validation.calphad.own.database import ELEMENTS, build_database
from validation.calphad.reading.tdbfile import check_apart, load_database, parsed, read, undefined_functions

VERSION = 3
"""Raised whenever the same composition could get another answer from the same database."""

_SETTINGS = ("tdb", "tdb_text", "phases", "temperatures", "scheil")
_ALWAYS_C = (1200, 1300)
KELVIN = 273.15
BCC = "BCC_A2"


class CalphadValidator:
    """Solidus, liquidus, freezing range, BCC share at 1200 and 1300 °C, and yield strengths at 1300 °C.

    The strengths come from the edge model with softening towards the computed solidus
    (`alloys.physics.edge`); they are left out for elements that it does not know.

    Settings: ``tdb``, a path to a database in TDB format (the project's own by default); ``tdb_text``, the same as
    text; ``phases``, the phases to consider (all by default); ``temperatures``, more temperatures in whole °C at which
    phases are reported, each with its property ``bcc_fraction_<°C>c``; ``scheil``, whether to add
    ``scheil_freezing_range``, which takes many equilibria.
    """

    name = "calphad"

    def __init__(self, settings: Mapping[str, Any]) -> None:
        """Reads and checks the database; nothing is computed yet.

        Raises:
            InputError: for unknown settings, or a database that cannot be read or lacks a phase.
        """
        stray = sorted(set(settings) - set(_SETTINGS))
        if stray:
            raise InputError(f"unknown settings of the validator 'calphad': {stray}; available are {list(_SETTINGS)}")
        phases = settings.get("phases")
        if phases is not None and not (isinstance(phases, list) and all(isinstance(p, str) for p in phases)):
            raise InputError(f"'phases' must be a list of phase names, got {phases!r}")
        self._celsius = _temperatures(settings.get("temperatures", []))
        self._scheil = settings.get("scheil", False)
        if not isinstance(self._scheil, bool):
            raise InputError(f"'scheil' must be true or false, got {self._scheil!r}")
        try:
            own = settings.get("tdb") is None and not settings.get("tdb_text")
            text = build_database() if own else _text(settings)
            # The project's own is tested with the project: whoever only asks for its name and digest does not wait.
            self._own = text == build_database()
            if not self._own:
                check_apart(text)
                load_database(text)
        except DatabaseError as error:
            raise InputError(f"the thermodynamic database cannot be used: {error}") from error
        self._text: str = text
        self._phases: list[str] | None = phases
        if not self._own or phases is not None:
            _ = self._engine.elements

    @property
    def properties(self) -> tuple[str, ...]:
        """The properties that it answers, by its settings."""
        shares = [f"bcc_fraction_{celsius}c" for celsius in (*_ALWAYS_C, *self._celsius)]
        extra = ["scheil_freezing_range"] if self._scheil else []
        strengths = ("yield_strength_1300c", "specific_yield_strength_1300c")
        return ("solidus", "liquidus", "freezing_range", *shares, *extra, *strengths)

    @property
    def _extra(self) -> dict[str, Any]:
        """Settings beyond the default ones: those that are not asked for change neither answer nor fingerprint."""
        extra = {"temperatures": list(self._celsius), "scheil": self._scheil}
        return {name: value for name, value in extra.items() if value}

    @property
    def portable_settings(self) -> dict[str, Any]:
        """Settings from which a worker without the file makes the same validator."""
        return {"tdb_text": self._text, "phases": self._phases, **self._extra}

    @cached_property
    def fingerprint(self) -> str:
        """Digest of the version, the database's text and the phases."""
        return digest_of(
            {"name": self.name, "version": VERSION, "tdb": self._text, "phases": self._phases, **self._extra}
        )

    @property
    def description(self) -> Description:
        """What it answers, and from which database."""
        units = {name: get_property(name).unit for name in self.properties}
        data = (hashlib.sha256(self._text.encode()).hexdigest(),)
        return Description(
            self.name, units, "equilibrium", 0.5, str(VERSION), {"phases": self._phases, **self._extra}, data
        )

    @cached_property
    def _engine(self) -> Any:
        from validation.calphad.solving.engine import CalphadEngine  # late: imports pycalphad

        try:
            return CalphadEngine(self._text, phases=self._phases)
        except (DatabaseError, ValueError) as error:
            raise InputError(f"the thermodynamic database cannot be used: {error}") from error

    @property
    def elements(self) -> tuple[str, ...]:
        """The elements of the database."""
        symbols = ELEMENTS if self._own else self._engine.elements
        return tuple(symbol.capitalize() for symbol in symbols)

    def check(self, elements: Iterable[str]) -> None:
        """Whether the database can answer for alloys of these elements at all.

        Raises:
            InputError: if it lacks an element, or a function that their energies need.
        """
        lacking = sorted(set(elements) - set(self.elements))
        if lacking:
            raise InputError(
                f"the thermodynamic database lacks {', '.join(lacking)}; it has {', '.join(self.elements)}"
            )
        if self._own:
            return
        undefined = undefined_functions(parsed(self._text), elements)
        if undefined:
            raise InputError(
                f"the thermodynamic database does not define {', '.join(undefined[:8])}, which alloys of "
                f"{'-'.join(sorted(elements))} need"
            )

    def validate(self, design: Design) -> Verdict:
        """The equilibrium of one alloy, or why there is none."""
        start, composition = time.perf_counter(), design.composition
        try:
            alloy = self._engine.alloy(composition.fractions())
            liquidus, solidus = round(alloy.liquidus, 2), round(alloy.solidus, 2)
            values = {"solidus": solidus, "liquidus": liquidus, "freezing_range": round(liquidus - solidus, 2)}
            states = {celsius: alloy.at(celsius + KELVIN) for celsius in (*_ALWAYS_C, *self._celsius)}
            values |= {f"bcc_fraction_{celsius}c": _share(state, BCC) for celsius, state in states.items()}
            frozen = {}
            if self._scheil:
                path = alloy.scheil()
                values["scheil_freezing_range"] = round(liquidus - path.solidus, 2)
                frozen = {"scheil": {"solidus": path.solidus, "solids": path.solids, "liquid": list(path.liquid)}}
            strengths, note = _strengths(composition, solidus)
            measured = quantities({**values, **strengths})
        except (CalphadError, DatabaseError) as error:
            return Failed(FailureKind.PHYSICS, str(error), time.perf_counter() - start)
        except InputError as error:
            return Failed(FailureKind.SUSPECT, str(error), time.perf_counter() - start)
        except (ArithmeticError, LookupError, ValueError) as error:
            # The solver broke on this alloy and this database; it would again.
            reason = f"the equilibrium solver failed: {type(error).__name__}: {error}"
            return Failed(FailureKind.PHYSICS, reason, time.perf_counter() - start)
        return Measured(measured, time.perf_counter() - start, {**_details(alloy, states, note), **frozen})

    def curve(self, composition: Composition, temperatures_k: Sequence[float]) -> dict[str, Any]:
        """Mole fraction of each phase at each temperature in K; see `Alloy.curve`.

        Raises:
            WorkError: where there is no equilibrium at any of them.
        """
        try:
            curves: dict[str, Any] = self._engine.alloy(composition.fractions()).curve(temperatures_k)
        except CalphadError as error:
            raise WorkError(str(error)) from error
        return curves


def _text(settings: Mapping[str, Any]) -> str:
    return read(Path(str(settings["tdb"]))) if settings.get("tdb") is not None else read(str(settings["tdb_text"]))


def _temperatures(given: Any) -> tuple[int, ...]:
    whole = isinstance(given, list) and all(isinstance(t, int) and 25 <= t <= 4000 for t in given)
    if not whole or len(set(given)) < len(given):
        raise InputError(f"'temperatures' must be a list of whole °C from 25 to 4000, each once, got {given!r}")
    return tuple(sorted(set(given) - set(_ALWAYS_C)))


def _share(state: Any, phase: str) -> float:
    """Mole fraction of the largest composition set of a phase."""
    return round(max((item.amount for item in state.sets if item.phase == phase), default=0.0), 6)


def _details(alloy: Any, states: Mapping[int, Any], note: Sequence[str]) -> dict[str, Any]:
    """What a verdict keeps beside its properties; every key by temperature names it in °C."""
    competing = {celsius: state.competing for celsius, state in states.items()}
    return {
        "phases": {
            f"{celsius} C": [_row(item, alloy.elements) for item in state.sets] for celsius, state in states.items()
        },
        "miscibility_gaps": {f"{celsius} C": list(state.gaps) for celsius, state in states.items() if state.gaps},
        "competing": {
            f"{celsius} C": None if item is None else {"phase": item[0], "driving_force": item[1]}
            for celsius, item in competing.items()
        },
        "notes": [*alloy.notes, *note],
        "retries": [{"temperature": kelvin, "step": step} for kelvin, step in alloy.retries],
    }


def _row(item: Any, elements: Sequence[str]) -> list[Any]:
    composition = {e: round(float(x), 6) for e, x in zip(elements, item.composition, strict=True)}
    return [item.phase, round(item.amount, 6), composition]


def _strengths(composition: Composition, solidus: float) -> tuple[dict[str, float], list[str]]:
    fractions = np.array([list(composition.fractions().values())])
    try:
        answers = BUNDLE.derive("solidus", np.array([solidus]), composition.elements, fractions)
    except InputError as error:
        return {}, [f"no strengths: {error}"]
    return {name: float(value[0]) for name, value in answers.items()}, []


VALIDATOR = CalphadValidator
