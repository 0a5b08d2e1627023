"""What the columns of a stranger's table are, by their headers and cells. Nothing is certain: a person looks at it."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from alloys.errors import InputError
from alloys.intake.cells import decimal_mark
from alloys.intake.composing import Amounts, element_columns, guess_amounts
from alloys.intake.headers import Header, Meaning, meanings_of, read_header
from alloys.intake.profile import Profile, profile_of
from alloys.intake.tables import RawTable, shown

_SAMPLE = 2000
"""Rows that are looked at, evenly over the table."""
_FEW = 12
"""A column of text with at most so many different cells sorts the rows into kinds."""
_BELOW_ZERO = ("°C", "degC", "°F", "degF")
"""Units in which what is positive in K may be negative."""
_TELLING = 10
"""Columns with the same cells are one twice where so many of them differ."""
_SPREAD = re.compile(
    r"±|\b(std|stdev|st ?dev|sd|standard deviations?|standard error|stderr|err|errors?|uncertainty|scatter)\b"
)


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column, and what it seems to be.

    Attributes:
        name: its header.
        kind: formula, element, impurity, property, std, condition, process, structure, follows (from the composition),
            reference, identifier, note, category, duplicate, empty or unknown.
        what: the element, the property's name, or the column that it belongs to.
        unit: of its numbers; empty if unknown.
        assumed: whether the unit is the usual one, which the header does not name.
        sign: ``positive`` or ``not negative`` where its numbers are so by nature, else empty.
        profile: of a sample of its cells.
    """

    name: str
    kind: str
    what: str
    unit: str
    assumed: bool
    profile: Profile
    sign: str = ""


@dataclass(frozen=True, slots=True)
class Guess:
    """What a table seems to hold: its columns, and how its alloys are written (None where no column names any)."""

    columns: tuple[TableColumn, ...]
    amounts: Amounts | None

    def of_kind(self, *kinds: str) -> list[TableColumn]:
        """The columns of some kinds."""
        return [column for column in self.columns if column.kind in kinds]

    @property
    def numbers(self) -> list[TableColumn]:
        """Columns of numbers that may be a goal: properties, then those of which nothing is known."""
        return self.of_kind("property") + [c for c in self.of_kind("unknown") if c.profile.numeric]


