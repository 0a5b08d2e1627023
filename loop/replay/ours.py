"""The campaign itself on a pool: what `alloyloop run` does between two answers, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from alloys.errors import InputError
from alloys.goal import Goal
from alloys.physics.declaring import declare
from alloys.physics.registry import get_physics
from alloys.problem import Problem
from loop.choose import steps
from loop.choose.fitting import fit_surrogate
from loop.choose.ranking import rank
from loop.choose.seeds import seed_for
from loop.config.reading import apply_override
from loop.config.schema import CampaignConfig
from loop.measurements import AcceptedResult
from loop.replay.columns import ANSWER
from loop.replay.pool import ReplayPool
from loop.view import Row, View, row_of
from surrogates.model.surrogate import Surrogate
from validation.tier import Tier

Rows = NDArray[np.int64]


def config_of_pool(pool: ReplayPool, overrides: Sequence[str] = ()) -> CampaignConfig:
    """The campaign of one who searches a list for its best: all of the top, by several models that vote.

    Where a value is to be matched, what is nearest to it is sought.

    Args:
        pool: what is searched.
        overrides: ``KEY=VALUE`` that stand in place of it, as `alloyloop run --set` takes them.

    Raises:
        InputError: for a key or a value that no configuration has.
    """
    # What is usual is known only where somebody looked: the scale of the first answers decides, whatever stands here.
    usual = {"unit": "1", "range": [-1e300, 1e300], "usual": [-1.0, 1.0]}
    objective, choice = f"{'minimize' if pool.minimize else 'maximize'} {ANSWER}", {"seek": "top", "share": pool.share}
    if pool.match is not None:
        objective, choice = f"match {ANSWER} {pool.match!r}", {"seek": "best"}
    document: dict[str, Any] = {
        "name": "replay",
        "space": {"kind": "table", "file": pool.source},
        "physics": "generic",
        "properties": {ANSWER: usual},
        "objectives": [objective],
        "surrogate": {"inference": "votes"},
        "choice": choice,
        "validator": {"name": "external"},
    }
    for override in overrides:
        apply_override(document, override)
    try:
        return CampaignConfig.model_validate(document)
    except ValidationError as error:
        wrong = error.errors(include_url=False)[0]
        raise InputError(f"--set {'.'.join(map(str, wrong['loc']))}: {wrong['msg']}") from error


class Ours:
    """One campaign: the view grows by every answer, the surrogate is fitted on it, and ranks what is left of the list.

    Attributes:
        view: what is known so far.

    Args:
        pool: what is searched.
        config: the campaign's.
        seed: of everything random.
    """

    def __init__(self, pool: ReplayPool, config: CampaignConfig, seed: int) -> None:
        physics = declare(get_physics(config.physics), config.properties, pool.space.variables)
        goal = Goal.parse(config.objectives, config.constraints, physics.properties)
        tier = Tier("table", "table", "", (ANSWER,))
        config = config.model_copy(update={"seed": seed})
        others = () if pool.foreign is None else (pool.foreign,)
        self.view = View(config, Problem(pool.space, goal, physics), (), (), (tier,), others=others)
        self._answers = pool.answers
        self._surrogate: Surrogate | None = None
        self._iteration = 0

    def choose(self, rows: Rows, values: NDArray[np.float64], count: int) -> list[int]:
        """The next ``count`` distinct rows, from answers ``values`` at ``rows``, both of shape ``(n,)``."""
        known = len(self.view.rows)
        told = [self._row(int(row)) for row in rows[known:]]
        view = self.view = replace(self.view, rows=(*self.view.rows, *told))
        self._iteration += 1
        self._surrogate = fit_surrogate(view, self._surrogate)
        nothing = steps.known_compositions(view, ())
        pool = steps.propose(view, nothing, (), self._iteration)
        seed = seed_for(view.config.seed, self._iteration, "ranking")
        chosen = rank(view, pool, count, seed, self._surrogate).selections
        return [int(view.space.point_of(selection.candidate.design)[0]) for selection in chosen]

    def _row(self, row: int) -> Row:
        design = self.view.space.design(np.array([row]))
        answer = AcceptedResult(0, self._iteration, {ANSWER: float(self._answers[row])}, {}, None, "table", 0.0)
        return row_of(self.view, design, [answer], iteration=self._iteration)
