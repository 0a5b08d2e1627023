"""OPTIMADE filters as truths about the rows of a snapshot; the parser and the grammar are those of `optimade`."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

from lark import v_args
from optimade.filtertransformers.base_transformer import BaseTransformer, Quantity

from loop.materials.serving.masks import ServedColumn, Truth

Columns = Callable[[str], ServedColumn]
"""The column of a property's name, perhaps with keys within it behind dots."""
_Question = Callable[[ServedColumn], Truth]


class FilterTransformer(BaseTransformer):  # type: ignore[misc]
    """Answers each rule of the grammar with what is true of the rows.

    Args:
        mapper: of the entries' fields.
        columns: of the snapshot.
    """

    operator_map = {sign: sign for sign in ("<", "<=", ">", ">=", "!=", "=")}  # noqa: RUF012

    def __init__(self, mapper: Any, columns: Columns) -> None:
        super().__init__(mapper)
        self._columns = columns

    def expression(self, parts: list[Truth]) -> Truth:
        """``A OR B``."""
        return reduce(Truth.__or__, parts)

    def expression_clause(self, parts: list[Truth]) -> Truth:
        """``A AND B``."""
        return reduce(Truth.__and__, parts)

    def expression_phrase(self, parts: list[Any]) -> Truth:
        """``NOT A``, or ``A``."""
        truth: Truth = parts[-1]
        return ~truth if len(parts) > 1 else truth

    def property(self, parts: list[Any]) -> ServedColumn:
        """``name`` or ``name.key``."""
        found = super().property(parts)
        name = found.name if isinstance(found, Quantity) else found
        return self._columns(".".join([str(name), *map(str, parts[1:])]))

    @v_args(inline=True)
    def property_first_comparison(self, column: ServedColumn, question: _Question) -> Truth:
        """``name`` and what is asked of it."""
        return question(column)

    @v_args(inline=True)
    def constant_first_comparison(self, value: Any, sign: Any, column: ServedColumn) -> Truth:
        """``3 < name``."""
        if not isinstance(column, ServedColumn):
            raise NotImplementedError("Constants are not compared with each other.")
        return column.compare(self._reversed_operator_map[str(sign)], value)

    @v_args(inline=True)
    def value_op_rhs(self, sign: Any, value: Any) -> _Question:
        """``> 3``."""
        if isinstance(value, ServedColumn):
            raise NotImplementedError("Properties are not compared with each other.")
        return lambda column: column.compare(str(sign), value)

    def known_op_rhs(self, parts: list[Any]) -> _Question:
        """``IS KNOWN``."""
        return lambda column: column.known(parts[1] == "KNOWN")

    def fuzzy_string_op_rhs(self, parts: list[Any]) -> _Question:
        """``CONTAINS "text"``."""
        return lambda column: column.fuzzy(str(parts[0]), parts[-1])

    def set_op_rhs(self, parts: list[Any]) -> _Question:
        """``HAS value``, or with ``ALL``, ``ANY`` or ``ONLY`` and a list."""
        how = "ANY" if len(parts) == 2 else str(parts[1])
        if how in self.operator_map:
            raise NotImplementedError(f"HAS {how} is not implemented.")
        values = parts[1:] if len(parts) == 2 else parts[2]
        return lambda column: column.has(how, values)

    def length_op_rhs(self, parts: list[Any]) -> _Question:
        """``LENGTH > 3``."""
        sign = str(parts[1]) if len(parts) == 3 else "="
        return lambda column: column.length(sign, parts[-1])

    def value_list(self, parts: list[Any]) -> list[Any]:
        """``a, b``."""
        if any(isinstance(part, ServedColumn) or str(part) in self.operator_map for part in parts):
            raise NotImplementedError("Operators and properties within lists are not implemented.")
        return parts

    def bool(self, parts: list[Any]) -> None:
        """``TRUE``."""
        raise NotImplementedError("No property is true or false.")

    def value_zip(self, parts: list[Any]) -> None:
        """``a:b``."""
        raise NotImplementedError("Correlated lists are not implemented.")

    value_zip_list = property_zip_addon = set_zip_op_rhs = value_zip
