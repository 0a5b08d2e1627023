"""A generator asked for alloys of a kind that it never saw: by element, system, paper, year, or out of range."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from alloys.splits.folds import Fold
from generators.evaluation import measures
from generators.evaluation.entrants import Entrant
from generators.evaluation.measuring import EvaluationGround, Trainings, draw, errors_by_condition
from generators.evaluation.oracle import Oracle
from generators.evaluation.run import groups
from generators.likeness import Neighbourhood


def measure_fold(
    entrant: Entrant, ground: EvaluationGround, fold: Fold, trainings: Trainings, oracle: Oracle
) -> dict[str, float]:
    """Trains on the rows that are learned from, and asks for the properties of those held out.

    The oracle that errors are measured with knows all rows.

    Args:
        entrant: who is measured.
        ground: data and oracle.
        fold: which alloys are held out.
        trainings: of this fold; of other entrants that are trained alike, too.
        oracle: that league B may call, of the rows that are learned from alone.

    Returns:
        numbers over the conditions of the held rows: ``mape_percent``; ``best_of_10``, as `measures.best_of`;
        ``coverage``, the share of the held rows' balls with a sample in them, one sample of each condition being asked
        (the balls reach to the fifth neighbour among all rows).
    """
    data, plan, seed = ground.data, ground.plan, trainings.seed
    seen, held = data.subset(fold.learned_rows.tolist()), data.subset(fold.held_rows.tolist())
    sampler, _ = trainings.get("fold", entrant, seen, oracle)
    drawn = draw(sampler, held.values, plan.draws, seed, ground)
    near, fractions = ground.near, data.space.fractions
    balls = Neighbourhood(near.roots[fold.held_rows], near.radii[fold.held_rows], near.pairs)
    first = [rows[:1] for rows in drawn.points]
    return {
        "mape_percent": float(errors_by_condition(drawn, ground).mean()),
        "best_of_10": measures.best_of(fractions(drawn.together), drawn.owners, held.fractions),
        "coverage": balls.coverage(fractions(np.concatenate(first))),
    }


def measure_split(
    entrants: Sequence[Entrant], ground: EvaluationGround, parts: Sequence[Fold], seed: int, on_step: Callable[[], None]
) -> dict[str, dict[str, float]]:
    """`measure_fold` over the folds of a split: means by entrant, each fold by its number of held rows.

    Args:
        entrants: who is measured; what is trained alike is trained once.
        ground: data and oracle.
        parts: the folds.
        seed: of training and sampling.
        on_step: called after each entrant and fold.
    """
    found: dict[str, list[dict[str, float]]] = {entrant.name: [] for entrant in entrants}
    for part in parts:
        oracle = Oracle.of(ground.data.subset(part.learned_rows.tolist()))
        for group in groups(entrants):
            trainings = Trainings(seed)
            for entrant in (entrants[k] for k in group):
                found[entrant.name].append(measure_fold(entrant, ground, part, trainings, oracle))
                on_step()
    weights = [len(part.held_rows) for part in parts]
    return {
        name: {measure: float(np.average([row[measure] for row in rows], weights=weights)) for measure in rows[0]}
        for name, rows in found.items()
    }
