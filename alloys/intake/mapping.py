"""How a person's table is read: one entry of a configuration's ``data``."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    model_serializer,
    model_validator,
)

_STRICT = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
Text = Annotated[str, StringConstraints(min_length=1)]
Basis = Literal["at.%", "wt.%", "parts", "as written"]
"""What amounts are: atomic or weight percent (fractions that sum to 1 are read alike), ratios of atoms, or as the form
of each formula says: weight percent in names such as Ti-6Al-4V, atoms in all others."""


class PropertyColumn(BaseModel):
    """A column of a property's values, its unit, and the column of their standard deviations."""

    model_config = _STRICT

    column: Text
    unit: str | None = None
    std: Text | None = None


class ColumnName(BaseModel):
    """A column by its name."""

    model_config = _STRICT

    column: Text


class AlloyColumns(BaseModel):
    """A table of alloys, and which of its columns say what an alloy is.

    Attributes:
        file: CSV, XLSX or JSON.
        sheet: of an XLSX file; the first if None.
        formula: a column of formulas; or
        elements: columns of amounts, by element. A column whose header says ppm is read as such.
        basis: of the amounts, or of the numbers in the formulas.
        balance: the element that takes the rest.
        where: the cells that a row must have, by column; other rows are left out.
    """

    model_config = _STRICT

    file: Text
    sheet: Text | None = None
    formula: Text | None = None
    elements: dict[str, Text] = {}
    basis: Basis = "at.%"
    balance: str | None = None
    where: dict[str, list[str | int | float | bool] | str | int | float | bool] = {}

    @model_validator(mode="after")
    def _columns_have_one_basis(self) -> Self:
        if self.basis == "as written" and self.elements:
            raise ValueError("basis: as written is for formulas; columns of amounts are at.%, wt.% or parts")
        return self


class TableMap(AlloyColumns):
    """A table of results, and which column is what.

    Attributes:
        variables: columns of what was done to the alloys, by the variable of the space; an empty cell is one that
            was not chosen.
        properties: columns of values, by property.
        source: a text, or a column of texts, kept with each result.
    """

    variables: dict[str, Text] = {}
    properties: Annotated[dict[str, PropertyColumn], Field(min_length=1)]
    source: str | ColumnName = ""

    @model_validator(mode="after")
    def _alloys_are_named_once(self) -> TableMap:
        if (self.formula is None) == (not self.elements):
            raise ValueError("give either formula, a column of formulas, or elements, a column for each element")
        used = [name for name in (self.formula, *self.elements.values(), *self.variables.values()) if name is not None]
        used += [name for each in self.properties.values() for name in (each.column, each.std) if name is not None]
        twice = sorted({name for name in used if used.count(name) > 1})
        if twice:
            raise ValueError(f"columns are mapped twice: {', '.join(map(repr, twice))}; map each to one thing")
        return self

    @model_serializer(mode="wrap")
    def _without_later_keys(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Campaigns made before a key was known go on: it is not there where it says nothing."""
        return {key: value for key, value in plain(self).items() if key != "variables" or value}
