"""Which rows are learned from and which are held out: a random fifth, or all that something new would be.

A random fifth has near relatives among the rows that are learned from, and flatters every model. The other splits leave
out all that shares something: an element, a system (a set of elements), a paper, a year with all that came after it,
the top tenth of a property.

References:
    Meredig, B. et al. (2018). Can machine learning identify the next high-temperature superconductor? Mol. Syst. Des.
        Eng. 3, 819: why a random split flatters, and leaving clusters out.
    Xiong, Z. et al. (2020). Evaluating explorative prediction power of machine learning algorithms for materials
        discovery using k-fold forward cross-validation. Comput. Mater. Sci. 171, 109203: leaving out the top.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alloys.errors import InputError

Rows = NDArray[np.int64]
Floats = NDArray[np.float64]

FEWEST_HELD = 5
"""Rows of a fold that are held out, at least."""

FEWEST_LEARNED = 20
"""Rows of a fold that are learned from, at least."""

TOP = 0.1
"""Share of the rows that the top is."""

MEANINGS = {
    "random": "rows drawn at random",
    "element": "all rows with one element",
    "system": "all rows of some sets of elements",
    "paper": "all rows of some papers",
    "year": "a year, learned from the years before it",
    "top": "the top tenth of the property",
}
"""What each split holds out."""


@dataclass(frozen=True, slots=True)
class Fold:
    """One division of the rows.

    Attributes:
        held: what is held out, for people.
        learned_rows: indices that are learned from, increasing.
        held_rows: indices that are held out, increasing; no row is in both, and some may be in neither.
    """

    held: str
    learned_rows: Rows
    held_rows: Rows

    @property
    def is_large(self) -> bool:
        """Whether it has the fewest rows on both sides."""
        return len(self.held_rows) >= FEWEST_HELD and len(self.learned_rows) >= FEWEST_LEARNED


@dataclass(frozen=True, slots=True)
class SplitTable:
    """What the splits look at, of ``n`` distinct designs.

    Attributes:
        systems: the elements of each design.
        values: the property whose top may be held out, shape ``(n,)``.
        papers: what each comes from, an empty text where it is not told; None where the table tells of no paper.
        years: when each was first reported, NaN where it is not told, shape ``(n,)``; None likewise.
    """

    systems: tuple[frozenset[str], ...]
    values: Floats
    papers: tuple[str, ...] | None = None
    years: Floats | None = None


def folds(split: str, table: SplitTable, count: int = 5, seed: int = 0) -> list[Fold]:
    """The folds of a split; the same arguments give the same folds.

    Args:
        split: one of `MEANINGS`.
        table: the rows.
        count: of folds, at most; the top is a single one. The elements are those whose rows are nearest to one in
            ``count`` of all, the years the last ones.
        seed: of what is drawn at random.

    Raises:
        InputError: for an unknown split, or rows that do not allow it, with the reason.
    """
    check_splits([split])
    if count < 2:
        raise InputError(f"at least 2 folds are needed, got {count}")
    found = [fold for fold in _SPLITS[split](table, count, np.random.default_rng(seed)) if fold.is_large]
    if not found:
        raise InputError(
            f"the split {split!r} ({MEANINGS[split]}) leaves no fold with at least {FEWEST_HELD} rows held out and "
            f"{FEWEST_LEARNED} learned from; there are {len(table.systems)} rows"
        )
    return found


def check_splits(names: Sequence[str]) -> list[str]:
    """Names of splits, each once.

    Raises:
        InputError: for one that there is none of.
    """
    unknown = [name for name in names if name not in MEANINGS]
    if unknown:
        raise InputError(f"unknown split {unknown[0]!r}; available are {', '.join(MEANINGS)}")
    return list(dict.fromkeys(names))


def possible_splits(table: SplitTable, names: Sequence[str] = (), count: int = 5) -> tuple[list[str], dict[str, str]]:
    """The splits that the rows allow, and why the others are left out.

    Args:
        table: the rows.
        names: those that were asked for by name; all where empty.
        count: of folds.

    Raises:
        InputError: if one that was asked for by name is not possible, or none is.
    """
    kept, left_out = list[str](), dict[str, str]()
    for name in dict.fromkeys(names or MEANINGS):
        try:
            folds(name, table, count)
            kept.append(name)
        except InputError as error:
            if names:
                raise
            left_out[name] = str(error)
    if not kept:
        raise InputError("no split is possible; " + left_out["random"])
    return kept, left_out


def _fold(held: str, mask: NDArray[np.bool_], among: NDArray[np.bool_] | None = None) -> Fold:
    """Rows of a mask are held out; of the others, those among some are learned from."""
    learned = ~mask if among is None else ~mask & among
    return Fold(held, np.flatnonzero(learned), np.flatnonzero(mask))


def _random(table: SplitTable, count: int, rng: np.random.Generator) -> list[Fold]:
    place = rng.permutation(len(table.systems)) % count
    return [_fold(f"part {k + 1} of {count}", place == k) for k in range(count)]


def _element(table: SplitTable, count: int, rng: np.random.Generator) -> list[Fold]:
    symbols = sorted(frozenset().union(*table.systems))
    every = [_fold(symbol, np.array([symbol in system for system in table.systems])) for symbol in symbols]
    large = [fold for fold in every if fold.is_large]
    nearest = sorted(large, key=lambda fold: abs(len(fold.held_rows) / len(table.systems) - 1 / count))[:count]
    return sorted(nearest, key=lambda fold: fold.held)


def _system(table: SplitTable, count: int, rng: np.random.Generator) -> list[Fold]:
    names = ["-".join(sorted(system)) for system in table.systems]
    if not any(names):
        raise InputError("the split 'system' needs compositions, and the table has none")
    return _grouped(names, count, rng, "systems")


def _paper(table: SplitTable, count: int, rng: np.random.Generator) -> list[Fold]:
    if table.papers is None:
        raise InputError("the split 'paper' needs a column of papers, as DOIs; name it with --paper COLUMN")
    return _grouped(table.papers, count, rng, "papers")


def _grouped(names: Sequence[str], count: int, rng: np.random.Generator, words: str) -> list[Fold]:
    """Parts of about equal size that share no name: the largest groups first, each to the part that has least."""
    told = np.array([bool(name) for name in names])
    groups, member, sizes = np.unique(np.array(names), return_inverse=True, return_counts=True)
    mixed = rng.permutation(len(groups))
    parts, loads = np.full(len(groups), -1), np.zeros(count)
    for group in mixed[np.argsort(-sizes[mixed], kind="stable")]:
        if groups[group]:
            parts[group] = int(np.argmin(loads))
            loads[parts[group]] += sizes[group]
    return [_fold(f"{(parts == k).sum()} {words}", parts[member] == k, told) for k in range(count)]


def _year(table: SplitTable, count: int, rng: np.random.Generator) -> list[Fold]:
    if table.years is None:
        raise InputError("the split 'year' needs a column of years; name it with --year COLUMN")
    years = table.years
    every = [_fold(f"{year:g}", years == year, years < year) for year in np.unique(years[np.isfinite(years)])]
    return [fold for fold in every if fold.is_large][-count:]


def _top(table: SplitTable, count: int, rng: np.random.Generator) -> list[Fold]:
    place = max(1, round(TOP * len(table.values)))
    least = np.sort(table.values)[-place]
    return [_fold(f"values from {least:.5g}", table.values >= least)]


_SPLITS: dict[str, Callable[[SplitTable, int, np.random.Generator], list[Fold]]] = {
    "random": _random,
    "element": _element,
    "system": _system,
    "paper": _paper,
    "year": _year,
    "top": _top,
}
