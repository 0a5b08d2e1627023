"""A generator whose draws are moved onto what they were asked for, by what is known of a campaign's properties.

`generators.asking.resampling` measures errors relative to the target, which says nothing of a target near zero. Here
properties are written as ``1 + UNIT z``, with ``z`` in standard deviations of the training rows about their mean, so
that an error of one standard deviation counts the same for every property.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from alloys.space import Floats, GridSpace, Points
from generators.asking.distance import TrainingSpread
from generators.asking.resampling import TargetSampler, TargetSettings
from generators.interface import Distribution, LearnedSpace, Samples
from generators.likeness import NEIGHBOURS

Answers = Callable[[Floats, Sequence[str]], Floats]
"""Properties by name, ``p`` of them, of inputs (`Space.inputs`), ``(m, k)``: values in their units, ``(m, p)``."""

UNIT = 0.1
"""What one standard deviation adds to 1."""

FARTHEST = 8.0
"""Standard deviations from the mean beyond which a value counts as lying there: what is written stays positive."""

SETTINGS = TargetSettings(draws=8, least=16, spread=0.01, copies=0.0)
"""How draws are chosen: near the target within about 0.01 standard deviations, and no copies of known alloys."""


@dataclass(frozen=True, slots=True)
class WrappedGenerator:
    """What draws by a generator, of the same space and properties.

    Attributes:
        generator: trained.
    """

    generator: Distribution

    @property
    def name(self) -> str:
        """The generator's family."""
        return self.generator.name

    @property
    def space(self) -> LearnedSpace:
        """The generator's space."""
        return self.generator.space

    @property
    def properties(self) -> tuple[str, ...]:
        """The generator's properties."""
        return self.generator.properties


@dataclass(frozen=True, slots=True)
class AimedGenerator(WrappedGenerator):
    """A generator, and what helps it to meet its targets.

    Attributes:
        generator: trained.
        known: known alloys, which are the measure of realism, shape ``(n, k)``.
        answers: what properties compositions have.
        spreads: what training saw of each property that ``answers`` knows.
    """

    known: Points
    answers: Answers
    spreads: Mapping[str, TrainingSpread]

    def sample(self, conditions: Floats, *, seed: int) -> Samples:
        """Draws one composition for each condition, shape ``(m, p)``, NaN where nothing is asked.

        These are the generator's own draws where nothing is asked that is among the ``spreads``, where too few
        alloys are known to say what is realistic, and of formulas, which do not move by small steps.
        """
        asked = np.flatnonzero(~np.isnan(conditions).all(axis=0))
        columns = np.array([k for k in asked if self.properties[k] in self.spreads], dtype=np.int64)
        space = self.space
        if not isinstance(space, GridSpace) or not len(columns):
            return self.generator.sample(conditions, seed=seed)
        if len(np.unique(space.fractions(self.known), axis=0)) <= NEIGHBOURS:
            return self.generator.sample(conditions, seed=seed)
        written = _Written(self, columns)
        sampler = TargetSampler(written, space, self.known, written.answers, SETTINGS)
        return sampler.sample(written.write(conditions[:, columns]), seed=seed)


class _Written:
    """Some of a generator's properties, written as ``1 + UNIT z``."""

    def __init__(self, aimed: AimedGenerator, columns: Points) -> None:
        self.aimed = aimed
        self.columns = columns
        self.names = [aimed.properties[k] for k in columns]
        spreads = [aimed.spreads[name] for name in self.names]
        self.mean = np.array([spread.mean for spread in spreads])
        self.std = np.array([spread.std for spread in spreads])

    def write(self, values: Floats) -> Floats:
        """Values in their units as ``1 + UNIT z``, shape ``(m, k)``."""
        return np.asarray(1 + UNIT * np.clip((values - self.mean) / self.std, -FARTHEST, FARTHEST))

    def answers(self, inputs: Floats) -> Floats:
        """The properties of inputs, written, shape ``(m, k)``."""
        return self.write(self.aimed.answers(inputs, self.names))

    def sample(self, conditions: Floats, *, seed: int) -> Samples:
        """The generator's draws under written conditions, shape ``(m, k)``."""
        asked = np.full((len(conditions), len(self.aimed.properties)), np.nan)
        asked[:, self.columns] = self.mean + self.std * (conditions - 1) / UNIT
        return self.aimed.generator.sample(asked, seed=seed)
