"""What a pool is learned from: columns of numbers and categories beside formulas, or beside amounts of elements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from alloys.composition import SYMBOLS, Composition
from alloys.errors import InputError
from alloys.intake.amounts import composition_of_amounts, composition_of_formula
from alloys.intake.guessing import slug
from alloys.intake.headers import read_header
from alloys.intake.mapping import Basis
from alloys.properties import PROPERTIES

ANSWER = "answer"
"""The property that a pool answers."""

Records = Sequence[Mapping[str, str | None]]


@dataclass(frozen=True, slots=True)
class InputColumns:
    """The columns to learn from.

    Attributes:
        formula: of formulas, or an empty name.
        elements: of amounts of elements, two or more, named after them; none beside formulas.
        variables: all others, each with the name of its variable.
        categories: those of them that hold words.
    """

    formula: str
    elements: tuple[str, ...]
    variables: Mapping[str, str]
    categories: frozenset[str] = frozenset()

    @classmethod
    def of(cls, formula: str, numbers: Sequence[str], words: Sequence[str] = ()) -> InputColumns:
        """Takes the elements out of columns of numbers."""
        elements = tuple(name for name in numbers if name in SYMBOLS)
        if formula or len(elements) < 2:
            elements = ()
        others = [name for name in numbers if name not in elements]
        return cls(formula, elements, _named([*others, *words]), frozenset(words))

    def composition(self, record: Mapping[str, str | None], basis: Basis, balance: str | None) -> Composition:
        """The composition of a row; none where no column tells it.

        Raises:
            InputError: if it cannot be read.
        """
        basis = "at.%" if balance and basis == "parts" else basis
        if self.formula:
            return composition_of_formula((record.get(self.formula) or "").strip(), basis, balance)[0]
        if not self.elements:
            return Composition.unknown()
        try:
            amounts = {name: Fraction((record.get(name) or "").strip() or 0) for name in self.elements}
        except ValueError as error:
            raise InputError(f"an amount is no number: {error}") from error
        return composition_of_amounts(amounts, basis, balance)[0]


def _named(columns: Sequence[str]) -> dict[str, str]:
    """The variables' names, by column: equal ones, and those of properties, are numbered."""
    names, taken = dict[str, str](), {ANSWER, *PROPERTIES}
    for column in columns:
        name = plain = slug(read_header(column).words or column)
        count = 1
        while name in taken:
            count += 1
            name = f"{plain}_{count}"
        names[column] = name
        taken.add(name)
    return names


def choose_columns(
    source: str, columns: Sequence[str], records: Records, target: str, features: Sequence[str], notes: list[str]
) -> InputColumns:
    """Which columns are the inputs; what is not used although it could be is noted.

    Raises:
        InputError: for unknown columns, the target among them, several of formulas, or none at all.
    """
    for name in features:
        if name not in columns or name == target:
            others = ", ".join(repr(other) for other in columns if other != target)
            raise InputError(f"{source}: {name!r} cannot be a feature; there are {others}")
    kinds = {name: _kind(name, records) for name in (features or columns) if name != target}
    formulas = [name for name, kind in kinds.items() if kind == "formula"]
    numeric = [name for name, kind in kinds.items() if kind == "number"]
    if features:
        if len(formulas) > 1:
            raise InputError(
                f"{source}: features may hold one column of formulas, got {', '.join(map(repr, formulas))}"
            )
        return InputColumns.of(formulas[0] if formulas else "", numeric, [n for n, k in kinds.items() if k == "text"])
    if formulas:
        if numeric:
            notes.append(f"not used, name them with --features to use them: {', '.join(numeric)}")
        return InputColumns.of(formulas[0], ())
    if not numeric:
        raise InputError(f"{source}: there is neither a column of formulas nor one of numbers beside {target!r}")
    return InputColumns.of("", numeric)


def _kind(name: str, records: Records) -> str:
    """What the cells of a column are: ``number``, ``formula``, or ``text``."""
    cells = [cell for record in records if (cell := (record.get(name) or "").strip())]
    if name.lower().endswith(("formula", "composition")):
        return "formula"
    try:
        for cell in cells:
            float(cell)
    except ValueError:
        return "text"
    return "number" if cells else "text"
