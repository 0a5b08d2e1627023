"""Names: a class has a name of its own in the five rooms."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

from loop import ROOMS

ROOT = Path(__file__).resolve().parents[1]


def test_no_two_classes_of_one_name() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path in sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(str(path.relative_to(ROOT)))
    assert len(places) > 200
    assert {name: found for name, found in places.items() if len(found) > 1} == {}
