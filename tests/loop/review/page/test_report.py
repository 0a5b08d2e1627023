"""``alloyloop report`` as a person calls it: campaigns of every kind have a page, and mistakes are one clear line."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alloys.goal import Goal
from loop.campaign import Campaign
from loop.config.lookup import said_directory
from loop.review.page.building import report_page
from loop.store import CampaignStore
from loop.view import View
from tests.loop.drive.test_campaign import ANSWERS
from tests.loop.loop_helpers import call, small_config
from tests.loop.review.conftest import STRENGTH
from tests.loop.review.page.reading import Page


def _text(view: View, store: CampaignStore, **more: Any) -> str:
    page = report_page(view, store, quick=True, **more)
    Page.of(page)
    without = re.sub(r"(?s)<(svg|style).*?</\1>", "", page)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", re.sub(r"</?(dt|dd|li|td|th|p|h.)\b", r" \g<0>", without)))


def test_a_campaign_without_an_iteration_has_a_page_that_says_so(tmp_path: Path) -> None:
    with Campaign.open(small_config(tmp_path, validator={"name": "external"})) as campaign:
        text = _text(campaign.view(), campaign.store)
    for said in (
        "Nothing has been validated yet.",
        "No design is feasible yet.",
        "No iteration has begun yet.",
        "Nothing was predicted and then measured yet",
        "No question is open.",
        "Nothing has begun. alloyloop run small.yaml begins.",
    ):
        assert said in text


def test_where_nothing_is_feasible_the_page_says_which_constraints_are_to_blame(answered: Campaign) -> None:
    view = answered.view()
    hopeless = replace(view, rows=tuple(replace(row, feasible=False) for row in view.rows))
    text = _text(hopeless, answered.store)
    assert "0 are feasible." in text
    assert "No design is feasible yet. How many of the measured designs keep each constraint:" in text
    kept = sum(row.values.get("solidus", 0.0) >= 2273 for row in view.rows)
    known = sum("solidus" in row.values for row in view.rows)
    assert f"Solidus ≥ 2273 K: kept by {kept} of {known}" in text


def test_one_objective_is_told_by_its_best_value(answered: Campaign) -> None:
    view = answered.view()
    goal = Goal.parse([f"maximize {STRENGTH}"], view.config.constraints, view.problem.properties)
    text = _text(replace(view, problem=replace(view.problem, goal=goal)), answered.store)
    assert "Specific yield strength at 1300 °C: up to 35" in text


def test_a_value_that_is_to_be_matched_is_told_by_what_comes_nearest(answered: Campaign) -> None:
    view = answered.view()
    goal = Goal.parse([f"match {STRENGTH} 27.5..28"], view.config.constraints, view.problem.properties)
    text = _text(replace(view, problem=replace(view.problem, goal=goal)), answered.store)
    assert "Specific yield strength at 1300 °C, MPa·cm³/g: as near as possible to 27.5 to 28" in text
    values = [row.values[STRENGTH] for row in view.rows if row.feasible]
    nearest = min(values, key=lambda value: max(27.5 - value, value - 28, 0.0))
    assert f"nearest to what is asked {nearest:.4g}" in text


def test_a_campaign_without_objectives_counts_different_feasible_designs(answered: Campaign) -> None:
    view = answered.view()
    goal = Goal.parse([], view.config.constraints, view.problem.properties)
    text = _text(replace(view, problem=replace(view.problem, goal=goal)), answered.store)
    assert "Goal different feasible designs, as many as can be found" in text
    assert "Different feasible" in text


def test_variables_stand_behind_the_formula_and_among_what_was_asked(tmp_path: Path) -> None:
    config = small_config(tmp_path, validator={"name": "external"}, start={"validate": 3, "from_table": 0.0})
    document = config.model_dump(mode="json", by_alias=True)
    document["space"]["variables"] = {"route": ["cast", "annealed"]}
    with Campaign.open(type(config).model_validate(document)) as campaign:
        table = campaign.suggest(3)[["formula", "route"]].assign(**ANSWERS)
        campaign.observe(table)
        text = _text(campaign.view(), campaign.store)
    assert "Variables route" in text
    assert f", route {table['route'].iloc[0]}" in text


def test_a_campaign_at_random_stands_beside(answered: Campaign) -> None:
    assert "No campaign at random stands beside this one" in _text(answered.view(), answered.store)
    arm = replace(answered.view(), config=answered.config.model_copy(update={"name": "chance"}))
    text = _text(answered.view(), answered.store, beside=arm)
    assert "The dashed line is the campaign chance, whose designs no model chose." in text


def test_what_is_pending_what_failed_and_what_was_done_by_hand(answered: Campaign) -> None:
    text = _text(answered.view(), answered.store)
    assert "2 questions are open:" in text
    assert "1: cracked at 950 °C &lt;b&gt;twice&lt;/b&gt; (for example " in text
    assert "correct (the dial says 24.5)" in text
    folder = said_directory(answered.config.directory)
    assert f"It waits for people: 2 decisions or answers. alloyloop queue list small{folder} shows them" in text


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["other"], "there is no campaign 'other'"),
        (["small", "--out", "report.txt"], "the report is written as .html, with --pdf as .pdf; got report.txt"),
        (["small", "--pdf", "--out", "report.html"], "the report is written as .pdf; got report.html"),
        (["small", "--out", "nowhere/report.html"], "there is no folder nowhere for the report"),
        (["small", "--beside", "other"], "there is no campaign 'other'"),
    ],
)
def test_what_cannot_be_written_is_one_clear_line(
    capsys: pytest.CaptureFixture[str],
    answered: Campaign,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = call(capsys, "report", *words, "--directory", str(answered.folder.parent))
    assert (code, out) == (2, "")
    assert told in err
    assert len(err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_the_page_has_the_campaign_s_name(
    capsys: pytest.CaptureFixture[str], answered: Campaign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    place = ["--directory", str(answered.folder.parent)]
    assert call(capsys, "report", "small", *place) == (0, "", "report in small.html\n")
    first = (tmp_path / "small.html").read_bytes()
    assert call(capsys, "report", "small", "--out", "again.html", *place)[0] == 0
    assert (tmp_path / "again.html").read_bytes() == first  # the same data, the same page


def test_without_a_browser_pdf_says_what_to_install(
    capsys: pytest.CaptureFixture[str], answered: Campaign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    code, _, err = call(capsys, "report", "small", "--pdf", "--directory", str(answered.folder.parent))
    assert code == 2
    assert "--pdf needs Chromium, which is not installed (Debian: apt-get install chromium)" in err


def test_a_pdf_is_printed_where_chromium_is_there(
    capsys: pytest.CaptureFixture[str], answered: Campaign, tmp_path: Path
) -> None:
    if shutil.which("chromium") is None:
        pytest.skip("Chromium is not installed: make setup-browser")
    file = tmp_path / "small.pdf"
    words = ["report", "small", "--pdf", "--quick", "--out", str(file), "--directory", str(answered.folder.parent)]
    assert call(capsys, *words)[0] == 0
    assert file.read_bytes().startswith(b"%PDF")
