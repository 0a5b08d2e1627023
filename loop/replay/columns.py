"""What a pool is learned from: columns of numbers and categories beside formulas, or beside amounts of elements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from alloys.composition import SYMBOLS, Composition
from alloys.errors import InputError
from alloys.intake.amounts import composition_of_amounts, composition_of_formula
from alloys.intake.cells import is_missing, is_rest, number
from alloys.intake.guessing import slug
from alloys.intake.headers import meanings_of, read_header
from alloys.intake.mapping import Basis
from alloys.intake.tables import shown
from alloys.properties import PROPERTIES

ANSWER = "answer"
"""The property that a pool answers."""

Records = Sequence[Mapping[str, str]]


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

    def composition(self, record: Mapping[str, str], basis: Basis, balance: str | None) -> Composition:
        """The composition of a row; none where no column tells it.

        Raises:
            InputError: if it cannot be read.
        """
        cells = {name: record[name].strip() for name in self.elements}
        rest = [name for name, cell in cells.items() if is_rest(cell)]
        if len(rest) > 1:
            raise InputError(f"{' and '.join(rest)} cannot both take the rest")
        balance = rest[0] if rest else balance
        basis = "at.%" if balance and basis == "parts" else basis
        if self.formula:
            return composition_of_formula(record[self.formula].strip(), basis, balance)[0]
        if not self.elements:
            return Composition.unknown()
        amounts = {}
        for name in (name for name in cells if name not in rest):
            try:
                amounts[name] = Fraction(cells[name] or 0)
            except (ValueError, ZeroDivisionError):
                raise InputError(f"{name} is {shown(cells[name])}, which is no amount") from None
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
    _check_features(source, columns, target, features)
    kinds = {name: _kind(name, records, bool(features)) for name in (features or columns) if name != target}
    formulas = [name for name, kind in kinds.items() if kind == "formula"]
    numeric = [name for name, kind in kinds.items() if kind == "number"]
    words = [name for name, kind in kinds.items() if kind == "text"]
    if features:
        if len(formulas) > 1:
            raise InputError(
                f"{source}: features may hold one column of formulas, got {', '.join(map(repr, formulas))}"
            )
        return InputColumns.of(formulas[0] if formulas else "", numeric, words)
    _tell_unused(formulas, words, notes)
    if formulas:
        if numeric:
            notes.append(f"not used, name them with --features to use them: {', '.join(numeric)}")
        return InputColumns.of(formulas[0], ())
    measured = [name for name in numeric if _names_property(name)]
    if measured:
        notes.append(f"not used, as they are named like measurements; name them with --features: {', '.join(measured)}")
    numeric = [name for name in numeric if name not in measured]
    if not numeric:
        raise InputError(
            f"{source}: there is neither a column of formulas nor one of numbers to learn from beside {target!r}"
            + (f"; {notes[-1]}" if measured else "")
        )
    return InputColumns.of("", numeric)


def _tell_unused(formulas: Sequence[str], words: Sequence[str], notes: list[str]) -> None:
    """Notes the columns that are no inputs unless a person says so."""
    if "" in words:
        notes.append("not used: a column without a name")
    if named := [name for name in words if name]:
        notes.append(f"not used, as they hold words or nothing; name them with --features: {', '.join(named)}")
    if formulas[1:]:
        notes.append(f"not used, as {formulas[0]!r} says the alloys: {', '.join(formulas[1:])}")


def _names_property(column: str) -> bool:
    """Whether a column is named like what is measured of an alloy, which nobody knows of one that is not made."""
    header = read_header(column)
    meaning = next(meanings_of(header.words), None)
    return meaning is not None and meaning.kind == "property" and column not in SYMBOLS and len(header.words) > 2


def check_column(source: Path | str, columns: Sequence[str], name: str) -> None:
    """Refuses a column that a table lacks.

    Raises:
        InputError: naming those that there are.
    """
    if name not in columns:
        raise InputError(f"{source}: has no column {name!r}; there are {', '.join(map(repr, columns))}")


def _check_features(source: str, columns: Sequence[str], target: str, features: Sequence[str]) -> None:
    for name in features:
        if name not in columns or name == target:
            others = ", ".join(repr(other) for other in columns if other != target)
            raise InputError(f"{source}: {name!r} cannot be a feature; there are {others}")


def _kind(name: str, records: Records, asked: bool) -> str:
    """What most cells of a column are: ``number``, ``formula``, or ``text``; of one not asked for empty cells count."""
    if not name:
        return "text"  # such as the numbers of the rows, which programs write
    cells = [cell for record in records if not is_missing(cell := record[name].strip())]
    if name.lower().endswith(("formula", "composition")):
        return "formula"
    numbers = sum(number(cell) is not None or (name in SYMBOLS and is_rest(cell)) for cell in cells)
    # Without an element's amounts the alloys would be others, so that one number is enough; empty inputs cost rows.
    return "number" if 2 * numbers > (1 if name in SYMBOLS else len(cells if asked else records)) else "text"
