"""Tables that people bring, as text: CSV of any separator and encoding, XLSX, JSON. Every cell with its line."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alloys.errors import InputError, first_line
from alloys.files import MOST_BYTES as MOST_PLAIN_BYTES
from alloys.files import read_plain

MOST_BYTES = 200_000_000
"""The largest file that is read, and the largest content of a packed one."""
MOST_ROWS = 500_000
_SEPARATORS = (",", ";", "\t", "|")
_SAMPLE = 200
"""Rows that decide which separator a file has."""

_UNITS = re.compile(
    r"[(\[]?\s*(-|[kMG]?Pa|HV|HRC|HB|K|°C|%|(at|wt)\.? ?%|ppm|g/cm\^?[3³]|kg/m\^?[3³]|[mµμn]?m|h|s|min|k?J/mol|eV|"
    r"MPa[ ·*]?m\^?(0\.5|1/2)|mg/cm\^?[2²])?\s*[)\]]?"
)
"""A cell of a line of units; it may be empty."""

_PACKED = b"PK\x03\x04"
"""What an XLSX file begins with."""
_WESTERN = ("cp1252",)
_NO_TEXT = "it is no text; save it as CSV in UTF-8, as XLSX or as JSON"
_COMMA = re.compile(r"\s*[-+]?\d+,\d+\s*")

Row = tuple[int, list[str]]
"""The line that a row begins on, and its cells."""


@dataclass(frozen=True, slots=True)
class RawTable:
    """A table as text.

    Attributes:
        header: the names of the columns, cleaned of spaces around; an empty one has no name.
        rows: the rows beneath it, empty ones left out; all as wide as the header.
        unread: lines that are no rows of the table, with reasons.
        notes: what was assumed, for people.
        separator: between cells; empty where the file has none.
    """

    header: tuple[str, ...]
    rows: tuple[Row, ...]
    unread: tuple[tuple[int, str], ...]
    notes: tuple[str, ...]
    separator: str = ""


def shown(text: object, most: int = 60) -> str:
    """A text of a stranger's file for a message: quoted, short, nothing in it that a terminal would obey."""
    given = str(text)
    return repr(given if len(given) <= most else given[: most - 1] + "…")


def read_table(path: Path, sheet: str | None = None) -> RawTable:
    """Reads a table.

    Lines are those that an editor counts; rows that a spreadsheet counts; in JSON, records from 1.

    Args:
        path: the file; what it is follows from its content.
        sheet: of an XLSX file; its first if None.

    Raises:
        InputError: if it cannot be read, is no table, names a column twice, or is too large.
    """
    content = read_plain(path, "the table", MOST_BYTES)
    try:
        if content[:4] == _PACKED:
            return _table(*_workbook_rows(content, sheet))
        if sheet is not None:
            raise InputError("only XLSX files have sheets; leave the sheet out")
        text, notes = _decoded(content)
        if path.suffix.lower() == ".json":
            return _table(_json_rows(text), notes)
        separator, width = _separator(text)
        return _table(_csv_rows(text, separator), notes, separator, width)
    except (InputError, RecursionError) as error:
        raise InputError(f"cannot read the table {path}: {first_line(error)}") from error


@dataclass(frozen=True, slots=True)
class PlainTable:
    """A plain table with a header.

    Attributes:
        columns: the names of the columns, each once.
        rows: the cells by column, rows of empty cells left out; columns behind the last cell of a row are empty.
        lines: the line of the file that each row begins on, as an editor counts them.
    """

    columns: tuple[str, ...]
    rows: tuple[dict[str, str], ...]
    lines: tuple[int, ...]

    def numbered(self) -> Iterator[tuple[int, dict[str, str]]]:
        """The rows with their lines."""
        return zip(self.lines, self.rows, strict=True)


def read_cells(path: Path, what: str = "") -> list[Row]:
    """The lines of a plain table as spreadsheets write them: CSV, the first sheet of an XLSX file, or JSON.

    Where the separator is no comma, decimal commas become points. Text that is no UTF-8 is read as Western European
    (Windows-1252).

    Args:
        path: the file; what it is follows from its content.
        what: names the file in messages, before its path.

    Raises:
        InputError: if the file cannot be read, or is no ordinary file or too large.
    """
    content = read_plain(path, what, MOST_PLAIN_BYTES)
    try:
        if content[:4] == _PACKED:
            rows, _ = _workbook_rows(content, None)
            width = max((len(cells) for _, cells in rows), default=0)
            return [(line, [*cells, *[""] * (width - len(cells))]) for line, cells in rows]
        text, _ = _text(content, _WESTERN)
        if path.suffix.lower() == ".json":
            return [*_json_rows(text)]
        separator, _ = _separator(text)
        rows = [*_csv_rows(text, separator)]
    except InputError as error:
        raise InputError(f"cannot read {what + ' ' if what else ''}{path}: {error}") from error
    return rows if separator == "," else [(line, [*map(_with_point, cells)]) for line, cells in rows]


