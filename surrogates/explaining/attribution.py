"""Explains a prediction: relevance of the inputs, and exact Shapley values over groups of them.

A Shapley value shares the difference between a prediction and a baseline among players: each gets its marginal
contribution, averaged over all orders in which the players can join. With the nine groups of descriptors, or the
elements of a palette, all coalitions can be asked, so nothing is sampled.

References:
    Shapley, A value for n-person games (1953).
    Lundberg & Lee, A unified approach to interpreting model predictions, NeurIPS 2017.
    Janzing, Minorics & Bloebaum, AISTATS 2020: absent inputs are drawn from data, independently of those present.
    Neal, Bayesian Learning for Neural Networks (1996), ch. 1: inverse lengthscales as relevance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import factorial

import numpy as np
from numpy.typing import NDArray

from alloys.errors import InputError
from alloys.space import Bools, Floats
from surrogates.model.features import Described
from surrogates.model.surrogate import Surrogate

FRACTIONS = "fractions"

OTHERS = "others"

MOST = 12
"""Players beyond which the coalitions become too many."""

BACKGROUND = 16
"""Rows of the background that are used, evenly spaced, where more are given."""


@dataclass(frozen=True, slots=True)
class Attribution:
    """How one property's prediction comes about; all in the property's unit.

    Attributes:
        prediction: the mean.
        baseline: what is predicted where nothing of the alloy is told.
        shares: by player; they sum to prediction - baseline.
    """

    prediction: float
    baseline: float
    shares: Mapping[str, float]


def coalitions(players: int) -> Bools:
    """Every subset of the players as a row, shape ``(2**players, players)``; row ``i`` holds the bits of ``i``.

    Raises:
        InputError: if there are more than `MOST` players.
    """
    if not 1 <= players <= MOST:
        raise InputError(f"Shapley values are exact for 1 to {MOST} players, got {players}; group them")
    return np.asarray((np.arange(2**players)[:, None] >> np.arange(players)) & 1, dtype=np.bool_)


def shapley(worth: Floats) -> Floats:
    """Shapley values, shape ``(players, ...)``, of a game.

    phi_i = sum over S without i of |S|! (p - |S| - 1)! / p! (v(S + i) - v(S)) (Shapley 1953).

    Args:
        worth: of every coalition in the order of `coalitions`, shape ``(2**players, ...)``.

    Raises:
        InputError: if the number of rows is not a power of two of 2 or more.
    """
    players = len(worth).bit_length() - 1
    if players < 1 or len(worth) != 2**players:
        raise InputError(f"a game of p players has 2**p worths, got {len(worth)}")
    members = coalitions(players)
    sizes = members.sum(axis=1)
    weights = np.array([factorial(s) * factorial(players - s - 1) / factorial(players) for s in range(players)])
    values = []
    for i in range(players):
        without = np.flatnonzero(~members[:, i])
        gains = worth[without + 2**i] - worth[without]
        values.append(np.tensordot(weights[sizes[without]], gains, axes=1))
    return np.array(values)


def by_descriptors(surrogate: Surrogate, inputs: Floats, background: Floats) -> dict[str, Attribution]:
    """Attribution of each property's prediction to groups of descriptors, the bare fractions, and each variable.

    Absent groups take the values of background rows, whatever the groups present say; the baseline is the mean
    prediction of the background. Where there are too many groups for all coalitions, those in which the alloy differs
    least from the background play together as `OTHERS`.

    Args:
        surrogate: the model.
        inputs: of one alloy, as `Space.inputs` gives them, shape ``(k,)``.
        background: of alloys to compare with, shape ``(b, k)``, best those that were measured.

    Raises:
        InputError: if the background is empty, or a shape does not fit.
    """
    ours, theirs = surrogate.describe(inputs[None]), surrogate.describe(_thinned(background))
    groups, of_group, of_variable = _players(surrogate, ours, theirs)
    names = [*groups, *([FRACTIONS] if surrogate.elements else [])]
    members = coalitions(len(names))
    told = members[:, None, :]
    count = len(theirs)
    descriptors = np.where(told[..., of_group], ours.descriptors[0], theirs.descriptors)
    chosen = np.where(told[..., of_variable], ours.chosen[0], theirs.chosen)
    bare = np.where(told[..., -1:], ours.fractions[0], theirs.fractions)  # of no width without elements
    mixed = replace(
        ours,
        fractions=bare.reshape(len(bare) * count, -1),
        descriptors=descriptors.reshape(len(bare) * count, -1),
        chosen=chosen.reshape(len(bare) * count, -1),
    )
    means, _ = surrogate.predict(mixed)
    return {name: _attribution(names, column.reshape(-1, count).mean(axis=1)) for name, column in means.items()}


def by_elements(surrogate: Surrogate, inputs: Floats, background: Floats) -> dict[str, Attribution]:
    """Attribution of each property's prediction to the amounts of the elements, its variables being as they are.

    Absent elements take their mean amount in the background, and the whole is scaled to sum to one; the baseline is
    the prediction of the mean composition. Elements that are in neither are no players; beyond `MOST`, those that
    differ least from the mean play together as `OTHERS`. A design without a composition has none.

    Args:
        surrogate: the model.
        inputs: of one alloy, as `Space.inputs` gives them, shape ``(k,)``.
        background: of alloys to compare with, shape ``(b, k)``.

    Raises:
        InputError: if the background is empty, or a shape does not fit.
    """
    if not len(background):
        raise InputError("an attribution needs at least one alloy to compare with, got none")
    count = len(surrogate.elements)
    fractions, chosen = inputs[:count], inputs[count:]
    centre = background[:, :count].mean(axis=0)
    far = np.argsort(-np.abs(fractions - centre), kind="stable")
    playing = [int(i) for i in far if centre[i] > 0 or fractions[i] > 0]
    if not playing:
        means, _ = surrogate.predict(inputs[None])
        return {name: Attribution(float(mean[0]), float(mean[0]), {}) for name, mean in means.items()}
    single = sorted(playing if len(playing) <= MOST else playing[: MOST - 1])
    players = [[i] for i in single] + ([sorted(set(playing) - set(single))] if len(single) < len(playing) else [])
    members = np.zeros((2 ** len(players), len(centre)), dtype=np.bool_)
    for player, told in zip(players, coalitions(len(players)).T, strict=True):
        members[:, player] = told[:, None]
    amounts = np.where(members, fractions, centre)
    totals = amounts.sum(axis=1, keepdims=True)
    # Where the alloy and the background share no element, a coalition may hold nothing at all: the mean then.
    amounts = np.where(totals > 0, amounts, centre)
    amounts = amounts / amounts.sum(axis=1, keepdims=True)
    means, _ = surrogate.predict(np.concatenate([amounts, np.tile(chosen, (len(amounts), 1))], axis=1))
    names = [surrogate.elements[player[0]] if len(player) == 1 else OTHERS for player in players]
    return {name: _attribution(names, column) for name, column in means.items()}


def relevance(surrogate: Surrogate) -> dict[str, dict[str, float]]:
    """Share of each input in the sum of inverse lengthscales, by property, most relevant first.

    Inputs are scaled to equal spread before, so that lengthscales can be compared. It says how fast the residual
    about the physics prior changes with an input, not in which direction. Properties without an observation are
    left out.
    """
    inputs = [
        *surrogate.physics.descriptors(surrogate.elements),
        *(f"fraction_{symbol}" for symbol in surrogate.elements),
        *surrogate.variables.features,
    ]
    found = {}
    for name, output in surrogate.outputs.items():
        if output.gp is not None:
            inverse = 1.0 / output.gp.lengthscale.numpy()
            shares = dict(zip(inputs, (inverse / inverse.sum()).tolist(), strict=True))
            found[name] = dict(sorted(shares.items(), key=lambda item: -item[1]))
    return found


def _group_of_each(surrogate: Surrogate) -> tuple[list[str], NDArray[np.int64]]:
    """The groups of descriptors, and the index of each descriptor's group."""
    groups = {group: names for group, names in surrogate.physics.groups(surrogate.elements).items() if names}
    index = {member: i for i, members in enumerate(groups.values()) for member in members}
    names = surrogate.physics.descriptors(surrogate.elements)
    lacking = [name for name in names if name not in index]
    if lacking:
        raise InputError(f"the physics {surrogate.physics.name!r} has no group for {', '.join(lacking)}")
    return list(groups), np.array([index[name] for name in names], dtype=np.int64)


