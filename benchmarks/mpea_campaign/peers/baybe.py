"""BayBE 0.15 with its defaults: a discrete search space of the candidates' atomic fractions, one numerical target."""

from __future__ import annotations

import numpy as np
import pandas as pd
from baybe.parameters import NumericalDiscreteParameter
from baybe.recommenders import BotorchRecommender
from baybe.searchspace import SearchSpace, SubspaceDiscrete
from baybe.settings import Settings
from baybe.targets import NumericalTarget

from alloys.space import Floats

TARGET = "target"


def choose(seen: Floats, answers: Floats, candidates: Floats, q: int, seed: int) -> list[int]:
    """Rows of the candidates, as in `benchmarks.mpea_campaign.methods`."""
    names = [f"x{i}" for i in range(seen.shape[1])]
    table, known = pd.DataFrame(candidates, columns=names), pd.DataFrame(seen, columns=names)
    parameters = [
        NumericalDiscreteParameter(name, values=np.unique(np.concatenate([table[name], known[name]]))) for name in names
    ]
    with Settings(random_seed=seed):
        space = SearchSpace(discrete=SubspaceDiscrete.from_dataframe(table, parameters=parameters))
        objective = NumericalTarget(TARGET).to_objective()
        found = BotorchRecommender().recommend(q, space, objective, known.assign(**{TARGET: answers}))
    return [int(np.flatnonzero((candidates == row).all(axis=1))[0]) for row in found[names].to_numpy()]
