"""CSV files as spreadsheets write them are read wherever a plain table is."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import Workbook

from alloys.dataset import read_measurements
from alloys.errors import InputError
from alloys.intake.tables import read_rows

ROWS = [
    {"formula": "Nb50Ta50", "solidus": "2400.5", "note": "Höganäs"},
    {"formula": "Nb40Ta60", "solidus": "2450", "note": ""},
]
GERMAN = "formula;solidus;note\nNb50Ta50;2400,5;Höganäs\nNb40Ta60;2450;\n;;\n\n"


@pytest.mark.parametrize(
    "content",
    [
        GERMAN.encode(),
        b"\xef\xbb\xbf" + GERMAN.encode(),
        GERMAN.encode("cp1252"),
        GERMAN.encode("utf-16"),
        GERMAN.replace("\n", "\r\n").encode(),
        GERMAN.replace(";", "\t").encode(),
        GERMAN.replace(",", ".").replace(";", ",").encode(),
    ],
    ids=["semicolons", "BOM", "Windows-1252", "UTF-16", "CRLF", "tabs", "commas"],
)
def test_the_same_table_is_read(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    table = read_rows(path)
    assert table.columns == ("formula", "solidus", "note")
    assert list(table.rows) == ROWS


def test_the_first_sheet_of_a_workbook_is_the_same_table(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    for row in (["formula", "solidus", "note"], ["Nb50Ta50", 2400.5, "Höganäs"], ["Nb40Ta60", 2450, None], [None] * 3):
        sheet.append(row)
    book.save(tmp_path / "table.xlsx")
    assert list(read_rows(tmp_path / "table.xlsx").rows) == ROWS


def test_measurements_with_decimal_commas_are_numbers(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("formula;solidus\nNb50Ta50;2400,5\n", encoding="utf-8")
    (row,) = read_measurements(path)
    assert row.values == {"solidus": 2400.5}


def test_a_comma_in_the_head_of_a_column_does_not_cut_it(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("formula;strength (MPa, 20 °C)\nNbTa;400\n", encoding="utf-8")
    assert read_rows(path).columns == ("formula", "strength (MPa, 20 °C)")


def test_what_is_no_text_is_one_message(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(bytes(range(128, 256)) * 4)
    with pytest.raises(InputError, match="it is no text; save it as CSV in UTF-8"):
        read_rows(path)


def test_a_mistake_is_told_by_the_line_that_an_editor_shows(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("\nformula,solidus\n\n\nNb50Ta50,2400\n\nNb40Ta60,abc\n", encoding="utf-8")
    assert read_rows(path).lines == (5, 7)
    with pytest.raises(InputError, match="line 7: solidus"):
        read_measurements(path)


def test_two_columns_of_one_name_are_refused_and_not_one_of_them_lost(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("formula,a, a,y\nNbTa,1,2,3\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"columns 2 and 3 are both named 'a'; rename one of them"):
        read_rows(path)


def test_a_table_that_begins_beside_the_first_column_is_read_and_its_rows_are_counted(tmp_path: Path) -> None:
    book = Workbook()
    for cell, value in {"B3": "formula", "C3": "solidus", "B7": "NbTa", "C7": 2500, "B9": "Xx", "C9": 2300}.items():
        book.active[cell] = value
    book.save(tmp_path / "table.xlsx")
    assert read_rows(tmp_path / "table.xlsx").columns == ("formula", "solidus")
    with pytest.raises(InputError, match="line 9: unknown element 'Xx'"):
        read_measurements(tmp_path / "table.xlsx")


def test_more_cells_than_columns_are_refused_with_the_line(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("formula,solidus\nNbTa,2400,\nNbW,2700,2800\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"line 3: 3 cells, and 2 columns"):
        read_rows(path)
