"""What is kept between processes: found again, never damaged, never more than fits, and never in the way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from validation.calphad.reading import kept

DIGEST = "ab" * 32


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(kept.CACHE)
    monkeypatch.setenv(kept.CACHE_HOME, str(tmp_path))
    return tmp_path / "alloyloop"


def test_what_is_put_is_got_again_and_belongs_to_the_user_alone(home: Path) -> None:
    assert kept.get("numbers-1", DIGEST) is None
    kept.put("numbers-1", DIGEST, b"one")
    assert kept.get("numbers-1", DIGEST) == b"one"
    assert kept.get("numbers-2", DIGEST) is None
    for path in (home, home / "numbers-1"):
        assert path.stat().st_mode & 0o777 == 0o700
    assert (home / "numbers-1" / DIGEST).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("damage", [b"", b"x", b"x" * 100])
def test_a_damaged_file_is_not_found_and_is_replaced(home: Path, damage: bytes) -> None:
    kept.put("numbers-1", DIGEST, b"one")
    (home / "numbers-1" / DIGEST).write_bytes(damage)
    assert kept.get("numbers-1", DIGEST) is None
    kept.put("numbers-1", DIGEST, b"two")
    assert kept.get("numbers-1", DIGEST) == b"two"


def test_what_was_not_used_for_the_longest_time_goes_first(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST_BYTES", 3000)
    names = ["a" * 64, "b" * 64, "c" * 64]
    for age, name in enumerate(names):
        kept.put("numbers-1", name, bytes(900))
        os.utime(home / "numbers-1" / name, (1000 + age, 1000 + age))
    assert kept.get("numbers-1", names[0]) is not None  # used again just now
    kept.put("numbers-1", "d" * 64, bytes(900))
    assert [kept.get("numbers-1", name) is not None for name in names] == [True, False, True]


@pytest.mark.parametrize("place", ["a file", "open to all", "a kind open to all", "no home", "off"])
def test_a_folder_that_cannot_be_used_keeps_nothing_and_stops_nobody(
    home: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    if place == "a file":
        home.write_text("no folder", encoding="utf-8")
    elif place == "open to all":
        home.mkdir()
        home.chmod(0o777)
    elif place == "a kind open to all":
        (home / "numbers-1").mkdir(parents=True)
        (home / "numbers-1").chmod(0o777)
    elif place == "off":
        monkeypatch.setenv(kept.CACHE, "off")
    else:
        monkeypatch.setenv(kept.CACHE_HOME, "not/absolute")
        monkeypatch.setenv("HOME", "/proc/nobody")
    kept.put("numbers-1", DIGEST, b"one")
    assert (kept.folder() is None) == (place != "a kind open to all")
    assert kept.get("numbers-1", DIGEST) is None


def test_the_folder_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(kept.CACHE, str(tmp_path / "mine"))
    assert kept.folder() == tmp_path / "mine"


def test_a_name_that_leads_elsewhere_is_refused() -> None:
    with pytest.raises(ValueError, match="small letters"):
        kept.get("../other", DIGEST)


def test_an_answer_is_found_once_for_each_question(home: Path) -> None:
    found: list[int] = []

    def answer() -> dict[str, list[int]]:
        found.append(len(found))
        return {"found": found}

    assert kept.remembered(["liquids", "text", None], answer) == {"found": [0]}
    assert kept.remembered(["liquids", "text", None], answer) == {"found": [0]}
    assert kept.remembered(["liquids", "text", ["A"]], answer) == {"found": [0, 1]}
    for path in home.rglob("*"):
        if path.is_file():
            path.write_bytes(b"damaged")
    assert kept.remembered(["liquids", "text", None], answer) == {"found": [0, 1, 2]}


def test_an_error_is_found_again(home: Path) -> None:
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            kept.remembered(["liquids", "text"], lambda: 1 / 0)
