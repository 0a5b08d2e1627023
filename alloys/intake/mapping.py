"""How a person's table is read: one entry of a configuration's ``data``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints, model_validator

from alloys.space.base import SpaceSpec

Text = Annotated[str, StringConstraints(min_length=1)]
Basis = Literal["at.%", "wt.%", "parts"]
"""What amounts are: atomic or weight percent (fractions that sum to 1 are read alike), or ratios of atoms."""


class PropertyColumn(BaseModel):
    """A column of a property's values, its unit, and the column of their standard deviations."""

    model_config = SpaceSpec.model_config

    column: Text
    unit: str | None = None
    std: Text | None = None


class ColumnName(BaseModel):
    """A column by its name."""

    model_config = SpaceSpec.model_config

    column: Text


class TableMap(BaseModel):
    """A table, and which column is what.

    Attributes:
        file: CSV, XLSX or JSON.
        sheet: of an XLSX file; the first if None.
        formula: a column of formulas; or
        elements: columns of amounts, by element. A column whose header says ppm is read as such.
        basis: of the amounts, or of the numbers in the formulas.
        balance: the element that takes the rest.
        properties: columns of values, by property.
        where: the cells that a row must have, by column; other rows are left out.
        source: a text, or a column of texts, kept with each result.
    """

    model_config = SpaceSpec.model_config

    file: Text
    sheet: Text | None = None
    formula: Text | None = None
    elements: dict[str, Text] = {}
    basis: Basis = "at.%"
    balance: str | None = None
    properties: Annotated[dict[str, PropertyColumn], Field(min_length=1)]
    where: dict[str, list[str | int | float | bool] | str | int | float | bool] = {}
    source: str | ColumnName = ""

    @model_validator(mode="after")
    def _alloys_are_named_once(self) -> TableMap:
        if (self.formula is None) == (not self.elements):
            raise ValueError("give either formula, a column of formulas, or elements, a column for each element")
        used = [name for name in (self.formula, *self.elements.values()) if name is not None]
        used += [name for each in self.properties.values() for name in (each.column, each.std) if name is not None]
        twice = sorted({name for name in used if used.count(name) > 1})
        if twice:
            raise ValueError(f"columns are mapped twice: {', '.join(map(repr, twice))}; map each to one thing")
        return self
