"""Sample efficiency, told: measures of runs, the report and the command."""

from __future__ import annotations

import importlib.util
import math
from dataclasses import replace
from pathlib import Path

import pytest

from alloys.errors import InputError
from benchmarks.efficiency import metrics
from benchmarks.efficiency.__main__ import main
from benchmarks.efficiency.methods import METHODS, chosen, lacking
from benchmarks.efficiency.problem import Problem
from benchmarks.efficiency.records import path_of, read, write
from benchmarks.efficiency.report import Comparison
from tests.benchmarks.efficiency_helpers import REFERENCE, ROOT, problem_of, run_of


def test_hypervolume_is_normalised_by_the_union_of_all_fronts() -> None:
    low = run_of([[1.0, 1.0], None, [2.0, 1.0], [1.0, 1.5]], [0, 1, 1, 2])
    high = run_of([[1.0, 1.0], [1.0, 4.0], [0.5, 0.5], None], [0, 1, 1, 2], method="ax")
    longer = run_of([[3.0, 0.5], None], [0, 1], method="ours")
    comparison = Comparison.of([low, high], [longer], REFERENCE, "p")
    # Union of the boxes to (1, 4), (2, 1) and (3, 0.5).
    assert comparison.whole == pytest.approx(4 + 1 + 0.5)
    assert comparison.front == 3
    assert comparison.curves["random", 0] == pytest.approx([1 / 5.5, 2 / 5.5, 2.5 / 5.5])
    assert comparison.curves["ax", 0] == pytest.approx([1 / 5.5, 4 / 5.5, 4 / 5.5])
    assert comparison.best_peer() == "ax"


def test_evaluations_are_counted_at_the_end_of_batches() -> None:
    run = run_of([[1.0, 1.0], None, [2.0, 1.0], [3.0, 1.0]], [0, 1, 1, 2])
    curve = metrics.volumes(run, REFERENCE)
    assert curve == pytest.approx([1.0, 2.0, 3.0])
    assert metrics.evaluations_to(run, curve, 1.5) == 3
    assert metrics.evaluations_to(run, curve, 3.0) == 4
    assert metrics.evaluations_to(run, curve, 3.1) == metrics.NEVER


def test_levels_of_other_methods_are_those_of_the_same_seed() -> None:
    runs = [
        run_of([[1.0, 1.0], [2.0, 1.0]], [0, 1], "botorch-compositions", 0),
        run_of([[1.0, 1.0], [9.0, 1.0]], [0, 1], "botorch-compositions", 1),
        run_of([[1.0, 1.0], [2.5, 1.0]], [0, 1], "ours", 0),
        run_of([[1.0, 1.0], [2.5, 1.0]], [0, 1], "ours", 1),
        run_of([[1.0, 1.0], [2.5, 1.0]], [0, 1], "ours", 2),
    ]
    comparison = Comparison.of(runs, [], REFERENCE, "p")
    assert comparison.to_end_of("ours", "botorch-compositions") == [2, metrics.NEVER]
    assert comparison.to_end_of("botorch-compositions", "botorch-compositions") == [2, 2]
    assert comparison.to_level("ours", 0.1) == [1, 1, 1]
    assert comparison.to_end_of("ours", None) == []


def test_feasible_shares_leave_out_the_start() -> None:
    run = run_of([[1.0, 1.0], None, None, [1.0, 1.0], [1.0, 1.0]], [0, 0, 1, 1, 2])
    assert metrics.feasible_share(run) == pytest.approx(2 / 3)
    assert metrics.feasible_share(run, 2) == 1.0
    assert metrics.first_feasible(run) == 1
    assert metrics.first_feasible(run_of([None, None], [0, 1])) == metrics.NEVER
    assert math.isnan(metrics.feasible_share(run_of([None], [0])))


