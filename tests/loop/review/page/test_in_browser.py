"""The report in Chromium: silent, as wide as its window, accessible and small, in light and in dark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from loop.campaign import Campaign
from loop.review.page.building import report_page
from tests.support.browser import Browser, browser, needs_browser


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    needs_browser()
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="module")
def page(answered: Campaign, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("page") / "report.html"
    file.write_text(report_page(answered.view(), answered.store, quick=True), encoding="utf-8")
    return file


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)], ids=["wide and light", "narrow and dark"])
def test_a_report_is_silent_fits_its_window_and_is_accessible(
    chromium: Browser, page: Path, width: int, dark: bool
) -> None:
    for other in (not dark, dark):
        chromium.open(page.as_uri(), width=width, dark=other)
        assert chromium.console() == []
        assert chromium.too_wide <= 0
    assert chromium.violations() == []
    assert page.stat().st_size < 5e6


def test_a_picture_is_written_in_the_page_s_own_colour(chromium: Browser, page: Path) -> None:
    inks = {}
    for dark in (False, True):
        chromium.open(page.as_uri(), width=1280, dark=dark)
        script = "return getComputedStyle(document.querySelector('svg text')).fill"
        inks[dark] = chromium.run(script), chromium.run("return getComputedStyle(document.body).color")
    assert inks[False][0] == inks[False][1]
    assert inks[True][0] == inks[True][1] != inks[False][1]


def test_axe_finds_what_is_wrong(chromium: Browser, tmp_path: Path) -> None:
    bad = tmp_path / "bad.html"
    bad.write_text('<!doctype html><html><body><img src="data:,"><p>no language, no title</p></body></html>')
    chromium.open(bad.as_uri(), width=800)
    rules = {text.partition(":")[0] for text in chromium.violations()}
    assert {"document-title", "html-has-lang", "image-alt"} <= rules
