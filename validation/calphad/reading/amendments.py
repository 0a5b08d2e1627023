"""What type definitions amend in phases, and which phases a file's default commands reject."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from validation.calphad.reading.commands import expanded

_PYCALPHAD = ("DISORDERED_PART", "MAGNETIC_ORDERING", "NEVER_DISORDER")
_HARMLESS = ("COMPOSITION_SETS", "MAJOR_CONSTITUENT", "STATUS_BITS", "DEFAULT_STABLE", "FRACTION_LIMITS")
"""Amendments that help to find an equilibrium and change none."""
_MODELS = (
    "EXCESS_MODEL", "DEBYE_HUCKEL", "NEW_CONSTITUENT", "RENAME_PHASE", "GLASS_TRANSITION", "ZRO2_TRANSITION",
    "REMOVE_ADDITION", "QUASICHEM_IONIC", "QUASICHEM_FACT00", "QUASICHEM_IRSID", "TERNARY_EXTRAPOLAT",
    "HKF_ELECTROSTATIC", "SITE_RATIOS",
)  # fmt: skip
_ARGUMENTS = {"DISORDERED_PART": 5, "MAGNETIC_ORDERING": 6, "NEVER_DISORDER": 5}
"""Words that a type definition has at least, by what it amends."""
_ORDINARY_EXCESS = re.compile(r"REDLICH|R[-_]K")


@dataclass(frozen=True, slots=True)
class Amended:
    """What one type definition did.

    Attributes:
        notes: what was passed over.
        unsupported: phases to the model that pycalphad lacks for them.
    """

    notes: list[str] = field(default_factory=list)
    unsupported: dict[str, str] = field(default_factory=dict)


def amend(database: Any, letter: str, line: str) -> Amended:
    """Does what a type definition says, with pycalphad where it knows how.

    Args:
        database: pycalphad's, with its phases.
        letter: the sign that phases carry.
        line: what follows it.

    Raises:
        ValueError: A number or a name in it cannot be read.
    """
    from pycalphad.io import tdb

    words = line.split()
    phases = list(database._typechar_map.get(letter, ()))
    if len(words) < 4 or {"IF", "THEN"} & set(words):
        database._typechar_map.pop(letter, None)
        told = ["its condition (IF ... THEN) is passed over"] if len(words) >= 4 else []
        return Amended(told)
    what = expanded(words[3], (*_PYCALPHAD, *_HARMLESS, *_MODELS))
    if what in _PYCALPHAD:
        words[2:3], words[4:5] = [_phase_named(database, words[2])], [_phase_named(database, w) for w in words[4:5]]
        return _by_pycalphad(tdb, database, letter, words, what)
    database._typechar_map.pop(letter, None)
    if what in _HARMLESS or (what == "EXCESS_MODEL" and _ORDINARY_EXCESS.search(line)):
        return Amended()
    model = what or words[3]
    named = phases if words[2] == "@" else [_phase_named(database, words[2])]
    return Amended([f"pycalphad lacks the model {model}"], dict.fromkeys(named, model))


def _by_pycalphad(tdb: Any, database: Any, letter: str, words: Sequence[str], what: str) -> Amended:
    if len(words) < _ARGUMENTS[what]:
        raise ValueError(f"{what} needs {_ARGUMENTS[what] - 4} more words")
    if what == "MAGNETIC_ORDERING":
        tdb._process_typedef(database, letter, " ".join([*words[:3], "MAGNETIC", *words[4:]]))
        return Amended()
    ordered, disordered = words[2], words[4]
    lacking = [name for name in (ordered, disordered) if name not in database.phases]
    if lacking:
        database._typechar_map.pop(letter, None)
        alone = {ordered: f"{what} {disordered}"} if ordered in database.phases else {}
        return Amended([f"{', '.join(lacking)} is no phase of the file"], alone)
    if ordered == disordered:
        database._typechar_map.pop(letter, None)
        return Amended([f"{ordered} cannot be its own disordered part"], {ordered: f"{what} {disordered}"})
    tdb._process_typedef(database, letter, " ".join([*words[:3], what, *words[4:]]))
    return Amended()


def _phase_named(database: Any, word: str) -> str:
    """A phase by its name, or by the beginning of it."""
    fits = [name for name in database.phases if name.startswith(word)]
    return fits[0] if word not in database.phases and len(fits) == 1 else word


def rejected_phases(defaults: Sequence[str], phases: Sequence[str]) -> list[str]:
    """Phases that ``DEFAULT_COMMAND REJECT_PHASE`` names and no later ``RESTORE_PHASE`` brings back.

    Args:
        defaults: the default commands in order, in upper case.
        phases: all phases of the file.
    """
    rejected: set[str] = set()
    for body in defaults:
        word, _, names = body.partition(" ")
        named: set[str] = set()
        for name in re.split(r"[\s,]+", names.strip()):
            named |= set(phases) if name == "*" else {p for p in phases if p == name}
        if re.fullmatch(r"REJ\w*[-_]P\w*", word):
            rejected |= named
        elif re.fullmatch(r"REST\w*[-_]P\w*", word):
            rejected -= named
    return sorted(rejected)
