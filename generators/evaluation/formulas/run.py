"""Trains families on known formulas and measures what they draw, beside baselines."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from alloys.errors import InputError
from alloys.records import digest_of
from alloys.space import Points
from alloys.space.formula import FormulaSpace
from alloys.space.formula.rules import IonicRules
from generators.evaluation.formulas.baselines import IonSubstitution
from generators.evaluation.formulas.known import Half, KnownFormulas, evened
from generators.evaluation.formulas.measuring import Draw, FormulaMeasures, measure
from generators.interface import Generator
from generators.registry import family_names, load
from generators.train import train

BASELINES = ("substitution", "mined", "random")
"""Ions substituted in known formulas, evenly or as these say, and any formula of the space."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormulaPlan:
    """What is done.

    Attributes:
        samples: formulas that each entrant draws.
        rules: whether the space has the rules for charges.
        half: of the table that is used.
        even: power by which common stoichiometries are learned less, see `known.evened`.
        settings: of families, by name.
        models: a folder where trained weights are kept and found again; None for none.
    """

    samples: int
    rules: bool
    half: Half = "all"
    even: float = 0.0
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    models: Path | None = None


@dataclass(frozen=True, slots=True)
class FormulaOutcome:
    """What an entrant gave with one seed.

    Attributes:
        name: the family or baseline.
        seed: of training and draws.
        learned: formulas it learned from.
        training: CPU seconds of training; 0 where its weights were there.
        measures: of its draws.
    """

    name: str
    seed: int
    learned: int
    training: float
    measures: FormulaMeasures

    def to_json(self) -> dict[str, Any]:
        """A plain document."""
        return asdict(self)


def chosen_entrants(names: Sequence[str]) -> list[str]:
    """Families and baselines by name; all of them if none is named.

    Raises:
        InputError: for a name that is none.
    """
    there = [*family_names(), *BASELINES]
    if strange := [name for name in names if name not in there]:
        raise InputError(f"unknown families {', '.join(strange)}; available are {', '.join(there)}")
    return list(dict.fromkeys(names)) or there


def evaluate(
    known: KnownFormulas,
    names: Sequence[str],
    plan: FormulaPlan,
    seeds: int = 1,
    tell: Callable[[FormulaOutcome], None] = lambda outcome: None,
) -> list[FormulaOutcome]:
    """Every entrant with every seed, told as they come.

    Raises:
        InputError: if the rules cannot be had for the elements.
    """
    space, rules = known.space(rules=plan.rules), IonicRules(known.elements, known.states)
    learned, held_out = known.split(plan.half)
    outcomes = []
    for name in names:
        for seed in range(seeds):
            began = time.process_time()
            draw, fresh = _drawer(name, space, learned, plan, seed)
            training = time.process_time() - began if fresh else 0.0
            measures = measure(draw, plan.samples, learned, held_out, rules, seed)
            outcomes.append(FormulaOutcome(name, seed, len(learned), training, measures))
            tell(outcomes[-1])
    return outcomes


def _drawer(name: str, space: FormulaSpace, learned: Points, plan: FormulaPlan, seed: int) -> tuple[Draw, bool]:
    """What draws, and whether it was trained for that."""
    if name == "random":
        return lambda n, own: space.sample(n, np.random.default_rng(own)), False
    if name in BASELINES:
        return IonSubstitution(space, learned, mined=name == "mined"), False
    rows = evened(learned, plan.even, np.random.default_rng(seed))
    settings = dict(plan.settings.get(name, {}))
    place = None
    if plan.models is not None:
        content = [name, repr(space), settings, seed, rows.tolist()]
        place = plan.models / f"{name}-{digest_of(content)[:16]}.safetensors"
    generator, fresh = _generator(name, space, rows, settings, seed, place)

    def draw(n: int, own: int) -> Points:
        return generator.sample(np.zeros((n, 0)), seed=own).points

    return draw, fresh


def _generator(
    name: str, space: FormulaSpace, rows: Points, settings: Mapping[str, Any], seed: int, place: Path | None
) -> tuple[Generator, bool]:
    if place is not None and place.exists():
        return load(place), False
    nothing = np.zeros((len(rows), 0))
    trained = train(name, space, (), rows, nothing, settings, seed=seed, device="cpu", threads=1)
    if place is not None:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(trained.content)
    return trained.generator(), True


def document(known: KnownFormulas, plan: FormulaPlan, outcomes: Sequence[FormulaOutcome]) -> dict[str, Any]:
    """What was done and measured, plain."""
    learned, held_out = known.split(plan.half)
    return {
        "data": known.source,
        "rows": known.rows,
        "formulas": len(known.points),
        "balanced": int(known.balanced.sum()),
        "half": plan.half,
        "learned": len(learned),
        "held_out": len(held_out),
        "rules": plan.rules,
        "states": known.states,
        "even": plan.even,
        "outcomes": [outcome.to_json() for outcome in outcomes],
    }
