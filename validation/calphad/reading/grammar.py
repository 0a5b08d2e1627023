"""Commands to a pycalphad database, by pycalphad's own parser of one command; failures name the line.

What pycalphad's reader of whole files does is done here command by command: it raises without a line, prints, and
gives up at type definitions that say nothing of energies.

References:
    R. Otis and Z.-K. Liu, J. Open Research Software 5 (2017) 1 (pycalphad; this follows ``read_tdb`` of 0.11.2).
"""

from __future__ import annotations

import re
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pycalphad import Database
from pycalphad.io import tdb
from pyparsing import ParseBaseException

from validation.calphad.errors import DatabaseError
from validation.calphad.reading import amendments
from validation.calphad.reading.commands import BUILT_IN, DEFAULT, Command, commands
from validation.calphad.reading.end_members import name_of
from validation.calphad.reading.expressions import tree
from validation.calphad.reading.names import resolve_functions, resolve_phases
from validation.calphad.reading.spelling import mended

_OPTIONS = frozenset("YFBLGI")
"""Options of phases that pycalphad knows: ionic liquid, orderings of four sublattices, liquid, gas, charged."""
_ORDERINGS = frozenset(tdb.KNOWN_SUBLATTICE_SYMMETRY_RELATIONS)
_WANTED = {
    "W:(": "a name",
    "Re:(": "a number",
    "end of line": "its end",
    "No match found for ';'": "a ';' after its expression",
}
"""What pyparsing says of a place to what a person would say."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a TDB text says.

    Attributes:
        database: pycalphad's database.
        notes: what was mended, passed over or left out, most with its line.
        rejected: phases that the file itself rejects.
        unsupported: phases to the model that pycalphad lacks for them.
    """

    database: Any
    notes: tuple[str, ...]
    rejected: tuple[str, ...]
    unsupported: dict[str, str]


def read_text(text: str) -> Reading:
    """Reads TDB text.

    Raises:
        DatabaseError: Something cannot be read; names the line and the command.
    """
    return _DatabaseBuilder().read(text)


