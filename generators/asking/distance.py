"""How far a request lies from anything known, in words: by the training's scale, and by the values observed.

Numpy only; nothing here needs torch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from alloys.properties import PROPERTIES
from alloys.space import Floats
from generators.asking.request import Target
from generators.interface import Generator

FAR = 3.0
"""Standard deviations from the training's mean beyond which a target is far."""

APART = 1.0
"""Standard deviations by which the nearest alloy may miss targets that are asked together."""


@dataclass(frozen=True, slots=True)
class TrainingSpread:
    """What training saw of one property.

    Attributes:
        mean: of the training rows.
        std: of the training rows, positive.
        reach: standard deviations from the mean beyond which the generator takes a value as the last within.
    """

    mean: float
    std: float
    reach: float


def training_spreads(generator: Generator) -> dict[str, TrainingSpread] | None:
    """What a generator knows of its training's conditions, those that varied; None where it keeps no scale."""
    scale = getattr(generator, "scale", None)
    if scale is None:
        return None
    from generators.training.codec import REACH  # late: imports torch

    columns = zip(generator.properties, scale.mean, scale.std, scale.usable, strict=True)
    return {name: TrainingSpread(float(mean), float(std), REACH) for name, mean, std, usable in columns if usable}


def distance_notes(
    targets: Sequence[Target], spreads: Mapping[str, TrainingSpread], known: Mapping[str, Floats] | None = None
) -> list[str]:
    """One sentence for each target that is far from anything known, and one for targets far only together.

    A target is far if it lies outside the known values, more than `FAR` standard deviations from the training's
    mean, or outside what the property can be.

    Args:
        targets: what is asked.
        spreads: what training saw, by property.
        known: values of known alloys by property, each of shape ``(n,)``, NaN where unknown.
    """
    columns = known or {}
    notes = []
    for target in targets:
        column = columns.get(target.name, np.zeros(0))
        said = list(_alone(target, spreads.get(target.name), column[~np.isnan(column)]))
        if said:
            notes.append(f"{target} is outside what is well known: {'; '.join(said)}")
    return notes or list(_together(targets, spreads, columns))


def _alone(target: Target, spread: TrainingSpread | None, values: Floats) -> Iterator[str]:
    row = PROPERTIES.get(target.name)
    if row is not None and not row.low <= target.low <= target.high <= row.high:
        yield f"it cannot be true, {row.name} lies in [{row.low:g}, {row.high:g}]"
    end, beyond = _farther_end(target, values)
    if beyond > 0:
        low, high = float(values.min()), float(values.max())
        nearest = high if end > high else low
        ranges = f" or {beyond / (high - low):.3g} times the known range" if high > low else ""
        yield (
            f"{len(values)} known values lie in [{low:.5g}, {high:.5g}], the nearest is {nearest:.5g}, "
            f"{beyond:.3g}{ranges} away"
        )
    if spread is None:
        return
    if not len(values):
        end = max(target.low, target.high, key=lambda value: abs(value - spread.mean))
    deviations = abs(end - spread.mean) / spread.std
    if beyond > 0 or deviations > FAR:
        yield f"{deviations:.3g} training standard deviations from the training's mean {spread.mean:.5g}"
    if deviations > spread.reach:
        held = spread.mean + np.sign(end - spread.mean) * spread.reach * spread.std
        yield f"the generator takes it as {held:.5g}, {spread.reach:g} standard deviations away"


def _farther_end(target: Target, values: Floats) -> tuple[float, float]:
    """The end of a target that lies farther outside known values, and how far; 0 where it is inside."""
    if not len(values):
        return target.high, 0.0
    above, below = target.high - float(values.max()), float(values.min()) - target.low
    return (target.high, max(above, 0.0)) if above >= below else (target.low, max(below, 0.0))


def _together(
    targets: Sequence[Target], spreads: Mapping[str, TrainingSpread], known: Mapping[str, Floats]
) -> Iterator[str]:
    if len(targets) < 2 or not all(target.name in known and target.name in spreads for target in targets):
        return
    table = np.stack([known[target.name] for target in targets], axis=1)
    table = table[~np.isnan(table).any(axis=1)]
    if not len(table):
        yield "no known alloy has values of all targets, so how far they lie together is not known"
        return
    low, high = np.array([t.low for t in targets]), np.array([t.high for t in targets])
    miss = np.maximum(np.maximum(low - table, table - high), 0.0) / np.array([spreads[t.name].std for t in targets])
    nearest = int(miss.max(axis=1).argmin())
    if miss[nearest].max() > APART:
        has = ", ".join(f"{t.name} {value:.5g}" for t, value in zip(targets, table[nearest], strict=True))
        yield (
            f"each target is within what is known, but not all together: the nearest known alloy has {has}, "
            f"{miss[nearest].max():.3g} training standard deviations away"
        )