def guess(table: RawTable, hint: str = "", balance: str | None = None) -> Guess:
    """Looks at a table.

    Args:
        table: the table.
        hint: words about it, such as the file's name.
        balance: the element that takes the rest, if a person said so.
    """
    step = max(1, len(table.rows) // _SAMPLE)
    rows = [cells for _, cells in table.rows[::step]]
    decimal = decimal_mark(cell for cells in rows for cell in cells) or ("." if table.separator == "," else "")
    profiles = [profile_of(cells, decimal) for cells in zip(*rows, strict=True)]
    headers = [read_header(name) for name in table.header]
    columns = [_column(*each) for each in zip(table.header, headers, profiles, strict=True)]
    columns = _without_twins(columns, element_columns(dict(enumerate(headers)), dict(enumerate(profiles))))
    amounts = guess_amounts(dict(enumerate(headers)), _usable(columns), hint, balance)
    if amounts is not None:
        columns = [_with_role(amounts, i, column) for i, column in enumerate(columns)]
    return Guess(tuple(_with_spreads(_named(columns, headers), headers)), amounts)


def with_variables(found: Guess, names: Collection[str]) -> Guess:
    """The guess with columns as processing that a person says to be so, such as temperatures of a treatment.

    Raises:
        InputError: for one that is not there.
    """
    for name in names:
        if name not in (column.name for column in found.columns):
            there = ", ".join(shown(column.name) for column in found.columns)
            raise InputError(f"there is no column {shown(name)} for a variable; there are {there}")
    columns = (replace(each, kind="process", what="") if each.name in names else each for each in found.columns)
    return replace(found, columns=tuple(columns))


def _usable(columns: list[TableColumn]) -> Mapping[int, Profile]:
    return {i: column.profile for i, column in enumerate(columns) if column.kind not in ("duplicate", "empty")}


def _with_role(amounts: Amounts, place: int, column: TableColumn) -> TableColumn:
    """The column as what it is for the alloys, where it is anything."""
    for kind, places in (("impurity", amounts.impurities), ("element", amounts.elements), ("duplicate", amounts.twins)):
        if place in places:
            return replace(column, kind=kind, what=places[place])
    return replace(column, kind="formula", what="") if place in amounts.formulas else column


def _column(name: str, header: Header, profile: Profile) -> TableColumn:
    if not profile.filled:
        return TableColumn(name, "empty", "", "", False, profile)
    meaning = next((m for m in meanings_of(header.words) if _fits(m, profile)), None)
    kind = meaning.kind if meaning else _kind_without_words(header, profile)
    unit = header.unit or (meaning.unit if meaning else "")
    what = meaning.name if meaning and kind == "property" else ""
    sign = meaning.sign if meaning and unit not in _BELOW_ZERO else ""
    return TableColumn(name, kind, what, unit, bool(unit) and not header.unit, profile, sign)


def _fits(meaning: Meaning, profile: Profile) -> bool:
    """Whether cells can be what the words of their header say."""
    if meaning.kind in ("property", "std", "follows"):
        return profile.numeric
    return meaning.kind != "note" or not profile.numeric


def _kind_without_words(header: Header, profile: Profile) -> str:
    if profile.numeric:
        if profile.counts or not header.words:
            return "identifier"
        return "category" if profile.flags else "property" if header.unit else "unknown"
    return "category" if profile.distinct <= _FEW else "unknown"


def _without_twins(columns: list[TableColumn], amounts: Collection[int]) -> list[TableColumn]:
    """Marks columns that stand there again, by header or by content; equal amounts of two elements are two columns."""
    names = Counter(column.name for column in columns)
    seen: dict[tuple[str, tuple[str, ...]], str] = {}
    marked = []
    for i, column in enumerate(columns):
        telling = column.profile.distinct >= _TELLING and i not in amounts
        cells = column.what, column.profile.cells  # two properties may agree
        twin = seen.get(cells) if telling else None
        if names[column.name] > 1 and column.kind != "empty":
            column = replace(column, kind="duplicate", what=column.name)
        elif twin is not None:
            column = replace(column, kind="duplicate", what=twin)
        if i not in amounts:
            seen.setdefault(cells, column.name)
        marked.append(column)
    return marked


def slug(words: str) -> str:
    """Words as the name of a property.

    >>> slug("fatigue strength 10e7 cycles"), slug("Δ 2")
    ('fatigue_strength_10e7_cycles', 'column_2')
    """
    latin = unicodedata.normalize("NFKD", words.lower()).encode("ascii", "ignore").decode()
    name = re.sub(r"[^a-z0-9]+", "_", latin).strip("_")[:48]
    usable = name[:1].isalpha() and len(name) > 1 and not keyword.iskeyword(name)
    return name if usable else f"column_{name}".rstrip("_")


def _named(columns: list[TableColumn], headers: list[Header]) -> list[TableColumn]:
    """Gives every column that may be a goal a name of its own: the usual one where a single column has it."""
    goals = [i for i, column in enumerate(columns) if column.kind == "property" or _may_be_goal(column)]
    usual = Counter(columns[i].what for i in goals)
    taken: set[str] = set()
    named = list(columns)
    for i in goals:
        once = columns[i].what and usual[columns[i].what] == 1
        plain = columns[i].what if once else slug(headers[i].words)
        name = next(n for n in (plain, *(f"{plain}_{k}" for k in range(2, len(columns) + 2))) if n not in taken)
        taken.add(name)
        named[i] = replace(columns[i], what=name)
    return named


def _may_be_goal(column: TableColumn) -> bool:
    return column.kind == "unknown" and column.profile.numeric


def _with_spreads(columns: list[TableColumn], headers: list[Header]) -> list[TableColumn]:
    """Finds the property of each column of standard deviations: by its other words, or the one before it."""
    linked = list(columns)
    for i, column in enumerate(columns):
        if column.kind != "std":
            continue
        rest = " ".join(_SPREAD.sub(" ", headers[i].words).replace(" of ", " ").split())
        owners = [c for c, h in zip(columns, headers, strict=True) if c.kind == "property" and h.words == rest]
        if not rest and i and columns[i - 1].kind in ("property", "unknown"):
            owners = [columns[i - 1]]
        linked[i] = replace(column, what=owners[0].name) if owners else replace(column, kind="unknown")
    return linked
