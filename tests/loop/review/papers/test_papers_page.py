"""The page of the papers: every figure once, beside what the paper prints, with nothing from outside."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from generators.evaluation.reproduction.pictures.records import DebnathPictures, TungPictures
from loop.review.papers.kept import Reproduction, dumps, loads
from loop.review.papers.page import compact, papers_page
from loop.review.papers.words import words_of
from tests.support.browser import Browser, browser, needs_browser


@pytest.fixture(scope="module")
def page(done: list[Reproduction]) -> str:
    """All of the first paper; of the second only one model."""
    first, second = done
    assert isinstance(second.pictures, DebnathPictures)
    return papers_page([first, replace(second, pictures=replace(second.pictures, models=second.pictures.models[:1]))])


class Tags(HTMLParser):
    """Every start tag with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_what_is_kept_is_read_as_it_was(done: list[Reproduction]) -> None:
    for one in done:
        again = loads(dumps(one))
        assert dumps(again) == dumps(one)
        assert type(again.pictures) is type(one.pictures)


def test_what_is_kept_of_another_paper_is_refused(done: list[Reproduction]) -> None:
    text = dumps(done[0]).replace('"tung-2022"', '"debnath-2021"')
    with pytest.raises(ValueError, match="ensemble"):
        loads(text)


def test_every_figure_stands_beside_the_paper_s_words(page: str) -> None:
    tags = Tags(page).found
    names = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(names) == len(set(names))
    for paper in ("tung-2022", "debnath-2021"):
        for name, words in words_of(paper).figures.items():
            assert f"{paper}-{name}" in names
            assert words.paper[:40].replace('"', "&#34;").replace("<", "&lt;").replace(">", "&gt;") in page


def test_pictures_say_what_they_are_to_people_who_do_not_see_them(page: str) -> None:
    images = [attributes for _, attributes in Tags(page).found if attributes.get("role") == "img"]
    assert len(images) == page.count("<svg") > 12
    assert all(len(attributes["aria-label"] or "") > 40 for attributes in images)


def test_nothing_comes_from_outside_and_nothing_runs(page: str) -> None:
    tags = Tags(page).found
    assert not [tag for tag, _ in tags if tag in ("script", "iframe", "link") and tag != "link"]
    asked = [value for _, attributes in tags for name, value in attributes.items() if name in ("src", "href")]
    assert all(value is not None and value.startswith(("#", "data:")) for value in asked)
    assert len(page.encode()) < 5e6


def test_references_inside_pictures_lead_somewhere(page: str) -> None:
    names = set(re.findall(r' id="([^"]*)"', page))
    looked_for = set(re.findall(r'(?:xlink:href="#|href="#|url\(#)([^")]+)', page))
    assert looked_for <= names


def test_tables_are_shown_and_what_people_wrote_is_text(page: str) -> None:
    assert "Table 1 &lt;of the paper&gt;" in page
    assert ">12.5</td>" in page
    assert "Where the project’s families are better" in page


def test_one_paper_with_one_family_has_a_page(done: list[Reproduction]) -> None:
    pictures = done[0].pictures
    assert isinstance(pictures, TungPictures)
    page = papers_page([replace(done[0], pictures=replace(pictures, models=pictures.models[1:]))])
    assert "tung-2022-parity" in page
    assert "tung-2022-latents" not in page  # it has none
    assert "debnath-2021" not in page
    assert papers_page([replace(done[0], pictures=replace(pictures, models=[]))]).count("<svg") == 0


def test_a_drawing_is_made_small_without_losing_what_is_looked_for() -> None:
    path = '<path id="kept" d="M 1.23456 2\nL 3.9 4"/>'
    drawn = f'<svg>\n <!-- a -->\n <g id="lost"/>\n {path}\n <use xlink:href="#kept"/></svg>'
    assert compact(drawn) == '<svg>\n<g/>\n<path id="kept" d="M 1.2 2L 3.9 4"/>\n<use xlink:href="#kept"/></svg>'


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    needs_browser()
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


def test_in_a_browser_the_page_is_silent_fits_and_is_accessible(chromium: Browser, page: str, tmp_path: Path) -> None:
    file = tmp_path / "papers.html"
    file.write_text(page, encoding="utf-8")
    for width, dark in ((1280, False), (390, True)):
        chromium.open(file.as_uri(), width=width, dark=dark)
        assert chromium.console() == []
        assert chromium.too_wide <= 0
    chromium.run("document.querySelectorAll('svg').forEach(drawing => drawing.replaceChildren())")
    assert chromium.violations() == []