def read_rows(path: Path, what: str = "") -> PlainTable:
    """The columns and rows of a plain table with a header, as `read_cells` reads it.

    Args:
        path: the file.
        what: names the file in messages, before its path.

    Raises:
        InputError: if the file cannot be read, is no ordinary file or too large, names a column twice, or has a row of
            more cells than columns.
    """
    (_, columns), *rows = _without_empty(read_cells(path, what) or [(1, [])])
    columns = _trimmed(columns)
    try:
        refuse_doubled(columns)
        if columns.count("") > 1:
            raise InputError("several columns have no name; name them")
        return PlainTable(tuple(columns), tuple(_by_column(columns, row) for row in rows), tuple(n for n, _ in rows))
    except InputError as error:
        raise InputError(f"cannot read {what + ' ' if what else ''}{path}: {error}") from error


def refuse_doubled(columns: Sequence[str]) -> None:
    """Refuses two columns of one name, of which one would be lost.

    Raises:
        InputError: naming them and their places.
    """
    for name, count in Counter(column.strip() for column in columns).items():
        if name and count > 1:
            places = [place for place, column in enumerate(columns, start=1) if column.strip() == name]
            raise InputError(
                f"columns {' and '.join(map(str, places))} are both named {shown(name)}; rename one of them"
            )


def _without_empty(rows: list[Row]) -> list[Row]:
    """The rows without columns in which nothing stands, such as those before a table in a spreadsheet."""
    filled = {place for _, cells in rows for place, cell in enumerate(cells) if cell.strip()}
    empty = {place for place in range(len(rows[0][1])) if place not in filled}
    return [(n, [cell for i, cell in enumerate(cells) if i not in empty]) for n, cells in rows] if empty else rows


def _by_column(columns: Sequence[str], row: Row) -> dict[str, str]:
    line, cells = row
    if any(cell.strip() for cell in cells[len(columns) :]):
        raise InputError(f"line {line}: {len(cells)} cells, and {len(columns)} columns")
    filled = [*cells[: len(columns)], *[""] * (len(columns) - len(cells))]
    return dict(zip(columns, filled, strict=True))


def _with_point(cell: str) -> str:
    """A cell with a decimal point in place of a decimal comma."""
    return cell.replace(",", ".") if _COMMA.fullmatch(cell) else cell


def _table(rows: Iterable[Row], notes: Sequence[str], separator: str = "", width: int = 1) -> RawTable:
    """The table of some rows; lines of one cell, or of a remark, may stand before its header where rows are wider."""
    found = iter(rows)
    header: list[str] | None = None
    unread: list[tuple[int, str]] = []
    kept: list[Row] = []
    before = 0
    for line, cells in found:
        if header is None:
            # A frame of one column is written with its index, whose head is empty.
            alone = sum(bool(cell.strip()) for cell in cells) == 1 and not (len(cells) == 2 and not cells[0])
            if cells[0].startswith("# ") or (alone and max(width, len(cells)) > 1):
                unread.append((line, f"before the header: {shown(' '.join(cells).strip())}"))
                continue
            header, before = _trimmed([" ".join(cell.split()) for cell in cells]), len(unread)
        elif len(kept) == MOST_ROWS:
            raise InputError(f"it has more than {MOST_ROWS} rows; give the rows that matter in a smaller file")
        else:
            _keep(line, cells, len(header), kept, unread)
    if header is None:
        raise InputError("it is empty; a table has a line of column names, and rows beneath it")
    header, kept, more = _with_units(header, kept)
    refuse_doubled(header)
    if not kept:
        told = [f"line {line}: {why}" for line, why in unread[before:]]
        raise InputError(told[0] if told else "it has column names and no rows beneath them")
    return RawTable(tuple(header), tuple(kept), tuple(unread), (*notes, *more), separator)


def _with_units(header: list[str], rows: list[Row]) -> tuple[list[str], list[Row], list[str]]:
    """Takes the units that stand in a line of their own beneath the header into the names of the columns."""
    if not rows or not all(_UNITS.fullmatch(cell) for cell in rows[0][1]) or not any(rows[0][1]):
        return header, rows, []
    line, units = rows[0]
    bare = [cell.strip("()[] ") for cell in units]
    named = [f"{name} ({unit})" if unit.strip("-") else name for name, unit in zip(header, bare, strict=True)]
    return (
        named,
        rows[1:],
        [f"line {line} has units; they are read as part of the columns' names, such as {shown(named[-1])}"],
    )


def _keep(line: int, cells: list[str], width: int, kept: list[Row], unread: list[tuple[int, str]]) -> None:
    beyond = [cell for cell in cells[width:] if cell.strip()]
    if beyond:
        unread.append((line, f"more cells than columns: {len(cells)}, and {width} columns"))
    else:
        kept.append((line, [*(cell.strip() for cell in cells[:width]), *[""] * (width - len(cells))]))


