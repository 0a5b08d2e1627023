"""Refits the bcc mixing of two elements in a database with measured or computed energies of mixing.

What the energies give is the enthalpy: of each Redlich-Kister term of bcc the part at 298.15 K without its entropy is
replaced, and what depends on temperature stays. The liquid's terms of the same order are moved by the same amount, so
that the difference between liquid and bcc, which measured melting fixed, is kept; with ``liquid="keep"`` they stay, and
melting moves. Whatever else the text says stays as it is written.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from validation.calphad.errors import DatabaseError
from validation.calphad.fitting.rewriting import Place, shifted
from validation.calphad.reading.apart import ENVIRONMENT
from validation.calphad.reading.end_members import ENERGIES, counted, name_of
from validation.calphad.reading.expressions import value_at
from validation.calphad.reading.phases import functions_in, is_liquid, pieces_of, rows_of
from validation.calphad.reading.tdbfile import parsed

BCC, LIQUID = "BCC_A2", "LIQUID"
REFERENCE_K = 298.15
NEGLIGIBLE_J = 0.5
"""Change of a term that no energy of mixing tells, J/mol: such a term stays as it is written."""
FIT_SECONDS = 300
LEAST_POINTS = 2
FREEDOM = 2
"""Energies that a fit has at least more than terms, where there are three or more."""
NO_FREEDOM = 1e-6
"""Below this share an energy decides a term alone."""


@dataclass(frozen=True, slots=True)
class Refit:
    """A refitted database.

    Attributes:
        text: The database as TDB text, as it was but for the terms.
        pair: The two elements, in alphabetical order.
        before: Enthalpy terms of bcc by order as they were, J/mol.
        after: The same as fitted, J/mol.
        residual: Root mean square of fitted less given energies, J per mole of atoms.
        predicted: The same where each energy is left out of the fit that it is compared with; None where the others
            do not say it.
    """

    text: str
    pair: tuple[str, str]
    before: tuple[float, ...]
    after: tuple[float, ...]
    residual: float
    predicted: float | None


def redlich_kister(terms: Sequence[float], fraction: float) -> float:
    """Energy of mixing in J per mole of atoms at a fraction of the second element; terms in J/mol by order."""
    first = 1.0 - fraction
    return first * fraction * math.fsum(term * (first - fraction) ** order for order, term in enumerate(terms))


def fit_terms(pair: tuple[str, str], energies: Mapping[float, float]) -> tuple[float, ...]:
    """Redlich-Kister terms of bcc by ESPEI's parameter generation, in a process of its own.

    Args:
        pair: Two element symbols in alphabetical order.
        energies: Fraction of the second element, between 0 and 1, to the energy of mixing in J per mole of atoms.

    Returns:
        Terms by order, J/mol; as many as ESPEI finds worth it, but at most two fewer than fractions, or one.

    Raises:
        DatabaseError: Fewer than two fractions lie between 0 and 1, or ESPEI fails.
    """
    inside = {fraction: energy for fraction, energy in sorted(energies.items()) if 0.0 < fraction < 1.0}
    if len(inside) < LEAST_POINTS:
        raise DatabaseError(
            f"a fit of {'-'.join(pair)} needs energies at {LEAST_POINTS} or more compositions of both elements, "
            f"got {len(inside)}"
        )
    asked = {"pair": list(pair), "fractions": list(inside), "energies": list(inside.values())}
    program = Path(__file__).with_name("espei_fit.py")
    command = [sys.executable, "-P", "-W", "ignore", str(program)]
    try:
        done = subprocess.run(
            command, input=json.dumps(asked), capture_output=True, text=True, timeout=FIT_SECONDS,
            env={**os.environ, **ENVIRONMENT}, cwd=program.parent,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise DatabaseError(f"ESPEI took more than {FIT_SECONDS} s for {len(inside)} energies") from None
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1][:300]
        raise DatabaseError(f"ESPEI could not fit {'-'.join(pair)}: {reason}")
    terms = tuple(float(term) for term in json.loads(done.stdout)["terms"])
    most = max(1, len(inside) - FREEDOM)
    return terms if len(terms) <= most else _least_squares(inside, most)


def _basis(fractions: Sequence[float], count: int) -> NDArray[np.float64]:
    """Redlich-Kister terms of 1 J/mol at fractions of the second element, ``(fractions, count)``."""
    x = np.asarray(fractions, dtype=np.float64)[:, None]
    return np.asarray((1.0 - x) * x * (1.0 - 2.0 * x) ** np.arange(count))


def _least_squares(energies: Mapping[float, float], count: int) -> tuple[float, ...]:
    found = np.linalg.lstsq(_basis(list(energies), count), np.array(list(energies.values())), rcond=None)[0]
    return tuple(float(term) for term in found)


def predicted_error(energies: Mapping[float, float], count: int) -> float | None:
    """Root mean square error of each energy as the others predict it with so many terms, J per mole of atoms.

    It is the fit's own error divided by 1 less the energy's leverage (Allen's PRESS, Technometrics 16 (1974) 125).

    Returns:
        None where some energy alone decides a term, or there is no term.
    """
    inside = {fraction: energy for fraction, energy in sorted(energies.items()) if 0.0 < fraction < 1.0}
    if not 0 < count < len(inside):
        return None
    basis, given = _basis(list(inside), count), np.array(list(inside.values()))
    hat = basis @ np.linalg.pinv(basis)
    free = 1.0 - np.diag(hat)
    if free.min() < NO_FREEDOM:
        return None
    return float(np.sqrt(np.mean(((given - hat @ given) / free) ** 2)))


def refit(text: str, pair: tuple[str, str], energies: Mapping[float, float], *, liquid: str = "follow") -> Refit:
    """Refits one pair of a database.

    Args:
        text: TDB text with BCC_A2, and a liquid if that follows.
        pair: Two element symbols, upper case, in alphabetical order.
        energies: As in `fit_terms`.
        liquid: ``follow`` or ``keep``.

    Raises:
        DatabaseError: The database lacks an element or a phase, or the elements do not mix in it in a way that can be
            refitted; or the fit fails.
    """
    _mixings(text, pair, liquid)  # or says why there are none, before the fit
    after = fit_terms(pair, energies)
    changed, before = with_terms(text, pair, after, liquid=liquid)
    wrong = [redlich_kister(after, x) - energy for x, energy in energies.items()]
    residual = math.sqrt(math.fsum(value**2 for value in wrong) / len(wrong))
    return Refit(changed, pair, before, after, residual, predicted_error(energies, len(after)))


def with_terms(
    text: str, pair: tuple[str, str], terms: Sequence[float], *, liquid: str = "follow"
) -> tuple[str, tuple[float, ...]]:
    """A database with other enthalpies of mixing in bcc.

    Args:
        text: as of `refit`.
        pair: as of `refit`.
        terms: J/mol by order.
        liquid: as of `refit`.

    Returns:
        The text, and the terms as they were.

    Raises:
        DatabaseError: as `refit`.
    """
    moved = _mixings(text, pair, liquid)
    before = moved[0].enthalpies()
    shift = {order: _at(terms, order) - _at(before, order) for order in range(max(len(before), len(terms)))}
    for mixing in moved:
        changes = {order: mixing.sites * change for order, change in shift.items() if abs(change) > NEGLIGIBLE_J}
        text = shifted(text, mixing.place, changes, mixing.new)
    _check(text, pair, terms)
    return text, before


def _mixings(text: str, pair: tuple[str, str], liquid: str) -> list[_Mixing]:
    """What a refit changes: the mixing in bcc, and in the liquid if that follows."""
    if liquid not in ("follow", "keep"):
        raise DatabaseError(f"liquid must be 'follow' or 'keep', got {liquid!r}")
    database = parsed(text)
    lacking = sorted(set(pair) - set(database.elements)) + sorted({BCC} - set(database.phases))
    if lacking:
        raise DatabaseError(f"the database lacks {', '.join(lacking)}; use one that has them")
    phases = [BCC, *([_liquid(database)] if liquid == "follow" else [])]
    return [_Mixing.of(database, phase, pair) for phase in phases]


def _check(text: str, pair: tuple[str, str], terms: Sequence[float]) -> None:
    """Reads a rewritten text once more.

    Raises:
        DatabaseError: Its terms are not those that it should have.
    """
    found = _Mixing.of(parsed(text), BCC, pair).enthalpies()
    if any(abs(_at(found, order) - _at(terms, order)) > 2 * NEGLIGIBLE_J for order in range(len(found) + len(terms))):
        raise DatabaseError(f"the terms of {'-'.join(pair)} in {BCC} are written so that they cannot be changed")


def _liquid(database: Any) -> str:
    """The liquid that moves with bcc.

    Raises:
        DatabaseError: There is not one.
    """
    found = [name for name in sorted(database.phases) if is_liquid(database, name)]
    if LIQUID in found or len(found) == 1:
        return LIQUID if LIQUID in found else found[0]
    raise DatabaseError(f"the database has {len(found)} liquids, none of them {LIQUID}; keep the liquid as it is")


@dataclass(frozen=True, slots=True)
class _Mixing:
    """The mixing of two elements on one sublattice of a phase, vacancies on the others.

    Attributes:
        database: pycalphad's.
        rows: parameters of it.
        sites: moles of the sublattice in a mole of formula units.
        place: where they stand.
        new: how a new one begins, with ``{}`` for the order.
    """

    database: Any
    rows: list[Mapping[str, Any]]
    sites: float
    place: Place
    new: str

    @classmethod
    def of(cls, database: Any, phase: str, pair: tuple[str, str]) -> _Mixing:
        """That of a phase.

        Raises:
            DatabaseError: The elements do not mix on just one sublattice, the others have no vacancies, or a term is
                given twice.
        """
        held = [{str(species) for species in site} for site in database.phases[phase].constituents]
        sites = [list(pair) if site & set(pair) else ["VA"] for site in held]
        if sites.count(list(pair)) != 1 or not all(map(set.issuperset, held, sites)):
            raise DatabaseError(
                f"{' and '.join(pair)} must mix on one sublattice of {phase}, with vacancies on the others, got "
                f"{':'.join(','.join(sorted(site)) for site in held)}"
            )
        names = {name for name in _cut(phase) if name == phase or name not in database.phases}
        place = Place(frozenset(names), tuple(frozenset(site) for site in sites))
        rows = [row for row in rows_of(database) if row["phase_name"] == phase and _is_pair(row, sites)]
        again = [name_of(row) for row, count in counted(rows) if count > 1]
        if again:
            raise DatabaseError(f"{again[0]} is given twice, and programs differ in which counts; keep one")
        new = f"G({phase},{':'.join(','.join(site) for site in sites)};{{}})"
        return cls(database, rows, float(database.phases[phase].sublattices[sites.index(list(pair))]), place, new)

    def enthalpies(self) -> tuple[float, ...]:
        """By order, J per mole of atoms."""
        found: dict[int, float] = {}
        for row in self.rows:
            value = _enthalpy(row["parameter"], self.database) / self.sites
            found[row["parameter_order"]] = found.get(row["parameter_order"], 0.0) + value
        return tuple(found.get(order, 0.0) for order in range(max(found, default=-1) + 1))


def _cut(name: str) -> list[str]:
    """A name and its beginnings."""
    return [name[: end + 1] for end in range(len(name))]


def _is_pair(row: Mapping[str, Any], sites: Sequence[Sequence[str]]) -> bool:
    """Whether a parameter is an energy of these constituents, or of any in place of vacancies."""
    given = [sorted(str(species) for species in site) for site in row["constituent_array"]]
    if row["parameter_type"] not in ENERGIES or len(given) != len(sites):
        return False
    return all(one == sorted(site) or (site == ["VA"] and one == ["*"]) for one, site in zip(given, sites, strict=True))


def _at(terms: Sequence[float], order: int) -> float:
    return terms[order] if order < len(terms) else 0.0


def _enthalpy(expression: Any, database: Any) -> float:
    """Enthalpy of a term in J/mol close above 298.15 K, or where it and its functions begin: G - T dG/dT.

    Raises:
        DatabaseError: It names a function that the database does not define.
    """
    parts = [expression, *(database.symbols.get(name) for name in functions_in(database, [expression]))]
    kelvin = max([REFERENCE_K, *(low for part in parts for low, _ in sorted(pieces_of(part))[:1])]) + 1.0
    cold, warm = (value_at(database, expression, kelvin + step) for step in (0.0, 1.0))
    if cold is None or warm is None:
        raise DatabaseError(f"{str(expression)[:60]} has no value at {kelvin:g} K; does it name an undefined function?")
    return round(cold - kelvin * (warm - cold), 6)
