"""Expressions of a database as nested lists of names and numbers, back to the last bit, and their values."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import symengine
from pycalphad import variables as v
from symengine.lib.symengine_wrapper import BooleanFalse, BooleanTrue, Exp1

_BUILD: dict[str, Callable[..., Any]] = {
    "Add": symengine.Add,
    "Mul": symengine.Mul,
    "Pow": symengine.Pow,
    "log": symengine.log,
    "Abs": symengine.Abs,
    "And": symengine.And,
    "LessThan": symengine.Le,
    "StrictLessThan": symengine.Lt,
}
"""What expressions of a database are made of, beside pieces; roots are powers."""
_STATE = {"T": v.T, "P": v.P}


def tree(node: Any) -> Any:
    """An expression as nested lists; numbers are themselves, and names are text.

    Raises:
        ValueError: It holds something else than finite numbers, names, sums, products, powers and logarithms.
    """
    if isinstance(node, int | float | symengine.Integer | symengine.RealDouble):
        return _number(node)
    if isinstance(node, Exp1):
        return ["E"]
    if isinstance(node, BooleanTrue | BooleanFalse):
        return [bool(node)]
    if isinstance(node, symengine.Symbol):  # T and P are symbols too, of classes of their own
        return str(node)
    name = type(node).__name__
    if name == "FunctionSymbol":
        raise ValueError(f"{str(node)[:60]} is no function that is known here")
    if name != "Piecewise" and name not in _BUILD:
        raise ValueError(f"{str(node)[:60]} ({name}) is no expression that is known here")
    return [name, *map(tree, node.args)]


def _number(node: Any) -> int | float:
    if isinstance(node, int | symengine.Integer):
        return int(node)
    if not math.isfinite(node):
        raise ValueError("a number in its expression is too large")
    return float(node)


def built(given: Any) -> Any:
    """The expression of a tree.

    Raises:
        LookupError, TypeError, ValueError: It is no tree of an expression.
    """
    if isinstance(given, str):
        return _STATE[given] if given in _STATE else _symbol(given)
    if not isinstance(given, list):
        return symengine.sympify(given)
    name, *parts = given
    if not parts:
        return symengine.E if name == "E" else symengine.sympify(name)
    nodes = [built(part) for part in parts]
    if name == "Piecewise":
        return symengine.Piecewise(*zip(nodes[::2], nodes[1::2], strict=True))
    return _BUILD[name](*nodes)


@lru_cache(maxsize=4096)
def _symbol(name: str) -> Any:
    return symengine.Symbol(name)


def value_at(database: Any, expression: Any, kelvin: float) -> float | None:
    """An expression in J/mol at a temperature in K; None where it names what is not defined, or has no value."""
    found = symengine.sympify(expression).subs({v.T: kelvin, v.P: 101325.0})
    for _ in range(30):  # functions name functions; one that names itself ends nowhere
        names = {s for s in found.free_symbols if str(s) in database.symbols}
        if not names:
            break
        given = {s: symengine.sympify(database.symbols[str(s)]).subs({v.T: kelvin, v.P: 101325.0}) for s in names}
        found = found.subs(given)
    try:
        value = float(found)
    except (TypeError, ValueError, RuntimeError):
        return None
    return value if math.isfinite(value) else None
