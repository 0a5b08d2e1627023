"""Who is measured: trained families and plain baselines, behind one shape.

League A learned from the labelled rows only; league B may call the reference model or the surrogate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, cast

from alloys.errors import InputError
from alloys.space import Floats
from generators.base import FAMILIES, Samples
from generators.evaluation.baselines import ImportanceResampling, NearestNeighbours, ProjectedNeighbours
from generators.evaluation.oracle import Oracle
from generators.evaluation.table import LabelledAlloys
from generators.resampling import TargetSampler, TargetSettings

League = Literal["A", "B"]


class Sampler(Protocol):
    """What draws compositions under conditions: the part of `generators.base.Generator` that is measured."""

    def sample(self, conditions: Floats, *, seed: int) -> Samples:
        """Draws one composition for each condition, shape ``(m, p)``."""
        ...


@dataclass(frozen=True, slots=True)
class Entrant:
    """One row of the table.

    Attributes:
        name: a family's or a baseline's name.
        league: what it may use.
        train: makes a sampler from labelled rows, an oracle that only league B looks at, and a seed.
    """

    name: str
    league: League
    train: Callable[[LabelledAlloys, Oracle, int], Sampler]


def family_entrant(name: str, settings: Mapping[str, Any] | None = None, device: str = "auto") -> Entrant:
    """A family of `generators.base.FAMILIES`, trained as its settings say."""

    def train_family(data: LabelledAlloys, oracle: Oracle, seed: int) -> Sampler:
        from generators.training import train  # late: imports torch

        model = train(name, data.space, data.names, data.units, data.values, settings, seed=seed, device=device)
        return model.generator()

    return Entrant(name, cast(League, getattr(FAMILIES[name], "league", "A")), train_family)


def target_entrant(base: Entrant, settings: TargetSettings | None = None) -> Entrant:
    """An entrant sampled for its targets: trained as it is, its draws refined and chosen with the oracle's help."""

    def train_base(data: LabelledAlloys, oracle: Oracle, seed: int) -> Sampler:
        return TargetSampler(base.train(data, oracle, seed), data.space, data.units, oracle, settings)

    return Entrant(base.name + TARGET, "B", train_base)


TARGET = "+target"
"""Ending of the names of entrants that are sampled for their targets."""

BASELINES: dict[str, Entrant] = {
    entrant.name: entrant
    for entrant in (
        Entrant("nearest", "A", lambda data, oracle, seed: NearestNeighbours(data)),
        Entrant("nearest_projected", "B", ProjectedNeighbours.train),
        Entrant("importance", "B", ImportanceResampling.train),
    )
}
"""Entrants without a network, by name."""


def entrants(names: Sequence[str] = ()) -> list[Entrant]:
    """Families and baselines by name, in that order; all of them, families both ways, where none is named.

    Args:
        names: families or baselines; with ``+target`` behind, sampled for their targets.

    Raises:
        InputError: for a name that is neither.
    """
    known = (*FAMILIES, *BASELINES)
    unknown = [name for name in names if name.removesuffix(TARGET) not in known]
    if unknown:
        raise InputError(
            f"unknown generator family {', '.join(map(repr, unknown))}; available are {', '.join(FAMILIES)}, "
            f"and the baselines {', '.join(BASELINES)}, each also as NAME{TARGET}"
        )
    both = [name + ending for name in FAMILIES for ending in ("", TARGET)]
    return [_entrant(name) for name in tuple(dict.fromkeys(names)) or (*both, *BASELINES)]


def _entrant(name: str) -> Entrant:
    bare = name.removesuffix(TARGET)
    found = family_entrant(bare) if bare in FAMILIES else BASELINES[bare]
    return found if name == bare else target_entrant(found)
