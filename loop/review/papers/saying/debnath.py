"""What the figures of Debnath et al. 2021 come to here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from alloys.space import Floats
from generators.evaluation.reproduction.pictures.records import AskedPicture, DebnathModel, DebnathPictures, Histogram
from loop.review.figures.words import number
from loop.review.papers.saying import in_unit, listed, percent, plain
from loop.review.papers.words import FigureWords, PaperWords

MUCH = 0.02
"""Mean atomic fraction from which an element counts as seen at a corner."""


def ensembles(pictures: DebnathPictures, words: PaperWords) -> list[str]:
    """Figure 4."""
    real = number(_mean_count(pictures.data.counts), 3)
    return [
        f"{model.name}: its correlations of elements agree with the real ones by r = {model.agreement:.2f}; its alloys "
        f"have {number(_mean_count(model.ensemble.counts), 3)} elements on average (real: {real}), and "
        f"{percent(model.count_distance)} of them would need another number of elements to be "
        "distributed as the real ones."
        for model in pictures.models
    ]


def _mean_count(shares: Sequence[float]) -> float:
    return float(np.arange(1, len(shares) + 1) @ np.asarray(shares))


def parity(pictures: DebnathPictures, words: PaperWords) -> list[str]:
    """Figure 5: errors by region of the first property."""
    told = []
    for model in pictures.models:
        found = model.parity
        each = [
            f"{number(error, 3)} % {_region(ends)} ({count} alloys)"
            for ends, error, count in zip(found.regions, found.region_mape, found.region_alloys, strict=True)
            if count
        ]
        errors = " and ".join(
            f"{number(error, 3)} % in {plain(name)}" for name, error in zip(pictures.names, found.mape, strict=True)
        )
        told.append(f"{model.name}: MAPE {errors}; {plain(pictures.names[0])} alone: {', '.join(each)}.")
    return told


def _region(ends: Sequence[float]) -> str:
    low, high = ends
    if low <= 0:
        return f"below {number(high)} GPa"
    return f"from {number(low)} to {number(high)} GPa" if np.isfinite(high) else f"from {number(low)} GPa on"


def moduli(pictures: DebnathPictures, words: PaperWords) -> list[str]:
    """Figure 6: what was reached, and whether the other property followed."""
    told = []
    for model in pictures.models:
        first, second = pictures.names[:2]
        reached = ", ".join(f"{_reached(one.values[0])} for {one.label}" for one in model.moduli)
        others = [one.values[1].mean for one in model.moduli]
        way = "rises each time" if np.all(np.diff(others) > 0) else "does not rise each time"
        told.append(
            f"{model.name}: {plain(first)}, {in_unit(first)}: {reached}; {plain(second)} {way}: "
            f"{', '.join(number(value, 2) for value in others[:-1])}, {in_unit(second, others[-1], digits=2)}."
        )
    return told


def _reached(found: Histogram) -> str:
    return f"{number(found.mean, 3)} ± {number(found.std, 2)}"


def means(pictures: DebnathPictures, words: PaperWords) -> list[str]:
    """Figure 6: which elements rise and fall, and whether they are the paper's."""
    told = []
    for model in pictures.models:
        shares = mean_shares(model)
        change = shares[-1] - shares[0]
        order = np.argsort(change)
        rise = ", ".join(f"{pictures.elements[i]} {_from_to(shares, i)}" for i in order[::-1][:4])
        fall = ", ".join(f"{pictures.elements[i]} {_from_to(shares, i)}" for i in order[:4])
        first, last = model.moduli[0].label, model.moduli[-1].label
        told.append(f"{model.name}, mean at.% from {first} to {last} GPa: most rise {rise}; most fall {fall}.")
        told += _against(model.name, shares, pictures, words.figures["moduli"])
    return told


def mean_shares(model: DebnathModel) -> Floats:
    """Mean compositions over all training seeds, shape ``(conditions, E)``."""
    return np.array([np.mean(one.means, axis=0) for one in model.moduli])


def _from_to(shares: Floats, element: int) -> str:
    return f"{number(100 * shares[0, element], 2)} to {number(100 * shares[-1, element], 2)}"


def _against(name: str, shares: Floats, pictures: DebnathPictures, words: FigureWords) -> list[str]:
    """Each element that the paper names: whether it went the same way."""
    elements, moduli, told = pictures.elements, pictures.element_moduli, []
    for said, sign, symbols in (("rise", 1, words.rising), ("fall", -1, words.falling)):
        known = [symbol for symbol in symbols if symbol in elements]
        change = {symbol: float(sign * np.diff(shares[[0, -1], elements.index(symbol)])[0]) for symbol in known}
        same = [symbol for symbol in known if change[symbol] > 0]
        other = [
            f"{symbol} ({_from_to(shares, elements.index(symbol))}; its own modulus is "
            f"{number(moduli[elements.index(symbol)], 3)} GPa here)"
            for symbol in known
            if change[symbol] <= 0
        ]
        verb = said if len(same) > 1 else f"{said}s"
        text = f"{name}: of the elements that the paper sees {said}, {listed(same)} {verb} here"
        told.append(text + (f", and {', '.join(other)} {'do' if len(other) > 1 else 'does'} not." if other else "."))
    return told


def plane(pictures: DebnathPictures, words: PaperWords) -> list[str]:
    """Figure 7A: how far from the data each corner lies."""
    values = np.asarray(pictures.values)
    told = []
    for one in pictures.models[0].corners if pictures.models else []:
        away = np.abs(values / np.asarray(one.asked) - 1).max(axis=1)
        told.append(f"{one.label} ({_asked(pictures.names, one)}): the nearest alloy is {100 * away.min():.1f} % away.")
    return told


def _asked(names: Sequence[str], one: AskedPicture) -> str:
    return ", ".join(in_unit(name, value) for name, value in zip(names, one.asked, strict=True))


def corners(pictures: DebnathPictures, words: PaperWords) -> list[str]:
    """Figures 7 and 8: what was reached at each corner, and with which elements."""
    told = []
    for model in pictures.models:
        for one in model.corners:
            order = np.argsort(one.samples.mean)[::-1][:3]
            most = ", ".join(f"{pictures.elements[i]} {100 * one.samples.mean[i]:.0f}" for i in order)
            reached = ", ".join(_reached(found) for found in one.values)
            told.append(
                f"{model.name}, {one.label}: asked {_asked(pictures.names, one)}, reached {reached}; "
                f"most of {most} at.%; cosine {one.samples.cosine:.2f}."
            )
        told += _exclusive(model, pictures.elements)
    return told


def _exclusive(model: DebnathModel, elements: Sequence[str]) -> list[str]:
    """Elements that are seen at one of both opposing corners alone."""
    seen = {
        one.label: {s for s, share in zip(elements, one.samples.mean, strict=True) if share >= MUCH}
        for one in model.corners
    }
    if not {"a", "d"} <= set(seen):
        return []
    alone = [f"{listed(sorted(seen[one] - seen[other]))} in {one}" for one, other in (("a", "d"), ("d", "a"))]
    return [f"{model.name}: elements with at least {percent(MUCH)} at one opposing corner alone: {'; '.join(alone)}."]


SAID: Mapping[str, Callable[[DebnathPictures, PaperWords], list[str]]] = {
    "ensembles": ensembles,
    "parity": parity,
    "moduli": moduli,
    "means": means,
    "plane": plane,
    "corners": corners,
}
"""By the picture's name."""
