"""Tables on terminals of any width: every word is there, and no line is longer than the terminal."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.table import Table

from loop.review.terminal.fitting import fitted

WORDS = st.text("abcdefgh0123456789-", min_size=1, max_size=18)
CELLS = st.lists(WORDS, max_size=6).map(" ".join)


def _shown(table: Table, width: int) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(fitted(table, console))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert max(len(line) for line in text.splitlines()) <= width
    return text


@given(st.data(), st.integers(1, 6), st.integers(40, 160))
def test_no_word_is_cut(data: st.DataObject, columns: int, width: int) -> None:
    rows = data.draw(st.lists(st.lists(CELLS, min_size=columns, max_size=columns), min_size=1, max_size=4))
    table = Table()
    for place in range(columns):
        table.add_column(f"head{place}", no_wrap=data.draw(st.booleans()))
    for row in rows:
        table.add_row(*row)
    words = _shown(table, width).replace("│", " ").split()
    assert {word for row in rows for cell in row for word in cell.split()} <= set(words)


def test_a_table_that_fits_stays_a_table() -> None:
    table = Table("key", "why")
    table.add_row("cb04c815", "the disk is full")
    assert "│ cb04c815 │ the disk is full │" in _shown(table, 40)


def test_a_table_that_does_not_fit_names_its_cells() -> None:
    table = Table("key", "alloy", "what came of it")
    table.add_row("cb04c815ae0d", "Co15Fe60Mn15Ni10", "infrastructure-failure")
    lines = [line.rstrip() for line in _shown(table, 44).splitlines()]
    assert lines == ["key: cb04c815ae0d", "  alloy: Co15Fe60Mn15Ni10", "  what came of it: infrastructure-failure"]


@pytest.mark.parametrize("width", [30, 200])
def test_the_first_of_several_tables_that_fits_is_taken(width: int) -> None:
    several = [Table("a" * 60), Table("b" * 20)]
    console = Console(width=width)
    assert fitted(several, console) is several[0 if width == 200 else 1]


def test_a_table_shown_again_on_a_wider_terminal_has_its_room_back() -> None:
    table = Table("alloy", "why")
    table.add_row("NbTa", "one two three four five six seven")
    assert "one two three four five six seven" not in _shown(table, 34)
    assert "one two three four five six seven" in _shown(table, 80)
