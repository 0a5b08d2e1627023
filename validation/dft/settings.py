"""Settings of `dft`: what decides the energies, and under ``run`` how they are got."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from validation.dft.levels import LEVELS, DftLevel
from validation.dft.structures import SITES
from validation.jobs.settings import JobSettings, JsonDocument, ProcessRun, Strict

SCALAR = ("lattice_parameter", "bulk_modulus", "mixing_energy")
ELASTIC = ("c11", "c12", "c44", "shear_modulus", "poisson_ratio", "pugh_ratio", "cauchy_pressure")
ANSWERED = (*SCALAR, *ELASTIC)

PACKAGES = (
    "ase",
    "gpaw",
    "mace",
    "chgnet",
    "matgl",
    "orb_models",
    "fairchem",
    "sevenn",
    "tblite",
    "quippy",
    "abacuslite",
)
"""Packages whose calculators may be named without more ado; others are named in ``packages`` of the settings."""

_CLASS = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


class DftRun(ProcessRun):
    """How a job is run; ``processes`` above 1 runs it under mpiexec."""

    processes: Annotated[int, Field(ge=1, le=4096)] = 1
    mpi_options: list[Annotated[str, Field(min_length=1, max_length=200)]] = Field(default=[])


class CalculatorSettings(Strict):
    """A calculator: ``name`` is one that the project sets up, or ``class`` is ``package.module:Name``."""

    name: Literal["gpaw", "emt"] | None = None
    class_: Annotated[str | None, Field(alias="class")] = None
    arguments: JsonDocument = Field(default={})
    packages: list[Annotated[str, Field(pattern=r"^[A-Za-z_]\w*$")]] = Field(default=[])
    version: str = "1"

    @model_validator(mode="after")
    def _one_calculator(self) -> Self:
        if (self.name is None) == (self.class_ is None):
            raise ValueError("give either 'name' (gpaw or emt) or 'class' (package.module:Name)")
        for text in classes_in({"class": self.class_, "arguments": self.arguments} if self.class_ else self.arguments):
            if not _CLASS.fullmatch(text):
                raise ValueError(f"a class is written package.module:Name, got {text!r}")
            package = text.split(".")[0].split(":")[0]
            if package not in (*PACKAGES, *self.packages):
                raise ValueError(
                    f"the package {package!r} is not among those that may be used: {', '.join(PACKAGES)}; add it to "
                    "'packages' if you trust it"
                )
        return self


def classes_in(value: Any) -> list[str]:
    """Every class that arguments name, however deep."""
    if isinstance(value, Mapping):
        own = [value["class"]] if isinstance(value.get("class"), str) else []
        return [*own, *(text for inner in value.values() for text in classes_in(inner))]
    return [text for inner in value for text in classes_in(inner)] if isinstance(value, list) else []


class DftSettings(JobSettings):
    """What decides the answers.

    ``digests`` are those of pseudopotentials too; they and ``versions`` (by package) are set by alloyloop, where the
    settings travel to another process.
    """

    level: Literal["draft", "standard", "tight"] = "standard"
    calculator: CalculatorSettings = CalculatorSettings(name="gpaw")
    properties: Annotated[list[str], Field(min_length=1)] = Field(default=list(ANSWERED))
    cutoff: Annotated[float | None, Field(ge=100, le=5000)] = None
    kpoint_density: Annotated[float | None, Field(gt=0, le=50)] = None
    shear_kpoint_density: Annotated[float | None, Field(gt=0, le=50)] = None
    smearing: Annotated[float | None, Field(gt=0, le=2)] = None
    ordered: bool = True
    sites: int = 20
    tolerance: Annotated[float, Field(ge=0, le=0.2)] = 0.04
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    expected_seconds: Annotated[float, Field(gt=0)] = 900.0
    versions: dict[str, str] | None = None
    run: DftRun = DftRun()

    @field_validator("properties")
    @classmethod
    def _properties_are_answered(cls, names: list[str]) -> list[str]:
        stray = [name for name in names if name not in ANSWERED]
        if stray or len(set(names)) != len(names):
            raise ValueError(f"they must be distinct and among {', '.join(ANSWERED)}")
        return names

    @field_validator("sites")
    @classmethod
    def _sites_can_be_made(cls, sites: int) -> int:
        if sites not in SITES:
            raise ValueError(f"it must be one of {', '.join(map(str, SITES))}")
        return sites

    @model_validator(mode="after")
    def _parallel_calculators(self) -> Self:
        if self.run.processes > 1 and self.calculator.name != "gpaw":
            raise ValueError("run.processes above 1 is for gpaw; other codes have mpiexec in their own command")
        return self

    @property
    def numbers(self) -> DftLevel:
        """The level's numbers, with those that the settings give instead."""
        given = {
            name: getattr(self, name)
            for name in ("cutoff", "kpoint_density", "shear_kpoint_density", "smearing")
            if getattr(self, name) is not None
        }
        return replace(LEVELS[self.level], **given)
