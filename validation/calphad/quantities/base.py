"""What every quantity is: settings that a person wrote, a property, and a value of an alloy."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from alloys.errors import InputError
from alloys.physics.basis import atomic_masses
from alloys.properties import Property, Scale
from validation.calphad.quantities.temperature import Temperature

if TYPE_CHECKING:  # with pycalphad, which whoever only asks for names does without
    from validation.calphad.solving.alloy import Alloy
    from validation.calphad.solving.equilibrium import PhaseSet
    from validation.calphad.solving.phases.sampling import Array

By = Literal["mole", "weight"]


def _upper(given: Any) -> Any:
    return given.strip().upper() if isinstance(given, str) else given


def _listed(given: Any) -> Any:
    return [given] if isinstance(given, str) else given


Name = Annotated[str, BeforeValidator(_upper), Field(min_length=1, max_length=80)]
"""A phase or an element as databases are read: in upper case."""
Names = Annotated[list[Name], BeforeValidator(_listed, json_schema_input_type=Name | list[Name]), Field(min_length=1)]
"""Several of them; one alone is a list of one."""


class AskedQuantity(BaseModel):
    """One quantity.

    Attributes:
        PHASES: names of its fields that name phases.
        ELEMENTS: names of its fields that name an element.
        LIQUID: whether it needs a liquid.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
    PHASES: ClassVar[tuple[str, ...]] = ()
    ELEMENTS: ClassVar[tuple[str, ...]] = ()
    LIQUID: ClassVar[bool] = False

    @property
    def phases(self) -> tuple[str, ...]:
        """The phases that it names."""
        return tuple(name for field in self.PHASES for name in _listed(getattr(self, field)) or ())

    @property
    def elements(self) -> tuple[str, ...]:
        """The elements that it names."""
        return tuple(getattr(self, field) for field in self.ELEMENTS)

    @property
    def temperature(self) -> Temperature | None:
        """Where it is asked, if anywhere."""
        return None

    @abstractmethod
    def property(self, name: str) -> Property:
        """It as a property of that name."""

    @abstractmethod
    def value(self, alloy: Alloy, kelvin: float) -> float:
        """Its value.

        Args:
            alloy: what of.
            kelvin: where it is asked, K; NaN if nowhere.

        Raises:
            CalphadError: where it has none.
        """


class AtTemperature(AskedQuantity):
    """A quantity at one temperature.

    Attributes:
        at: a number with its unit, or the name of a variable of the design.
    """

    at: str

    @field_validator("at", mode="before")
    @classmethod
    def _has_a_unit(cls, given: Any) -> Any:
        if isinstance(given, int | float):
            raise ValueError(f"a temperature needs its unit, as {given} degC or {given} K")
        if isinstance(given, str):
            try:
                Temperature.parse(given)
            except InputError as error:
                raise ValueError(str(error)) from None
        return given

    @property
    def temperature(self) -> Temperature:
        """Where it is asked."""
        return Temperature.parse(self.at)


def row(
    name: str,
    unit: str,
    ends: tuple[float, float],
    usual: tuple[float, float],
    scale: Scale = "linear",
    *,
    difference: bool = False,
) -> Property:
    """A property by its unit, the ends of what it can be, and what is usual."""
    return Property(name, unit, name.replace("_", " "), *ends, usual, scale=scale, difference=difference)


def share_unit(by: By) -> str:
    """The unit of a share of atoms, or of weight."""
    return "mole fraction" if by == "mole" else "mass fraction"


def is_any(item: PhaseSet, names: Sequence[str]) -> bool:
    """Whether a set is of one of some phases; ``PHASE:ORDER`` names only its sets of that order."""
    return any(item.named(name) for name in names)


def mass(alloy: Alloy, fractions: Array) -> float:
    """Grams of a mole of atoms of mole fractions ``(elements,)``.

    Raises:
        InputError: naming the elements that have no atomic mass.
    """
    masses = atomic_masses([name.capitalize() for name in alloy.elements])
    return float(sum(share * float(each) for share, each in zip(fractions, masses.values(), strict=True)))
