"""What each paper prints in words, figure by figure."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from alloys.files import packaged_text


@dataclass(frozen=True, slots=True)
class FigureWords:
    """What stands beside a figure.

    Attributes:
        number: of the paper's figure.
        title: what it shows.
        paper: what the paper says or shows of it.
        caption: what the picture here shows.
        rising: elements that the paper sees rise with the modulus asked.
        falling: elements that it sees fall.
    """

    number: str
    title: str
    paper: str
    caption: str
    rising: list[str] = field(default_factory=list)
    falling: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PaperWords:
    """A paper in words.

    Attributes:
        name: authors and year.
        title: the paper's.
        lead: what it did.
        figures: by the picture's name.
    """

    name: str
    title: str
    lead: str
    figures: dict[str, FigureWords]


@cache
def words_of(paper: str) -> PaperWords:
    """The words of one of `generators.evaluation.reproduction.published.PAPERS`."""
    from ruamel.yaml import YAML

    text = packaged_text("loop.review.papers.words", f"{paper}.yaml")
    told: dict[str, Any] = YAML(typ="safe", pure=True).load(text)
    figures = {name: FigureWords(**one) for name, one in told.pop("figures").items()}
    return PaperWords(figures=figures, **told)