def _trimmed(header: list[str]) -> list[str]:
    while len(header) > 1 and not header[-1]:
        header.pop()
    return header


def _decoded(content: bytes) -> tuple[str, list[str]]:
    text, encoding = _text(content, (*_WESTERN, "latin-1"))
    if "\0" in text:
        raise InputError(_NO_TEXT)
    western = encoding in (*_WESTERN, "latin-1")
    return text, ["it is no UTF-8, and is read as Western European text (Windows-1252)"] if western else []


def _text(content: bytes, western: Sequence[str]) -> tuple[str, str]:
    """The text, and the first encoding that it can be in: UTF-16 by its mark, UTF-8, else one of these."""
    wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    for encoding in ["utf-16"] if wide else ["utf-8-sig", *western]:
        with suppress(UnicodeDecodeError):
            return content.decode(encoding), encoding
    raise InputError(_NO_TEXT)


def _csv_rows(text: str, separator: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"line {line}: {error}") from error


def _separator(text: str) -> tuple[str, int]:
    """The separator that cuts most rows into equally many cells, more than one; and how many."""

    def score(separator: str) -> tuple[float, int]:
        widths: Counter[int] = Counter()
        try:
            for _, cells in _csv_rows(text, separator):
                widths[len(cells)] += 1
                if widths.total() == _SAMPLE:
                    break
        except InputError:
            return (-1.0, 1)
        width, count = max(widths.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
        return (count / widths.total() if width > 1 else 0.0, width)

    best = max(_SEPARATORS, key=score)
    return best, score(best)[1]


def _workbook_rows(content: bytes, sheet: str | None) -> tuple[list[Row], list[str]]:
    from openpyxl import load_workbook  # late, for a light start: few tables are workbooks

    try:
        packed = zipfile.ZipFile(io.BytesIO(content))
        if sum(member.file_size for member in packed.infolist()) > MOST_BYTES:
            raise InputError(f"unpacked, it has more than {MOST_BYTES} bytes")
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        if sheet is not None and sheet not in book.sheetnames:
            raise InputError(f"it has no sheet {sheet!r}; there are {', '.join(map(shown, book.sheetnames))}")
        found = book[sheet] if sheet is not None else book.worksheets[0]
        rows: list[Row] = []
        for line, values in enumerate(found.iter_rows(values_only=True), start=1):
            cells = ["" if value is None else _written(value) for value in values]
            if any(cell.strip() for cell in cells):
                rows.append((line, cells))
            if len(rows) > MOST_ROWS + 1:
                break
    except InputError:
        raise
    except Exception as error:  # whatever a broken workbook makes the library raise
        raise InputError(f"it is no whole XLSX file ({first_line(error)[:80]}); save it as XLSX or CSV") from error
    others = [name for name in book.sheetnames if name != found.title]
    notes = (
        [f"read is the sheet {shown(found.title)}; there are also {', '.join(map(shown, others))}"] if others else []
    )
    return rows, notes


def _json_rows(text: str) -> Iterator[Row]:
    try:
        data = json.loads(text, object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise InputError(f"it is no JSON document ({first_line(error)[:80]})") from error
    records = _records(data)
    columns = list(dict.fromkeys(name for record in records for name in record))
    if not columns:
        raise InputError("its records are empty")
    yield 0, columns
    for number, record in enumerate(records, start=1):
        yield number, [_written(record[name]) if record.get(name) is not None else "" for name in columns]


def once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """An object of a JSON document, in which no name may stand twice: one of the values would be lost.

    Raises:
        InputError: naming one that does.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"the name {shown(twice)} stands twice in one record; rename one of them")
    return found


def _records(data: Any) -> list[dict[str, Any]]:
    """The records of a JSON document: a list of them, a list under one key, or columns by name."""
    if isinstance(data, dict):
        lists = [value for value in data.values() if isinstance(value, list)]
        of_records = [value for value in lists if value and all(isinstance(one, dict) for one in value)]
        if len(of_records) == 1:
            return _records(of_records[0])
        if lists and len(lists) == len(data) and len({len(value) for value in lists}) == 1:
            return [dict(zip(data, values, strict=True)) for values in zip(*lists, strict=True)]
    if not isinstance(data, list) or not data or not all(isinstance(record, dict) for record in data):
        raise InputError('it is no list of records; write [{"alloy": "NbTa", "hardness": 300}, ...]')
    return [once([*_flat(record)]) for record in data]


def _flat(record: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The values of a record; those of a record in it have both names, with a point between."""
    for name, value in record.items():
        if isinstance(value, dict) and value:
            yield from ((f"{name}.{inner}", one) for inner, one in value.items())
        else:
            yield name, value


def _written(value: Any) -> str:
    """A value of a spreadsheet or a document as a cell of text."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, str):
        return value
    return json.dumps(value, default=str, ensure_ascii=False)
