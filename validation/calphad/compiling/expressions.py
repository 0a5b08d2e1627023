"""Symbolic expressions to machine code, alike in every process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import symengine
from symengine.lib.symengine_wrapper import Boolean


def plain(variables: Sequence[Any], expressions: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """The variables as symbols named by their place, and the expressions of them.

    pycalphad's own symbols hash like Python strings, differently in every process, and symengine sums terms in the
    order of their hashes: with plain symbols every process rounds alike.
    """
    places = [symengine.Symbol(f"p{index}") for index in range(len(variables))]
    mapping = dict(zip(variables, places, strict=True))
    return places, [ordered(symengine.sympify(expression).xreplace(mapping)) for expression in expressions]


def ordered(expression: Any) -> Any:
    """The same expression with the terms of every sum and product entered in the order of their text."""
    parts = [ordered(part) for part in expression.args]
    if isinstance(expression, symengine.Piecewise):
        return symengine.Piecewise(*zip(parts[::2], expression.args[1::2], strict=True))
    if isinstance(expression, symengine.Add | symengine.Mul):
        return expression.func(*sorted(parts, key=str))
    return expression.func(*parts) if parts and not isinstance(expression, Boolean) else expression


def compiled(arguments: Sequence[Any], expressions: Any, optimise: int = 0) -> Any:
    """Compile expressions of the arguments, in order, to one function."""
    return symengine.Lambdify(list(arguments), expressions, backend="llvm", cse=True, opt_level=optimise)
