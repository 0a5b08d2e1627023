"""What imports what: no circle in the five rooms, imports inside functions and for types alone counted."""

from __future__ import annotations

from graphlib import TopologicalSorter

import grimp

from loop import ROOMS


def test_no_circle_of_imports() -> None:
    graph = grimp.build_graph(*ROOMS, cache_dir=None)
    imported = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert len(imported) > 200
    assert "surrogates.choosing.stream" in imported["loop.execute.local"]  # for types alone
    assert "loop.review.artifacts" in imported["loop.drive.closing"]  # inside a function
    TopologicalSorter(imported).prepare()  # raises, naming the circle
