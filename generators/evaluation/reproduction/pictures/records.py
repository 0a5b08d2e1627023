"""The numbers of each picture: plain lists, so that they are kept as JSON and drawn again without any model.

Shapes are those of nested lists: ``E`` elements, ``p`` properties, ``c`` conditions. Compositions are atomic fractions,
errors percent, cosines fractions of 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from alloys.space import Floats

Row = list[float]
Grid = list[list[float]]

DIGITS = 4
"""Significant digits of what is kept; more cannot be seen in a picture."""


def number(value: float, digits: int = DIGITS) -> float:
    """A number in so many significant digits; NaN stays."""
    return float(f"{value:.{digits}g}")


def rounded(values: Floats | Sequence[float], digits: int = DIGITS) -> Row:
    """The same of each of some numbers."""
    return [number(value, digits) for value in np.asarray(values, dtype=float)]


def grid(values: Floats, digits: int = DIGITS) -> Grid:
    """The same of an array of shape ``(n, m)``."""
    return [rounded(row, digits) for row in values]


@dataclass(frozen=True, slots=True)
class Histogram:
    """A distribution in bins of equal width.

    Attributes:
        low: the lower end of the first bin.
        high: the upper end of the last one.
        shares: of all values, in each bin; they sum to less than 1 where values lie outside.
        mean: of all values; NaN of none.
        std: their standard deviation.
    """

    low: float
    high: float
    shares: Row
    mean: float
    std: float

    @classmethod
    def of(cls, values: Floats, low: float, high: float, bins: int) -> Histogram:
        """The distribution of values, shape ``(n,)``."""
        if not len(values):
            return cls(low, high, [0.0] * bins, float("nan"), float("nan"))
        shares = np.histogram(values, bins, (low, high))[0] / len(values)
        mean, std = number(float(np.mean(values))), number(float(np.std(values)))
        return cls(number(low), number(high), rounded(shares, 3), mean, std)

    @property
    def centres(self) -> Floats:
        """Middles of the bins."""
        edges = np.linspace(self.low, self.high, len(self.shares) + 1)
        return np.asarray((edges[1:] + edges[:-1]) / 2)


@dataclass(frozen=True, slots=True)
class LatentPicture:
    """Where the training alloys lie in a latent space (Tung 2022, figure 7).

    Attributes:
        dimensions: by dimension, the distribution of latents drawn from the encoder.
        deviations: by dimension, the mean standard deviation that the encoder states for one alloy; 0 of a cAE.
        active: how many dimensions tell alloys apart: variance of the means above `latents.ACTIVE` of the whole.
    """

    dimensions: list[Histogram]
    deviations: Row
    active: int


@dataclass(frozen=True, slots=True)
class DiagonalPicture:
    """Samples under the conditions that vary together (Tung 2022, figures 10 and 12).

    Attributes:
        values: by property, by condition: the distribution of the samples' property.
        errors: by property, by condition: MAPE.
        cosine: by condition: mean pairwise cosine.
    """

    values: list[list[Histogram]]
    errors: Grid
    cosine: Row

    @property
    def mape(self) -> float:
        """Mean of all errors, percent (Tung 2022, Table 1)."""
        return float(np.mean(self.errors))

    @property
    def mean_cosine(self) -> float:
        """Mean of all cosines (Tung 2022, Table 1)."""
        return float(np.mean(self.cosine))


@dataclass(frozen=True, slots=True)
class DomainPicture:
    """Samples under conditions that vary independently, in the plane of two properties (Tung 2022, figure 11).

    Attributes:
        low: of both properties, the lower ends of the bins.
        high: the upper ends.
        bins: of each property.
        cells: by condition, the bins with samples: ``first * bins + second``.
        counts: by condition, how many samples each of these has.
        errors: by condition, MAPE over both properties.
    """

    low: Row
    high: Row
    bins: int
    cells: list[list[int]]
    counts: list[list[int]]
    errors: Row

    def counted(self, condition: int) -> Floats:
        """Samples of one condition in each bin, shape ``(bins, bins)``, first property first."""
        found = np.zeros(self.bins**2)
        found[self.cells[condition]] = self.counts[condition]
        return found.reshape(self.bins, self.bins)


@dataclass(frozen=True, slots=True)
class SamplesPicture:
    """Compositions drawn under one condition (Tung 2022, figures 12 to 14; Debnath 2021, figures 6 and 8).

    Attributes:
        fractions: of the first samples, shape ``(s, E)``.
        mean: over all samples, shape ``(E,)``.
        spread: standard deviation over all samples, shape ``(E,)``.
        cosine: mean pairwise cosine of all samples.
    """

    fractions: Grid
    mean: Row
    spread: Row
    cosine: float


@dataclass(frozen=True, slots=True)
class PathPicture:
    """Compositions between two latents at one condition (Tung 2022, figures 15 to 17).

    Attributes:
        kind: what lies at the ends and between, in words.
        fractions: shape ``(steps, E)``.
        values: their properties, shape ``(steps, p)``.
        abruptness: the largest change between neighbours over the mean one, 1 where all are even; NaN where nothing
            changes. A change is the share of atoms exchanged.
        length: sum of the changes.
    """

    kind: str
    fractions: Grid
    values: Grid
    abruptness: float
    length: float


@dataclass(frozen=True, slots=True)
class PaperPictures:
    """What the figures of every paper have in common.

    Attributes:
        source: name of the data's file.
        elements: the columns of compositions.
        element_moduli: the first property of each pure element, shape ``(E,)``.
        names: the properties.
        values: of the training alloys, shape ``(n, p)``.
    """

    source: str
    elements: list[str]
    element_moduli: Row
    names: list[str]
    values: Grid


@dataclass(frozen=True, slots=True)
class TungModel:
    """One model in the figures of Tung et al. 2022; None where a figure is not of it.

    Attributes:
        name: the model.
        published: whether it is the paper's architecture, not a family of the project.
        latents: figure 7.
        diagonal: figures 10 and 12.
        domain: figure 11.
        ends: figures 12 to 14: samples at the low and at the high end of the diagonal.
        paths: figures 15 to 17.
        novelty: figure 18: cosines of samples to the real alloy whose properties were asked for.
    """

    name: str
    published: bool
    latents: LatentPicture | None
    diagonal: DiagonalPicture
    domain: DomainPicture
    ends: list[SamplesPicture]
    paths: list[PathPicture]
    novelty: Histogram


@dataclass(frozen=True, slots=True)
class TungPictures(PaperPictures):
    """All figures of Tung et al. 2022.

    Attributes:
        diagonal: conditions that vary together, shape ``(c, p)``.
        domain: conditions that vary independently, shape ``(c, p)``.
        path: the condition of the paths, shape ``(p,)``.
        models: the paper's and the project's.
    """

    diagonal: Grid
    domain: Grid
    path: Row
    models: list[TungModel]


@dataclass(frozen=True, slots=True)
class EnsemblePicture:
    """What an ensemble of alloys looks like (Debnath 2021, figure 4).

    Attributes:
        correlation: of the elements' fractions, shape ``(E, E)``.
        counts: share of alloys with 1, 2, ... elements, shape ``(E,)``.
        fractions: some of the alloys, shape ``(s, E)``.
    """

    correlation: Grid
    counts: Row
    fractions: Grid


@dataclass(frozen=True, slots=True)
class ParityPicture:
    """One sample for each alloy of the data, asked for by its properties (Debnath 2021, figure 5).

    Attributes:
        values: the samples' properties, shape ``(n, p)``, in the order of the data.
        mape: by property.
        regions: of the first property, the range of each.
        region_mape: MAPE of the first property in each region.
        region_alloys: how many alloys of the data lie in each.
    """

    values: Grid
    mape: Row
    regions: Grid
    region_mape: Row
    region_alloys: list[int]


@dataclass(frozen=True, slots=True)
class AskedPicture:
    """Samples under one condition (Debnath 2021, figures 6 to 8).

    Attributes:
        label: what is asked, in a word or a number.
        asked: by property; NaN where nothing is asked.
        values: by property, the distribution of the samples' property.
        samples: their compositions.
        means: by training seed, the mean composition, shape ``(seeds, E)``.
    """

    label: str
    asked: Row
    values: list[Histogram]
    samples: SamplesPicture
    means: Grid


@dataclass(frozen=True, slots=True)
class DebnathModel:
    """One model in the figures of Debnath et al. 2021.

    Attributes:
        name: the model.
        published: whether it is the paper's architecture.
        ensemble: figure 4.
        agreement: Pearson's r between its correlations of elements and the data's.
        count_distance: total variation between its numbers of elements and the data's.
        parity: figure 5.
        moduli: figure 6: only the first property asked.
        corners: figures 7 and 8.
    """

    name: str
    published: bool
    ensemble: EnsemblePicture
    agreement: float
    count_distance: float
    parity: ParityPicture
    moduli: list[AskedPicture]
    corners: list[AskedPicture]


@dataclass(frozen=True, slots=True)
class DebnathPictures(PaperPictures):
    """All figures of Debnath et al. 2021.

    Attributes:
        data: the training alloys as an ensemble.
        models: the paper's and the project's.
    """

    data: EnsemblePicture
    models: list[DebnathModel]