def test_what_was_never_reached_counts_in_medians() -> None:
    assert metrics.spread([72.0, metrics.NEVER, 56.0]) == (72.0, 56.0, metrics.NEVER)
    assert metrics.spread([72.0, metrics.NEVER])[0] == metrics.NEVER
    assert metrics.spread([1.0, 2.0, 4.0, 8.0])[0] == 3.0
    assert math.isnan(metrics.spread([])[0])


def test_runs_that_cannot_be_compared_are_refused() -> None:
    run = run_of([[1.0, 1.0], [2.0, 1.0]], [0, 1])
    for other, words in (
        (replace(run, method="ax", problem="q"), "another problem"),
        (replace(run, method="ax", formulas=["x", "y"]), "began with other alloys"),
        (run_of([[1.0, 1.0]] * 3, [0, 1, 2], "ax"), "different lengths"),
    ):
        with pytest.raises(InputError, match=words):
            Comparison.of([run, other], [], REFERENCE, "p")
    with pytest.raises(InputError, match="no results yet"):
        Comparison.of([], [], REFERENCE, "p")


def test_a_record_comes_back_as_it_was_written(tmp_path: Path) -> None:
    run = run_of([[1.0, 1.0], None], [0, 1])
    path = write(tmp_path, run)
    assert path == path_of(tmp_path, "random", 0)
    assert read(path) == run
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match="no record of a run"):
        read(path)


# The command ---------------------------------------------------------------------------------------------------------


def test_unknown_methods_are_named_with_those_there_are() -> None:
    assert chosen("random, ours") == ["random", "ours"]
    assert chosen(None) == list(METHODS)
    with pytest.raises(InputError, match=r"unknown methods: tpe; available are random, botorch-compositions"):
        chosen("random,tpe")


def test_a_missing_package_is_named_with_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert lacking("random") is None
    assert "install the peers with `pip install -e '.[peers]'`" in (lacking("baybe") or "")


def test_the_report_is_printed_with_a_figure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = ROOT / "configs" / "refractory.yaml"
    digest = Problem.load(config, 0, tmp_path / "answers").digest
    runs = [
        run_of([[1.0, 3.0], [2.0, 4.0], [9.0, 3.0]], [0, 1, 2], "botorch-compositions"),
        run_of([[1.0, 3.0], [9.0, 4.0], None], [0, 1, 2], "ours"),
    ]
    for run in runs:
        write(tmp_path / "runs", replace(run, problem=digest))
    arguments = ["--report", "--out", str(tmp_path / "runs"), "--cache", str(tmp_path / "answers")]
    assert main([*arguments, "--config", str(config)]) == 0
    printed = capsys.readouterr().out
    ours = next(line for line in printed.splitlines() if line.startswith("ours"))
    assert "best peer by the median of final hypervolumes: botorch-compositions" in printed
    assert ours.split()[:3] == ["ours", "1", "1.000"]
    assert "versions of the validator" not in printed
    assert (tmp_path / "hypervolume.png").read_bytes()[:4] == b"\x89PNG"


def test_answers_of_two_versions_of_the_validator_are_told() -> None:
    runs = [run_of([[1.0, 1.0]], [0]), replace(run_of([[1.0, 1.0]], [0], "ax"), validator="w")]
    assert "2 versions of the validator answered" in Comparison.of(runs, [], REFERENCE, "p").text()


def test_another_database_is_another_problem(tmp_path: Path) -> None:
    problem = problem_of(tmp_path)
    other = problem.config.validator.model_copy(update={"settings": {"tdb": "mine.tdb"}})
    changed = replace(problem, config=problem.config.model_copy(update={"validator": other}))
    assert changed.digest != problem.digest


def test_a_report_without_results_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--report", "--out", str(tmp_path / "none"), "--cache", str(tmp_path / "answers")]
    assert main([*arguments, "--config", str(ROOT / "configs" / "refractory.yaml")]) == 2
    assert "run the benchmark without --report first" in capsys.readouterr().err
