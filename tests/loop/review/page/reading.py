"""A report as a reader sees it: its numbers with their sources, its formulas and names, and all other text."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "link", "br", "img"}


@dataclass
class Marked:
    """A marked piece of the page: its attributes and its text."""

    attributes: dict[str, str]
    text: str = ""


@dataclass
class Page(HTMLParser):
    """What a page holds, by the kind of mark; ``rest`` is the text outside of all marks.

    Attributes:
        marked: by tag, and by class for formulas, properties and units.
    """

    marked: dict[str, list[Marked]] = field(default_factory=dict)
    rest: list[str] = field(default_factory=list)
    pictures: int = 0
    _open: list[tuple[str, str, Marked | None]] = field(default_factory=list)

    @classmethod
    def of(cls, text: str) -> Page:
        """Reads a page."""
        page = cls()
        HTMLParser.__init__(page)
        page.feed(text)
        page.close()
        assert page._open == []
        return page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            return
        given = {name: value or "" for name, value in attrs}
        kind = given.get("class", tag) if tag == "span" else tag
        mark = Marked(given) if kind in KINDS else None
        if mark is not None:
            self.marked.setdefault(kind, []).append(mark)
        self.pictures += tag == "svg"
        self._open.append((tag, kind, mark))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag, tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Parts of pictures hold no text."""

    def handle_data(self, data: str) -> None:
        if any(kind in SKIPPED for _, kind, _ in self._open):
            return
        around = [mark for _, _, mark in self._open if mark is not None]
        if around:
            around[-1].text += data
        else:
            self.rest.append(data)


KINDS = ("data", "time", "formula", "property", "unit", "code", "q", "pre", "a", "title", "h1")
"""What is read back, and checked."""
SKIPPED = ("svg", "style")
"""Pictures are held against the database by the tests of their data."""
