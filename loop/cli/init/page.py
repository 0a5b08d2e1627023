"""The page that says what was understood of a table, and what not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from alloys.intake.drafting import Draft
from alloys.intake.guessing import Guess, TableColumn
from alloys.intake.reasons import by_reason
from alloys.intake.spaces import NO_DESIGNS, SpaceAround
from alloys.intake.tables import RawTable, shown

_KINDS = {
    "formula": "alloys, as formulas",
    "element": "amount of {what}",
    "impurity": "impurity {what}, beside the formula; not used",
    "property": "property {what}",
    "std": "standard deviation of {what}",
    "condition": "condition of the test",
    "process": "processing",
    "structure": "phases, microstructure",
    "follows": "follows from the composition; not used",
    "reference": "reference",
    "identifier": "identifier",
    "note": "remarks",
    "category": "kind of row",
    "duplicate": "stands there twice, as {what}; not used",
    "empty": "empty",
}
_OF_THE_TEST = "; it is taken for a condition of the test: if the alloys were treated so, give it as --variable"
_APART = 0.5
_LINES = 8
"""Lines that are named of each reason."""


def print_columns(console: Console, table: RawTable, found: Guess, file: str) -> None:
    """What each column is, what was not understood, and how the alloys are written."""
    console.print(f"{file}: {len(table.rows)} rows, {len(table.header)} columns", markup=False)
    for note in table.notes:
        console.print(f"  {note}", markup=False)
    console.print(_alloys(found), markup=False)
    listed = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("column", "is", "unit", "filled"):
        listed.add_column(title, overflow="fold", justify="right" if title == "filled" else "left")
    for column in found.columns:
        if column.kind not in ("unknown", "element"):
            listed.add_row(*map(Text, (_name(column), kind_of(column), _unit(column), _filled(column))))
    console.print(listed)
    unknown = found.of_kind("unknown")
    if unknown:
        console.print("Not understood:", markup=False)
    for column in unknown:
        values = column.profile.values
        like = (
            f"numbers from {min(values):g} to {max(values):g}; a property if you name it"
            if column.profile.numeric
            else "text"
        )
        console.print(f"  {_name(column)}: {like}", markup=False)
    for assumed in found.amounts.assumed if found.amounts else ():
        console.print(f"Assumed: {assumed}", markup=False)


def _alloys(found: Guess) -> str:
    """How the alloys are written, in words."""
    amounts = found.amounts
    if amounts is None:
        return "Alloys: no column names any"
    rest = f"; {amounts.balance} takes the rest" if amounts.balance else ""
    if amounts.by_formula:
        return f"Alloys: formulas, {amounts.basis}{rest}"
    unread = "; the formulas are not read" if amounts.formulas else ""
    return f"Alloys: amounts of {', '.join(amounts.elements.values())}, {amounts.basis}{rest}{unread}"


def print_draft(console: Console, table: RawTable, draft: Draft, around: SpaceAround) -> None:
    """The rows that are read, those that are no designs of the space, and every row that is not read."""
    intake = draft.intake
    console.print(
        f"{'; '.join(draft.objectives) or 'any feasible alloy'}: {len(intake.rows)} rows are read", markup=False
    )
    for note in intake.notes[len(table.notes) :]:
        console.print(f"  {note}", markup=False)
    if intake.rounded:
        console.print(
            f"  {intake.rounded} of them have amounts that were brought to a whole, within rounding", markup=False
        )
    for told in (*(f"{line}: {NO_DESIGNS}" for line in around.outside), *_repeats(draft), *_variables(draft)):
        console.print(f"  {told}", markup=False)
    for column, kept, others in draft.fixed:
        told = " or ".join(cell or "nothing" for cell in kept)
        console.print(
            f"  {shown(column)}: rows with {told} are read, {others} with something else are not{_OF_THE_TEST}",
            markup=False,
        )
    for column in draft.mixed:
        console.print(f"  {shown(column)} differs among the rows; they are read alike{_OF_THE_TEST}", markup=False)
    for reason, lines in by_reason(intake.dropped):
        console.print(f"  left out {len(lines)}: {reason} ({lines_of(lines)})", markup=False)
    for reason, lines in by_reason(intake.unread):
        console.print(f"  cells left out {len(lines)}: {reason} ({lines_of(lines)})", markup=False)


def _variables(draft: Draft) -> Iterator[str]:
    """What becomes of the columns of processing."""
    for name, each in draft.processing.variables.items():
        lacking = f"; {each.lacking} rows have none, and are known without it" if each.lacking else ""
        when = "".join(f", where {n} is {' or '.join(map(str, v))}" for n, v in each.spec.get("when", {}).items())
        yield f"{shown(each.column)} is the variable {name}{when}{lacking}"
    for column, why in draft.processing.left_out:
        yield f"{shown(column)} is no variable: {why}"


def _repeats(draft: Draft) -> Iterator[str]:
    """What a person should know of alloys with several rows."""
    if draft.repeats:
        yield f"{len(draft.repeats)} alloys have several rows; each row counts, and the model learns their scatter"
    same = [repeats.same for repeats in draft.repeats if repeats.same]
    if same:
        yield (
            f"{len(same)} alloys have rows that say the same, such as {lines_of(same[0])}; rows that have the same "
            "source too count once"
        )
    apart = sorted((one for one in draft.repeats if one.apart > _APART), key=lambda one: -one.apart)
    if apart:
        worst = f"{apart[0].formula}, {lines_of(apart[0].lines)}"
        yield f"{len(apart)} alloys have values that differ by more than half: {worst}; look for another condition"


def lines_of(lines: Sequence[int]) -> str:
    """Some lines in words."""
    some = ", ".join(map(str, lines[:_LINES]))
    return f"line{'s' * (len(lines) > 1)} {some}{', ...' * (len(lines) > _LINES)}"


def kind_of(column: TableColumn) -> str:
    """What a column is, in words."""
    return _KINDS[column.kind].format(what=column.what)


def _name(column: TableColumn) -> str:
    return shown(column.name, 40)[1:-1] or "(no name)"


def _unit(column: TableColumn) -> str:
    return f"{column.unit} (assumed)" if column.assumed else column.unit


def _filled(column: TableColumn) -> str:
    return f"{column.profile.filled / max(1, len(column.profile.cells)):.0%}"
