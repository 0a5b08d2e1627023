"""Where the project's families are better than the papers' architectures, and where not: measure by measure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from generators.evaluation.reproduction.pictures.records import DebnathPictures, TungPictures
from loop.review.figures.words import number
from loop.review.papers.saying import plain


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure of several models, of which less is better.

    Attributes:
        name: what it is, with its unit.
        values: by model.
    """

    name: str
    values: dict[str, float]


def measures(pictures: TungPictures | DebnathPictures) -> list[Measure]:
    """What the pictures measure of each model."""
    if isinstance(pictures, TungPictures):
        by_name = {
            "MAPE along the line, %": {m.name: m.diagonal.mape for m in pictures.models},
            "worst condition on the line, %": {
                m.name: float(np.mean(m.diagonal.errors, axis=0).max()) for m in pictures.models
            },
            "MAPE over the plane, median, %": {m.name: float(np.median(m.domain.errors)) for m in pictures.models},
            "cosine of one condition's samples, %": {m.name: 100 * m.diagonal.mean_cosine for m in pictures.models},
            "cosine to the real alloy, %": {m.name: 100 * m.novelty.mean for m in pictures.models},
        }
    else:
        by_name = {
            f"MAPE over the database, {plain(name)}, %": {m.name: m.parity.mape[k] for m in pictures.models}
            for k, name in enumerate(pictures.names)
        }
        by_name["disagreement of correlations, 1 - r"] = {m.name: 1 - m.agreement for m in pictures.models}
        by_name["distance of numbers of elements, %"] = {m.name: 100 * m.count_distance for m in pictures.models}
    return [Measure(name, values) for name, values in by_name.items()]


def standings(found: Sequence[Measure], published: Sequence[str]) -> list[str]:
    """Of each other model, in which measures it is below every published one, and in which it is not."""
    names = [name for name in found[0].values if name not in published]
    if not (names and published):
        return []
    told = []
    for name in names:
        better = [one.name for one in found if one.values[name] < min(one.values[p] for p in published)]
        rest = [one for one in found if one.name not in better]
        worse = [f"{one.name} ({_best(one, published)})" for one in rest]
        text = f"{name} is better than every architecture of the paper in {_in_a_row(better)}" if better else ""
        text += f"{'; it is not in ' if better else f'{name} is not better in '}{_in_a_row(worse)}" if worse else ""
        told.append(f"{text}.")
    return told


def _best(one: Measure, published: Sequence[str]) -> str:
    best = min(published, key=lambda name: one.values[name])
    return f"{best}: {number(one.values[best], 3)}"


def _in_a_row(words: Sequence[str]) -> str:
    """Measures without their unit; semicolons, as there are commas in them."""
    short = [word.replace(", %", "") for word in words]
    return short[0] if len(short) == 1 else f"{'; '.join(short[:-1])}; and {short[-1]}"