class _DatabaseBuilder:
    """One text on its way into a database."""

    def __init__(self) -> None:
        self._database = Database()
        self._database._typechar_map = defaultdict(list)
        self._grammar = _parsers()
        self._notes: list[str] = []
        self._unsupported: dict[str, str] = {}
        self._functions: dict[str, int] = {}
        self._orphans: list[str] = []

    def read(self, text: str) -> Reading:
        """All commands, in the order in which one needs another."""
        given: dict[str, list[Command]] = defaultdict(list)
        for command in commands(text, self._notes):
            given[command.keyword].append(command)
        self._each(given["ELEMENT"] + given["SPECIES"], self._plain)
        self._built_in(given["CONSTITUENT"] + given["ADD_CONSTITUENT"])
        self._each(given["PHASE"], self._phase)
        self._each(given["CONSTITUENT"], self._constituents)
        self._each(given["ADD_CONSTITUENT"], self._more_constituents)
        self._each(given["FUNCTION"], self._function)
        self._each(given["PARAMETER"], self._parameter)
        self._each(given["TYPE_DEFINITION"], self._type_definition)
        for name in self._database._typechar_map:
            if name != "%":
                self._notes.append(
                    f"no TYPE_DEFINITION says what {name!r} means for {', '.join(self._database._typechar_map[name])}"
                )
        del self._database._typechar_map
        return self._finished(given[DEFAULT])

    def _finished(self, defaults: Sequence[Command]) -> Reading:
        database = self._database
        self._without_constituents()
        resolve_phases(database, self._notes)
        database.process_parameter_queue()
        self._notes += _once(database)
        _permuted(database)
        resolve_functions(database, self._notes)
        if not set(database.elements) - BUILT_IN or not database.phases:
            told = f" ({'; '.join(self._notes[:3])})" if self._notes else ""
            raise DatabaseError(f"the database defines no element or no phase{told}; is it a TDB file?")
        rejected = amendments.rejected_phases([command.body for command in defaults], sorted(database.phases))
        unsupported = {name: model for name, model in self._unsupported.items() if name in database.phases}
        return Reading(database, tuple(self._notes), tuple(rejected), unsupported)

    def _each(self, given: Iterable[Command], do: Callable[[Command], None]) -> None:
        for command in given:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    do(command)
            except DatabaseError:
                raise
            except Exception as error:  # pyparsing, its actions and SymEngine raise whatever they like
                raise DatabaseError(f"{_told(command)}: {_reason(error)}") from error

    def _tokens(self, command: Command) -> list[Any]:
        text = mended(command)
        return list(self._grammar[text.partition(" ")[0]].parse_string(text))

    def _plain(self, command: Command) -> None:
        keyword, *tokens = self._tokens(command)
        tdb._TDB_PROCESSOR[keyword](self._database, *tokens)

    def _built_in(self, given: Sequence[Command]) -> None:
        """Vacancies and electrons that a file uses without an ELEMENT, as Thermo-Calc knows them."""
        used = {name for command in given for name in re.findall(r"(?<![\w+/-])(?:VA|/-)(?![\w+/-])", command.body)}
        for name in sorted(used - set(self._database.elements)):
            tdb._TDB_PROCESSOR["ELEMENT"](self._database, name, "VACUUM", 0.0, 0.0, 0.0)
            self._notes.append(f"line {given[0].line}: {name} is used without an ELEMENT, which was added")

    def _phase(self, command: Command) -> None:
        _, name, letters, sites = self._tokens(command)
        tdb._process_phase(self._database, name, letters, sites)
        phase, _, options = name.partition(":")
        strange = sorted(set(options) - _OPTIONS)
        if strange:
            self._unsupported[phase] = f"option {':'.join(strange)}"

    def _constituents(self, command: Command) -> None:
        _, name, sites = self._tokens(command)
        phase = name.partition(":")[0]
        if phase not in self._database.phases:
            self._orphans.append(f"{_told(command)}: no PHASE of that name")
            self._notes.append(f"{self._orphans[-1]}; passed over")
            return
        known = {species.name for species in self._database.species}
        strange = sorted({species for site in sites for species in site} - known)
        if strange:
            raise DatabaseError(f"{_told(command)}: {', '.join(strange[:8])} is no ELEMENT and no SPECIES of the file")
        self._database.add_phase_constituents(phase, sites)

    def _more_constituents(self, command: Command) -> None:
        phase = command.body.split(":")[0].split()[0]
        before = getattr(self._database.phases.get(phase), "constituents", None)
        self._constituents(command)
        if before is not None:
            added = self._database.phases[phase].constituents
            self._database.phases[phase].constituents = tuple(a | b for a, b in zip(before, added, strict=True))

    def _function(self, command: Command) -> None:
        _, name, value = self._tokens(command)
        tree(value)  # raises where it is no expression of a database
        if name in self._database.symbols and self._database.symbols[name] != value:
            raise DatabaseError(f"{_told(command)}: line {self._functions[name]} says something else; keep one of them")
        self._functions.setdefault(name, command.line)
        self._database.symbols[name] = value

    def _parameter(self, command: Command) -> None:
        kind = re.match(r"\w*", command.body)
        word = kind.group(0) if kind else ""
        if word and not any(name.startswith(word) for name in tdb.TDB_PARAM_TYPES):
            self._notes.append(f"{_told(command)}: parameters {word} are not known here; passed over")
            return
        tokens = self._tokens(command)
        tree(tokens[-1])
        strange = [name for site in tokens[4] for name in site if name.isdigit() or "." in name]
        if strange:
            raise DatabaseError(
                f"{_told(command)}: {strange[0]!r} is no constituent; a ';' stands before the order of a parameter, a "
                "':' between sublattices and a ',' between constituents"
            )
        if tokens[1] == "L" and all(len(site) == 1 for site in tokens[4]):
            tokens[1] = "G"  # one word for the other in databases; pycalphad counts an end-member's L nowhere
        tdb._process_parameter(self._database, *tokens[1:])

    def _type_definition(self, command: Command) -> None:
        _, letter, line = self._tokens(command)
        done = amendments.amend(self._database, letter, line)
        self._notes += [f"{_told(command)}: {note}" for note in done.notes]
        self._unsupported.update(done.unsupported)

    def _without_constituents(self) -> None:
        """Leaves out phases without constituents; refuses those whose constituents stand elsewhere, or in other number.

        Raises:
            DatabaseError: naming the phase.
        """
        for name, phase in sorted(self._database.phases.items()):
            sites, count = phase.constituents, len(phase.sublattices)
            if sites is None and self._orphans:
                raise DatabaseError(f"{self._orphans[0]}, and the phase {name} has no CONSTITUENT; mend the name")
            if sites is not None and len(sites) > count:
                raise DatabaseError(f"phase {name} has {count} sublattices in PHASE and {len(sites)} in CONSTITUENT")
            if sites is None or not all(sites):
                self._notes.append(f"phase {name} is left out: no CONSTITUENT")
                del self._database.phases[name]
                self._without_partner(name)

    def _without_partner(self, gone: str) -> None:
        """Parts a phase that was left out from its other form; an ordered one without a disordered one is no model."""
        for name, phase in self._database.phases.items():
            hints = phase.model_hints
            if gone in (hints.get("ordered_phase"), hints.get("disordered_phase")):
                if hints["ordered_phase"] == name:
                    self._unsupported[name] = f"DISORDERED_PART {gone}"
                for hint in ("ordered_phase", "disordered_phase", "never_disorder"):
                    hints.pop(hint, None)