def _players(
    surrogate: Surrogate, ours: Described, theirs: Described
) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
    """The players beside the fractions, and which each descriptor and each variable belongs to."""
    groups, of_group = _group_of_each(surrogate)
    apart = np.abs(ours.descriptors[0] - theirs.descriptors.mean(axis=0))
    scaled = apart / np.maximum(theirs.descriptors.std(axis=0), 1e-12)
    of_variable = len(groups) + np.arange(len(surrogate.variables))
    differs = np.where((ours.chosen != theirs.chosen).any(axis=0), np.inf, 0.0)  # a variable is told of where it counts
    named = [*groups, *surrogate.variables.names]
    fewer, owner = _fewer(named, np.concatenate([of_group, of_variable]), np.concatenate([scaled, differs]))
    return fewer, owner[: len(of_group)], owner[len(of_group) :]


def _fewer(groups: list[str], of_group: NDArray[np.int64], apart: Floats) -> tuple[list[str], NDArray[np.int64]]:
    """At most ``MOST - 1`` groups: those whose descriptors are farthest ``apart``, and the rest as one."""
    if len(groups) < MOST:
        return groups, of_group
    distance = [float(apart[of_group == i].max()) for i in range(len(groups))]
    kept = sorted(np.argsort(-np.array(distance), kind="stable")[: MOST - 2].tolist())
    index = {group: i for i, group in enumerate(kept)}
    return [*(groups[i] for i in kept), OTHERS], np.array([index.get(i, len(kept)) for i in of_group.tolist()])


def _thinned(background: Floats) -> Floats:
    if not len(background):
        raise InputError("an attribution needs at least one alloy to compare with, got none")
    count = min(len(background), BACKGROUND)
    return background[np.linspace(0, len(background) - 1, count).round().astype(np.int64)]


def _attribution(players: list[str], worth: Floats) -> Attribution:
    shares = dict(zip(players, shapley(worth).tolist(), strict=True))
    return Attribution(float(worth[-1]), float(worth[0]), shares)
