"""A TDB text as commands, each with the line where it begins; comments, blanks and characters of editors removed.

A command ends with ``!``. What follows on the same line is a remark, unless it begins a command. A line that begins a
command while the one before is still open shows a ``!`` that was forgotten.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from validation.calphad.errors import DatabaseError

MEANT = ("ELEMENT", "SPECIES", "TYPE_DEFINITION", "FUNCTION", "PHASE", "CONSTITUENT", "PARAMETER", "ADD_CONSTITUENT")
"""Commands that say something of an equilibrium."""
DEFAULT = "DEFAULT_COMMAND"
BUILT_IN = frozenset({"VA", "/-"})
"""Vacancies and electrons: elements of every database, and of no alloy."""
_REMARKS = (
    "ASSESSED_SYSTEMS", "DEFINE_SYSTEM_DEFAULT", DEFAULT, "DATABASE_INFORMATION", "VERSION_DATE", "VERSION_DATA",
    "REFERENCE_FILE", "ADD_REFERENCES", "LIST_OF_REFERENCES", "TEMPERATURE_LIMITS", "ZEROVOLUME_SPECIES", "DIFFUSION",
    "FTP_FILE", "OPTIONS", "CASE", "ENDCASE",
)  # fmt: skip
"""Commands that say nothing of it."""
_UNREAD = ("TABLE", "COMPOUND_PHASE", "ALLOTROPIC_PHASE")
"""Commands that say something, which no reader here understands."""
_NAMES = (*MEANT[:-1], *_REMARKS, MEANT[-1], *_UNREAD)
"""What an abbreviation means that fits several comes first, as in pycalphad."""

_BEGINS = re.compile(
    r"\s*(?:ELEM\w*\s+\S{1,2}\s+\S+\s+[-+.\d]|SPEC\w*\s+\S+\s+\S+\s*$|FUN\w*\s+\S+\s+[\d.,]|TYPE[-_]DEF\w*\s+\S\s"
    r"|PHAS\w*\s+\S+\s+\S+\s+\d+\s+[.\d]|(?:ADD[-_])?CONST\w*\s+\S+\s*:|PARA?\w*\s+\w+\s*\(|DEF\w*[-_]\w+\s+\w"
    r"|DATABASE[-_]INF|LIST[-_]OF[-_]REF|ADD[-_]REF|ASSESSED[-_]SYS|TEMP\w*[-_]LIM|VERSION[-_]DAT|REFERENCE[-_]FIL"
    r"|FTP[-_]FIL|ZERO\w*[-_]SPE)"
)
_WORD = re.compile(r"\s*([^\s():,]+)")
_BLANKS = dict.fromkeys([*map(ord, "\t\v\f\xa0\u202f\u205f\u3000"), *range(0x2000, 0x200B)], " ")
_NOTHING = dict.fromkeys(map(ord, "\0\x1a\xad\u200b\u200c\u200d\ufeff"), "")
_HYPHENS = dict.fromkeys(range(0x2010, 0x2015), "-") | {0x2212: "-"}
_CHARACTERS = str.maketrans({**_BLANKS, **_NOTHING, **_HYPHENS})


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    Attributes:
        keyword: in full.
        body: what follows it, in upper case on one line.
        line: where it begins, from 1.
    """

    keyword: str
    body: str
    line: int


@dataclass(slots=True)
class _Open:
    """A command that is being read."""

    parts: list[str] = field(default_factory=list)
    line: int = 0

    def add(self, part: str, line: int) -> None:
        if part.strip() and not self.parts:
            self.line = line
        if part.strip() or self.parts:
            self.parts.append(part)

    def take(self) -> tuple[str, int]:
        text, self.parts = " ".join(self.parts), []
        return text, self.line


def commands(text: str, notes: list[str]) -> Iterator[Command]:
    """The commands of a text that mean something, in order.

    Args:
        text: TDB text.
        notes: takes what was mended or passed over, each with its line.

    Raises:
        DatabaseError: Something is no command, or a ``!`` is missing; names the line.
    """
    before = ""
    for raw, line in _pieces(text, notes):
        word = _WORD.match(raw)
        keyword = expanded(word.group(1), _NAMES) if word else ""
        if word is None or (not keyword and before in _REMARKS):
            notes.append(f"line {line}: passed over {_shown(raw)!r}, which no command begins")
            continue
        if not keyword:
            raise DatabaseError(f"line {line}: {_shown(word.group(1))!r} is no command of a TDB file; is it one?")
        before = keyword
        if keyword in _UNREAD:
            notes.append(f"line {line}: {keyword} is not understood and was passed over")
        elif keyword in MEANT or keyword == DEFAULT:
            yield Command(keyword, raw[word.end() :].strip(), line)


def _pieces(text: str, notes: list[str]) -> Iterator[tuple[str, int]]:
    """The text between the marks of ends, with its line."""
    held = _Open()
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text.translate(_CHARACTERS)), start=1):
        first, *others = line.split("$", 1)[0].upper().split("!")
        if held.parts and _BEGINS.match(first):
            yield _unended(held, number, notes)
        held.add(first, number)
        for part in others:
            if held.parts:
                yield held.take()
            if _BEGINS.match(part):
                held.add(part, number)
    if held.parts:
        if _BEGINS.match(held.parts[0]):
            notes.append(f"line {held.line}: the last command has no '!'")
        yield held.take()


def _unended(held: _Open, number: int, notes: list[str]) -> tuple[str, int]:
    """A command that another one begins after; one without a meaning may stay open."""
    raw, line = held.take()
    word = _WORD.match(raw)
    keyword = expanded(word.group(1), _NAMES) if word else ""
    if keyword not in _REMARKS:
        raise DatabaseError(
            f"line {line}: {_shown(raw)!r} has no '!' at its end, and line {number} begins another command"
        )
    notes.append(f"line {line}: {keyword} has no '!' at its end; it was taken to end before line {number}")
    return raw, line


def expanded(word: str, names: Iterable[str]) -> str:
    """The first of some names that a word abbreviates, or nothing; each part between underscores may be cut."""
    pieces = r"[^_\s]*_".join(re.escape(piece) for piece in word.replace("-", "_").split("_"))
    fits = re.compile(pieces + r"\S*").fullmatch
    return next((name for name in names if fits(name)), "")


def _shown(text: str) -> str:
    """The beginning of a text for a message."""
    words = " ".join(text.split())
    return words if len(words) <= 40 else words[:37] + "..."
