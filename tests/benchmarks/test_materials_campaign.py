"""The benchmark of campaigns on one table, on a small one."""

from __future__ import annotations

from pathlib import Path

from benchmarks.materials_campaign.__main__ import compare
from tests.loop.drive.materials.melting import melting_config


def test_a_second_campaign_calls_nobody_for_what_is_known_and_ends_alike(tmp_path: Path) -> None:
    lines: list[str] = []
    config = melting_config(tmp_path, "small", iterations=0)
    found = compare(config, tmp_path / "materials.db", 0, lines.append)
    assert len(found["alone"].asked) == len(found["first"].asked) == 6
    assert found["answered"].asked == ()
    assert found["alone"].digest == found["first"].digest == found["answered"].digest
    assert found["alone"].front == found["first"].front == found["answered"].front
    begun = found["taught"].begun
    assert begun is not None
    assert (begun.digest, begun.front) == (found["first"].digest, found["first"].front)
    assert not set(found["taught"].asked) & found["first"].known
    told = [line.split()[:3] for line in lines[1:4]]
    assert told == [["alone", "6", "0"], ["first", "6", "0"], ["answered", "0", "0"]]
