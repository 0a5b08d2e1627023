"""Tables on a terminal of any width: nothing is cut off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

_UNLIMITED = 100_000
_INDENT = 2
_BETWEEN = " · "
_FOLDED = 20
"""Characters from which on a word of a column that folds may stand on several lines."""


def fitted(tables: Table | Sequence[Table], console: Console) -> RenderableType:
    """A table where it fits a terminal, else its rows one below the other: the first cell, then the others by name.

    Args:
        tables: a table, or several that say the same, of which the first that fits is taken.
        console: the terminal.
    """
    several = [tables] if isinstance(tables, Table) else tables
    return next((table for table in several if _fits(table, console)), None) or _as_blocks(several[0], console.width)


def _fits(table: Table, console: Console) -> bool:
    """Whether no word of a table is cut; its columns are given the widths for that, if they cannot have all they need.

    Rich makes the widest columns narrower, whatever words they have.
    """
    ranges = [_range(column) for column in table.columns]
    low, high = sum(each[0] for each in ranges), sum(each[1] for each in ranges)
    whole = Measurement.get(console, console.options.update_width(_UNLIMITED), table).maximum
    room = console.width - (whole - high)
    if low > room:
        return False
    widths = _shared(ranges, room) if high > room else [None] * len(ranges)
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
    return True


def _range(column: Column) -> tuple[int, int]:
    """The fewest characters in which no word of a column is cut, and those in which no line is."""
    lines = [line for cell in (column.header, *column.cells) for line in _plain(cell).splitlines()]
    longest = max(map(cell_len, lines), default=0)
    if column.no_wrap:
        return longest, longest
    word = max((cell_len(word) for line in lines for word in line.split()), default=0)
    return min(word, _FOLDED) if column.overflow == "fold" else word, longest


def _shared(ranges: Sequence[tuple[int, int]], room: int) -> list[int]:
    """Widths of columns that sum to the room: none below its lowest, and the narrow ones have all that they need."""
    widths = [low for low, _ in ranges]
    spare = room - sum(widths)
    for rank, place in enumerate(by_need := sorted(range(len(ranges)), key=lambda i: ranges[i][1] - ranges[i][0])):
        more = min(ranges[place][1] - ranges[place][0], spare // (len(by_need) - rank))
        widths[place] += more
        spare -= more
    return widths


def _as_blocks(table: Table, width: int) -> RenderableType:
    """Each row of a table as a line with its first cell, and below it its other cells by name, as many as have room."""
    heads = [" ".join(_plain(column.header).split()) for column in table.columns]
    parts: list[RenderableType] = [Text(_plain(table.title), style="italic")] if table.title else []
    for row in zip(
        *([" ".join(_plain(cell).split()) for cell in column.cells] for column in table.columns), strict=True
    ):
        first, *named = [
            f"{head}: {cell}" if head else cell for head, cell in zip(heads, row, strict=True) if cell
        ] or ["–"]
        parts.append(Text(first, style="bold", overflow="fold"))
        parts.append(Padding(Text("\n".join(_lines(named, width - _INDENT)), overflow="fold"), (0, 0, 0, _INDENT)))
    if table.caption:
        parts.append(Text(_plain(table.caption), style="dim"))
    return Group(*parts)


def _lines(texts: Iterable[str], width: int) -> Iterator[str]:
    """Texts in lines; none is broken that fits a line."""
    line = ""
    for text in texts:
        if line and cell_len(line) + len(_BETWEEN) + cell_len(text) > width:
            yield line
            line = text
        else:
            line = f"{line}{_BETWEEN}{text}" if line else text
    if line:
        yield line


def _plain(cell: object) -> str:
    """What a cell shows, without its style."""
    if isinstance(cell, Text):
        return cell.plain
    return Text.from_markup(cell).plain if isinstance(cell, str) else "" if cell is None else str(cell)
