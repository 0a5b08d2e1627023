"""Arithmetic that people write in a configuration: ``hardness / density``, ``2 * x_Al + x_Ti``.

Read by simpleeval, a kept evaluator without Python's ``eval``. Only numbers, names, ``+ - * / **``, brackets and the
functions of `FUNCTIONS` are taken.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from simpleeval import InvalidExpression, SimpleEval

from alloys.errors import InputError

FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "sqrt": np.sqrt,
    "exp": np.exp,
    "log": np.log,
    "log10": np.log10,
    "abs": np.abs,
    "min": np.minimum,
    "max": np.maximum,
}
"""What an expression may call; ``log`` is natural, ``min`` and ``max`` take two."""

_OPERATORS: Mapping[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
_SHAPES = (ast.Expression, ast.BinOp, ast.UnaryOp, ast.Name, ast.Load, ast.Constant, ast.Call, *_OPERATORS)
_MOST_CHARACTERS = 500
_ARGUMENTS = {"min": 2, "max": 2}


@dataclass(frozen=True)
class Expression:
    """An expression that was read; made by `parse`.

    Attributes:
        text: as it was written.
        names: the names in it, in order, each once.
    """

    text: str
    names: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Expression:
        """Reads an expression.

        Raises:
            InputError: for anything but arithmetic, saying what was found.
        """
        if len(text) > _MOST_CHARACTERS:
            raise InputError(f"an expression has at most {_MOST_CHARACTERS} characters, got {len(text)}")
        if "^" in text:
            raise InputError(f"write a power as **, not ^, in {text!r}")
        try:
            tree = ast.parse(text.strip(), mode="eval")
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise InputError(f"cannot read the expression {text!r}; write arithmetic such as 'a / (b + 1)'") from None
        for node in ast.walk(tree):
            _refuse(node, text)
        called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        found = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called]
        found.sort(key=lambda node: node.col_offset)
        return cls(text.strip(), tuple(dict.fromkeys(node.id for node in found)))

    def __str__(self) -> str:
        return self.text

    @cached_property
    def _tree(self) -> Any:
        return SimpleEval.parse(self.text)

    def evaluate(self, values: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]] = FUNCTIONS) -> Any:
        """The expression's value; a division by zero gives infinity or NaN where values are arrays.

        Args:
            values: by name, numbers, arrays of one shape, or anything that has arithmetic.
            functions: what its functions are.

        Raises:
            InputError: if a name has no value, or numbers alone divide by zero or overflow.
        """
        lacking = [name for name in self.names if name not in values]
        if lacking:
            raise InputError(f"{self.text!r} names {', '.join(lacking)}, which is nothing here")
        reader = SimpleEval(operators=dict(_OPERATORS), functions=dict(functions), names=dict(values))
        try:
            with np.errstate(all="ignore"):
                return reader.eval(self.text, previously_parsed=self._tree)
        except ZeroDivisionError:
            raise InputError(f"{self.text!r} divides by zero") from None
        except (OverflowError, InvalidExpression) as error:
            raise InputError(f"{self.text!r} cannot be computed: {error}") from None


def _refuse(node: ast.AST, text: str) -> None:
    """Refuses what is no arithmetic."""
    if not isinstance(node, _SHAPES):
        raise InputError(f"{text!r} has more than numbers, names, + - * / **, brackets and {', '.join(FUNCTIONS)}")
    if isinstance(node, ast.Constant) and (isinstance(node.value, bool) or not isinstance(node.value, int | float)):
        raise InputError(f"{node.value!r} in {text!r} is no number")
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and not _small(node.right):
        raise InputError(f"a power in {text!r} must be a number between -10 and 10")
    if isinstance(node, ast.Call):
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name not in FUNCTIONS or node.keywords:
            raise InputError(f"{text!r} calls what is no function here; there are {', '.join(FUNCTIONS)}")
        if len(node.args) != _ARGUMENTS.get(name, 1):
            raise InputError(f"{name} in {text!r} takes {_ARGUMENTS.get(name, 1)} argument(s), got {len(node.args)}")


def _small(node: ast.AST) -> bool:
    """Whether an exponent is a number of no more than 10, so that nothing is computed for ever."""
    if isinstance(node, ast.UnaryOp):
        return _small(node.operand)
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float) and abs(node.value) <= 10
