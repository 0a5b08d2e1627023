"""What the figures of Tung et al. 2022 come to here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from scipy.stats import spearmanr

from alloys.space import Floats
from generators.evaluation.reproduction.pictures.records import PathPicture, SamplesPicture, TungModel, TungPictures
from generators.evaluation.reproduction.published import AXES, ROOT_GPA_J_M2, LabelShares
from loop.review.figures.words import number
from loop.review.papers.saying import in_unit, percent, plain
from loop.review.papers.words import PaperWords

NEAR = 0.1
"""Relative deviation, in every property, within which an alloy is near a condition."""

COLLAPSED = 0.98
"""Mean cosine from which samples of one condition count as collapsed: the paper says so of 98.87 % and of 99.95 %."""

STILL = 0.05
"""Share of the atoms exchanged along a path below which its evenness says nothing."""

SURE = 0.05
"""Level of significance below which a rank correlation counts."""


def latents(pictures: TungPictures, words: PaperWords) -> list[str]:
    """Figure 7."""
    told = []
    for model in pictures.models:
        found = model.latents
        if found is None:
            continue
        stds = [one.std for one in found.dimensions]
        unsure = float(np.mean(found.deviations))
        text = (
            f"{model.name}: the latents' standard deviation is {number(min(stds), 2)} to {number(max(stds), 2)} by "
            f"dimension (standard normal: 1), and {found.active} of {len(stds)} dimensions tell alloys apart"
        )
        text += (
            f"; the encoder states ±{number(unsure, 2)} on average." if unsure else "; the encoder states no spread."
        )
        if found.active == 0:
            text += " So the latent says nothing of the alloy, and the decoder follows the condition alone."
        told.append(text)
    return told


def data(pictures: TungPictures, words: PaperWords) -> list[str]:
    """Figure 9: how the data lie to the paper's printed ranges."""
    values = np.asarray(pictures.values)
    return [
        f"{len(values)} alloys of {len(pictures.elements)} elements; {_ranges(pictures.names, values)}.",
        *labels(values),
    ]


def labels(values: Floats, axes: Mapping[str, tuple[float, float]] = AXES) -> list[str]:
    """Whether the labels of the paper's ranges look exchanged.

    Args:
        values: shear moduli, GPa, and Rice's K, MPa m^0.5, shape ``(n, 2)``.
        axes: the paper's ranges, by the name that it gives each.
    """
    rice = values[:, 1] / ROOT_GPA_J_M2
    toughness, shear = axes["toughness"], axes["shear modulus"]
    told = [
        f"In √(GPa·J/m²), the unit of Rice's formula with the inputs in GPa and J/m², K runs from "
        f"{number(rice.min(), 3)} to {number(rice.max(), 3)}. The paper asks for {_interval(shear)} of what it calls "
        f"shear modulus, {_interval(toughness)} of toughness."
    ]
    shares = LabelShares.of(values, axes)
    return [*told, shares.line()] if shares.exchanged else told


def _ranges(names: Sequence[str], values: Floats) -> str:
    ends = zip(names, values.min(axis=0), values.max(axis=0), strict=True)
    return ", ".join(f"{plain(name)} {in_unit(name, low, high)}" for name, low, high in ends)


def _interval(ends: Sequence[float]) -> str:
    return f"{number(ends[0])} to {number(ends[1])}"


def parity(pictures: TungPictures, words: PaperWords) -> list[str]:
    """Figure 10: errors, and whether data near a condition lessen them."""
    company = alloys_near(pictures.values, pictures.diagonal)
    told = []
    for model in pictures.models:
        errors = np.mean(model.diagonal.errors, axis=0)
        told.append(
            f"{model.name}: MAPE {number(model.diagonal.mape, 3)} %, from {number(errors.min(), 2)} % to "
            f"{number(errors.max(), 2)} % by condition; " + _with_company(company, errors)
        )
    return told


def alloys_near(values: Sequence[Sequence[float]], conditions: Sequence[Sequence[float]]) -> Floats:
    """How many alloys, values of shape ``(n, p)``, lie within `NEAR` of each condition, shape ``(c,)``."""
    known, asked = np.asarray(values), np.asarray(conditions)
    return np.asarray((np.abs(known[None] / asked[:, None] - 1) <= NEAR).all(axis=2).sum(axis=1), dtype=float)


