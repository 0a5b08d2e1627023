"""Numbers of pictures as a JSON document and back, so that a page is drawn again without any model."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, replace
from typing import Any

from pydantic import TypeAdapter

from alloys.errors import InputError
from generators.evaluation.reproduction.pictures.records import DebnathPictures, TungPictures


@dataclass(frozen=True, slots=True)
class PageTable:
    """A table of the page.

    Attributes:
        title: what it says.
        head: names of the columns; the first is that of the rows.
        rows: cells as they are shown.
        note: what to know when reading it, or empty.
    """

    title: str
    head: list[str]
    rows: list[list[str]]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Reproduction:
    """One paper, done again.

    Attributes:
        paper: its key, one of `generators.evaluation.reproduction.published.PAPERS`.
        seeds: by model, how many training seeds it has.
        pictures: the numbers of its figures.
        tables: what can be held against the paper's tables, and of the project's families.
    """

    paper: str
    seeds: dict[str, int]
    pictures: TungPictures | DebnathPictures
    tables: list[PageTable]


def together(first: Reproduction, second: Reproduction) -> Reproduction:
    """Two reproductions of one paper on the same alloys as one: the models of the first, then other ones of the second.

    So models may be trained at different times, and with more seeds the ones than the others.

    Raises:
        InputError: if they are of different papers, alloys or conditions.
    """
    shared = [_without_models(one.pictures) for one in (first, second)]
    if first.paper != second.paper or shared[0] != shared[1]:
        raise InputError(f"{first.paper} and {second.paper}: only parts of one paper on the same alloys make one page")
    known = {model.name for model in first.pictures.models}
    new = [model for model in second.pictures.models if model.name not in known]
    pictures: Any = first.pictures  # of either kind, whose models are of its own kind
    pictures = replace(pictures, models=[*first.pictures.models, *new])
    tables = [_joined(table, second.tables, {model.name for model in new}) for table in first.tables]
    return Reproduction(first.paper, {**second.seeds, **first.seeds}, pictures, tables)


def _without_models(pictures: TungPictures | DebnathPictures) -> dict[str, Any]:
    return {name: value for name, value in asdict(pictures).items() if name != "models"}


def _joined(table: PageTable, others: list[PageTable], names: set[str]) -> PageTable:
    """A table with the columns of some models from the table of the same title."""
    other = next((one for one in others if one.title == table.title), None)
    if other is None or [row[0] for row in other.rows] != [row[0] for row in table.rows]:
        return table
    places = [k for k, word in enumerate(other.head) if word in names]
    rows = [[*row, *(more[k] for k in places)] for row, more in zip(table.rows, other.rows, strict=True)]
    return replace(table, head=[*table.head, *(other.head[k] for k in places)], rows=rows)


_KINDS: dict[str, TypeAdapter[Any]] = {
    "tung-2022": TypeAdapter(TungPictures),
    "debnath-2021": TypeAdapter(DebnathPictures),
}
_TABLES = TypeAdapter(list[PageTable])


def dumps(done: Reproduction) -> str:
    """The document as text; a number that is not finite is the text ``nan`` or ``inf``, which JSON has no sign for."""
    return json.dumps(_finite(asdict(done)), ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n"


def loads(text: str) -> Reproduction:
    """Reads what `dumps` wrote.

    Raises:
        ValueError: if it is no such document (pydantic's ValidationError among these).
    """
    document = json.loads(text)
    pictures = _KINDS[document["paper"]].validate_python(document["pictures"])
    return Reproduction(document["paper"], document["seeds"], pictures, _TABLES.validate_python(document["tables"]))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_finite(one) for one in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
