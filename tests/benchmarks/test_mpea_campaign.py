"""Campaigns that a made-up table answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from alloys.composition import Composition
from alloys.design import Design
from alloys.errors import InputError
from benchmarks.efficiency.records import read_all
from benchmarks.mpea_campaign.playing import found, play_missing, report
from benchmarks.mpea_campaign.problems import Kind, Table, problem_of
from loop.replay.pool import ReplayPool

SPEC = {"unit": "HV", "range": [0, 2500]}


def table_of(rows: int = 40) -> Table:
    """Alloys of four elements, harder with more chromium; one row has a rare element."""
    rng = np.random.default_rng(0)
    fractions = np.column_stack([rng.dirichlet(np.full(4, 3.0), rows), np.zeros(rows)])
    fractions[0] = [0.3, 0.3, 0.2, 0.1, 0.1]
    names = ["Al", "Co", "Cr", "Ni", "Pd"]
    amounts = [dict(zip(names, row, strict=True)) for row in (1e6 * fractions).round().astype(int).tolist()]
    designs = [Design(Composition.from_amounts(row)) for row in amounts]
    return Table.of("hardness", SPEC, ReplayPool.of("made up", "HV", designs, 100 + 900 * fractions[:, 2]))


def test_a_table_keeps_the_rows_of_common_elements() -> None:
    table = table_of()
    assert table.elements == ("Al", "Co", "Cr", "Ni")
    assert len(table) == 39
    assert len(table.top) == 2
    assert [table.nearest(Composition.parse(formula)) for formula in table.formulas] == list(range(39))


@pytest.mark.parametrize("kind", ["grid", "list"])
def test_the_nearest_row_answers_and_is_found(tmp_path: Path, kind: Kind) -> None:
    table = table_of()
    play_missing([table], [kind], ["ours-no-generators", "rf-ei", "botorch"], [0], tmp_path, batches=1, start=6)
    runs = read_all(tmp_path / "hardness" / kind)
    assert [(run.method, len(run)) for run in runs] == [("botorch", 10), ("ours-no-generators", 10), ("rf-ei", 10)]
    assert len({tuple(run.formulas[:6]) for run in runs}) == 1
    for run in runs:
        rows = [table.nearest(Composition.parse(formula)) for formula in run.formulas]
        assert run.points == [[table.values[row]] for row in rows]
        assert found(run, table) == (max(table.values[rows]), len(set(rows) & table.top) / 2)
    assert f"| `rf-ei` | 1 | {found(runs[2], table)[0]:.0f} " in report([table], tmp_path)


def test_a_problem_covers_its_table(tmp_path: Path) -> None:
    table = table_of()
    grid, listed = (problem_of(table, kind, 0, tmp_path) for kind in ("grid", "list"))
    points = [grid.space.nearest(listed.space.design(np.array([i]))) for i in range(len(table))]
    assert all(point is not None for point in points)
    assert grid.digest != listed.digest


def test_an_unknown_method_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"unknown: best; available are random, rf-ei"):
        play_missing([table_of()], ["grid"], ["best"], [0], tmp_path)