def _with_company(company: Floats, errors: Floats) -> str:
    """Whether errors fall where more alloys are near."""
    if np.ptp(errors) == 0 or np.ptp(company) == 0:
        return "the same everywhere."
    found = spearmanr(company, errors)
    rho = f"rank correlation {number(float(found.statistic), 2)} over {len(errors)} conditions"
    if found.pvalue >= SURE:
        return f"no sign that alloys near the condition matter ({rho})."
    way = "smaller" if found.statistic < 0 else "larger"
    return f"{way} where more alloys lie near ({rho})."


def domain(pictures: TungPictures, words: PaperWords) -> list[str]:
    """Figure 11: the bottom right against the middle."""
    asked = np.asarray(pictures.domain)
    scaled = (asked - asked.mean(axis=0)) / np.ptp(asked, axis=0)
    corner, middle = int(np.argmax(scaled[:, 0] - scaled[:, 1])), int(np.argmin((scaled**2).sum(axis=1)))
    told = []
    for model in pictures.models:
        errors = np.asarray(model.domain.errors)
        rank = int((errors > errors[corner]).sum())
        place = "the worst" if rank == 0 else "worse at one other" if rank == 1 else f"worse at {rank} others"
        told.append(
            f"{model.name}: {number(errors[corner], 2)} % at the bottom right ({place} of {len(errors)}); "
            f"{number(errors[middle], 2)} % in the middle; {number(float(np.median(errors)), 2)} % in the median."
        )
    return told


def curves(pictures: TungPictures, words: PaperWords) -> list[str]:
    """Figure 12: where likeness is least, and whether samples have collapsed."""
    places = np.asarray(pictures.diagonal)[:, 0]
    told = []
    for model in pictures.models:
        cosine, errors = np.asarray(model.diagonal.cosine), np.mean(model.diagonal.errors, axis=0)
        third = max(1, len(places) // 3)
        ends, middle = np.r_[errors[:third], errors[-third:]].mean(), errors[third:-third].mean()
        least = int(cosine.argmin())
        told.append(
            f"{model.name}: MAPE {number(ends, 2)} % in the outer thirds of the line, {number(middle, 2)} % in the "
            f"middle one; cosine {100 * model.diagonal.mean_cosine:.2f} % on average, least ({cosine[least]:.2f}) at "
            f"{in_unit(pictures.names[0], places[least])}"
            + ("; all but one and the same alloy: collapsed." if model.diagonal.mean_cosine >= COLLAPSED else ".")
        )
    return told


def bars(pictures: TungPictures, words: PaperWords) -> list[str]:
    """Figures 12 to 14: which elements make each end, with their own moduli."""
    ends = [(model.name, *(_most(samples, pictures) for samples in model.ends)) for model in pictures.models]
    return [f"{name}: the low end has {low}; the high end {high}." for name, low, high in ends]


def _most(samples: SamplesPicture, pictures: TungPictures, count: int = 3) -> str:
    """The elements of which there are most, with mean and own modulus."""
    order = np.argsort(samples.mean)[::-1][:count]
    moduli = [number(pictures.element_moduli[i], 3) for i in order]
    return ", ".join(
        f"{pictures.elements[i]} {100 * samples.mean[i]:.0f} at.% ({modulus} GPa)"
        for i, modulus in zip(order, moduli, strict=True)
    )


def paths(pictures: TungPictures, words: PaperWords) -> list[str]:
    """Figures 15 to 17: how even the paths are."""
    told = []
    for model in pictures.models:
        for found in model.paths:
            if found.length < STILL:
                told.append(f"{model.name}, {found.kind}: all but nothing changes ({_atoms(found)} of the atoms).")
                continue
            off = 100 * np.abs(np.asarray(found.values) / np.asarray(pictures.path) - 1).mean()
            told.append(
                f"{model.name}, {found.kind}: the steps exchange {_atoms(found)} of the atoms in sum; the largest is "
                f"{number(found.abruptness, 2)} times the mean one; {number(off, 2)} % off the condition on average."
            )
    return told


def _atoms(found: PathPicture) -> str:
    return f"{number(100 * found.length, 2)} %"


def novelty(pictures: TungPictures, words: PaperWords) -> list[str]:
    """Figure 18."""
    return [
        f"{model.name}: mean cosine {100 * model.novelty.mean:.2f} %, {percent(_copies(model))} of samples above 0.98."
        for model in pictures.models
    ]


def _copies(model: TungModel) -> float:
    return float(np.asarray(model.novelty.shares)[model.novelty.centres > 0.98].sum())


SAID: Mapping[str, Callable[[TungPictures, PaperWords], list[str]]] = {
    "latents": latents,
    "data": data,
    "parity": parity,
    "domain": domain,
    "curves": curves,
    "bars": bars,
    "paths": paths,
    "novelty": novelty,
}
"""By the picture's name."""
