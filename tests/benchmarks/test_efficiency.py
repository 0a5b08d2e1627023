"""The comparison of sample efficiency: protocol, methods on a cheap validator, measures and report."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from alloys.goal import Constraint
from alloys.physics.closed_forms import closed_form
from alloys.records import Failed, FailureKind
from benchmarks.efficiency.campaign import play
from benchmarks.efficiency.methods import METHODS
from benchmarks.efficiency.nearest import nearest
from benchmarks.efficiency.problem import Problem
from benchmarks.efficiency.protocol import BrokenProtocolError, History, Method
from benchmarks.efficiency.records import Run
from benchmarks.efficiency.simple import Random
from tests.benchmarks.efficiency_helpers import problem_of

# The protocol --------------------------------------------------------------------------------------------------------


def played(problem: Problem, method: Method, *, batches: int = 2, q: int = 3) -> Run:
    return play(problem, method, problem.config.seed, batches=batches, q=q, tell=lambda text: None)


def test_every_method_starts_with_the_campaigns_own_start_and_each_alloy_counts_once(tmp_path: Path) -> None:
    problem = problem_of(tmp_path)
    run = played(problem, Random(problem, 3, 0))
    start = [str(problem.space.design(row)) for row in problem.start()]
    assert run.formulas[:8] == start
    assert run.batches == [0] * 8 + [1] * 3 + [2] * 3
    assert len(set(run.formulas)) == 14
    assert run.ends() == [8, 11, 14]
    assert len(run.seconds) == 2


def test_answers_are_kept_and_another_run_asks_the_validator_nothing(tmp_path: Path) -> None:
    first = problem_of(tmp_path)
    run = played(first, Random(first, 3, 0))
    again = problem_of(tmp_path)
    assert played(again, Random(again, 3, 0)).points == run.points
    assert first.answers.validator.asked == run.formulas  # type: ignore[attr-defined]
    assert again.answers.computed == 0


def test_a_failure_of_the_machinery_is_not_kept(tmp_path: Path) -> None:
    problem = problem_of(tmp_path)
    broken = Failed(FailureKind.INFRASTRUCTURE, "no licence")
    problem.answers.validator.validate = lambda composition: broken  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match="no licence"):
        problem.ask(problem.start()[:1])
    assert list(problem.answers.folder.iterdir()) == []


def test_random_compositions_pass_the_closed_forms(tmp_path: Path) -> None:
    problem = problem_of(tmp_path)
    points = problem.sample(200, np.random.default_rng(0), problem.start())
    values = problem.closed(points)
    assert problem.space.contains(points).all()
    assert all(c.holds(values[c.name]).all() for c in problem.design.closed_form_constraints)
    assert len(np.unique(points, axis=0)) == 200


@pytest.mark.parametrize("spoil", ["twice", "asked", "outside", "short"])
def test_a_batch_that_breaks_the_protocol_is_refused(tmp_path: Path, spoil: str) -> None:
    problem = problem_of(tmp_path)
    start = problem.start()
    history = History(start, problem.ask(start), np.zeros(len(start), dtype=np.int64))
    batch = problem.sample(3, np.random.default_rng(0), start)
    problem.check(history, batch, 3)
    if spoil == "twice":
        batch[1] = batch[0]
    elif spoil == "asked":
        batch[1] = start[0]
    elif spoil == "outside":
        batch[1] = [100, *[0] * 8]
    else:
        batch = batch[:2]
    with pytest.raises(BrokenProtocolError):
        problem.check(history, batch, 3)


def test_incumbents_are_the_undominated_feasible_ones_then_those_that_break_least(tmp_path: Path) -> None:
    problem = problem_of(tmp_path, start=24)
    start = problem.start()
    history = History(start, problem.ask(start), np.zeros(len(start), dtype=np.int64))
    feasible = problem.feasible(history.values)
    best = problem.space.keys(problem.incumbents(history))
    rank = {key: i for i, key in enumerate(problem.space.keys(start))}
    rows = [rank[key] for key in best]
    assert [bool(feasible[i]) for i in rows] == sorted((bool(feasible[i]) for i in rows), reverse=True)
    broken = [problem.violation(history)[i] for i in rows if not feasible[i]]
    assert broken == sorted(broken)
    assert len(broken) > 1


# Methods -------------------------------------------------------------------------------------------------------------


def test_nearest_leaves_what_may_be_asked_and_finds_what_lies_next(tmp_path: Path) -> None:
    problem = problem_of(tmp_path)
    rows = problem.sample(5, np.random.default_rng(1), problem.start())
    assert nearest(problem, rows.astype(float), rows[:0]).tolist() == rows.tolist()
    moved = nearest(problem, np.repeat(rows[:1], 3, axis=0).astype(float), rows)
    assert problem.allowed(moved).all()
    assert len(np.unique(np.concatenate([moved, rows]), axis=0)) == 8
    assert np.abs(moved - rows[0]).sum(axis=1).max() <= 20


def test_nearest_repairs_what_is_far_outside(tmp_path: Path) -> None:
    problem = problem_of(tmp_path)
    points = np.array([[11.0] * 9, [0, 0, 0, 0, 50.0, 0, 0, 50.0, 0], [50.0, *[0.0] * 7, 50.0]])
    rows = nearest(problem, points, problem.start())
    assert problem.allowed(rows).all()
    # Half tantalum and half tungsten is far too dense: what comes instead has more of them than chance has.
    chance = problem.sample(500, np.random.default_rng(0), problem.start())
    heavy = [problem.space.elements.index(symbol) for symbol in ("Ta", "W")]
    assert rows[1, heavy].sum() > np.quantile(chance[:, heavy].sum(axis=1), 0.9)


@pytest.mark.parametrize("describe", ["bare", "both"])
def test_botorch_proposes_by_the_protocol(tmp_path: Path, describe: str) -> None:
    from benchmarks.efficiency.peers import botorch as peer_botorch

    problem = problem_of(tmp_path)
    method = peer_botorch.BoTorch(problem, 2, 0, "b", getattr(peer_botorch, describe), pool=10)
    run = played(problem, method, batches=1, q=2)
    assert len(run) == 10


def test_botorch_proposes_the_same_again_and_leaves_failures_out(tmp_path: Path) -> None:
    from benchmarks.efficiency.peers.botorch import BoTorch

    problem = problem_of(tmp_path)
    points = problem.sample(8, np.random.default_rng(3), problem.start()[:0])
    failing = problem.fresh(problem.space.sample(20_000, np.random.default_rng(4)), points)
    cr, v = (problem.space.elements.index(symbol) for symbol in ("Cr", "V"))
    points = np.concatenate([points, failing[(failing[:, cr] > 0) & (failing[:, v] > 0)][:2]])
    history = History(points, problem.ask(points), np.zeros(len(points), dtype=np.int64))
    assert history.failed(problem.validated).sum() >= 2
    first, second = (BoTorch(problem, 2, 0, "b", pool=10).propose(history) for _ in range(2))
    assert first.tolist() == second.tolist()


def test_botorch_knows_the_closed_form_objective_and_the_constraints(tmp_path: Path) -> None:
    import torch

    from benchmarks.efficiency.peers.botorch import BoTorch

    problem = problem_of(tmp_path, start=24)
    start = problem.start()
    history = History(start, problem.ask(start), np.zeros(len(start), dtype=np.int64))
    known = ~history.failed(problem.validated)
    method = BoTorch(problem, 3, 0, "botorch")
    table = np.column_stack([history.values[name][known] for name in problem.validated])
    samples = torch.tensor(table)[None]
    inputs = method.inputs(start[known])
    objective, reference = method.objective(history, known, inputs.shape[1] - 1)
    spread = problem.points(history.values)[known].std(axis=0)
    np.testing.assert_allclose(objective(samples, X=inputs)[0].numpy() * spread, problem.points(history.values)[known])
    np.testing.assert_allclose(np.array(reference) * spread, problem.reference(), atol=1e-12)
    broken = np.any([c(samples)[0].numpy() > 0 for c in method.constraints(table)], axis=0)
    assert (broken == ~problem.feasible(history.values)[known]).all()


def test_physics_descriptors_are_plain_and_of_an_alloy_alone() -> None:
    from benchmarks.efficiency.peers.botorch import both, physics

    elements, fractions = ("Mo", "Nb", "Ta", "W"), np.array([[0.25, 0.25, 0.25, 0.25], [1.0, 0.0, 0.0, 0.0]])
    rows = physics(elements, fractions)
    assert rows.shape == (2, 16)
    assert both(elements, fractions).tolist() == np.concatenate([rows, fractions], axis=1).tolist()
    assert rows[0, 1] == pytest.approx(5.5)
    assert rows[1, 6:13] == pytest.approx(0.0, abs=1e-6)
    # The published mixing enthalpy of MoNbTaW is -6.5 kJ/mol (Senkov et al., Intermetallics 18 (2010) 1758).
    assert rows[0, 13] == pytest.approx(-6.5, abs=0.3)


def test_ours_is_the_campaign_asked_and_told(tmp_path: Path) -> None:
    problem = problem_of(tmp_path)
    run = played(problem, METHODS["ours-no-generators"].make(problem, 3, 0), batches=1)
    assert len(run) == 11
    failed = [point is None for point in run.points]
    assert run.formulas[:8] == [str(problem.space.design(row)) for row in problem.start()]
    assert not any(good for good, gone in zip(run.feasible, failed, strict=True) if gone)


def test_what_ours_without_generators_looks_at_is_as_much(tmp_path: Path) -> None:
    from benchmarks.efficiency.ours import own_config

    config = problem_of(tmp_path).config
    own = own_config(config, tmp_path, ["generator.guided=true"], generators=False)
    assert own.generator.guided
    assert own.screening.random == 150
    assert own.validator.name == "external"
    assert own.seed == config.seed


def needs(module: str, package: str) -> pytest.MarkDecorator:
    missing = importlib.util.find_spec(module) is None
    return pytest.mark.skipif(missing, reason=f"{package} is not installed: pip install -e '.[peers]'")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("nsga2", marks=needs("pymoo", "pymoo")),
        pytest.param("baybe", marks=[needs("baybe", "baybe"), pytest.mark.slow]),
        pytest.param("ax", marks=[needs("ax", "ax-platform"), pytest.mark.slow]),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_peers_propose_by_the_protocol(tmp_path: Path, name: str) -> None:
    problem = problem_of(tmp_path, start=12)
    run = played(problem, METHODS[name].make(problem, 2, 0), batches=2, q=2)
    assert len(run) == 16
    assert len(set(run.formulas)) == 16


@pytest.mark.skipif(importlib.util.find_spec("ax") is None, reason="ax-platform is not installed")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("text", ["density <= 9", "density >= 7.5", "vec <= 5.0", "vec >= 4.5"])
def test_closed_forms_are_linear_for_ax(tmp_path: Path, text: str) -> None:
    from benchmarks.efficiency.peers.ax import linear_form

    space, constraint = problem_of(tmp_path).space, Constraint.parse(text)
    fractions = space.fractions(space.sample(300, np.random.default_rng(0)))
    holds = constraint.holds(closed_form(constraint.name, space.elements, fractions))
    form = linear_form(space.elements, constraint)
    assert form is not None
    assert 0 < holds.sum() < 300
    assert (holds == (fractions @ form <= 1e-12)).all()
