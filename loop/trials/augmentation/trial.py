"""Augmentation on trial: nested repeated folds, every way on the same ones, and a paired test against none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from alloys.errors import InputError
from alloys.splits.folds import Fold, SplitTable, folds
from loop.trials.augmentation.ctgan import is_installed
from loop.trials.augmentation.paired import corrected_p, holm
from loop.trials.augmentation.ways import NONE, WAYS, Learned, MadeUp
from surrogates.evaluation.held_out import HeldPredictions, JudgedTable, judge

SIGNIFICANT = 0.05
"""A way wins only where its p, corrected for the folds and for the number of ways, is below."""

MOST = 10.0
"""Rows made up for each real one, at most."""


@dataclass(frozen=True, slots=True)
class TrialPlan:
    """How augmentation is tried.

    Attributes:
        ways: of `WAYS`.
        folds: outer folds of a repeat.
        repeats: of the outer folds, each drawn anew.
        inner: folds of what is learned from, which choose the amount.
        amounts: rows made up for each row that is learned from, to choose from; a single one needs no inner folds.
        seed: of the folds and of what is made up.
        family: of generators.
        epochs: that the family trains for; its own number if None.
        ctgan: the folder where CTGAN may be.
    """

    ways: Sequence[str] = tuple(WAYS)
    folds: int = 5
    repeats: int = 2
    inner: int = 2
    amounts: Sequence[float] = (0.25, 0.5, 1.0)
    seed: int = 0
    family: str = "cvae"
    epochs: int | None = None
    ctgan: Path = Path("build/ctgan")

    def __post_init__(self) -> None:
        if not self.amounts or not all(0 < amount <= MOST for amount in self.amounts):
            raise InputError(f"amounts lie between 0 and {MOST:g} rows for each real one, got {list(self.amounts)}")

    @property
    def possible(self) -> list[str]:
        """The ways that can be tried here."""
        return [name for name in self.ways if name not in self.not_tried]

    @property
    def not_tried(self) -> dict[str, str]:
        """Why others are not."""
        if "ctgan" in self.ways and not is_installed(self.ctgan):
            return {"ctgan": "not installed; make setup-ctgan"}
        return {}

    @property
    def steps(self) -> int:
        """Outer folds."""
        return self.folds * self.repeats


@dataclass(frozen=True, slots=True)
class OuterFold:
    """What one outer fold came to.

    Attributes:
        errors: RMSE by way, `NONE` among them.
        amounts: the amount that the inner folds chose, by way.
        held_share: rows held out over rows learned from.
    """

    errors: dict[str, float]
    amounts: dict[str, float] = field(default_factory=dict)
    held_share: float = 0.0


def try_augmentation(
    table: JudgedTable, plan: TrialPlan, on_fold: Callable[[OuterFold], None] = lambda fold: None
) -> list[OuterFold]:
    """Tries every way on the same outer folds.

    Args:
        table: compositions and one property.
        plan: how.
        on_fold: called after each outer fold.

    Raises:
        InputError: for designs that are more or less than a composition, or too few of them.
    """
    if len(table.space.variables) or not all(design.composition.items for design in table.space.designs):
        raise InputError("augmentation is tried on compositions alone; leave other features out")
    rows = SplitTable(tuple(frozenset(design.composition.elements) for design in table.space.designs), table.values)
    outers = [fold for repeat in range(plan.repeats) for fold in folds("random", rows, plan.folds, plan.seed + repeat)]
    for outer in outers:  # too few rows for the inner folds are told before any work
        _inner_folds(rows, outer, plan, 0)
    found = []
    for number, outer in enumerate(outers):
        found.append(_outer(table, plan, outer, rows, plan.seed + number))
        on_fold(found[-1])
    return found


def _inner_folds(rows: SplitTable, outer: Fold, plan: TrialPlan, seed: int) -> list[Fold]:
    """Folds of the rows that an outer fold learns from, by their places among all rows."""
    learned = outer.learned_rows
    part = SplitTable(tuple(rows.systems[i] for i in learned), rows.values[learned])
    parts = folds("random", part, plan.inner, seed)
    return [Fold(fold.held, learned[fold.learned_rows], learned[fold.held_rows]) for fold in parts]


def _outer(table: JudgedTable, plan: TrialPlan, outer: Fold, rows: SplitTable, seed: int) -> OuterFold:
    inner = _inner_folds(rows, outer, plan, seed) if len(plan.amounts) > 1 else []
    learned, *inner_learned = [_learned(table, plan, fold, seed) for fold in (outer, *inner)]
    errors, amounts = {NONE: _error([judge(table, outer)])}, dict[str, float]()
    for way in plan.possible:
        made = [(fold, WAYS[way](source)) for fold, source in zip(inner, inner_learned, strict=True)]
        amounts[way] = _best_amount(table, plan, made) if made else plan.amounts[0]
        errors[way] = _error([judge(table, outer, _some(WAYS[way](learned), amounts[way], outer))])
    return OuterFold(errors, amounts, len(outer.held_rows) / len(outer.learned_rows))


def _best_amount(table: JudgedTable, plan: TrialPlan, made: Sequence[tuple[Fold, MadeUp]]) -> float:
    """The amount with which the inner folds err least, the first of equals."""
    errors = [
        _error([judge(table, fold, _some(extra, amount, fold)) for fold, extra in made]) for amount in plan.amounts
    ]
    return plan.amounts[int(np.argmin(errors))]


def _learned(table: JudgedTable, plan: TrialPlan, fold: Fold, seed: int) -> Learned:
    most = round(max(plan.amounts) * len(fold.learned_rows))
    return Learned(table, fold.learned_rows, seed, most, plan.family, plan.epochs, plan.ctgan)


def _some(made: MadeUp, amount: float, fold: Fold) -> MadeUp:
    count = round(amount * len(fold.learned_rows))
    return made[0][:count], made[1][:count]


def _error(parts: Sequence[HeldPredictions]) -> float:
    return HeldPredictions.together(parts).summary()["rmse"]


def trial_document(found: Sequence[OuterFold], plan: TrialPlan) -> dict[str, Any]:
    """The numbers of a trial: RMSE by way, its change against none with p, and which way wins, if any does."""
    errors = {way: np.array([fold.errors[way] for fold in found]) for way in (NONE, *plan.possible)}
    share = float(np.mean([fold.held_share for fold in found]))
    ps = {way: corrected_p(errors[way] - errors[NONE], share) for way in plan.possible}
    corrected, base = holm(ps), float(errors[NONE].mean())
    ways: dict[str, Any] = {NONE: {"rmse": base, "rmses": errors[NONE].tolist()}}
    for way in plan.possible:
        ways[way] = {
            "rmse": float(errors[way].mean()),
            "rmses": errors[way].tolist(),
            "change_percent": 100 * (float(errors[way].mean()) / base - 1),
            "better_in": int((errors[way] < errors[NONE]).sum()),
            "p": ps[way],
            "p_holm": corrected[way],
            "amounts": [fold.amounts[way] for fold in found],
        }
    winners = [way for way in plan.possible if ways[way]["rmse"] < base and corrected[way] < SIGNIFICANT]
    return {
        "folds": plan.folds,
        "repeats": plan.repeats,
        "inner": plan.inner,
        "amounts": list(plan.amounts),
        "family": plan.family,
        "ways": ways,
        "not_tried": plan.not_tried,
        "winner": min(winners, key=lambda way: ways[way]["rmse"], default=None),
    }
