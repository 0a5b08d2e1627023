"""The materials table as campaigns and people use it, in a file and on a PostgreSQL server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from alloys.composition import Composition
from alloys.design import Design
from alloys.errors import InputError
from alloys.points.point import MEASURED, Point, PointConditions, PointKind, PointSource
from loop.materials import AddedPoints, MaterialsTable, PointQuery

STRONG = Point(
    design=Design.parse("HfNbTaTiZr", {"route": "cast"}),
    property_name="yield_strength",
    unit="MPa",
    value=929.0,
    kind=PointKind.LITERATURE,
    source="10.1007/s10853-012-6260-2",
    std=12.5,
    conditions=PointConditions(test_temperature=25.0, processing="CAST", phase="BCC", test="compression"),
)
HOT = replace(STRONG, value=92.0, std=None, conditions=replace(STRONG.conditions, test_temperature=1000.0))
HARD = replace(STRONG, design=Design.parse("MoNbTaW"), property_name="hardness", unit="HV", value=454.0)
GUESSED = replace(HARD, kind=PointKind.PREDICTED, source="model 3f", value=430.25)
DRAWN = Point(Design.parse("CoCrNi"), "", "", None, PointKind.GENERATED, "cvae")
FAILED = replace(HARD, value=None, std=None, kind=PointKind.VALIDATION, source="calphad 1", failure="no equilibrium")
EVERY = (STRONG, HOT, HARD, GUESSED, DRAWN, FAILED)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str | Path]:
    if request.param == "sqlite":
        yield tmp_path / "materials.db"
        return
    server: sa.URL = request.getfixturevalue("postgresql")
    yield server.update_query_dict({"schema": f"materials_{tmp_path.name[-30:].lower()}"}).render_as_string()


@pytest.fixture
def table(place: str | Path) -> Iterator[MaterialsTable]:
    with MaterialsTable.open(place, create=True, clock=lambda: 1000.5) as opened:
        yield opened


def test_what_was_added_comes_back_as_it_was(table: MaterialsTable, place: str | Path) -> None:
    assert table.last() == 0
    assert table.add(EVERY, who="ada") == AddedPoints(6, 0)
    with MaterialsTable.open(place) as again:
        stored = [*again.points()]
    assert [one.id for one in stored] == [1, 2, 3, 4, 5, 6]
    assert tuple(one.point for one in stored) == EVERY
    assert [one.point.key for one in stored] == [point.key for point in EVERY]
    assert {(one.who, one.at) for one in stored} == {("ada", 1000.5)}


def test_a_fact_that_is_told_again_is_no_other_point(table: MaterialsTable) -> None:
    table.add([STRONG], who="ada")
    whole = replace(STRONG, value=929, conditions=replace(STRONG.conditions, test_temperature=25))
    assert table.add([STRONG, whole, HOT, HOT], who="bob") == AddedPoints(1, 3)
    assert [(one.id, one.who) for one in table.points()] == [(1, "ada"), (2, "bob")]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        (PointQuery(elements=frozenset({"Hf", "Nb", "Ta", "Ti", "Zr", "W"})), {STRONG, HOT}),
        (PointQuery(elements=frozenset({"Hf", "Nb", "Ta", "Ti"})), set()),
        (PointQuery(properties=("hardness", "density")), {HARD, GUESSED, FAILED}),
        (PointQuery(kinds=MEASURED), {STRONG, HOT, HARD, FAILED}),
        (PointQuery(sources=("cvae", "model 3f")), {GUESSED, DRAWN}),
        (PointQuery(test_temperature=(900.0, 1000.0)), {HOT}),
        (PointQuery(composition=Composition.parse("Mo25Nb25Ta25W25")), {HARD, GUESSED, FAILED}),
        (PointQuery(properties=("hardness",), kinds=(PointKind.PREDICTED,), until=6), {GUESSED}),
        (PointQuery(until=2), {STRONG, HOT}),
        (PointQuery(kinds=()), set()),
    ],
)
def test_a_query_finds_what_it_names(table: MaterialsTable, query: PointQuery, wanted: set[Point]) -> None:
    table.add(EVERY, who="ada")
    assert {one.point for one in table.points(query)} == wanted


def test_up_to_a_number_the_table_is_the_same_for_ever(table: MaterialsTable) -> None:
    table.add(EVERY[:3], who="ada")
    pinned = PointQuery(until=table.last())
    digest, read = table.digest(pinned), table.points()
    table.add(EVERY[3:], who="bob")
    assert table.digest(pinned) == digest != table.digest(PointQuery())
    assert len([*read]) == 3  # what was asked for before


def test_one_bad_point_and_nothing_is_added(table: MaterialsTable) -> None:
    with pytest.raises(InputError, match="letters that no database holds"):
        table.add([STRONG, replace(HARD, source="a\0b")], who="ada")
    with pytest.raises(InputError, match="too long"):
        table.add([STRONG, replace(HARD, conditions=PointConditions(processing="x" * 700))], who="ada")
    with pytest.raises(InputError, match="by somebody"):
        table.add([STRONG], who=" ")
    assert table.last() == 0


def test_a_source_is_filled_in_and_never_changed(table: MaterialsTable) -> None:
    table.add([STRONG], who="ada")
    assert table.sources() == {STRONG.source: PointSource(STRONG.source)}
    known = PointSource(STRONG.source, "Microstructure", 2011, "CC-BY-4.0")
    assert table.add([], sources=[known, PointSource("b", year=1999)], who="ada").notes == ()
    told = table.add([STRONG], sources=[replace(known, title="Another", year=None)], who="bob")
    assert told == AddedPoints(0, 1, (f"the title of {STRONG.source} stays 'Microstructure'; told was 'Another'",))
    assert table.sources([STRONG.source, "nobody"]) == {STRONG.source: known}


@pytest.mark.parametrize("change", ["UPDATE points SET value = 1", "DELETE FROM points", "DELETE FROM sources"])
def test_what_was_added_stays(table: MaterialsTable, change: str) -> None:
    table.add(EVERY, who="ada")
    with pytest.raises(sa.exc.IntegrityError, match="never"), table.write() as connection:
        connection.exec_driver_sql(change)


def test_what_only_the_program_wrote_has_no_problems(table: MaterialsTable) -> None:
    table.add(EVERY, who="ada")
    assert table.problems() == []


def test_a_table_of_an_earlier_schema_goes_on_with_its_points(table: MaterialsTable, place: str | Path) -> None:
    table.add(EVERY, who="ada")
    with table.write() as connection:
        for later in ("points_set_aside", "decisions", "flagged_points", "flags"):
            connection.exec_driver_sql(f"DROP TABLE {later}")
        connection.exec_driver_sql("UPDATE materials_schema SET revision = 'm0001'")
    for _ in range(2):
        with MaterialsTable.open(place) as again:
            assert tuple(one.point for one in again.points()) == EVERY
            assert again.problems() == []
    with pytest.raises(sa.exc.IntegrityError, match="never"), table.write() as connection:
        connection.exec_driver_sql("DELETE FROM points")
