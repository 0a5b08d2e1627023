"""Documents name what is there: files, modules, tests, headings of other pages, commands and their options."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperGroup

from loop.cli.main import COMMANDS, load
from tests.support.commands import commands, misread

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*(ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "SECURITY")), *ROOT.glob("docs/**/*.md")])
FOLDERS = "alloys|benchmarks|configs|docs|generators|loop|surrogates|tests|validation"

FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")
LINK = re.compile(r"\]\(([^)\s]+)\)")
PATH = re.compile(rf"(?<![\w./-])(?:{FOLDERS})/[\w./*-]*(?:::\w+)?")
MODULE = re.compile(rf"(?<![\w./-])(?:{FOLDERS})(?:\.\w+)+(?::\w+)?(?![\w/])")
FILE = re.compile(r"(?<![\w./-])[a-z_]+\.py\b")
CALL = re.compile(r"(?:^|[\s(]|/bin/)alloyloop((?: +[^\s#|&<>`]+)*)", re.MULTILINE)
KEYS = ("validation.hold",)
"""Keys of the configuration that look like a name in a module."""
SUFFIXES = (".py", ".md", ".csv", ".txt", ".yaml", ".toml", ".db")


def _code(text: str) -> list[str]:
    """What stands in a page as code: its blocks, and the spans between them, each on one line."""
    blocks = FENCE.findall(text)
    return [block.replace("\\\n", " ") for block in blocks] + [
        " ".join(span.split()) for span in SPAN.findall(FENCE.sub("", text))
    ]


@cache
def _headings(page: Path) -> frozenset[str]:
    """The anchors of a page, as GitHub makes them from its headings."""
    lines = FENCE.sub("", page.read_text("utf-8")).splitlines()
    titles = [line.lstrip("#").strip().lower() for line in lines if line.startswith("#")]
    return frozenset(re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles)


@cache
def _names(file: Path) -> frozenset[str]:
    """What a module defines or imports at its top level."""
    found: set[str] = set()
    for node in ast.parse(file.read_text("utf-8")).body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.Assign(targets=targets):
                found.update(target.id for target in targets if isinstance(target, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                found.add(name)
            case ast.ImportFrom(names=names):
                found.update(alias.asname or alias.name for alias in names)
    return frozenset(found)


def _has_path(path: str) -> bool:
    path, _, test = path.rstrip(".").partition("::")
    if test:
        return (ROOT / path).is_file() and test in _names(ROOT / path)
    return any(ROOT.glob(path)) or (ROOT / f"{path}.py").is_file()


def _has_module(dotted: str) -> bool:
    """Whether a dotted name is a module, or a name (and a member of it) in one."""
    parts = re.split(r"[.:]", dotted)
    for length in range(len(parts), 0, -1):
        place = ROOT.joinpath(*parts[:length])
        rest = parts[length:]
        if place.with_suffix(".py").is_file():
            return not rest or rest[0] in _names(place.with_suffix(".py"))
        if (place / "__init__.py").is_file() or place.is_dir():
            return not rest or rest[0] in _names(place / "__init__.py")
    return False


def _command(words: list[str]) -> tuple[str, Any, list[str]]:
    """The command that some words call, None where there is none of that name; and the words behind it."""
    if words[0] not in COMMANDS:
        return words[0], None, []
    command = load(words[0])
    if isinstance(command, TyperGroup) and len(words) > 1:
        return " ".join(words[:2]), command.commands.get(words[1]), words[2:]
    return words[0], command, words[1:]


def _calls(text: str) -> Iterator[list[str]]:
    """The words behind `alloyloop`, wherever a page calls a command of it."""
    for code in _code(text):
        for call in CALL.findall(code):
            words = call.split()
            if words and re.fullmatch(r"[a-z]+", words[0]) and words[0] != "import":
                yield words


def _unknown_in_call(words: list[str]) -> list[str]:
    name, command, rest = _command(words)
    if command is None:
        return [] if name.endswith((" COMMAND", " NAME")) else [f"alloyloop {name}"]
    known = {option for parameter in command.params for option in [*parameter.opts, *parameter.secondary_opts]} | {
        "--help"
    }
    asked = re.findall(r"(?<!\S)\[?(--[a-z-]+)", " ".join(rest))
    return [f"alloyloop {name} {option}" for option in asked if option not in known]


def _missing(page: Path) -> list[str]:
    """What a page names or links to that is not there."""
    text = page.read_text("utf-8")
    code = "\n".join(_code(text))
    paths = [f"path {path}" for path in PATH.findall(code) if not _has_path(path)]
    dotted = [name for name in MODULE.findall(code) if not name.endswith(SUFFIXES) and name not in KEYS]
    modules = [f"name {name}" for name in dotted if not _has_module(name)]
    files = [f"file {name}" for name in FILE.findall(code) if page.parent.name != "howto" and not any(ROOT.rglob(name))]
    calls = [f"call {problem}" for words in _calls(text) for problem in _unknown_in_call(words)]
    return paths + modules + files + calls + [f"link {target}" for target in _broken_links(page, text)]


def _broken_links(page: Path, text: str) -> Iterator[str]:
    for target in LINK.findall(SPAN.sub("", FENCE.sub("", text))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in _headings(file)):
            yield target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_names_is_there(page: Path) -> None:
    assert _missing(page) == []


def test_what_is_not_there_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A page\n\n[here](#a-page), [gone](#gone), [no file](none.md); `loop/none.py`, `loop/cli/main.py`,\n"
        "`tests/test_docs.py::test_none`, `loop.cli.main.none`, `loop.cli.main:load`, `no_such_file_anywhere.py`.\n\n"
        "```\nalloyloop dance NbTa\nalloyloop run my.yaml --hold --slowly\nalloyloop queue juggle x\n```\n",
        "utf-8",
    )
    assert _missing(page) == [
        "path loop/none.py",
        "path tests/test_docs.py::test_none",
        "name loop.cli.main.none",
        "file no_such_file_anywhere.py",
        "call alloyloop dance",
        "call alloyloop run --slowly",
        "call alloyloop queue juggle",
        "link #gone",
        "link none.md",
    ]


def test_every_command_ends_its_docstring_with_an_example() -> None:
    """Such as ``For example: alloyloop best quickstart --top 5``, in a paragraph of its own."""
    lacking = {
        name: misread((command.epilog or "").removeprefix("For example: ") or "no example")
        for name, command in commands().items()
    }
    assert {name: problem for name, problem in lacking.items() if problem} == {}


def test_the_reference_has_every_command() -> None:
    table = (ROOT / "docs/reference/cli.md").read_text("utf-8")
    described = {
        " ".join(re.findall(r"[a-z]+", row)[:2])
        for row in re.findall(r"^\| `([a-z]+(?: [a-z]+)?)", table, re.MULTILINE)
    }
    commands = {name: load(name) for name in COMMANDS}
    expected = {
        f"{name} {sub}" if sub else name
        for name, command in commands.items()
        for sub in (command.commands if isinstance(command, TyperGroup) else [""])
    }
    assert described == expected
