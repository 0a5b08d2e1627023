"""A second campaign on the table of the first: nothing known is asked again, and a later change changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alloys.design import Design
from alloys.points.point import Point, PointKind
from loop.campaign import Campaign
from loop.config.schema import CampaignConfig
from loop.materials import MaterialsTable, PointQuery
from loop.materials.foreign import foreign_points
from loop.materials.governance.decisions import FlagState, decide, stored_flags
from loop.people.data_report import data_document, data_tables
from loop.review.report import best_tables
from loop.store import check_store
from tests.loop.drive.materials.melting import melting_config, run, table_of


def _proposed(campaign: Campaign) -> list[tuple[int, str]]:
    return [(p.iteration, p.selection.candidate.design.canonical()) for p in campaign.store.proposals()]


def _front(campaign: Campaign) -> set[str]:
    """The designs that no other is better than, of what is known."""
    view = campaign.view()
    rows = {row.design: view.goal.signed_objectives(row.values) for row in view.rows if row.feasible}
    told = {design: point for design, point in rows.items() if point is not None}
    beaten = {
        one
        for one, mine in told.items()
        for other in told.values()
        if all(a <= b for a, b in zip(mine, other, strict=True)) and mine != other
    }
    return {design.canonical() for design in told if design not in beaten}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("melting")


@pytest.fixture(scope="module")
def first(folder: Path) -> Iterator[Campaign]:
    """A campaign that began from an empty table."""
    campaign, _ = run(melting_config(folder, "first", materials={"table": table_of(folder)}))
    yield campaign
    campaign.close()


@pytest.fixture(scope="module")
def plain(folder: Path, first: Campaign) -> Iterator[Campaign]:
    """The same campaign without a table."""
    campaign, asked = run(melting_config(folder, "plain"))
    assert len(asked) == 8
    yield campaign
    campaign.close()


def _config(folder: Path, name: str, **changes: Any) -> CampaignConfig:
    return melting_config(folder, name, materials={"table": table_of(folder), **changes})


def test_a_campaign_writes_its_verdicts_failures_and_drawn_designs_to_the_table(first: Campaign, folder: Path) -> None:
    rows = first.store.observations()
    with MaterialsTable.open(table_of(folder)) as table:
        told = [stored.point for stored in table.points(PointQuery(kinds=(PointKind.VALIDATION,)))]
        drawn = [stored.point for stored in table.points(PointQuery(kinds=(PointKind.GENERATED,)))]
        sources = table.sources()
    fingerprint = first.tiers[0].fingerprint
    assert {point.source for point in told} == {fingerprint}
    assert sources[fingerprint].title == "script 1/1"
    values = {(p.design, p.property_name): (p.value, p.unit, p.std) for p in told if p.value is not None}
    seen = {(r.observation.design, n): v for r in rows for n, v in r.observation.values.items()}
    assert {key: value for key, (value, _, _) in values.items()} == seen
    assert {std for (_, name), (_, _, std) in values.items() if name == "solidus"} == {5.0}
    failed = {r.observation.design for r in rows if r.observation.failure}
    assert failed
    assert {(p.design, p.property_name) for p in told if p.failure == "no crucible holds it"} == {
        (design, name) for design in failed for name in ("solidus", "freezing_range")
    }
    models = {file.sha256 for file in first.store.artifacts() if file.name.startswith("generator.")}
    proposals = {p.selection.candidate.design: p.selection.candidate.origin for p in first.store.proposals(1)}
    assert {p.source for p in drawn} <= models
    assert {p.design for p in drawn} == {d for d, origin in proposals.items() if "cvae" in origin}


def test_a_campaign_whose_answers_are_all_known_is_the_same_and_asks_nothing(
    first: Campaign, plain: Campaign, folder: Path
) -> None:
    second, asked = run(_config(folder, "answered", known="answer"))
    with second:
        assert asked == []
        assert _proposed(second) == _proposed(first) == _proposed(plain)
        assert second.store.dataset_digest() == first.store.dataset_digest() == plain.store.dataset_digest()
        assert _front(second) == _front(plain)
        assert check_store(second.store) == []
        notes = [event.note for event in second.store.events() if event.to_state in ("done", "failed")]
        assert len(notes) == 8
        assert all(note.startswith("answered from the materials table, point") for note in notes)


def test_a_campaign_that_is_taught_begins_at_the_front_of_the_first_and_asks_only_what_is_new(
    first: Campaign, folder: Path
) -> None:
    known = {row.design.canonical() for row in first.view().rows}
    taught = Campaign.open(_config(folder, "taught"))
    with taught:
        assert _front(taught) == _front(first)
        assert taught.store.dataset_digest() == first.store.dataset_digest()
        assert {row.iteration for row in taught.view().rows} == {None}
        origins = best_tables(taught.view(), 5)[0].columns[1].cells
        assert {*origins} == {"known before"}  # nobody brought them by hand
        assert {row.failure for row in taught.view().rows} == {row.failure for row in first.view().rows}
    again, asked = run(_config(folder, "taught").model_copy(update={"iterations": 0}))
    with again:
        assert len(asked) == 6
        assert not set(asked) & known
        assert len(again.store.observations()) == 14


def test_a_campaign_that_has_read_the_table_needs_it_no_more_and_minds_no_later_point(
    first: Campaign, folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = tmp_path / "copy.db"
    other.write_bytes(Path(table_of(folder)).read_bytes())
    config = melting_config(folder, "pinned", materials={"table": str(other), "known": "answer"}, iterations=0)
    Campaign.open(config).close()
    with MaterialsTable.open(other) as table:
        fresh = Point(Design.parse("NbTa"), "solidus", "K", 2900.0, PointKind.VALIDATION, first.tiers[0].fingerprint)
        table.add([fresh], who="somebody")
    with Campaign.open(config) as opened:
        until = opened.store.began_with()
        assert until is not None
        shown = data_document(opened.store)["events"]
        assert [(event["kind"], event["detail"]["materials"]) for event in shown] == [("start", str(other))]
        (_, events) = data_tables(data_document(opened.store))
        assert f"up to point {until['until']}" in str(next(iter(events.columns[4].cells)))
        with MaterialsTable.open(other) as table:
            assert until["until"] < table.last()
    other.unlink()
    (tmp_path / "copy.db").mkdir()  # nothing can be written there
    campaign, asked = run(config)
    with campaign:
        assert asked == []
        assert campaign.store.began_with() == until
    assert "the materials table is caught up with later" in caplog.text


@pytest.mark.parametrize("own", [False, True], ids=["foreign", "own"])
@pytest.mark.parametrize("known", ["teach", "answer"])
def test_what_its_validator_said_counts_once_whatever_points_are_chosen(
    known: str, own: bool, first: Campaign, folder: Path
) -> None:
    chosen = {"solidus": {"property": "solidus", "own": own}}
    config = _config(folder, f"once-{known}-{own}".lower(), known=known, points=chosen)
    with Campaign.open(config) as campaign:
        assert foreign_points(campaign.store) == ()
        told = [row.observation.design for row in campaign.store.observations()]
        assert len(told) == len(set(told))
        assert bool(told) is (known == "teach")


def test_a_verdict_that_was_withdrawn_teaches_no_other_campaign_unless_people_keep_it(
    folder: Path, tmp_path: Path
) -> None:
    place: dict[str, Any] = {"table": str(tmp_path / "doubted.db")}
    with run(melting_config(folder, "doubting", materials=place, iterations=0))[0] as campaign:
        row, other = [each for each in campaign.store.observations() if not each.observation.failure][:2]
        campaign.store.withdraw([row.id], who="Ada", why="the crucible leaked")
        campaign.store.correct(other.id, "solidus", 2000.0, who="Ada", why="read wrongly")
    wrong = {row.observation.design, other.observation.design}

    def taught(name: str) -> set[Design]:
        with Campaign.open(melting_config(folder, name, materials=place, iterations=0)) as opened:
            return {each.observation.design for each in opened.store.observations()}

    Campaign.open(melting_config(folder, "doubting", materials=place, iterations=0)).close()
    with MaterialsTable.open(place["table"]) as table:
        flags = stored_flags(table)
        assert [(one.state, one.who, one.why) for one in flags] == [
            (FlagState.SET_ASIDE, "Ada", "the crucible leaked"),
            (FlagState.SET_ASIDE, "Ada", "read wrongly"),
        ]
        assert not wrong & taught("warned")
        decide(table, [one.number for one in flags], FlagState.KEPT, who="Bob", why="it did not")
        Campaign.open(melting_config(folder, "doubting", materials=place, iterations=0)).close()
        assert wrong <= taught("trusting")


def test_verdicts_that_answer_another_question_are_not_taken(first: Campaign, folder: Path, tmp_path: Path) -> None:
    fingerprint, place = first.tiers[0].fingerprint, tmp_path / "odd.db"

    def verdict(formula: str, unit: str = "K", source: str = fingerprint, **variables: int) -> list[Point]:
        design = Design.of(Design.parse(formula).composition, variables)
        told = (("solidus", unit, 2300.0), ("freezing_range", "K", 50.0))
        return [Point(design, name, u, value, PointKind.VALIDATION, source) for name, u, value in told]

    right = [*verdict("Nb3Ti"), *verdict("TaTi", "°C")]
    half, other = verdict("NbTi")[:1], verdict("NbTa", source="0" * 64)
    with MaterialsTable.open(place, create=True) as table:
        table.add([*right, *half, *other, *verdict("NbZr", "MPa"), *verdict("Ta3Ti", anneal=900)], who="Ada")
    with Campaign.open(melting_config(folder, "odd", materials={"table": str(place)}, iterations=0)) as campaign:
        found = {str(each.observation.design): each.observation.values for each in campaign.store.observations()}
    assert found == {
        "Nb75Ti25": {"solidus": 2300.0, "freezing_range": 50.0},
        "Ta50Ti50": {"solidus": pytest.approx(2573.15), "freezing_range": 50.0},
    }


def test_a_table_that_is_not_there_any_more_is_told_before_another_is_made(
    first: Campaign, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    config = melting_config(folder, "moved", materials={"table": "here.db"}, iterations=0)
    monkeypatch.chdir(tmp_path)
    Campaign.open(config).close()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    with run(config)[0] as campaign:
        assert (campaign.store.began_with() or {})["materials"] == str(tmp_path / "here.db")
    assert f"there is no materials table at {tmp_path / 'elsewhere' / 'here.db'}" in caplog.text
    assert f"it began from {tmp_path / 'here.db'}" in caplog.text


def test_what_could_not_be_written_is_written_when_the_campaign_is_opened_again(folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "later.db"
    config = melting_config(folder, "late", materials={"table": str(place)}, iterations=0)
    Campaign.open(config).close()
    place.unlink()
    place.mkdir()
    campaign, asked = run(config)
    campaign.close()
    place.rmdir()
    Campaign.open(config).close()
    with MaterialsTable.open(place) as table:
        first = [stored.point for stored in table.points()]
        assert {point.design.canonical() for point in first} == set(asked)
        Campaign.open(config).close()
        assert [stored.point for stored in table.points()] == first


def test_points_of_other_sources_speak_of_a_property_in_its_unit_and_teach_only_as_its_own(
    folder: Path, tmp_path: Path
) -> None:
    place = tmp_path / "literature.db"
    with MaterialsTable.open(place, create=True) as table:
        told = [("Nb50Ta50", "K", 2900.0), ("Ta50W50", "°C", 3000.0), ("Al50Nb50", "K", 2200.0)]
        points = [Point(Design.parse(f), "solidus", u, v, PointKind.LITERATURE, "10.1/x", 20.0) for f, u, v in told]
        table.add(points, who="Ada")
    chosen = {"solidus": {"property": "solidus", "kinds": ["literature"]}}
    config = melting_config(folder, "foreign", materials={"table": str(place), "points": chosen})
    with Campaign.open(config) as campaign:
        assert campaign.view().rows == ()
        foreign = foreign_points(campaign.store)
        assert [(str(p.design), p.property_name, p.value, p.std) for p in foreign] == [
            ("Nb50Ta50", "solidus", 2900.0, 20.0),
            ("Ta50W50", "solidus", pytest.approx(3273.15), 20.0),
            ("Al50Nb50", "solidus", 2200.0, 20.0),
        ]
        assert {(p.kind, p.source) for p in foreign} == {(PointKind.LITERATURE, "10.1/x")}
    chosen["solidus"] |= {"own": True}
    config = melting_config(folder, "own", materials={"table": str(place), "points": chosen})
    with Campaign.open(config) as campaign:
        values = {str(row.design): row.values["solidus"] for row in campaign.view().rows}
        assert values == {"Nb50Ta50": 2900.0, "Ta50W50": pytest.approx(3273.15), "Al50Nb50": 2200.0}
        assert foreign_points(campaign.store) == ()


def test_what_later_papers_print_again_counts_once(folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "reviews.db"
    told = [("10.1/first", 2900.0), ("10.1/review", 2900.0), ("10.1/other", 2860.0), ("10.1/first", 2890.0)]
    with MaterialsTable.open(place, create=True) as table:
        niobium = Design.parse("Nb50Ta50")
        table.add((Point(niobium, "solidus", "K", v, PointKind.LITERATURE, s) for s, v in told), who="Ada")
    chosen = {"solidus": {"property": "solidus", "kinds": ["literature"], "own": True}}
    with Campaign.open(
        melting_config(folder, "reviews", materials={"table": str(place), "points": chosen})
    ) as campaign:
        observed = [(o.observation.source, o.observation.values["solidus"]) for o in campaign.store.observations()]
        assert observed == [("10.1/first", 2900.0), ("10.1/other", 2860.0), ("10.1/first", 2890.0)]
