"""Settings of the validator ``calphad``: which database, which of its phases, and what is asked of every alloy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alloys.errors import InputError
from alloys.physics.base import Physics
from alloys.physics.registry import DEFAULT, get_physics
from validation.calphad.errors import DatabaseError
from validation.calphad.own.database import build_database
from validation.calphad.quantities.asked import AskedQuantities
from validation.calphad.reading.tdbfile import read

NAMES = (
    "tdb", "tdb_text", "liquid", "phases", "exclude", "quantities", "bundle", "temperatures", "scheil", "units",
    "samples",
)  # fmt: skip

_MELTING = {
    "solidus": {"melting": "solidus"},
    "liquidus": {"melting": "liquidus"},
    "freezing_range": {"melting": "range"},
}
_SCHEIL = {"scheil_freezing_range": {"scheil": "range"}}


@dataclass(frozen=True, slots=True)
class CalphadSettings:
    """What a person sets.

    Attributes:
        text: the database.
        own: whether it is the project's.
        liquid: the liquid's name, where it does not say so itself.
        phases: those that are considered; None for all.
        exclude: those that are not.
        quantities: what is asked, by name; None for what the bundle asks.
        bundle: the physics whose quantities are asked too, as it was given; empty if it was not.
        celsius: further temperatures in °C at which the bundle's quantities are asked.
        scheil: whether the freezing range after Scheil is asked too.
        units: the units of the design's variables.
        trace: the file with samples of the database's parameters.
        samples: these samples, as they travel.
    """

    text: str
    own: bool
    liquid: str | None = None
    phases: list[str] | None = None
    exclude: list[str] = field(default_factory=list)
    quantities: dict[str, Any] | None = None
    bundle: str = ""
    celsius: tuple[int, ...] = ()
    scheil: bool = False
    units: dict[str, str] = field(default_factory=dict)
    trace: Path | None = None
    samples: Any = None

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> CalphadSettings:
        """Reads settings.

        Raises:
            InputError: for unknown ones, ones of a wrong kind, or a database that cannot be read.
        """
        stray = sorted(set(given) - set(NAMES))
        if stray:
            raise InputError(f"unknown settings of the validator 'calphad': {stray}; available are {list(NAMES)}")
        scheil, units = given.get("scheil", False), given.get("units", {})
        quantities = AskedQuantities.parse(given["quantities"]).plain if given.get("quantities") is not None else None
        bundle = _word(given, "bundle") or ""
        if not isinstance(scheil, bool):
            raise InputError(f"'scheil' must be true or false, got {scheil!r}")
        if not isinstance(units, Mapping) or not all(isinstance(unit, str) for unit in units.values()):
            raise InputError(f"'units' must name the units of variables, got {units!r}")
        if quantities is not None and not bundle and given.get("temperatures"):
            raise InputError(
                f"'temperatures' are those of a bundle's quantities; say bundle: {DEFAULT} too, or write quantities"
            )
        _check_tdb(given.get("tdb"))
        try:
            own = given.get("tdb") is None and not given.get("tdb_text")
            text = build_database() if own else _text(given)
        except DatabaseError as error:
            raise InputError(f"the thermodynamic database cannot be used: {error}") from error
        return cls(
            text=text,
            # The project's own is tested with the project: whoever only asks for its name and digest does not wait.
            own=text == build_database(),
            liquid=_word(given, "liquid"),
            phases=_words(given, "phases"),
            exclude=_words(given, "exclude") or [],
            quantities=quantities,
            bundle=bundle,
            celsius=_temperatures(given.get("temperatures", []), asked_physics(bundle)),
            scheil=scheil,
            units=dict(units),
            trace=_trace(given),
            samples=given.get("samples"),
        )

    @property
    def plain(self) -> bool:
        """Whether the project's own database is asked for what it is made for."""
        return self.own and self.phases is None and not self.exclude and self.quantities is None

    @property
    def physics(self) -> Physics | None:
        """The bundle whose quantities are asked, if any."""
        return asked_physics(self.bundle) if self.bundle or self.quantities is None else None

    def asked(self, *, with_bundle: bool) -> dict[str, Any]:
        """Every quantity that is asked, by name, as settings write them.

        Args:
            with_bundle: whether the database has the phases of the bundle's quantities.
        """
        asked: dict[str, Any] = {}
        if self.physics is not None:
            asked |= _MELTING
            asked |= self.physics.phase_quantities(self.celsius) if with_bundle else {}
        return asked | (_SCHEIL if self.scheil else {}) | (self.quantities or {})

    @property
    def extra(self) -> dict[str, Any]:
        """Settings beyond the default ones: those that are not asked for change neither answer nor fingerprint."""
        extra = {
            "temperatures": list(self.celsius),
            "scheil": self.scheil,
            "liquid": self.liquid,
            "exclude": self.exclude,
            "quantities": self.quantities,
            "bundle": self.bundle,
            "units": self.units,
        }
        return {name: value for name, value in extra.items() if value}


def asked_physics(bundle: str) -> Physics:
    """The bundle of a name; the default one's if that is empty.

    Raises:
        InputError: if there is none.
    """
    return get_physics(bundle or DEFAULT)


def _text(given: Mapping[str, Any]) -> str:
    tdb = given.get("tdb")
    if tdb is None:
        return read(str(given["tdb_text"]))
    return read(Path(tdb["file"] if isinstance(tdb, Mapping) else str(tdb)))


def _trace(given: Mapping[str, Any]) -> Path | None:
    tdb = given.get("tdb")
    return Path(tdb["samples"]) if isinstance(tdb, Mapping) and "samples" in tdb else None


def _check_tdb(tdb: Any) -> None:
    """Refuses what is neither a path nor a path with samples."""
    if not isinstance(tdb, Mapping):
        return
    if "file" not in tdb or set(tdb) - {"file", "samples"} or not all(isinstance(path, str) for path in tdb.values()):
        raise InputError(f"'tdb' is a path, or {{file: my.tdb, samples: trace.npy}}; got {dict(tdb)!r}")


def _word(given: Mapping[str, Any], key: str) -> str | None:
    value = given.get(key)
    if value is not None and not isinstance(value, str):
        raise InputError(f"{key!r} must be a name, got {value!r}")
    return value


def _words(given: Mapping[str, Any], key: str) -> list[str] | None:
    value = given.get(key)
    if value is not None and not (isinstance(value, list) and all(isinstance(name, str) for name in value)):
        raise InputError(f"{key!r} must be a list of phase names, got {value!r}")
    return value


def _temperatures(given: Any, physics: Physics) -> tuple[int, ...]:
    whole = isinstance(given, list) and all(isinstance(t, int) and 25 <= t <= 4000 for t in given)
    if not whole or len(set(given)) < len(given):
        raise InputError(f"'temperatures' must be a list of whole °C from 25 to 4000, each once, got {given!r}")
    always = physics.phase_quantities()
    return tuple(sorted(each for each in given if set(physics.phase_quantities((each,))) - set(always)))
