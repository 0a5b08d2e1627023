"""What the program knows of one problem stands in its physics, its validators and its configs, and nowhere else.

The source of the five rooms is read, not run: a string that names a property, an element or a phase, and a number or a
name that says a temperature, is knowledge of one design problem. Prose (docstrings, comments) may say what it likes.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from alloys.composition import SYMBOLS
from alloys.properties import PROPERTIES
from loop import ROOMS

ROOT = Path(__file__).resolve().parents[1]

HOMES = (
    "alloys/composition.py",
    "alloys/physics/",
    "alloys/properties.py",
    "validation/calphad/",
    "validation/dft/",
    "validation/strength/",
)
"""Where such knowledge belongs: the periodic table, the table of properties, physics, and the folders of validators."""

_PAPERS = "the import of one published table: conditions that its papers set, and a column of it"

ALLOWED: dict[str, dict[str, str]] = {
    "alloys/mpea.py": dict.fromkeys(("shear_modulus", "fracture_toughness", "measured_yield_strength_1300c"), _PAPERS),
    "alloys/points/published.py": dict.fromkeys(("BCC", "FCC", "C"), "a heading of one published table, and its cells"),
    "loop/materials/governance/observing.py": {"vec": "an elemental number, of any alloy"},
    "generators/evaluation/entrants.py": {"B": "the second league of entrants, not boron"},
}
"""By file: what may stand in it for good, each with the reason. The literal is written as the findings write it."""

NOT_YET = {
    "loop/cli/tdb.py": "the energies that a refit reads, to the validator",
}
"""Files that still hold such literals, with where these will go. A file that no longer does must leave the list."""

UNITS = frozenset({"K"})
"""Symbols of elements that are also units, and stand for the unit everywhere in the program."""

_TEMPERATURES_K = frozenset({1473, 1473.15, 1573, 1573.15})
_TEMPERATURES_C = frozenset({1200, 1300})
_CELSIUS_IN_A_NAME = re.compile(r"_\d{3,4}c(?![A-Za-z0-9])")
_THERMAL = re.compile(r"temperature|celsius|kelvin|solidus|liquidus|strength|bcc|_c\b|_k\b", re.IGNORECASE)
_PHASE = re.compile(
    r"(?<![A-Za-z0-9])(?:[A-Z]{2,6}_[A-D]\d{1,2}|(?:LIQUID|LAVES|SIGMA|BCC|FCC|HCP)(?:_[A-Z0-9]+)?)(?![A-Za-z0-9])"
)
_COMPOUND_NAMES = re.compile(r"(?<![a-z_])(" + "|".join(name for name in PROPERTIES if "_" in name) + r")(?![a-z0-9_])")


@dataclass(frozen=True, order=True)
class Finding:
    """One literal of the source that belongs elsewhere."""

    line: int
    kind: str
    literal: str

    def __str__(self) -> str:
        return f"{self.line}: {self.kind} {self.literal}"


def _prose(tree: ast.AST) -> set[int]:
    """Identities of strings that the program does not read: docstrings, also of attributes, and type variables."""
    nodes = list(ast.walk(tree))
    docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    calls = (node for node in nodes if isinstance(node, ast.Call) and _identifier(node.func) == "TypeVar")
    return docstrings | {id(call.args[0]) for call in calls}


def _kinds_of(text: str) -> Iterator[tuple[str, str]]:
    """What a string names: pairs of a kind and the words."""
    words = re.split(r"[\s,]+", text.strip())
    if text in PROPERTIES:
        yield "property", text
    elif named := _COMPOUND_NAMES.findall(text):
        yield from (("property", name) for name in named)
    elif _CELSIUS_IN_A_NAME.search(text):
        yield "temperature", text
    if all(word in SYMBOLS for word in words) and not set(words) <= UNITS:
        yield "element", " ".join(words)
    yield from (("phase", name) for name in _PHASE.findall(text))


def _strings(tree: ast.AST) -> Iterator[Finding]:
    prose = _prose(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield from (Finding(node.lineno, kind, words) for kind, words in _kinds_of(node.value))


def _identifier(node: ast.AST) -> str | None:
    """The name that a node of the tree brings in, if any."""
    for attribute in ("id", "attr", "arg", "name"):
        value = getattr(node, attribute, None)
        if isinstance(value, str):
            return value
    return None


def _names(tree: ast.AST) -> Iterator[Finding]:
    for node in ast.walk(tree):
        name = _identifier(node)
        if name and _CELSIUS_IN_A_NAME.search(name):
            yield Finding(getattr(node, "lineno", 0), "temperature", name)


def _thermal(statement: ast.AST) -> bool:
    """Whether a statement speaks of temperatures, strengths or phases by its names or its strings."""
    for node in ast.walk(statement):
        said = _identifier(node) or (node.value if isinstance(node, ast.Constant) else None)
        if isinstance(said, str) and _THERMAL.search(said):
            return True
    return False


def _own_expressions(statement: ast.stmt) -> Iterator[ast.AST]:
    """The parts of a statement that are not statements themselves, so that a body is not read with its head."""
    return (child for child in ast.iter_child_nodes(statement) if not isinstance(child, ast.stmt))


def _numbers(tree: ast.AST) -> Iterator[Finding]:
    for statement in (node for node in ast.walk(tree) if isinstance(node, ast.stmt)):
        own = list(_own_expressions(statement))
        thermal = any(map(_thermal, own))
        for node in (inner for part in own for inner in ast.walk(part)):
            if not isinstance(node, ast.Constant) or type(node.value) not in (int, float):
                continue
            if node.value in _TEMPERATURES_K or (thermal and node.value in _TEMPERATURES_C):
                yield Finding(node.lineno, "temperature", str(node.value))


def findings(source: str) -> list[Finding]:
    """What of one problem a source text says outside its prose, by line."""
    tree = ast.parse(source)
    return sorted({*_strings(tree), *_names(tree), *_numbers(tree)})


def _files() -> Iterator[tuple[str, Path]]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if not name.startswith(HOMES):
                yield name, path


def _found() -> dict[str, list[Finding]]:
    """By file, what stands in the rooms and is not allowed for good."""
    found = {}
    for name, path in _files():
        allowed = ALLOWED.get(name, {})
        rest = [finding for finding in findings(path.read_text("utf-8")) if finding.literal not in allowed]
        if rest:
            found[name] = rest
    return found


def test_no_file_outside_the_physics_names_what_one_problem_is_made_of() -> None:
    said = [f"{name}:{finding}" for name, rest in _found().items() if name not in NOT_YET for finding in rest]
    assert not said, "\n".join(["move these to a physics bundle, a validator or a config:", *said])


def test_files_that_are_clean_have_left_the_list() -> None:
    assert set(NOT_YET) <= set(_found())


def test_what_is_allowed_is_there() -> None:
    for name, allowed in ALLOWED.items():
        there = {finding.literal for finding in findings((ROOT / name).read_text("utf-8"))}
        assert set(allowed) <= there, name


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ('x = row["solidus"]', "property solidus"),
        ('x = f"{share}: bcc_fraction_900c"', "temperature : bcc_fraction_900c"),
        ('raise InputError("yield_strength_1300c is needed")', "property yield_strength_1300c"),
        ('x = "Nb"', "element Nb"),
        ('x = "Cr Hf Mo".split()', "element Cr Hf Mo"),
        ('x = ("BCC_A2", other)', "phase BCC_A2"),
        ('name.startswith("LAVES")', "phase LAVES"),
        ("celsius = 1300", "temperature 1300"),
        ("x = 1573.15", "temperature 1573.15"),
        ("strength_1300c = 2", "temperature strength_1300c"),
    ],
)
def test_the_reader_finds(source: str, said: str) -> None:
    assert any(f"{found.kind} {found.literal}".startswith(said) for found in findings(source)), findings(source)


@pytest.mark.parametrize(
    "source",
    [
        '"""Prose may say solidus, Nb, BCC_A2 and 1300 °C."""',
        'class Record:\n    solidus: float\n    """K, of BCC_A2"""',
        'unit = "K"',
        "PAUSES = (300.0, 1200.0)",
        "wait(seconds=1200)",
        'say("the density of candidates")',
    ],
)
def test_the_reader_leaves(source: str) -> None:
    assert findings(source) == []
