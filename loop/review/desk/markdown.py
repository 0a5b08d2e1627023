"""The little of Markdown that descriptions need; whatever people or programs wrote is shown as it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from alloys.design import Design
from loop.review.figures.words import formula

_MARKS = re.compile(r"([\\`*_{}\[\]<>#|~])")


def plain(text: str) -> str:
    r"""A text on one line whose marks stand for themselves.

    >>> plain("x_Hf <= 0.2 | *") == r"x\_Hf \<= 0.2 \| \*"
    True
    """
    return _MARKS.sub(r"\\\1", " ".join(text.split()))


def alloy(design: Design) -> str:
    """A design with its amounts in at.% as subscripts."""
    marked = plain(formula(design, "\0", "\1"))
    return marked.replace("\0", "<sub>").replace("\1", "</sub>")


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose cells are Markdown already; the first column is text, all others are numbers."""
    lines = [heads, [":--", *["--:"] * (len(heads) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def listed(texts: Iterable[str], most: int, more: str = "more") -> str:
    """So many texts with commas between, and how many more there are."""
    known = list(texts)
    rest = [f"{len(known) - most} {more}"] if len(known) > most else []
    return ", ".join([*known[:most], *rest])
