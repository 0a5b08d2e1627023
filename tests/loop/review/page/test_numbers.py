"""No made-up number gets into a report: each says where in the database it comes from, and is held against that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from alloys.dataset import known_alloys
from alloys.design import Design
from loop.campaign import Campaign
from loop.config.lookup import said_directory
from loop.drive.driver import Driver
from loop.execute.local import LocalExecutor
from loop.review.figures.words import formula, title, unit
from loop.review.page.building import report_page
from loop.store.states import ActKind
from tests.loop.loop_helpers import small_config
from tests.loop.review.page.database import Database
from tests.loop.review.page.reading import Page


@pytest.fixture(scope="module")
def computed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Campaign]:
    """A start that CALPHAD has validated, with the phases that it found."""
    config = small_config(tmp_path_factory.mktemp("computed"), start={"validate": 3, "from_table": 1.0}, constraints=[])
    with Campaign.open(config) as campaign:
        Driver(campaign, LocalExecutor()).run(0)
        campaign.store.record_act(ActKind.PAUSE, {}, who="Ada", why="the furnace of 1950 is cleaned", after=0)
        yield campaign


@pytest.fixture(scope="module", params=["answered", "computed"])
def campaign(request: pytest.FixtureRequest) -> Campaign:
    found: Campaign = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="module")
def page(campaign: Campaign) -> Page:
    return Page.of(report_page(campaign.view(), campaign.store, quick=True))


@pytest.fixture(scope="module")
def database(campaign: Campaign) -> Database:
    return Database(campaign.folder / "campaign.db", campaign.view().problem)


def _read(text: str) -> tuple[float, float]:
    """A number as it is written, and how far rounding may have moved it."""
    plain = text.replace("\u202f", "").replace("−", "-")
    share = plain.endswith(" %")
    digits, _, power = plain.removesuffix(" %").partition("e")
    _, _, behind = digits.partition(".")
    # Of 330 the nought may be rounding; of 33.0 it is a digit that is told.
    noughts = 0 if "." in digits else len(digits) - len(digits.rstrip("0"))
    step = 10.0 ** (int(power or 0) - len(behind) + noughts)
    scale = 0.01 if share else 1.0
    return float(digits) * 10.0 ** int(power or 0) * scale, step * scale * 0.5000001


def test_every_number_is_what_the_database_says(page: Page, database: Database) -> None:
    assert len(page.marked["data"]) >= 30
    for mark in page.marked["data"]:
        source = mark.attributes["data-from"]
        value = float(mark.attributes["value"])
        assert value == pytest.approx(database.expected(source), rel=1e-9, abs=1e-12), source
        shown, rounding = _read(mark.text)
        assert abs(shown - value) <= (0.0 if value.is_integer() else rounding), (source, mark.text, value)


def test_every_time_is_what_the_database_says(page: Page, database: Database) -> None:
    for mark in page.marked["time"]:
        assert float(mark.attributes["datetime"]) == database.expected(mark.attributes["data-from"])


def test_no_digit_stands_outside_of_what_is_checked(page: Page) -> None:
    assert [text for text in page.rest if re.search(r"\d", text)] == []


def test_every_formula_is_a_design_of_the_database_or_of_the_literature(page: Page, database: Database) -> None:
    known = {*database.proposals, *database.seen, *(Design(alloy.composition).canonical() for alloy in known_alloys())}
    for mark in page.marked["formula"]:
        design = mark.attributes["data-design"]
        assert design in known
        assert mark.text == formula(Design.from_canonical(design), "", "")


def test_names_units_links_and_reasons_are_the_campaign_s(page: Page, campaign: Campaign, database: Database) -> None:
    properties = campaign.view().problem.properties
    for mark in page.marked["property"]:
        assert mark.text.replace("\u00a0", " ") == title(properties[mark.attributes["data-property"]])
    named = {mark.attributes["data-property"] for mark in page.marked["property"]}
    assert {mark.text for mark in page.marked["unit"]} <= {unit(properties[name].unit) for name in named}
    papers = {alloy.doi for alloy in known_alloys()}
    links = [mark for mark in page.marked["a"] if not mark.attributes["href"].startswith("#")]
    assert all(mark.text in papers and mark.attributes["href"] == f"https://doi.org/{mark.text}" for mark in links)
    notes = " ".join(row["notes"] for row in database.rows("SELECT notes FROM iterations"))
    told = [row["failure"] for rows in database.seen.values() for row in rows]
    told += [row["why"] for row in database.rows("SELECT why FROM data_events")]
    told += [text for row in database.rows("SELECT who, why FROM acts") for text in row.values()]
    assert all(mark.text in told or mark.text in notes for mark in page.marked.get("q", []))


def test_what_stands_as_code_is_the_database_s_or_a_command(page: Page, campaign: Campaign, database: Database) -> None:
    tiers, info = campaign.view().tiers, database.info
    exact = {tier.label for tier in tiers} | {tier.fingerprint for tier in tiers} | {"sha256"}
    exact |= {info["code_version"], info["config_digest"], campaign.view().config.digest}
    exact |= {campaign.store.dataset_digest()} | {job["validator"] for job in database.jobs.values()}
    folder = said_directory(campaign.config.directory)
    verdicts = " ".join(job["verdict"] or "" for job in database.jobs.values())
    for mark in page.marked["code"]:
        text = mark.text
        plain = text.replace("--iterations 0", "").replace("start.from_table=0", "").replace(folder, "")
        if re.search(r"\d", plain) and text not in exact:
            assert text.replace(" °C", " C") in verdicts, text


def test_the_configuration_is_the_stored_one(page: Page, database: Database) -> None:
    (mark,) = page.marked["pre"]
    assert yaml.safe_load(mark.text) == database.science


def test_a_number_that_is_made_up_is_found(page: Page, database: Database) -> None:
    with pytest.raises(AttributeError):
        database.expected("guessed|42")
    design = next(iter(database.seen))
    name = next(iter(database.seen[design][0]["values"]))
    assert database.expected(f"measured|{design}|{name}") != 42.0
    assert Page.of("<p>about 42 alloys</p>").rest == ["about 42 alloys"]


def test_the_sections_come_in_their_order(page: Page, campaign: Campaign, tmp_path: Path) -> None:
    text = report_page(campaign.view(), campaign.store, quick=True)
    found = re.findall(r'<h2 id="(\w+)">', text)
    assert found == ["asked", "found", "front", "search", "trust", "pending", "failed", "next", "again"]
    assert page.pictures >= 4
    assert "<script" not in text
    assert not re.search(r'(?:src|href)="(?!#|data:|https://doi\.org/)', re.sub(r"xlink:href", "", text))
    assert "<b>twice</b>" not in text
