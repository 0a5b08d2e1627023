"""Numbers of pictures as a JSON document and back, so that a page is drawn again without any model."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import TypeAdapter

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
        paper: its key, one of `loop.review.papers.words.PAPERS`.
        seeds: training seeds of each model.
        pictures: the numbers of its figures.
        tables: what can be held against the paper's tables, and of the project's families.
    """

    paper: str
    seeds: int
    pictures: TungPictures | DebnathPictures
    tables: list[PageTable]


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
