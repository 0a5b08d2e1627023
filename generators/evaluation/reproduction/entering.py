"""Who takes part in a reproduction: the papers' models, and the project's families and baselines beside them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from alloys.errors import InputError
from alloys.space import Floats, GridSpace
from generators.evaluation.entrants import QUICK, Entrant, EntrantSettings, entrants
from generators.evaluation.oracle import Oracle
from generators.evaluation.reproduction.interface import FractionSampler
from generators.evaluation.reproduction.models.choices import settings_of_model
from generators.evaluation.reproduction.models.training import train_model
from generators.evaluation.reproduction.published import PAPERS
from generators.evaluation.table import LabelledAlloys
from generators.interface import Sampler

TrainFractions = Callable[[LabelledAlloys, Oracle, int], FractionSampler]
"""Makes a sampler of bare fractions from alloys, an oracle that only league B looks at, and a seed."""

ROUNDS = 3
"""Times that a family is asked again where it gave nothing."""


@dataclass(slots=True)
class FamilyFractions:
    """A sampler of the project as one of bare fractions.

    Attributes:
        name: the entrant's.
        sampler: draws points of the space.
        space: the space.
    """

    name: str
    sampler: Sampler
    space: GridSpace

    def draw(self, conditions: Floats, *, seed: int) -> Floats:
        """One composition for each condition; a row of NaN where none came in `ROUNDS` tries.

        Args:
            conditions: shape ``(m, p)``, NaN where nothing is asked.
            seed: of the draws.

        Returns:
            Fractions, shape ``(m, E)``, that sum to 1.
        """
        found = np.full((len(conditions), self.space.alloys.dimension), np.nan)
        for again in range(ROUNDS):
            missing = np.flatnonzero(np.isnan(found).any(axis=1))
            if not len(missing):
                break
            samples = self.sampler.sample(conditions[missing], seed=seed + 1_000_003 * again)
            found[missing[samples.rows]] = self.space.fractions(samples.points)
        return found


@dataclass(frozen=True, slots=True)
class Participant:
    """One row of the tables.

    Attributes:
        name: a paper's model, or an entrant of the project's evaluation.
        published: whether it is a paper's model.
        train: makes its sampler.
        settings: those that differ from the defaults, or all of them.
    """

    name: str
    published: bool
    train: TrainFractions
    settings: Mapping[str, Any] = field(default_factory=dict)


def check_paper(name: str) -> None:
    """Refuses what is none of `PAPERS`.

    Raises:
        InputError: for that.
    """
    if name not in PAPERS:
        raise InputError(f"unknown paper {name!r}; {' and '.join(PAPERS)} can be reproduced")


def participants(
    paper: str,
    families: Sequence[str] = (),
    settings: EntrantSettings | None = None,
    rows: int = 0,
    *,
    quick: bool = False,
) -> list[Participant]:
    """The models of a paper, and then entrants by name as `generators.evaluation.entrants.entrants` knows them.

    Args:
        paper: one of `PAPERS`.
        families: entrants; models of the other paper too.
        settings: the entrants' settings.
        rows: labelled rows, for the families' settings.
        quick: whether all train for a share of their epochs.

    Raises:
        InputError: for an unknown paper, an unknown entrant, or wrong settings.
    """
    check_paper(paper)
    known = [name for models in PAPERS.values() for name in models]
    named = [name for name in families if name not in known]
    models = dict.fromkeys((*PAPERS[paper], *(name for name in families if name in known)))
    entered = entrants(named, settings, rows, quick=quick) if named else []
    return [*(_published(name, quick=quick) for name in models), *(_family(entrant) for entrant in entered)]


def _published(name: str, *, quick: bool) -> Participant:
    settings = settings_of_model(name)
    if quick:
        settings["epochs"] = math.ceil(settings["epochs"] / QUICK)

    def train(data: LabelledAlloys, oracle: Oracle, seed: int) -> FractionSampler:
        return train_model(name, data, seed, settings)

    return Participant(name, True, train, settings)


def _family(entrant: Entrant) -> Participant:
    def train(data: LabelledAlloys, oracle: Oracle, seed: int) -> FractionSampler:
        return FamilyFractions(entrant.name, entrant.train(data, oracle, seed), data.space)

    return Participant(entrant.name, False, train, entrant.settings)
