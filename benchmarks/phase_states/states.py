"""Measured states of alloys, and what CALPHAD says beside each."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from statistics import median
from typing import Any

from alloys.composition import Composition
from alloys.design import Design
from alloys.records import Measured

DATA = Path(__file__).parent
DETECTION = 0.05
"""Mole fraction of atoms below which a phase counts as absent."""
ASSUMED_C = 1200.0
"""Stands for an annealing temperature that is not known, °C."""
KELVIN = 273.15
FAMILIES = {"BCC_A2": "BCC", "HCP_A3": "HCP", "FCC_A1": "FCC", "LIQUID": "liquid"}
SGTE_K = {"Cr": 2180, "Hf": 2506, "Mo": 2896, "Nb": 2750, "Ta": 3290, "Ti": 1941, "V": 2183, "W": 3695, "Zr": 2128}
TRANSUS_K = {"Hf": 2016, "Ti": 1155, "Zr": 1139}
STEP_K = 25.0
REACH_K = 700.0

Row = Mapping[str, str]


def say(line: str = "") -> None:
    """Print one line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def rows(name: str) -> list[dict[str, str]]:
    """A table of this folder."""
    with (DATA / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def family(phase: str) -> str:
    """`BCC`, `HCP`, `FCC`, `Laves` or `liquid` of a phase name, such as ``BCC_A2#2``; another name as it is."""
    name = phase.split("#")[0]
    return "Laves" if name.startswith(("LAVES", "C14", "C15", "C36")) else FAMILIES.get(name, name)


def seen(shares: Mapping[str, float], *, one_bcc: bool) -> str:
    """What would be seen of phases with these mole fractions: ``BCC+BCC+Laves``.

    Args:
        shares: Phase or composition set to mole fraction.
        one_bcc: Whether all bcc sets count as one.
    """
    total: dict[str, float] = {}
    for phase, share in shares.items():
        name = family(phase)
        apart = name == "BCC" and not one_bcc
        key = phase if apart else name
        total[key] = total.get(key, 0.0) + share
    return "+".join(sorted(family(key) for key, share in total.items() if share >= DETECTION))


def agrees(measured: str, found: str, *, one_bcc: bool) -> bool:
    """Whether the phases found are those measured, by rule 4 of this module.

    Args:
        measured: ``BCC+Laves``, or ``BCC+secondary`` for a second phase that the source does not name.
        found: What `seen` made of an answer.
        one_bcc: Whether all bcc phases count as one.
    """
    names = measured.split("+")
    if one_bcc:
        names = [name for place, name in enumerate(names) if name != "BCC" or "BCC" not in names[:place]]
    if "secondary" in names:
        return "BCC" in found.split("+") and len(found.split("+")) >= 2
    return sorted(names) == sorted(found.split("+"))


def answer(validator: Any, row: Row) -> str:
    """What the validator says of the state of a row, or why it says nothing."""
    alloy = Composition.parse(row["formula"])
    if row["state"] == "cast":
        verdict = validator.validate(Design(alloy))
        if not isinstance(verdict, Measured):
            return f"failed: {verdict.message}"
        return seen(verdict.details["scheil"]["solids"], one_bcc=True)
    kelvin = float(row["temperature_c"] or ASSUMED_C) + KELVIN
    curve = validator.curve(alloy, [kelvin])
    return seen({phase: float(values[0]) for phase, values in curve.items()}, one_bcc=False)


def group(row: Row) -> str:
    """The kind of state, under which rows are counted."""
    if row["state"] == "cast":
        return "as cast"
    return "annealed" if row["temperature_c"] else f"annealed, {ASSUMED_C:g} C assumed"


def phases(validator: Any) -> None:
    """Every measured state beside the answer, and the share that is right."""
    counts: dict[str, list[bool]] = {}
    last = ""
    say("Phase states: measured, computed")
    for row in rows("measured_phases.csv"):
        if group(row) != last:
            last = group(row)
            say(f"\n{last}")
        found = answer(validator, row)
        right = agrees(row["phases"], found, one_bcc=row["state"] == "cast")
        if row["counted"] == "yes":
            counts.setdefault(last, []).append(right)
        mark = ("right" if right else "WRONG") if row["counted"] == "yes" else ("(agrees)" if right else "(differs)")
        where = f"{row['temperature_c']} C" if row["temperature_c"] else ""
        columns = f"{row['formula']:30s} {where:7s} {row['phases']:15s} {found:22s} {mark:9s}"
        say(f"  {columns} {row['source']}; {row['read']}")
    say()
    total = [right for group_rows in counts.values() for right in group_rows]
    for name, rights in [*counts.items(), ("all counted", total)]:
        say(f"  {name:28s} {sum(rights)} of {len(rights)} right, {sum(rights) / len(rights):.0%}")


def last_true(test: Callable[[float], bool], expected_k: float) -> float | None:
    """The highest temperature near the expected one at which a test holds, to 0.5 K; None where there is none."""
    high = expected_k + REACH_K
    low = high
    while low > expected_k - REACH_K and low > 400.0:
        low -= STEP_K
        if test(low):
            break
    else:
        return None
    high = low + STEP_K
    while high - low > 0.5:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if test(middle) else (low, middle)
    return low


def transition(validator: Any, formula: str, kind: str, expected_k: float) -> float | None:
    """The computed temperature of a transition in K; None where there is no such transition.

    Args:
        validator: The `calphad` validator.
        formula: The alloy.
        kind: ``solidus``; ``gap``, the last two bcc sets; or ``end:PHASE``, the last of phases whose names begin so.
        expected_k: What was measured; the search goes 700 K to both sides.
    """
    alloy = Composition.parse(formula)
    if kind == "solidus":
        verdict = validator.validate(Design(alloy))
        return float(verdict.properties["solidus"].value) if isinstance(verdict, Measured) else None
    wanted = "BCC_A2#2" if kind == "gap" else kind.removeprefix("end:")

    def present(kelvin: float) -> bool:
        curve = validator.curve(alloy, [kelvin])
        return any(phase.startswith(wanted) and values[0] > 0.0 for phase, values in curve.items())

    return last_true(present, expected_k)


def _summary(name: str, gaps: Iterable[float | None]) -> None:
    values = list(gaps)
    known = sorted(abs(gap) for gap in values if gap is not None)
    if known:
        within = sum(gap <= 30.0 for gap in known)
        say(f"  {name}: {len(values)}, of which {len(values) - len(known)} not found; median {median(known):.1f} K,")
        say(f"    {within} within 30 K, most {known[-1]:.0f} K")


def transitions(validator: Any) -> None:
    """Transition temperatures of elements and binaries beside measured ones."""
    say("\nPure elements, K: melting, and bcc to hcp (SGTE: Dinsdale 1991)")
    for element, melting in SGTE_K.items():
        found = transition(validator, element, "solidus", melting)
        line = f"  {element:3s} {melting:5d} {_number(found, melting)}"
        if element in TRANSUS_K:
            other = TRANSUS_K[element]
            line += f"   {other:5d} {_number(transition(validator, element, 'end:HCP_A3', other), other)}"
        say(line)
    say("\nBinaries, C: measured, computed, difference")
    gaps: dict[str, list[float | None]] = {"measured, independent": [], "fitted to it": [], "of memory": []}
    for row in rows("measured_transitions.csv"):
        celsius = float(row["temperature_c"])
        found = transition(validator, row["formula"], row["kind"], celsius + KELVIN)
        gap = None if found is None else found - KELVIN - celsius
        name = "of memory" if row["read"] == "memory" else "measured, independent"
        gaps["fitted to it" if row["independent"] == "no" else name].append(gap)
        said = f"{celsius:6.0f} {_number(None if found is None else found - KELVIN, celsius)}"
        say(f"  {row['formula']:18s} {row['kind']:11s} {said}  {row['source']}; read: {row['read']}")
    say()
    for name, values in gaps.items():
        _summary(name, values)


def _number(found: float | None, expected: float) -> str:
    return "     none          " if found is None else f"{found:8.1f} ({found - expected:+7.1f})"
