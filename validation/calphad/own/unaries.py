"""Pure elements: SGTE91 lattice stabilities, read from ESPEI's reference data at run time.

References:
    A. T. Dinsdale, SGTE data for pure elements, Calphad 15 (1991) 317-425,
    doi:10.1016/0364-5916(91)90030-N, as carried by ``espei.refdata.SGTE91``.
"""

from __future__ import annotations

import builtins
import importlib.util
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from validation.calphad.errors import DatabaseError

T_MIN_K = 298.15
T_MAX_K = 6000.0

Segments = list[tuple[float, float, str]]


@lru_cache(maxsize=1)
def reference_data() -> ModuleType:
    """Load the file ``espei/refdata.py`` alone.

    Importing the ``espei`` package costs seconds, pulls in dask and changes logging and warning
    settings of the whole process; the reference data need none of that, and of pycalphad, which costs
    another one, just the symbol of the temperature.

    Raises:
        DatabaseError: ESPEI is not installed, or its reference data moved.
    """
    package = importlib.util.find_spec("espei")
    places = package.submodule_search_locations if package is not None else None
    if not places:
        raise DatabaseError("ESPEI is not installed, and its SGTE91 data are needed; pip install espei")
    path = Path(next(iter(places))) / "refdata.py"
    spec = importlib.util.spec_from_file_location("alloyloop_espei_refdata", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise DatabaseError(f"ESPEI's reference data are not at {path}; use the locked ESPEI version")
    module = importlib.util.module_from_spec(spec)
    vars(module)["__builtins__"] = {**vars(builtins), "__import__": _import}
    spec.loader.exec_module(module)
    return module


def _import(name: str, *given: Any) -> Any:
    if name == "pycalphad.variables":
        import symengine

        return SimpleNamespace(T=symengine.Symbol("T"))
    return __import__(name, *given)


def segments(expression: Any, what: str) -> Segments:
    """Split an SGTE91 expression into temperature segments that cover 298.15 to 6000 K.

    The last assessed segment is carried on to 6000 K, because pycalphad would otherwise return 0 J/mol
    beyond the assessed limit (3000 K for Hf) without a word.

    Args:
        expression: A SymEngine ``Piecewise`` in T, energies in J/mol.
        what: Name used in messages.

    Returns:
        Tuples of lower limit (K), upper limit (K), expression as text.

    Raises:
        DatabaseError: There is a gap between segments, or they start above 298.15 K.
    """
    import symengine

    if not isinstance(expression, symengine.Piecewise):
        return [(T_MIN_K, T_MAX_K, _text(expression))]
    found: Segments = []
    arguments = expression.args
    for value, condition in zip(arguments[::2], arguments[1::2], strict=True):
        if condition == symengine.true:
            continue
        low, high = _limits(condition, what)
        found.append((low, high, _text(value)))
    found.sort(key=lambda segment: segment[0])
    if not found or found[0][0] > T_MIN_K:
        raise DatabaseError(f"{what}: SGTE91 starts above {T_MIN_K} K; use the locked ESPEI version")
    for before, after in pairwise(found):
        if before[1] != after[0]:
            raise DatabaseError(f"{what}: SGTE91 leaves a gap between {before[1]} K and {after[0]} K")
    low, _, text = found[-1]
    return [*found[:-1], (low, T_MAX_K, text)]


def _limits(condition: Any, what: str) -> tuple[float, float]:
    bounds = [float(number) for relation in condition.args for number in relation.args if number.is_Number]
    if len(bounds) != 2:
        raise DatabaseError(f"{what}: cannot read the temperature range {condition}")
    return min(bounds), max(bounds)


def _text(expression: Any) -> str:
    return str(expression).replace("log(", "LN(")


def ghser_name(element: str) -> str:
    """Name of the reference-state function that SGTE91 uses, e.g. ``GHSERVV`` for V."""
    return f"GHSER{element * 2 if len(element) == 1 else element}"


def stable_functions(elements: Iterable[str]) -> dict[str, Segments]:
    """Gibbs energies of the elements in their reference state, J/mol.

    Raises:
        DatabaseError: SGTE91 lacks an element.
    """
    data = reference_data()
    functions = {}
    for element in elements:
        if element not in data.SGTE91Stable:
            raise DatabaseError(f"SGTE91 has no element {element}; available: {', '.join(data.SGTE91Stable)}")
        functions[ghser_name(element)] = segments(data.SGTE91Stable[element], ghser_name(element))
    return functions


def lattice_stability(element: str, phase: str, known: Iterable[str]) -> Segments:
    """Gibbs energy of an element in a phase, J/mol, in terms of the known functions.

    Raises:
        DatabaseError: SGTE91 lacks the pair, or the expression names an unknown function, which
            pycalphad would count as 0 J/mol.
    """
    import symengine

    data = reference_data()
    if (element, phase) not in data.SGTE91:
        raise DatabaseError(f"SGTE91 has no {phase} for {element}")
    expression = data.SGTE91[(element, phase)]
    names = {str(symbol) for symbol in symengine.sympify(expression).free_symbols} - {"T"}
    undefined = names - set(known)
    if undefined:
        raise DatabaseError(f"{phase} of {element} names undefined functions: {', '.join(sorted(undefined))}")
    return segments(expression, f"{phase} of {element}")
