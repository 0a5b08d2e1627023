"""Spaces without an element or a region: the same kind of space, in which nothing of it can be drawn or reached.

On a grid, an excluded element leaves the palette, and what lies outside a region is a rule, so that generators,
samples, neighbours and searches know nothing else. Likewise of formulas. Of a list, candidates are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import fields, replace
from functools import lru_cache
from typing import Any

import numpy as np

from alloys.design import variable_names, variable_text
from alloys.errors import InputError
from alloys.exclusion.region import AMOUNT, Region
from alloys.physics.basis import atomic_masses
from alloys.space import AlloySpace, Bools, FormulaSpace, LinearRule, Space, TableSpace, VariedSpace
from alloys.space.grid import Grid
from alloys.space.reaching import find, never_there
from alloys.space.rules import read_rules
from alloys.space.variables import Variable, Variables

_LARGEST = 2**62
_OUTSIDE = {">": "<=", ">=": "<=", "<": ">=", "<=": ">="}
"""What holds outside of a region by its sign; where the sign takes the bound in, the bound itself is out."""


def without_element(space: Space, symbol: str) -> Space:
    """The designs of a space that lack an element.

    Raises:
        InputError: if the space does not have it, or nothing is left without it.
    """
    if symbol not in space.elements:
        raise InputError(f"{symbol} is not among the elements of the space, {', '.join(space.elements)}")
    what = f"without {symbol}"
    if isinstance(space, TableSpace):
        rows = [symbol in design.composition.elements for design in space.designs]
        return _shorter(space, np.array(rows, dtype=np.bool_), what)
    if isinstance(space, FormulaSpace):
        return _formulas_without(space, symbol)
    return _on_grid(space, lambda alloys: _made(alloys, [symbol], what))


def without_region(space: Space, text: str) -> Space:
    """The designs of a space that are not in a region.

    Raises:
        InputError: if the region cannot be read, nothing of the space is in it, or nothing is left outside.
    """
    region = Region.parse(text)
    if isinstance(space, TableSpace):
        return _shorter(space, _rows_in(space, region), f"outside {text!r}")
    if region.of_amounts and isinstance(space, FormulaSpace):
        return _formulas_outside(space, region)
    if region.of_amounts:
        return _on_grid(space, lambda alloys: _outside(alloys, region))
    if isinstance(space, VariedSpace):
        return replace(space, variables=_fewer_values(space.variables, region))
    there = ", ".join([f"x_{symbol}" for symbol in space.elements])
    raise InputError(f"the region {text!r} names {', '.join(region.names) or 'nothing'}; the space has {there}")


def _on_grid(space: Space, narrowed: Callable[[AlloySpace], AlloySpace]) -> Space:
    if isinstance(space, VariedSpace):
        return replace(space, alloys=narrowed(space.alloys))
    if isinstance(space, AlloySpace):
        return narrowed(space)
    raise InputError("nothing can be excluded from a space of this kind; only from grids of alloys, formulas and lists")


# Grids ------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=32)
def _outside(space: AlloySpace, region: Region) -> AlloySpace:
    """The compositions of a grid that are not in a region of amounts."""
    what = f"outside {region.text!r}"
    rule = _loose_rule(space, region, "wt" if space.atoms else "at", space.total)
    bound_too = "=" in region.sign
    inverse = tuple(-w for w in rule.weights)
    strict = _strictly(rule.weights if bound_too else inverse, space.total)
    kept, inside = (strict, inverse) if bound_too else (rule.weights, strict)
    if _surely_empty(space, replace(rule, weights=inside)):
        raise InputError(f"nothing of the space is in the region {region.text!r}")
    rules = (*space.rules, LinearRule(f"not {region.text}", rule.elements, kept))
    grid = Grid(**{**_parts(space), "rules": rules})
    gone = list(never_there(grid))
    if len(gone) == space.dimension:
        raise InputError(f"nothing of the space is left {what}")
    return _made(grid, gone, what)


def _loose_rule(space: Space, region: Region, basis: str, total: int) -> LinearRule:
    """What holds outside a region, and on its bound.

    Args:
        space: whose points are meant.
        region: of amounts.
        basis: what a point counts, ``at`` or ``wt``.
        total: the largest sum of a point.
    """
    if region.sign not in _OUTSIDE:
        raise InputError(f"the region {region.text!r} has ==, and amounts are excluded by <, <=, > or >=")
    text = f"{region.left} {_OUTSIDE[region.sign]} {region.right}"
    masses = atomic_masses(space.elements) if basis == "wt" or "w_" in text else {}
    try:
        (rule,) = read_rules(text, space.elements, basis, masses)
    except InputError as error:
        if "always holds" in str(error):
            raise InputError(f"nothing of the space is in the region {region.text!r}") from None
        raise InputError(str(error).replace(f"the rule {text!r}", f"the region {region.text!r}")) from None
    if (total * max(map(abs, rule.weights)) + 1) * total > _LARGEST:
        raise InputError(f"the numbers of the region {region.text!r} have too many digits; round them")
    return rule


def _strictly(weights: Sequence[int], total: int) -> tuple[int, ...]:
    """Weights of a rule without its bound: ``w . p < 0`` in whole numbers is ``total w . p + sum of p <= 0``.

    Args:
        weights: of the rule with its bound.
        total: the largest sum of a point.
    """
    return tuple(total * w + 1 for w in weights)


def _narrowed(rule: LinearRule, gone: Collection[str], kept: Sequence[int]) -> LinearRule:
    """A rule of a space without some elements, in which those in the places ``kept`` stay."""
    return replace(
        rule,
        elements=tuple(s for s in rule.elements if s not in gone),
        weights=tuple(rule.weights[i] for i in kept),
    )


def _surely_empty(space: AlloySpace, rule: LinearRule) -> bool:
    """Whether no composition keeps a further rule, as far as that is found out."""
    try:
        return find(space, (*space.rules, rule)) is None
    except InputError:
        return False


def _parts(grid: Grid) -> dict[str, Any]:
    return {each.name: getattr(grid, each.name) for each in fields(Grid)}


def _made(grid: Grid, gone: Collection[str], what: str) -> AlloySpace:
    """A grid without some elements."""
    if grid.balance in gone:
        raise InputError(f"{grid.balance} takes what the other elements leave, so it cannot be excluded")
    kept = [i for i, symbol in enumerate(grid.elements) if symbol not in gone]
    parts = _parts(grid)
    for name in ("elements", "lower", "upper", "strides", "atoms"):
        parts[name] = tuple(parts[name][i] for i in kept) if parts[name] else ()
    parts["limits"] = tuple(limit for limit in grid.limits if not {limit.element, limit.where} & set(gone))
    rules = [_narrowed(rule, gone, kept) for rule in grid.rules]
    parts["rules"] = tuple(r for r in rules if max(r.weights, default=0) > 0 or (r.equal and any(r.weights)))
    try:
        return AlloySpace(**parts)
    except InputError as error:
        raise InputError(f"nothing of the space is left {what}: {error}") from None


# Formulas ---------------------------------------------------------------------------------------------------


def _formulas_without(space: FormulaSpace, symbol: str) -> FormulaSpace:
    kept = [i for i, other in enumerate(space.elements) if other != symbol]
    rules = tuple(_narrowed(rule, [symbol], kept) for rule in space.outside)
    try:
        return replace(space, elements=tuple(space.elements[i] for i in kept), outside=rules)
    except InputError as error:
        raise InputError(f"nothing of the space is left without {symbol}: {error}") from None


def _formulas_outside(space: FormulaSpace, region: Region) -> FormulaSpace:
    """The formulas that are not in a region of amounts."""
    total = space.most_atoms * space.most
    rule = _loose_rule(space, region, "at", total)
    weights = _strictly(rule.weights, total) if "=" in region.sign else rule.weights
    left = replace(space, outside=(*space.outside, LinearRule(f"not {region.text}", rule.elements, weights)))
    try:
        left.sample(1, np.random.default_rng(0))
    except InputError as error:
        raise InputError(f"hardly anything of the space is left outside {region.text!r}: {error}") from None
    return left


# Variables --------------------------------------------------------------------------------------------------


def _fewer_values(variables: Variables, region: Region) -> Variables:
    """Variables without the values of one that are in a region."""
    word = _word(variables, region)
    own = [name for name in region.names if word is None or name == region.left.text]
    if len(own) != 1 or own[0] not in variables.names:
        there = ", ".join(variables.names)
        raise InputError(f"the region {region.text!r} must name one variable ({there}), or amounts of elements alone")
    variable = variables[own[0]]
    kept = tuple(v for v in variable.values if not _is_in(variable, v, region, word))
    if len(kept) == len(variable.values):
        raise InputError(f"nothing of the space is in the region {region.text!r}; {variable.name} is {variable.told}")
    if not kept:
        raise InputError(f"no value of {variable.name} is left outside {region.text!r}")
    return Variables(tuple(replace(v, values=kept) if v is variable else v for v in variables))


def _word(variables: Variables, region: Region) -> str | None:
    """The word that a category is compared with; None where numbers are."""
    named = region.left.text in variables.names and not variables[region.left.text].is_number
    if not named:
        return None
    if region.sign != "==":
        raise InputError(f"{region.left} has words for values; exclude one by '{region.left} == WORD'")
    return region.right.text


def _is_in(variable: Variable, value: Any, region: Region, word: str | None) -> bool:
    if word is not None:
        return variable_text(value) == word
    if not variable.is_number:
        raise InputError(f"{variable.name} has words for values; exclude one by '{variable.name} == WORD'")
    return bool(region.holds({variable.name: float(value)}))


# Lists ------------------------------------------------------------------------------------------------------


def _rows_in(space: TableSpace, region: Region) -> Bools:
    """Which candidates are in a region, shape ``(n,)``."""
    word = _word(space.variables, region)
    if word is not None:
        told = [design.values.get(region.left.text) for design in space.designs]
        return np.array([value is not None and variable_text(value) == word for value in told], dtype=np.bool_)
    inputs = space.inputs(np.arange(len(space.designs))[:, None])
    count, columns = len(space.elements), {}
    for name in region.names:
        amount = AMOUNT.fullmatch(name)
        if amount is not None and amount[2] in space.elements:
            columns[name] = _amounts(space, inputs[:, :count], amount[1])[:, space.elements.index(amount[2])]
        elif name in space.variables.names and space.variables[name].is_number:
            columns[name] = inputs[:, count + space.variables.names.index(name)]
        else:
            there = ", ".join([*(f"x_{symbol}" for symbol in space.elements), *space.variables.names])
            raise InputError(f"the region {region.text!r} names {name}; the space has {there}")
    return np.broadcast_to(region.holds(columns), len(inputs))


def _amounts(space: TableSpace, fractions: Any, kind: str) -> Any:
    """Atomic (x) or weight fractions (w)."""
    if kind == "x":
        return fractions
    masses = np.array([float(mass) for mass in atomic_masses(space.elements).values()])
    return fractions * masses / (fractions * masses).sum(axis=1, keepdims=True)


def _shorter(space: TableSpace, out: Bools, what: str) -> TableSpace:
    """A list without some candidates."""
    kept = tuple(design for design, gone in zip(space.designs, out, strict=True) if not gone)
    if len(kept) == len(space.designs):
        raise InputError(f"every candidate is {what}: nothing would be excluded")
    if len(kept) < 2:
        raise InputError(
            f"only {len(kept)} of {len(space.designs)} candidates are left {what}; at least two are needed"
        )
    names = variable_names(kept)
    return TableSpace(kept, space.units, {n: most for n, most in space.per_batch.items() if n in names})
