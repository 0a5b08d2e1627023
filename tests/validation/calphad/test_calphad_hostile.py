"""Databases that are no databases, or mean harm: refused with one message, within limits of time and memory."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from alloys.errors import InputError
from validation.calphad.errors import DatabaseError
from validation.calphad.own.database import build_database
from validation.calphad.reading.tdbfile import check_apart
from validation.registry import make_validator

GIB = 2**30
POWERS = "ELEMENT NB BCC 92 0 0 !\nFUNCTION BAD 298 +9**9**9**9; 6000 N !\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("PHASE BCC_A2 % 2 1 !\nPARAMETER G(BCC_A2 !\n", "line 2: PARAMETER G(BCC_A2"),
        ("\0\1\2!\n", "cannot be used"),
        ("ELEMENT NB BCC 92 0 0 !\n", "no element or no phase"),
    ],
)
def test_malformed_databases_are_one_clear_error(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.tdb"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="database cannot be used") as caught:
        make_validator("calphad", {"tdb": str(path)})
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_parser_that_does_not_end_is_ended() -> None:
    start = time.process_time()
    with pytest.raises(DatabaseError, match=r"processor time|memory|line 2: FUNCTION BAD|took more than"):
        check_apart(POWERS, seconds=2, memory=2 * GIB)
    assert time.process_time() - start < 4.0  # of this process, which only waited


def test_time_and_memory_are_limited() -> None:
    with pytest.raises(DatabaseError, match=r"more than (1 s of processor time|610 s)"):
        check_apart(POWERS, seconds=1)
    with pytest.raises(DatabaseError, match=r"more than 0.2 GiB of memory"):
        check_apart(build_database(), memory=GIB // 5)


def test_a_good_database_passes() -> None:
    check_apart(build_database())
