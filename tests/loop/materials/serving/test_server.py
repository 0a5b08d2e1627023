"""The materials table as an OPTIMADE database: what a program gets, what it may ask, and who is let in."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit

import psutil
import pytest

from alloys.dataset import known_alloys
from alloys.design import Design
from alloys.points.point import Point, PointConditions, PointKind, PointSource
from loop.materials import MaterialsTable
from loop.materials.bundle.contents import doi_in
from tests.loop.loop_helpers import call

ROOT = Path(__file__).resolve().parents[4]
Entry = dict[str, Any]


def points() -> Iterator[Point]:
    """Made-up points of the project's known alloys: two strengths of each, densities of some, and a failure."""
    for number, alloy in enumerate(known_alloys()):
        design = Design(alloy.composition)
        for celsius, value in ((25.0, 900.0 + 10 * number), (1000.0, 300.0 + number)):
            conditions = PointConditions(celsius, "cast", alloy.phase, "compression")
            yield Point(design, "yield_strength", "MPa", value, PointKind.LITERATURE, alloy.doi, 5.0, conditions)
        if number % 3 == 0:
            yield Point(design, "density", "g/cm3", 6.0 + number / 20, PointKind.PREDICTED, "model-1")
    failed = Design.parse("NbTa")
    yield Point(failed, "solidus", "K", None, PointKind.VALIDATION, "calphad-1", failure="no equilibrium")
    yield Point(
        Design.of(Design.parse("NbTa").composition, {"anneal_c": 900}),
        "hardness",
        "HV",
        250.0,
        PointKind.VALIDATION,
        "ada",
    )


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("served") / "materials.db"
    with MaterialsTable.open(path, create=True) as made:
        sources = [PointSource(alloy.doi, title=f"On {alloy.formula}", year=2011) for alloy in known_alloys()]
        made.add(points(), sources=sources, who="ada")
    return path


