"""Constants added to parameters of a TDB text, which stays as it is elsewhere: remarks, commands, models and all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from validation.calphad.errors import DatabaseError
from validation.calphad.reading.commands import Command, commands

_ENERGY = re.compile(r"[GL]\s*\(\s*(?P<phase>[^,&():\s]+)[^,]*,(?P<sites>[^;)]*)(?:;\s*(?P<order>\d+)\s*)?\)")
_BEGINS = re.compile(r"\bPAR\w*\s", re.IGNORECASE)
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")
_LOWEST_K, _HIGHEST_K = 298.15, 6000


@dataclass(frozen=True, slots=True)
class Place:
    """What a parameter is of.

    Attributes:
        names: of its phase, in full or as a file may cut it.
        sites: constituents by sublattice, in upper case.
    """

    names: frozenset[str]
    sites: tuple[frozenset[str], ...]

    def order_of(self, body: str) -> int | None:
        """The order of a command's parameter, if it is one of this place."""
        found = _ENERGY.match(body)
        if found is None or found["phase"] not in self.names:
            return None
        sites = tuple(frozenset(re.split(r"[\s,]+", site.strip())) for site in found["sites"].split(":"))
        return int(found["order"] or 0) if sites == self.sites else None


def shifted(text: str, place: Place, changes: Mapping[int, float], new: str) -> str:
    """A text with constants added to parameters of one place.

    Args:
        text: TDB text that can be read.
        place: what the parameters are of.
        changes: J per mole of formula units by order.
        new: how a parameter of an order that the text lacks begins, with ``{}`` for the order.
    """
    notes: list[str] = []
    given = [command for command in commands(text, notes) if command.keyword == "PARAMETER"]
    text += "\n!" if any("the last command has no '!'" in note for note in notes) else ""
    first: dict[int, Command] = {}
    edits: list[tuple[int, int, str]] = []
    for command in given:
        order = place.order_of(command.body)
        if order is None or order not in changes:
            continue
        if order not in first:
            first[order] = command
            edits.append((*_span(text, command, place, order), _plus(command, changes[order])))
        elif first[order].body[0] == command.body[0]:  # the same once more, which counts once
            edits.append((*_span(text, command, place, order), ""))
    for start, end, changed in sorted(edits, reverse=True):
        text = text[:start] + changed + text[end:]
    more = [f"PARAMETER {new.format(order)} {_LOWEST_K} {change:+.6f}; {_HIGHEST_K} N !"
            for order, change in sorted(changes.items()) if order not in first]  # fmt: skip
    return "\n".join([text.rstrip("\r\n"), *more, ""]) if more else text


def _plus(command: Command, change: float) -> str:
    """A command whose expression has a constant more in each range of temperature."""
    found = _ENERGY.match(command.body)
    assert found is not None
    *pieces, rest = command.body[found.end() :].split(";")
    changed = ";".join([*(f"{piece.rstrip()}{change:+.6f}" for piece in pieces), rest])
    return f"PARAMETER {found.group(0)}{changed} !"


def _span(text: str, command: Command, place: Place, order: int) -> tuple[int, int]:
    """Where a command begins and ends in a text.

    Raises:
        DatabaseError: It is not found, as it is written strangely.
    """
    begin = _offset(text, command.line)
    code = "".join(_code(text, begin))
    for found in _BEGINS.finditer(code):
        end = code.find("!", found.start())
        body = " ".join(code[found.end() : end].upper().split())
        if end > 0 and place.order_of(body) == order:
            return begin + found.start(), begin + end + 1
    raise DatabaseError(f"line {command.line}: PARAMETER {command.body[:40]} cannot be rewritten; write it on its own")


def _offset(text: str, line: int) -> int:
    """Where a line, from 1, begins."""
    return sum(map(len, _LINE.findall(text)[: line - 1]))


def _code(text: str, begin: int) -> Iterator[str]:
    """A text from a place on, with blanks in place of its remarks."""
    for found in _LINE.finditer(text, begin):
        code, mark, remark = found.group(0).partition("$")
        yield code + re.sub(r"[^\r\n]", " ", mark + remark)
