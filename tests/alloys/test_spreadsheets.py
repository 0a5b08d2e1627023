"""CSV files as spreadsheets write them are read wherever a plain table is."""

from __future__ import annotations

from pathlib import Path

import pytest

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
    assert read_rows(path) == (["formula", "solidus", "note"], ROWS)


def test_measurements_with_decimal_commas_are_numbers(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("formula;solidus\nNb50Ta50;2400,5\n", encoding="utf-8")
    (row,) = read_measurements(path)
    assert row.values == {"solidus": 2400.5}


def test_a_comma_in_the_head_of_a_column_does_not_cut_it(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("formula;strength (MPa, 20 °C)\nNbTa;400\n", encoding="utf-8")
    assert read_rows(path)[0] == ["formula", "strength (MPa, 20 °C)"]


def test_what_is_no_text_is_one_message(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(bytes(range(128, 256)) * 4)
    with pytest.raises(InputError, match="it is no text; save it as CSV in UTF-8"):
        read_rows(path)
