"""Every benchmark can be imported, and every command and path that the documents name is there."""

from __future__ import annotations

import importlib
import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in (ROOT / "benchmarks").rglob("*.py")
    if path.parent.name != "peers" and path.name != "waiting.py"
)
"""All but the peers, whose packages are optional, and a program that reads its standard input."""

DOCUMENTS = [
    ROOT / "Makefile",
    *ROOT.glob("*.md"),
    *(ROOT / "docs").rglob("*.md"),
    *(ROOT / "benchmarks").rglob("*.md"),
]
PATH = re.compile(r"(?:benchmarks|tests|configs|docs)/[\w./-]*\w")


@pytest.mark.parametrize("name", MODULES)
def test_a_benchmark_can_be_imported(name: str) -> None:
    assert importlib.import_module(name).__doc__


def _texts() -> dict[str, str]:
    """By document; the changelog speaks of what is gone too."""
    return {path.name: path.read_text("utf-8") for path in DOCUMENTS if path.name != "CHANGELOG.md"}


def test_commands_of_the_documents_are_there() -> None:
    named = {name for text in _texts().values() for name in re.findall(r"-m (benchmarks\.\w+)", text)}
    assert len(named) > 10
    assert [name for name in sorted(named) if importlib.util.find_spec(name) is None] == []


def test_paths_of_the_documents_are_there() -> None:
    named = {(name, path) for name, text in _texts().items() for path in PATH.findall(text)}
    assert [(name, path) for name, path in sorted(named) if not (ROOT / path).exists()] == []