@pytest.fixture(scope="module")
def address(table: Path) -> Iterator[str]:
    """The command in a process of its own."""
    words = [sys.executable, "-m", "loop.cli", "materials", "serve", "--port", "0", "--table", str(table)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPTIMADE_DEBUG": "true", "OPTIMADE_PAGE_LIMIT_MAX": "1"}
    server = subprocess.Popen(words, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        assert server.stderr is not None
        told = server.stderr.readline()
        assert "materials, up to point" in told, told + server.stderr.read()
        listening = [c.laddr for c in psutil.Process(server.pid).net_connections() if c.status == psutil.CONN_LISTEN]
        assert {place.ip for place in listening} == {"127.0.0.1"}
        yield told.partition(" at ")[2].partition("/v1")[0]
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=60)


def ask(address: str, path: str, **words: Any) -> dict[str, Any]:
    with urllib.request.urlopen(f"{address}/v1/{path}?{urlencode(words)}", timeout=60) as answer:
        document: dict[str, Any] = json.load(answer)
    return document


@pytest.fixture(scope="module")
def entries(address: str) -> list[Entry]:
    """All materials, page by page."""
    found: list[Entry] = []
    page = ask(address, "structures", page_limit=30)
    while True:
        found += page["data"]
        link = page["links"]["next"]
        if link is None:
            break
        assert link.startswith(address)
        with urllib.request.urlopen(link, timeout=60) as answer:
            page = json.load(answer)
    return found


def test_every_material_is_told_with_its_points(entries: list[Entry]) -> None:
    compositions = {alloy.composition for alloy in known_alloys()} | {Design.parse("NbTa").composition}
    assert {entry["id"] for entry in entries} == {composition.exactly() for composition in compositions}
    told = next(entry for entry in entries if entry["id"] == "Mo25Nb25Ta25W25")
    said = told["attributes"]
    assert (said["elements"], said["nelements"]) == (["Mo", "Nb", "Ta", "W"], 4)
    assert (said["chemical_formula_reduced"], said["chemical_formula_anonymous"]) == ("MoNbTaW", "ABCD")
    strengths = said["_alloyloop_yield_strength"]
    assert {point["test_temperature"] for point in strengths} == {25.0, 1000.0}
    assert {(point["unit"], point["kind"], point["std"]) for point in strengths} == {("MPa", "literature", 5.0)}
    assert {"type": "references", "id": "10.1016/j.intermet.2011.01.004"} in told["relationships"]["references"]["data"]
    treated = next(entry for entry in entries if entry["id"] == "Nb50Ta50")["attributes"]
    assert treated["_alloyloop_hardness"][0]["variables"] == {"anneal_c": 900}
    assert treated["_alloyloop_solidus"] == [
        {"unit": "K", "kind": "validation", "source": "calphad-1", "failure": "no equilibrium"}
    ]


def has(*symbols: str) -> Callable[[Entry], bool]:
    return lambda entry: set(symbols) <= set(entry["attributes"]["elements"])


def values(entry: Entry, name: str, key: str = "value") -> list[Any]:
    return [point[key] for point in entry["attributes"][f"_alloyloop_{name}"] or [] if key in point]


FILTERS: list[tuple[str, Callable[[Entry], bool]]] = [
    ('elements HAS "W"', has("W")),
    ('elements HAS ALL "Nb","W"', has("Nb", "W")),
    ('elements HAS ANY "Al","W"', lambda e: has("Al")(e) or has("W")(e)),
    ('elements HAS ONLY "Nb","Ta","W","Mo"', lambda e: set(e["attributes"]["elements"]) <= {"Nb", "Ta", "W", "Mo"}),
    ('NOT elements HAS "W"', lambda e: not has("W")(e)),
    ('elements HAS ALL "Nb","W" AND nelements>4', lambda e: has("Nb", "W")(e) and e["attributes"]["nelements"] > 4),
    ('nelements<4 OR (elements HAS "Al" AND NOT nelements=5)',
     lambda e: e["attributes"]["nelements"] < 4 or (has("Al")(e) and e["attributes"]["nelements"] != 5)),
    ("elements LENGTH 2", lambda e: e["attributes"]["nelements"] == 2),
    ("elements LENGTH >= 5", lambda e: e["attributes"]["nelements"] >= 5),
    ("4 < nelements", lambda e: e["attributes"]["nelements"] > 4),
    ('chemical_formula_reduced="MoNbTaW"', lambda e: e["id"] == "Mo25Nb25Ta25W25"),
    ('chemical_formula_reduced STARTS WITH "Al"', lambda e: e["id"].startswith("Al")),
    ('chemical_formula_reduced CONTAINS "NbTa"', lambda e: "NbTa" in e["attributes"]["chemical_formula_reduced"]),
    ('chemical_formula_anonymous!="ABCDE"', lambda e: e["attributes"]["chemical_formula_anonymous"] != "ABCDE"),
    ('elements HAS ONLY "Nb","Ta","Wx"', lambda e: set(e["attributes"]["elements"]) <= {"Nb", "Ta"}),
    ("NOT _alloyloop_hardness.std > 3", lambda e: False),
    ("_alloyloop_hardness.std IS UNKNOWN", lambda e: True),
    ("_alloyloop_density IS KNOWN", lambda e: e["attributes"]["_alloyloop_density"] is not None),
    ("_alloyloop_density IS UNKNOWN", lambda e: e["attributes"]["_alloyloop_density"] is None),
    ("lattice_vectors IS KNOWN", lambda e: False),
    ("nsites IS UNKNOWN", lambda e: True),
    ("NOT nsites > 3", lambda e: False),
    ("_alloyloop_yield_strength.value > 1200", lambda e: any(v > 1200 for v in values(e, "yield_strength"))),
    ("NOT _alloyloop_density.value > 7",
     lambda e: e["attributes"]["_alloyloop_density"] is not None and not any(v > 7 for v in values(e, "density"))),
    ("_alloyloop_yield_strength.value > 500 AND _alloyloop_yield_strength.test_temperature >= 900", lambda e: False),
    ('_alloyloop_yield_strength.value > 310 AND _alloyloop_yield_strength.test_temperature >= 900 AND '
     '_alloyloop_yield_strength.kind="literature"', lambda e: any(310 < v < 900 for v in values(e, "yield_strength"))),
    ("NOT (_alloyloop_yield_strength.value > 500 AND _alloyloop_yield_strength.test_temperature >= 900)",
     lambda e: bool(values(e, "yield_strength"))),
    ('_alloyloop_yield_strength.value > 1200 AND _alloyloop_density.kind = "predicted"',
     lambda e: any(v > 1200 for v in values(e, "yield_strength")) and "predicted" in values(e, "density", "kind")),
    ("_alloyloop_yield_strength LENGTH > 2", lambda e: len(values(e, "yield_strength")) > 2),
    ('_alloyloop_density.kind = "predicted"', lambda e: "predicted" in values(e, "density", "kind")),
    ('_alloyloop_solidus.failure CONTAINS "equil"', lambda e: e["id"] == "Nb50Ta50"),
    ('references.id HAS "10.1016/j.intermet.2011.01.004"',
     lambda e: "10.1016/j.intermet.2011.01.004" in values(e, "yield_strength", "source")),
    ("_exmpl_band_gap > 1", lambda e: False),
    ('last_modified >= "2020-01-01T00:00:00Z"', lambda e: True),
    ('last_modified < "2020-01-01T00:00:00Z"', lambda e: False),
]  # fmt: skip


@pytest.mark.parametrize(("filter_", "right"), FILTERS, ids=[text for text, _ in FILTERS])
def test_a_filter_finds_what_it_says(
    filter_: str, right: Callable[[Entry], bool], address: str, entries: list[Entry]
) -> None:
    found = ask(address, "structures", filter=filter_, page_limit=500, include="", response_fields="nelements")
    assert [entry["id"] for entry in found["data"]] == [entry["id"] for entry in entries if right(entry)]
    assert found["meta"]["data_returned"] == len(found["data"])
    assert found["meta"]["data_available"] == len(entries)


def test_materials_are_sorted(address: str, entries: list[Entry]) -> None:
    found = ask(address, "structures", sort="-nelements,chemical_formula_reduced", page_limit=500)["data"]
    keys = [(-entry["attributes"]["nelements"], entry["attributes"]["chemical_formula_reduced"]) for entry in found]
    assert keys == sorted(keys)
    assert len(keys) == len(entries)


@pytest.mark.parametrize(
    ("source", "doi"),
    [
        (PointSource("10.1016/0001-6160(89)90042-9", title="Solid solution"), "10.1016/0001-6160(89)90042-9"),
        (
            PointSource("oqmd:4061139", title="OQMD (doi 10.1007/s11837-013-0755-4), entry 4061139"),
            "10.1007/s11837-013-0755-4",
        ),
        (PointSource("ada", title="after 10.1007/s11837-013-0755-4"), ""),
    ],
)
def test_a_doi_is_that_of_the_paper_or_of_the_database(source: PointSource, doi: str) -> None:
    assert doi_in(source) == doi


def test_papers_are_references(address: str) -> None:
    found = ask(address, "references/10.1016/j.intermet.2011.01.004")["data"]
    assert (found["attributes"]["year"], found["attributes"]["doi"]) == ("2011", "10.1016/j.intermet.2011.01.004")
    every = ask(address, "references", page_limit=500)
    assert {entry["id"] for entry in every["data"]} == {alloy.doi.lower() for alloy in known_alloys()}
    assert all(entry["attributes"]["title"] for entry in every["data"])


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("structures?filter=elements+HAS", 400),
        ("structures?filter=elements%3D3", 400),
        ("structures?filter=nelements%3D%22four%22", 400),
        ("structures?filter=elements+HAS+3", 400),
        ("structures?filter=_alloyloop_nothing%3D3", 400),
        ("structures?filter=_alloyloop_density.colour%3D3", 400),
        ("structures?filter=last_modified%3E%22yesterday%22", 400),
        ("structures?filter=elements%3Aelements_ratios+HAS+%22Nb%22%3A0.5", 501),
        ("structures?sort=elements", 400),
        ("structures?page_limit=100000", 403),
        ("extensions/docs", 404),
        ("extensions/openapi.json", 404),
        ("structures?filter=" + "a" * 9000, 414),
        ("structures?filter=" + "(" * 4000, 400),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_has_its_status(path: str, status: int, address: str) -> None:
    with pytest.raises(HTTPError) as refused:
        urllib.request.urlopen(f"{address}/v1/{path}", timeout=60)
    with refused.value as answer:
        assert answer.code == status, answer.read()


def request(address: str, method: str, **headers: str) -> tuple[int, str | None]:
    """The status of an answer, and to which pages a browser would give it."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    with closing(connection):
        connection.request(method, "/v1/structures?page_limit=1", headers=headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.headers["Access-Control-Allow-Origin"]


def test_nothing_is_written(address: str) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
        assert request(address, method)[0] == 405
    assert request(address, "GET")[0] == 200


def test_pages_of_others_get_nothing(address: str) -> None:
    assert request(address, "GET", Host="evil.example")[0] == 400
    assert request(address, "GET", Host="127.0.0.1.evil.example:80")[0] == 400
    assert request(address, "GET", Origin="https://evil.example") == (200, None)


def test_a_taken_port_and_a_missing_table_are_told(
    table: Path, address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    port, none = str(urlsplit(address).port), str(tmp_path / "no.db")
    taken = call(capsys, "materials", "serve", "--port", port, "--table", str(table))
    assert (taken[0], f"port {port} cannot be used" in taken[2]) == (2, True)
    missing = call(capsys, "materials", "serve", "--table", none)
    assert (missing[0], "there is no materials table" in missing[2]) == (2, True)


def test_the_validator_of_optimade_passes(address: str) -> None:
    program = str(Path(sys.executable).with_name("optimade-validator"))
    words = [program, f"{address}/v1", "--json", "--random-seed", "0"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    told = json.loads(done.stdout[done.stdout.index("{") :])
    assert (told["failure_count"], told["optional_failure_count"], told["internal_failure_count"]) == (0, 0, 0)
    assert told["success_count"] >= 60
    assert told["optional_success_count"] >= 10
