"""ASE calculators by configuration: found, refused with a reason where they are missing, and made for one state."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alloys.errors import InputError
from validation.dft.settings import CalculatorSettings, classes_in
from validation.jobs.files import file_digest

# GPAW draws its own conclusions from the mode, so its arguments say class for the parts that are objects.
_NAMED: dict[str, dict[str, Any]] = {
    "emt": {"class": "ase.calculators.emt:EMT", "arguments": {}},
    "gpaw": {
        "class": "gpaw:GPAW",
        "arguments": {
            "mode": {"name": "pw", "ecut": "{cutoff}"},
            "xc": "PBE",
            "kpts": {"size": "{kpts}", "gamma": True},
            "occupations": {"name": "methfessel-paxton", "width": "{smearing}", "order": 1},
            "mixer": {"backend": "pulay", "beta": "{mixing}", "nmaxold": 5, "weight": 50.0},
            "maxiter": "{steps}",
            "convergence": {"energy": 1e-6},
            "txt": "gpaw.txt",
        },
    },
}

RYDBERG = 13.605693122994
"""eV in one Rydberg (CODATA 2018)."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """What one calculation is given; see `levels` for the meaning.

    Attributes:
        cutoff: eV.
        kpts: mesh, one number for each reciprocal vector.
        smearing: eV.
        mixing: share of the new density.
        steps: most steps of the self-consistency.
    """

    cutoff: float
    kpts: tuple[int, int, int]
    smearing: float
    mixing: float
    steps: int

    def placeholders(self) -> dict[str, Any]:
        """By placeholder, what stands for it in a calculator's arguments."""
        return {
            "{cutoff}": self.cutoff,
            "{cutoff_ry}": self.cutoff / RYDBERG,
            "{cutoff_ha}": self.cutoff / RYDBERG / 2.0,
            "{kpts}": list(self.kpts),
            "{smearing}": self.smearing,
            "{smearing_ry}": self.smearing / RYDBERG,
            "{smearing_ha}": self.smearing / RYDBERG / 2.0,
            "{mixing}": self.mixing,
            "{steps}": self.steps,
        }


def spec_of(settings: CalculatorSettings) -> dict[str, Any]:
    """The class and the arguments, those of the settings over those that the project gives."""
    if settings.name is None:
        return {"class": settings.class_, "arguments": settings.arguments}
    named = _NAMED[settings.name]
    return {"class": named["class"], "arguments": {**named["arguments"], **settings.arguments}}


def refuse_missing(settings: CalculatorSettings) -> None:
    """Refuses a calculator whose module is not installed; nothing is imported but the packages on the way to it.

    Raises:
        InputError: naming what is missing, and what to do.
    """
    if importlib.util.find_spec("ase") is None:
        raise InputError("the validator 'dft' needs ASE, which is not installed; run `make setup-dft`")
    for text in classes_in(spec_of(settings)):
        module = text.split(":")[0]
        try:
            found = importlib.util.find_spec(module)
        except (ImportError, ValueError):
            found = None
        if found is None:
            remedy = "run `make setup-dft`" if module == "gpaw" else "install the package that has it"
            raise InputError(f"the calculator {text!r} is not installed: there is no module {module!r}; {remedy}")


def make(settings: CalculatorSettings, numbers: Numbers) -> Any:
    """The calculator for one state.

    Raises:
        InputError: if its module has no such class.
    """
    return _made(spec_of(settings), numbers.placeholders())


def _made(value: Any, placeholders: Mapping[str, Any]) -> Any:
    """Placeholders replaced, and ``{"class", "arguments"}`` turned into the object, from the inside out."""
    if isinstance(value, str):
        return placeholders.get(value, value)
    if isinstance(value, list):
        return [_made(inner, placeholders) for inner in value]
    if not isinstance(value, Mapping):
        return value
    if set(value) <= {"class", "arguments"} and isinstance(value.get("class"), str):
        arguments = _made(value.get("arguments", {}), placeholders)
        return _found(value["class"])(**arguments)
    return {key: _made(inner, placeholders) for key, inner in value.items()}


def _found(text: str) -> Callable[..., Any]:
    module, name = text.split(":")
    kind = getattr(importlib.import_module(module), name, None)
    if not callable(kind):
        raise InputError(f"the module {module!r} has no class {name!r}")
    found: Callable[..., Any] = kind
    return found


def versions(settings: CalculatorSettings) -> dict[str, str]:
    """Versions of the packages that compute, by name."""
    packages = {"ase", *(text.split(":")[0].split(".")[0] for text in classes_in(spec_of(settings)))}
    told = {}
    for package in sorted(packages):
        try:
            told[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            # Not every package is distributed under the name that it is imported by.
            told[package] = "unknown"
    return told


def data_files(settings: CalculatorSettings, elements: list[str]) -> dict[str, str]:
    """sha256 by path of the pseudopotentials that GPAW would read for these elements; other calculators' are unknown.

    Raises:
        InputError: if GPAW has none for an element.
    """
    if settings.name != "gpaw":
        return {}
    folders = _setup_folders()
    digests = {}
    for symbol in elements:
        names = (f"{symbol}.PBE.gz", f"{symbol}.PBE")
        found = next((f / name for f in folders for name in names if (f / name).is_file()), None)
        if found is None:
            places = ", ".join(map(str, folders)) or "no folder at all"
            raise InputError(
                f"GPAW has no PBE dataset of {symbol} (looked in {places}); run `make setup-dft`, set GPAW_SETUP_PATH, "
                "or name the elements that there are in 'elements' of the validator's settings"
            )
        digests[str(found)] = file_digest(found)
    return digests


def _setup_folders() -> list[Path]:
    import gpaw

    return [Path(str(path)) for path in gpaw.setup_paths]
