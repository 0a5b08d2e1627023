"""A reading is kept: the second start reads no text, and answers are the same to the last bit."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.tdb import IDEAL
from validation.calphad.errors import DatabaseError
from validation.calphad.own.database import build_database
from validation.calphad.reading import kept
from validation.calphad.reading.grammar import read_text
from validation.calphad.reading.stored import dumped, loaded
from validation.calphad.reading.tdbfile import FORM, check_apart, digest_of_text, read_anew


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(kept.CACHE, str(tmp_path / "cache"))
    check_apart.cache_clear()
    return tmp_path / "cache"


def _exact(expression: Any) -> Any:
    if type(expression).__name__ == "RealDouble":
        return float(expression).hex()
    parts = sorted(map(_exact, expression.args), key=repr)
    return type(expression).__name__, parts or str(expression)


def test_what_was_kept_is_the_same_to_the_last_bit() -> None:
    first = read_text(build_database())
    second = loaded(dumped(first))
    assert second.database == first.database
    assert (second.notes, second.rejected, second.unsupported) == (first.notes, first.rejected, first.unsupported)
    for name, value in first.database.symbols.items():
        assert _exact(second.database.symbols[name]) == _exact(value)


def test_the_second_look_at_a_text_starts_no_process_and_takes_a_tenth_of_the_time() -> None:
    text = build_database()
    begun = time.perf_counter()
    check_apart(text)
    first = time.perf_counter() - begun
    check_apart.cache_clear()
    begun = time.perf_counter()
    check_apart(text)
    assert time.perf_counter() - begun < first / 10
    assert read_anew(text).database == read_text(text).database


def test_a_style_of_matplotlib_that_is_no_text_keeps_no_database_from_being_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    styles = folder.parent / "matplotlib" / "stylelib"
    styles.mkdir(parents=True)
    (styles / "mine.mplstyle").write_bytes("font.family: caf\u00e9\n".encode("latin-1"))
    monkeypatch.setenv("MPLCONFIGDIR", str(styles.parent))
    check_apart(IDEAL)
    assert kept.get(FORM, digest_of_text(IDEAL)) is not None


def test_what_cannot_be_read_is_not_kept(folder: Path) -> None:
    with pytest.raises(DatabaseError, match="line 8"):
        check_apart(IDEAL.replace("LN(T); 6000 N !\nTYPE", "LN(T; 6000 N !\nTYPE"))
    assert kept.get(FORM, digest_of_text(IDEAL)) is None
    assert not any((folder / FORM).iterdir()) if (folder / FORM).exists() else True


@pytest.mark.parametrize("content", [b"", b"[]", b'{"species": 3}', b"\xff"])
def test_something_else_in_its_place_is_read_anew(content: bytes) -> None:
    kept.put(FORM, digest_of_text(IDEAL), content)
    assert read_anew(IDEAL).database == read_text(IDEAL).database
    again = kept.get(FORM, digest_of_text(IDEAL))
    assert again is not None
    assert loaded(again).database == read_text(IDEAL).database
