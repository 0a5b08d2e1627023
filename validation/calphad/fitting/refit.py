"""Refits the bcc mixing of two elements in a database with measured or computed energies of mixing.

What the energies give is the enthalpy: of each Redlich-Kister term of bcc the part at 298.15 K without its entropy is
replaced, and what depends on temperature stays. The liquid's terms of the same order are moved by the same amount, so
that the difference between liquid and bcc, which measured melting fixed, is kept; with ``liquid="keep"`` they stay, and
melting moves.
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
from validation.calphad.reading.apart import ENVIRONMENT
from validation.calphad.reading.tdbfile import read_anew

BCC, LIQUID = "BCC_A2", "LIQUID"
REFERENCE_K = 298.15
HIGHEST_K = 6000.0
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
        text: The database as TDB text.
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
        text: TDB text with BCC_A2 and LIQUID.
        pair: Two element symbols, upper case, in alphabetical order.
        energies: As in `fit_terms`.
        liquid: ``follow`` or ``keep``.

    Raises:
        DatabaseError: The database lacks an element or a phase, or the fit fails.
    """
    if liquid not in ("follow", "keep"):
        raise DatabaseError(f"liquid must be 'follow' or 'keep', got {liquid!r}")
    database = read_anew(text).database
    lacking = sorted(set(pair) - set(database.elements)) + sorted({BCC, LIQUID} - set(database.phases))
    if lacking:
        raise DatabaseError(f"the database lacks {', '.join(lacking)}; use one that has them")
    after = fit_terms(pair, energies)
    terms = _terms(database, BCC, pair)
    before = tuple(_enthalpy(terms[order], database) if order in terms else 0.0 for order in _orders(terms))
    length = max(len(before), len(after))
    shift = [_at(after, order) - _at(before, order) for order in range(length)]
    for phase in (BCC, LIQUID) if liquid == "follow" else (BCC,):
        _shift(database, phase, pair, shift)
    wrong = [redlich_kister(after, x) - energy for x, energy in energies.items()]
    residual = math.sqrt(math.fsum(value**2 for value in wrong) / len(wrong))
    predicted = predicted_error(energies, len(after))
    return Refit(database.to_string(fmt="tdb"), pair, before, after, residual, predicted)


def _at(terms: Sequence[float], order: int) -> float:
    return terms[order] if order < len(terms) else 0.0


def _orders(terms: Mapping[int, Any]) -> range:
    return range(max(terms, default=-1) + 1)


def _is_pair(row: Mapping[str, Any], phase: str, pair: tuple[str, str]) -> bool:
    """Whether a row is of the mixing of two elements alone; beside carbon or any other interstitial it is not."""
    if row["phase_name"] != phase or row["parameter_type"] not in ("G", "L"):
        return False
    metals, *others = [[str(species) for species in site] for site in row["constituent_array"]]
    return metals == list(pair) and all(site == ["VA"] for site in others)


def _terms(database: Any, phase: str, pair: tuple[str, str]) -> dict[int, Any]:
    """Expressions of a pair's terms by order."""
    rows = [row for row in database._parameters.all() if _is_pair(row, phase, pair)]
    return {row["parameter_order"]: row["parameter"] for row in rows}


def _enthalpy(expression: Any, database: Any) -> float:
    """Enthalpy of a term in J/mol close above 298.15 K, where databases begin: G - T dG/dT."""
    from pycalphad import variables as v

    for _ in range(8):  # functions may name further functions
        names = {symbol for symbol in expression.free_symbols if str(symbol) in database.symbols}
        expression = expression.subs({symbol: database.symbols[str(symbol)] for symbol in names})
    cold, warm = (float(expression.subs({v.T: REFERENCE_K + step})) for step in (1.0, 2.0))
    return round(cold - (REFERENCE_K + 1.0) * (warm - cold), 6)


def _shift(database: Any, phase: str, pair: tuple[str, str], shift: Sequence[float]) -> None:
    """Adds constants in J/mol to a pair's terms by order, in place."""
    old = _terms(database, phase, pair)
    database._parameters.remove(lambda row: _is_pair(row, phase, pair))
    sites = [list(pair), *(["VA"] for _ in database.phases[phase].sublattices[1:])]
    for order in range(max([len(shift), *(order + 1 for order in old)])):
        change = _at(shift, order)
        if order in old or change:
            database.add_parameter("G", phase, sites, order, _plus(old.get(order), change))


def _plus(expression: Any, change: float) -> Any:
    """An expression of temperature and a constant; pieces stay pieces, as a TDB file needs them."""
    import symengine
    from pycalphad import variables as v

    if isinstance(expression, symengine.Piecewise):
        parts = expression.args
        pieces = list(zip(parts[::2], parts[1::2], strict=True))
        return symengine.Piecewise(*((value + change, when) for value, when in pieces[:-1]), pieces[-1])
    total = change if expression is None else expression + change
    return symengine.Piecewise((total, symengine.And(v.T >= REFERENCE_K, v.T < HIGHEST_K)), (0, True))
