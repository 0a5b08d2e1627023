"""How a table writes its alloys: a column of formulas or columns of amounts, atomic or weight, with a balance."""

from __future__ import annotations

import re
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from alloys.composition import SYMBOLS
from alloys.files import packaged_rows
from alloys.intake.amounts import is_steep_ratio, names_base
from alloys.intake.cells import is_rest
from alloys.intake.headers import Header
from alloys.intake.mapping import Basis
from alloys.intake.profile import MOSTLY, Profile
from alloys.physics.periodic import symbols_by_name

_CORE = re.compile(r"(?:[xcwXCW]_?(?=[A-Z]))?([A-Z][a-z]?)(?:content|concentration|conc|amount|fraction|at|wt)?")
_WEIGHT = re.compile(r"\bwt\b|\b(weight|mass) (%|percent|fraction)|steel|superalloy", re.IGNORECASE)
_MOST_OF_IT = 50.0
"""An alloy with more percent of one element than this is usually given by weight."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """How a table writes its alloys.

    Attributes:
        formulas: places of columns of formulas, the most readable first.
        elements: symbols by the places of their columns.
        impurities: likewise, of what is given beside a formula.
        twins: likewise, of elements that another column has already.
        basis: of the amounts.
        balance: the element that takes the rest.
        by_formula: whether the formulas are to be read, not the columns of elements.
        assumed: what no header and no cell says, for people.
    """

    formulas: tuple[int, ...]
    elements: Mapping[int, str]
    impurities: Mapping[int, str]
    twins: Mapping[int, str]
    basis: Basis
    balance: str | None
    by_formula: bool
    assumed: tuple[str, ...]


def guess_amounts(
    headers: Mapping[int, Header], profiles: Mapping[int, Profile], hint: str, balance: str | None
) -> Amounts | None:
    """Looks for formulas and amounts; None where there are none.

    Args:
        headers: by place.
        profiles: of the columns that may be used, by place.
        hint: words about the table.
        balance: the element that takes the rest, if a person said so.
    """
    formulas = sorted((i for i, p in profiles.items() if p.written_as_formulas), key=lambda i: -profiles[i].formulas)
    found = {i: symbol for i, symbol in element_columns(headers, profiles).items() if i in profiles}
    impurities = {i: symbol for i, symbol in found.items() if formulas and headers[i].ppm}
    elements, twins = _once({i: symbol for i, symbol in found.items() if i not in impurities}, headers)
    scale = _scale(elements, headers, profiles, balance) if len(elements) > 1 else None
    if formulas and (scale is None or profiles[formulas[0]].formulas > scale[2]):
        basis, assumed = _formula_basis(headers[formulas[0]], profiles[formulas[0]], hint)
        if scale is None:
            elements, impurities, twins = {}, found, {}
        return Amounts(tuple(formulas), elements, impurities, twins, basis, balance, True, assumed)
    if scale is None:
        return None
    rest, whole, _ = scale
    basis, told = _basis(elements, headers, profiles, hint, rest, whole)
    return Amounts(tuple(formulas), elements, impurities, twins, basis, rest, False, tuple(told))


def _formula_basis(header: Header, profile: Profile, hint: str) -> tuple[Basis, tuple[str, ...]]:
    """Atoms or weight: by the header, by words about the table, else by the form of each formula; and what is told."""
    if header.basis:
        return header.basis, ()
    if _WEIGHT.search(hint):
        return "wt.%", ("formulas are by weight: words about the table say so",)
    names = [cell for cell in profile.cells if names_base(cell)]
    if not names:
        steep = next(filter(is_steep_ratio, profile.cells), None)
        return "at.%", (f"formulas such as {steep} are ratios of atoms: no header says so",) if steep else ()
    assumed = f"names such as {names[0]} are in percent of weight, as is usual: no header says so"
    if len(names) == profile.filled:
        return "wt.%", (assumed,)
    return "as written", (assumed, "the other formulas are atomic")


def _once(found: Mapping[int, str], headers: Mapping[int, Header]) -> tuple[dict[int, str], dict[int, str]]:
    """Elements by place, each once and of one basis where columns of both are there; and the columns beyond that."""
    bases = [headers[i].basis for i in found if headers[i].basis]
    kept: dict[int, str] = {}
    for i in sorted(found, key=lambda i: (bool(bases) and headers[i].basis != bases[0], i)):
        if found[i] not in kept.values():
            kept[i] = found[i]
    return {i: kept[i] for i in sorted(kept)}, {i: symbol for i, symbol in found.items() if i not in kept}


def element_columns(headers: Mapping[int, Header], profiles: Mapping[int, Profile]) -> dict[int, str]:
    """Elements whose amounts columns hold, by place; symbols in small letters only where several stand together."""
    found: dict[int, str] = {}
    small: dict[int, str] = {}
    for i, profile in profiles.items():
        header = headers[i]
        if not _may_be_amounts(profile, header.ppm):
            continue
        match = _CORE.fullmatch(header.core)
        if match and match[1] in SYMBOLS:
            found[i] = match[1]
        elif header.core.capitalize() in SYMBOLS and header.core.isalpha() and len(header.core) < 3:
            small[i] = header.core.capitalize()
        elif (symbol := symbols_by_name().get(header.words)) is not None:
            found[i] = symbol
    if len(small) > 2:
        found |= {i: symbol for i, symbol in small.items() if symbol not in found.values()}
    return dict(sorted(found.items()))


def _may_be_amounts(profile: Profile, ppm: bool) -> bool:
    """Whether most cells can be amounts; a slip in one costs its row, not the element."""
    words = [cell for cell in profile.cells if is_rest(cell)]
    most = 1e6 if ppm else 100.0
    possible = sum(0 <= value <= most for value in profile.values)
    return (profile.numeric or bool(words)) and possible >= MOSTLY * len(profile.values)


def _scale(
    elements: Mapping[int, str], headers: Mapping[int, Header], profiles: Mapping[int, Profile], balance: str | None
) -> tuple[str | None, str, int] | None:
    """The balance element, the whole (1, 100 or parts), and how many rows are readable; None where amounts are none."""
    parts = [10_000 if headers[i].ppm else 1 for i in elements]
    numbers = list(zip(*(profiles[i].numbers for i in elements), strict=True))
    sums = [sum((value or 0.0) / part for value, part in zip(row, parts, strict=True)) for row in numbers]
    cells = list(zip(*(profiles[i].cells for i in elements), strict=True))
    said = [next((s for s, c in zip(elements.values(), row, strict=True) if is_rest(c)), None) for row in cells]
    near = {whole: sum(abs(total / float(whole) - 1) <= 0.01 for total in sums) for whole in ("1", "100")}
    if any(said):
        return balance, "100", sum(name is not None or abs(t - 100) <= 1 for name, t in zip(said, sums, strict=True))
    whole = max(near, key=lambda name: near[name])
    if balance is None and near[whole] >= 0.5 * len(sums):
        return None, whole, near[whole]
    if balance is None and _ratios([value for row in numbers for value in row if value]):
        return None, "parts", sum(total > 0 for total in sums)
    rest = balance or _missing_base(list(elements.values()))
    if rest is None or statistics.median(sums) > 100:
        return None
    return rest, "100", sum(0 < total < 100 for total in sums)


def _ratios(amounts: Sequence[float]) -> bool:
    """Whether amounts are ratios of atoms, in which many elements have just 1."""
    return bool(amounts) and max(amounts) <= 10 and sum(value == 1 for value in amounts) >= 0.3 * len(amounts)


@cache
def _bases() -> Mapping[str, frozenset[str]]:
    rows = packaged_rows("alloys", "data/base_elements.csv")
    return {row["base"]: frozenset(row["companions"].split()) for row in rows}


def _missing_base(symbols: Sequence[str]) -> str | None:
    """The base element that alloys of these additions usually have, where no column has it."""
    scores = {base: len(there & set(symbols)) / len(symbols) for base, there in _bases().items() if base not in symbols}
    best = max(scores, key=lambda base: scores[base], default=None)
    return best if best is not None and scores[best] >= 0.6 else None


def _basis(
    elements: Mapping[int, str],
    headers: Mapping[int, Header],
    profiles: Mapping[int, Profile],
    hint: str,
    rest: str | None,
    whole: str,
) -> tuple[Basis, list[str]]:
    """Atoms or weight: by the headers, by words about the table, else by how much the main element has."""
    assumed = [f"{rest} takes the rest to 100 %: no column says so"] if rest else []
    if whole == "parts":
        return "parts", ["amounts are ratios of atoms: they sum to neither 1 nor 100"]
    said = {header.basis for i, header in headers.items() if i in elements and header.basis}
    if len(said) == 1:
        return said.pop(), assumed
    if _WEIGHT.search(" ".join([hint, *(header.words for i, header in headers.items() if i not in elements)])):
        return "wt.%", [*assumed, "amounts are by weight: words of the table say so"]
    means = [statistics.fmean(value or 0.0 for value in profiles[i].numbers) for i in elements]
    if rest is not None or max(means) > _MOST_OF_IT:
        return "wt.%", [*assumed, "amounts are by weight: no header says so, but one element has most of it"]
    return "at.%", [*assumed, "amounts are atomic: no header says so"]
