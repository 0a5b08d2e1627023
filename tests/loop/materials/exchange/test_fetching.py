"""What a person gets from an OPTIMADE database, tried on the reference server with alloys of the project."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from alloys.composition import Composition
from alloys.dataset import known_alloys
from alloys.errors import InputError
from alloys.points.point import PointKind
from loop.materials.exchange.fetching import FetchedPoints, fetch
from loop.materials.exchange.providers import Provider, fields_of, provider_of
from tests.loop.materials.exchange.servers import answering, reference_server

pytestmark = pytest.mark.filterwarnings("ignore")
"""The reference server warns of itself, in this process."""

PAIRS = {"Nb": 0.1, "Ta": 0.2, "W": -0.3}
"""Formation enthalpies of the tests, in eV/atom: a rule of mixtures."""


def enthalpy(composition: Composition) -> float:
    return sum(PAIRS.get(symbol, 0.0) * share for symbol, share in composition.fractions().items())


def entry(identity: str, composition: Composition, **more: Any) -> dict[str, Any]:
    """An entry as the reference server keeps it."""
    whole = math.lcm(*(fraction.denominator for _, fraction in composition.items))
    counts = [(symbol, int(fraction * whole)) for symbol, fraction in composition.items]
    letters = sorted((count for _, count in counts), reverse=True)
    return {
        "id": identity,
        "last_modified": datetime(2026, 11, 1, tzinfo=UTC),
        "elements": list(composition.elements),
        "nelements": len(composition.elements),
        "elements_ratios": list(composition.fractions().values()),
        "chemical_formula_reduced": "".join(f"{symbol}{count if count > 1 else ''}" for symbol, count in counts),
        "chemical_formula_anonymous": "".join(f"{chr(65 + i)}{n if n > 1 else ''}" for i, n in enumerate(letters)),
        "structure_features": [],
        "delta_e": enthalpy(composition),
        **more,
    }


ALLOYS = sorted({alloy.composition for alloy in known_alloys()})
"""The project's known alloys."""
CONTRARY = entry("contrary", Composition.parse("NbTaW"), elements_ratios=[0.5, 0.25, 0.25])


@pytest.fixture(scope="module")
def database() -> Iterator[Provider]:
    """A database that speaks as OQMD does, of the known alloys and their elements; one entry contradicts itself."""
    there = [*ALLOYS, *(Composition.parse(symbol) for symbol in PAIRS)]
    entries = [entry(f"e{number}", composition) for number, composition in enumerate(there)]
    entries[0]["stability"] = -0.05
    with (
        answering(lambda _: (200, {}, b"the licence")) as page,  # which the reference server looks for
        reference_server([*entries, CONTRARY], "oqmd", ["delta_e", "stability"], f"{page}/licence") as address,
    ):
        yield Provider("", f"{address}/", "of the tests", "10.1007/s11837-013-0755-4")


def asked(provider: Provider, elements: str, **how: Any) -> FetchedPoints:
    return fetch(provider, elements.split(","), **{"only": False, "limit": 1000, "timeout": 20.0, **how})


def test_materials_with_all_of_some_elements_become_points_of_the_literature(database: Provider) -> None:
    found = asked(database, "Nb,Ta,W")
    wanted = {alloy for alloy in ALLOYS if {"Nb", "Ta", "W"} <= set(alloy.elements)}
    told = [point for point in found.points if point.property_name == "formation_enthalpy"]
    assert {point.design.composition for point in told} == wanted
    assert len(wanted) >= 8
    for point in told:
        assert point.value == pytest.approx(enthalpy(point.design.composition), abs=1e-12)
        assert (point.unit, point.kind, point.conditions.test) == ("eV/atom", PointKind.LITERATURE, "DFT")
    assert {point.source for point in told} == {source.name for source in found.sources}
    assert {source.licence.rpartition("/")[2] for source in found.sources} == {"licence"}
    assert all("10.1007/s11837-013-0755-4" in source.title for source in found.sources)
    assert found.left_out == (("contrary", "its formula says Nb33.333Ta33.333W33.333, and its ratios say Nb50Ta25W25"),)
    assert not found.more


def test_materials_of_some_elements_alone(database: Provider) -> None:
    found = asked(database, "Nb,Ta,W,Mo", only=True)
    wanted = {a for a in [*ALLOYS, *map(Composition.parse, PAIRS)] if set(a.elements) <= {"Nb", "Ta", "W", "Mo"}}
    assert {point.design.composition for point in found.points} == wanted
    assert Composition.parse("W") in wanted


def test_the_first_of_many_and_a_word_that_there_are_more(database: Provider) -> None:
    found = asked(database, "Nb", limit=7)
    assert (found.entries, found.more) == (7, True)
    every = asked(database, "Nb")
    assert found.points == every.points[: len(found.points)]
    assert not asked(database, "Nb", limit=every.entries).more


def test_the_same_question_gives_the_same_points(database: Provider) -> None:
    first, second = asked(database, "Ti"), asked(database, "Ti")
    assert [point.key for point in first.points] == [point.key for point in second.points]


def test_a_field_of_ones_own(database: Provider) -> None:
    own = fields_of(["_oqmd_stability=hull_distance_here:meV/atom"])
    found = asked(database, ALLOYS[0].elements[0], own_fields=own)
    assert [(p.value, p.unit) for p in found.points if p.property_name == "hull_distance_here"] == [(-0.05, "meV/atom")]
    with pytest.raises(InputError, match=r"has no field _oqmd_nothing; .* it has _oqmd_delta_e, _oqmd_stability"):
        asked(database, "Nb", own_fields=fields_of(["_oqmd_nothing=x:eV"]))


def test_nothing_there_is_no_mistake(database: Provider) -> None:
    assert asked(database, "Og").points == ()


@pytest.mark.parametrize("elements", ["", "Xx", "Nb,nb", "D"])
def test_what_is_no_element_is_refused_before_anybody_is_asked(elements: str) -> None:
    with pytest.raises(InputError, match="name chemical elements such as Nb,Ta,W"):
        asked(Provider("", "http://127.0.0.1:1", ""), elements)


def test_providers_by_name_and_by_address() -> None:
    assert provider_of("oqmd").base_url == "https://oqmd.org/optimade"
    assert provider_of("https://oqmd.org/optimade/").name == "oqmd"
    assert provider_of("http://127.0.0.1:5000").title == "http://127.0.0.1:5000"
    with pytest.raises(InputError, match="'materials' is no provider; known are mp, oqmd, aflow, nomad, odbx"):
        provider_of("materials")
    for text in ("delta_e=x:eV", "_oqmd_delta_e=x", "_oqmd_delta_e=X:eV", "_oqmd_delta_e=x:parsec hours of tea"):
        with pytest.raises(InputError, match=r"a field is named|unknown unit"):
            fields_of([text])
