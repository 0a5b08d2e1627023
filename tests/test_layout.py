"""Folders, files and functions stay small enough to be read in one sitting."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MADE = frozenset({"build", "dist", "campaigns", "mlruns"})
"""Folders of the root that git does not keep."""

FILES_IN_A_FOLDER = 15
LINES_OF_A_FILE = 400
LINES_OF_A_FUNCTION = 50

CROWDED: dict[str, str] = {}
"""Folders that still hold more files. One that no longer does must leave the list."""

LONG_FILES: dict[str, str] = {}


def _files() -> Iterator[Path]:
    """Every file of the repository, relative to its root; what is made by running it is left out."""
    for path in sorted(ROOT.rglob("*")):
        name = path.relative_to(ROOT)
        hidden = any(part.startswith(".") or part == "__pycache__" or part.endswith(".egg-info") for part in name.parts)
        if path.is_file() and not hidden and name.parts[0] not in MADE:
            yield name


def _python() -> Iterator[tuple[str, str]]:
    return ((name.as_posix(), (ROOT / name).read_text("utf-8")) for name in _files() if name.suffix == ".py")


def _long_functions(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno >= LINES_OF_A_FUNCTION:
            yield node.name


def test_no_folder_is_crowded() -> None:
    counts = Counter(name.parent.as_posix() for name in _files())
    assert {folder for folder, count in counts.items() if count > FILES_IN_A_FOLDER} == set(CROWDED)


def test_no_file_is_long() -> None:
    assert {name for name, source in _python() if len(source.splitlines()) > LINES_OF_A_FILE} == set(LONG_FILES)


def test_no_function_is_long() -> None:
    assert not {f"{name}:{found}" for name, source in _python() for found in _long_functions(source)}
