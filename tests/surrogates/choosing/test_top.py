"""The search for the top of a list: edges, chances, what is expected of an answer, constraints and batches."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtr

from alloys.composition import Composition
from alloys.design import Design
from alloys.errors import InputError
from alloys.goal import Goal
from alloys.physics.declaring import PropertySpec, declare
from alloys.physics.registry import get_physics
from alloys.problem import Problem
from alloys.space import Floats, Points, TableSpace
from surrogates.choosing.acquisition import choose_batch
from surrogates.choosing.picks import ChosenBatch
from surrogates.choosing.screen import BatchContext, Settings
from surrogates.choosing.top import Belief, Search
from surrogates.model.gp import GP
from surrogates.model.output import Inference
from surrogates.model.surrogate import Surrogate
from surrogates.model.voting.draws import made
from surrogates.model.warps import Identity

DRAW = np.random.default_rng(3)
X = DRAW.uniform(-1, 1, size=(30, 2))
Y = np.sin(3 * X[:, 0]) + X[:, 1]
THETA = np.log(np.array([0.8, 1.1, 1.0, 0.3, 0.05]))
ROWS, FREE = np.array([0, 5, 9, 20]), np.setdiff1d(np.arange(30), [0, 5, 9, 20])


def plain(means: Floats, stds: Floats, sign: int = 1) -> Belief:
    """The belief of one model that cannot be told an answer."""
    nothing = np.zeros(means.shape[1])
    return Belief(1.0, sign, means, stds**2, np.zeros((len(means), 1)), nothing, Identity())


def of_process(process: GP) -> Belief:
    """That of one that can, on the rows without an answer."""
    mean, std = process.predict(X[FREE])
    noise = np.array([[process.noise_std**2]])
    return Belief(1.0, 1, mean[None], std[None] ** 2, noise, np.zeros(len(FREE)), Identity(), (process,), X[FREE])


@pytest.mark.parametrize("sign", [1, -1])
def test_chances_of_the_top_count_as_many_rows_as_are_sought(sign: int) -> None:
    rng = np.random.default_rng(0)
    belief = plain(rng.normal(size=(3, 48)), rng.uniform(0.2, 1.0, size=(3, 48)), sign)
    search = Search([belief], sign * np.array([-5.0, -4.0]), np.ones(48), 0.12)
    assert search.wanted == pytest.approx(6.0)
    chances = np.exp(belief.log_chances(search.edge(belief)))
    assert chances.sum() == pytest.approx(6.0, abs=0.01)
    # One that seldom satisfies the constraints counts as little.
    half = replace(search, allowed=np.full(48, 0.5))
    chances = np.exp(belief.log_chances(half.edge(belief)))
    assert 0.5 * chances.sum() == pytest.approx(half.wanted, abs=0.01)


def test_what_an_answer_is_expected_to_leave_agrees_with_conditioning_on_it() -> None:
    process = made(THETA, X[ROWS], Y[ROWS], 0.0, 1.0)
    search = Search([of_process(process)], Y[ROWS], np.ones(len(FREE)), 0.2)
    short, level = np.array([7, 3]), 1.0
    found = search.expected_rest([level], short, np.arange(len(FREE)), 4)
    for row, value in zip(short, found, strict=True):
        mean, std = process.predict(X[FREE])
        width = np.hypot(std[row], process.noise_std)
        expected = 0.0
        for z, weight in ((-np.sqrt(3), 1 / 6), (0.0, 2 / 3), (np.sqrt(3), 1 / 6)):
            answer = mean[row] + z * width
            told = GP.condition(
                np.concatenate([X[ROWS], X[FREE][[row]]]),
                np.append(Y[ROWS], answer),
                process.shift,
                process.scale,
                (process.constant, process.lengthscale, process.noise),
            )
            after, doubt = told.predict(X[FREE])
            chances = np.delete(ndtr((after - level) / np.hypot(doubt, told.noise_std)), row)
            expected += weight * np.sort(chances)[-4:].sum()
        assert value == pytest.approx(expected, rel=1e-4)


def test_an_answer_that_tells_nothing_leaves_the_highest_chances() -> None:
    means = DRAW.normal(size=(1, 29))
    search = Search([plain(means, np.ones((1, 29)))], np.zeros(0), np.ones(29), 0.1)
    chances = np.sort(ndtr(means[0] - 0.5))
    rest = search.expected_rest([0.5], np.argsort(means[0])[-3:], np.arange(29), 2)
    np.testing.assert_allclose(rest, [chances[-2:].sum(), chances[-3] + chances[-1], chances[-3:-1].sum()])


def test_a_pending_row_is_believed_and_not_chosen_again() -> None:
    process = made(THETA, X[ROWS], Y[ROWS], 0.0, 1.0)
    search = Search([of_process(process)], Y[ROWS], np.ones(len(FREE)), 0.2)
    best = search.choose(1, np.zeros(0, dtype=np.int64))[0][0]
    others = [row for row, _ in search.choose(len(FREE), np.array([best]))]
    assert best not in others
    assert sorted([best, *others]) == list(range(len(FREE)))
    believed = search.believing(best).beliefs[0]
    told = made(THETA, np.concatenate([X[ROWS], X[FREE][[best]]]), np.append(Y[ROWS], 0.0), 0.0, 1.0)
    np.testing.assert_allclose(believed.variances[0], told.predict(X[FREE])[1] ** 2, atol=1e-8)


SPACE = TableSpace(
    tuple(
        Design.of(Composition.unknown(), {"a": float(a), "b": float(b)})
        for a, b in np.round(np.random.default_rng(1).uniform(size=(90, 2)), 6)
    )
)
PHYSICS = declare(
    get_physics("generic"),
    {name: PropertySpec(unit="1", range=[-9, 9], usual=[0, 1]) for name in ("height", "cost")},
    SPACE.variables,
)


def _truth(points: Points) -> dict[str, Floats]:
    a, b = SPACE.inputs(points).T
    return {"height": np.exp(-8 * ((np.abs(a - 0.5) - 0.25) ** 2 + (b - 0.4) ** 2)), "cost": a + 0 * b}


def _chosen(
    goal: Goal, rows: list[int], q: int, inference: Inference = "votes", pending: tuple[int, ...] = ()
) -> ChosenBatch:
    points = np.array(rows)[:, None]
    problem = Problem(SPACE, goal, PHYSICS)
    values = {name: column for name, column in _truth(points).items() if name in problem.validated}
    surrogate = Surrogate.fit(
        PHYSICS,
        SPACE.elements,
        SPACE.inputs(points),
        values,
        inference,
        variables=SPACE.variables,
    )
    waiting, nothing = np.array(pending, dtype=np.int64)[:, None], np.zeros((0, 1), dtype=np.int64)
    context = BatchContext(points, values, waiting, nothing, np.zeros(1))
    everything = [(np.arange(90)[:, None], "list")]
    return choose_batch(surrogate, problem, everything, context, q=q, settings=Settings(top=0.1))


@pytest.mark.parametrize("inference", ["votes", "map"])
def test_most_of_the_top_is_found_in_few_looks(inference: Inference) -> None:
    goal = Goal.parse(["maximize height"], [], PHYSICS.properties)
    heights = _truth(np.arange(90)[:, None])["height"]
    best, rows = set(np.argsort(-heights)[:9].tolist()), [0, 1, 2, 3]
    while len(rows) < 28:
        chosen = _chosen(goal, rows, 4, inference)
        assert chosen.mode == "top"
        assert "one of the best of the list with a chance of" in chosen.picks[0].why
        rows += [pick.point[0] for pick in chosen.picks]
    assert len(set(rows)) == 28
    assert len(best & set(rows)) >= 7


def test_constraints_and_pending_designs_are_kept() -> None:
    goal = Goal.parse(["minimize height"], ["cost <= 0.4"], PHYSICS.properties)
    rows = list(range(25))
    first = _chosen(goal, rows, 5)
    cost = _truth(np.array([pick.point for pick in first.picks]))["cost"]
    assert (cost < 0.5).all()
    again = _chosen(goal, rows, 5, pending=(first.picks[0].point[0],))
    assert first.picks[0].point not in [pick.point for pick in again.picks]


def test_nothing_is_chosen_where_nothing_is_left() -> None:
    goal = Goal.parse(["maximize height"], [], PHYSICS.properties)
    assert _chosen(goal, list(range(90)), 3).picks == ()


def test_a_share_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="top must be between 0 and 1, got 1"):
        Settings(top=1.0)