def _once(database: Any) -> list[str]:
    """Leaves each parameter in once that stands there again with the same value; pycalphad would add them up."""
    seen, again, notes = set[str](), list[int](), dict[str, None]()
    for row in database._parameters.all():
        what = str([name_of(row), row["diffusing_species"], row["parameter"]])
        if what in seen:
            again.append(row.doc_id)
            notes[f"{name_of(row)} is given twice alike; counted once"] = None
        seen.add(what)
    database._parameters.remove(doc_ids=again)
    return list(notes)


def _permuted(database: Any) -> None:
    """Adds the permutations that options F and B mean, as pycalphad does, also where a phase has no disordered part."""
    whole = [
        phase
        for phase in database.phases.values()
        if "ordered_phase" not in phase.model_hints and _ORDERINGS & set(phase.model_hints)
    ]
    for phase in whole:
        phase.model_hints["ordered_phase"] = phase.name
    tdb.add_phase_symmetry_ordering_parameters(database)
    for phase in whole:
        del phase.model_hints["ordered_phase"]


def _parsers() -> dict[str, Any]:
    """Keyword to the parser of its command."""
    found: dict[str, Any] = {}

    def gather(element: Any) -> None:
        if type(element).__name__ == "MatchFirst":
            for part in element.exprs:
                gather(part)
            return
        first = element
        while type(first).__name__ == "And":
            first = first.exprs[0]
        found[first.match] = element

    gather(tdb._tdb_grammar())
    return found


def _told(command: Command) -> str:
    """The line and the command for a message."""
    shown = " ".join(command.body.split())
    return f"line {command.line}: {command.keyword} {shown[:40].strip()}{'...' if len(shown) > 40 else ''}"


def _reason(error: Exception) -> str:
    if "not in whitelist" in str(error) or "parse action" in str(error):
        return "its expression cannot be read; numbers have a point, no comma, and nothing is left empty"
    if isinstance(error, ParseBaseException):
        wanted = next(
            (told for sign, told in _WANTED.items() if sign in error.msg), error.msg.removeprefix("Expected ")
        )
        rest = error.pstr[error.loc :].strip()
        return f"{wanted} is expected, found {repr(rest[:30]) if rest else 'its end'}"
    if isinstance(error, SyntaxError):
        return "its expression cannot be read" + (f" near {error.text.strip()[:60]!r}" if error.text else "")
    if isinstance(error, RecursionError | MemoryError):
        return "its expression has too many brackets inside brackets"
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
