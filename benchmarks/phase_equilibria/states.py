"""Two answers to one case beside each other: phases by the same names, amounts, and whose energy is lower."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alloys.errors import InputError
from benchmarks.phase_equilibria.cases import Case
from validation.calphad.errors import CalphadError, DatabaseError

SAME_SITES = 0.01
"""Largest difference of a site fraction between two ordering sublattices up to which a set is disordered."""
ONE_SET = 0.05
"""Largest difference in any mole fraction up to which two sets of one phase count as one, as in every verdict."""
ABSENT = 0.001
"""Amount below which a phase counts as absent."""
AMOUNT = 0.01
"""Largest difference of the amount of a phase that counts as the same."""
TIE_J = 0.01
"""J/mol-atom: energies no further apart are the same."""

SECONDS = 120.0
"""Processor time of one answer of the engine."""

VERDICTS = (
    "same",
    "differ, ours lower",
    "differ, same energy",
    "differ, theirs lower",
    "only ours answers",
    "only theirs answers",
    "neither answers",
)


@dataclass(frozen=True, slots=True)
class Found:
    """What one of the two says of a case.

    Attributes:
        sets: Phase and amount of every set, those of one phase and nearly one composition joined.
        energy: J/mol-atom.
        failure: Why there is no answer; empty where there is one.
        seconds: Processor time.
    """

    sets: tuple[tuple[str, float], ...] = ()
    energy: float = float("nan")
    failure: str = ""
    seconds: float = 0.0

    def __str__(self) -> str:
        return self.failure or " + ".join(f"{amount:.3f} {name}" for name, amount in self.sets)


Set = tuple[str, float, Mapping[str, float]]
"""Phase, amount, mole fractions."""


def joined(sets: Iterable[Set]) -> tuple[tuple[str, float], ...]:
    """Sets of one phase whose mole fractions differ by no more than `ONE_SET` as one, without those that are absent."""
    kept: list[Set] = []
    for name, amount, composition in sorted(sets, key=lambda item: (-item[1], item[0])):
        for place, (other, there, theirs) in enumerate(kept):
            if other == name and all(abs(composition[e] - theirs[e]) <= ONE_SET for e in composition):
                kept[place] = (other, there + amount, theirs)
                break
        else:
            kept.append((name, amount, composition))
    return tuple(sorted((name, amount) for name, amount, _ in kept if amount > ABSENT))


def partners(database: Any) -> dict[str, str]:
    """Phases that order, with the name of their disordered part."""
    hints = {name: phase.model_hints for name, phase in database.phases.items()}
    return {name: hint["disordered_phase"] for name, hint in hints.items() if hint.get("ordered_phase") == name}


def reported(phase: str, sites: Sequence[Mapping[str, float]], disordered: Mapping[str, str]) -> str:
    """The name of a set: that of its disordered part where its ordering sublattices hold the same."""
    if phase not in disordered:
        return phase
    alike = [site for site in sites if set(site) == set(sites[0])]
    if len(alike) == 1:
        return phase
    spread = max(abs(site[name] - alike[0][name]) for site in alike for name in site)
    return disordered[phase] if spread <= SAME_SITES else phase


def theirs(answer: Mapping[str, Any], disordered: Mapping[str, str]) -> Found:
    """An answer of `plain.apart`."""
    if "failure" in answer:
        return Found(failure=answer["failure"])
    sets = [
        (reported(item["phase"], item["sites"], disordered), item["amount"], item["composition"])
        for item in answer["sets"]
    ]
    return Found(joined(sets), answer["energy"], seconds=answer["seconds"])


def ours(engine: Any, case: Case) -> Found:
    """The engine's answer, or its refusal."""
    start = time.process_time()
    signal.signal(signal.SIGVTALRM, _out_of_time)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        alloy = engine.alloy(case.fractions)
        state = alloy.at(case.kelvin)
        sets = [(s.phase, s.amount, dict(zip(alloy.elements, s.composition.tolist(), strict=True))) for s in state.sets]
        return Found(joined(sets), float(state.energy), seconds=time.process_time() - start)
    except (CalphadError, DatabaseError, InputError) as error:
        return Found(failure=str(error), seconds=time.process_time() - start)
    except Exception as error:  # counted, and shown with its type
        return Found(failure=f"UNEXPECTED {type(error).__name__}: {error}", seconds=time.process_time() - start)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)


def _out_of_time(*_: object) -> None:
    raise CalphadError("time", f"no answer within {SECONDS:g} s of processor time")


def verdict(our: Found, their: Found) -> str:
    """One of `VERDICTS`: which of the two is right where they differ, by the lower energy."""
    if our.failure or their.failure:
        if our.failure and their.failure:
            return "neither answers"
        return "only theirs answers" if our.failure else "only ours answers"
    pairs = list(zip(our.sets, their.sets, strict=False))
    if len(our.sets) == len(their.sets) and all(a == b and abs(x - y) <= AMOUNT for (a, x), (b, y) in pairs):
        return "same"
    gain = their.energy - our.energy
    if abs(gain) <= TIE_J:
        return "differ, same energy"
    return "differ, ours lower" if gain > 0 else "differ, theirs lower"
