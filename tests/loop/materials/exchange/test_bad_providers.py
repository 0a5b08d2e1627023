"""An OPTIMADE database that is down, slow, or sends nonsense: one clear message, soon, and nothing is taken."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from alloys.errors import InputError, WorkError
from loop.materials.exchange import http
from loop.materials.exchange.fetching import FetchedPoints, fetch
from loop.materials.exchange.providers import Provider
from tests.loop.materials.exchange.servers import Answer, answering, document

INFO = {"meta": {"provider": {"prefix": "oqmd"}}, "data": {"attributes": {"available_licenses": ["CC-BY-4.0"]}}}
LISTED = {"data": {"properties": {"elements": {}, "_oqmd_delta_e": {}}}}


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "PAUSES", (0.0, 0.0))


Structures = Callable[[int], Any]
"""From the number of the page to a document, or an answer as it is sent."""


def entry(number: int = 0, **attributes: Any) -> dict[str, Any]:
    said = {"chemical_formula_reduced": "NbTaW", "_oqmd_delta_e": -0.5, **attributes}
    return {"id": f"e{number}", "type": "structures", "attributes": said}


def page(number: int, following: Any = None, *entries: Any, **more: Any) -> dict[str, Any]:
    return {"data": [*entries] or [entry(number)], "links": {"next": following}, **more}


def provider(structures: Structures, info: Any = INFO, listed: Any = LISTED) -> Answer:
    """A database that is right but for what is given."""

    def answer(path: str) -> tuple[int, dict[str, str], bytes]:
        where, _, query = path.partition("?")
        content = {"/v1/info": info, "/v1/info/structures": listed}.get(where)
        if content is None:
            content = structures(int(query.rpartition("at=")[2]) if "at=" in query else 0)
        return content if isinstance(content, tuple) else document(content)

    return answer


def asked(address: str, **how: Any) -> FetchedPoints:
    return fetch(Provider("", address, "bad"), ["Nb"], **{"only": False, "limit": 1000, "timeout": 20.0, **how})


NONSENSE: list[tuple[Answer, str]] = [
    (lambda _: (503, {}, b'{"errors": [{"detail": "back at noon"}]}'), "answers 503 Service Unavailable: back at noon"),
    (lambda _: (404, {}, b"<html>"), "/v1/info answers 404 Not Found"),
    (lambda _: (200, {}, b"<html>welcome</html>"), "/v1/info answers no JSON: b'<html>welcome"),
    (lambda _: (200, {}, b"\xff\xfe\x00"), "answers no JSON"),
    (lambda _: (200, {}, b"[" * 100_000), "answers no JSON"),
    (lambda _: (200, {}, b"[1, 2]"), "answers list, and OPTIMADE answers an object"),
    (lambda _: (302, {"Location": "http://example.org/v1/info"}, b""), "leads to another server, http://example.org"),
    (lambda _: (302, {"Location": "file:///etc/passwd"}, b""), "file:///etc/passwd' is not allowed"),
    (lambda path: (302, {"Location": path}, b""), "redirect"),
    (lambda _: document({"hello": "world"}), "is no OPTIMADE server: its answer has no object 'meta'"),
    (provider(page, listed={"data": {}}), "/info/structures lists no properties"),
    (provider(lambda at: {"data": {"a": 1}}), "has no list of entries, but {'a': 1}"),
    (provider(lambda at: page(at, None, "NbTaW")), "an entry without attributes: 'NbTaW'"),
    (provider(lambda at: page(at, None, {"id": "1", "attributes": []})), "an entry without attributes"),
    (provider(lambda at: page(at, "/v1/structures?at=0")), "tells entry 'e0' twice; its pages may never end"),
    (provider(lambda at: page(at, f"/v1/structures?at={(at + 1) % 2}")), "tells entry 'e0' twice"),
    (provider(lambda at: page(at, "/v1/structures?at=1", entry(at))), "go round in a circle, after 2 entries"),
    (provider(lambda at: {"data": [], "links": {"next": f"?at={at + 1}"}}), "an empty page that another one follows"),
    (provider(lambda at: page(at, f"/v1/structures?at={at + 1}", entry(7))), "tells entry 'e7' twice"),
    (provider(lambda at: page(at, "http://127.0.0.2:80/v1/structures")), "leads to another server, http://127.0.0.2:80"),
    (lambda _: (200, {"Content-Encoding": "gzip"}, gzip.compress(b" " * 2**24)), "answers no JSON"),
    (provider(lambda at: page(at, "http://[")), "leads to what is no address, 'http://['"),
    (provider(lambda at: page(at, "/v1/structures?at=\ud800")), "leads to what is no address, "),
    (provider(lambda at: page(at, None, entry(elements=["Nb"], elements_ratios=[1e308]))), "lie between 0 and 1"),
    (provider(lambda at: page(at, {"href": "//example.org/x"})), "leads to another server, http://example.org"),
    (provider(lambda at: page(at, 7)), "the link to the next page is 7"),
    (provider(lambda at: page(at, meta={"more_data_available": True})), "more entries after 0, and no link to them"),
    (provider(lambda at: page(at, None, entry(_oqmd_delta_e="-0.5"))), "e0: _oqmd_delta_e is '-0.5', no number"),
    (provider(lambda at: page(at, None, entry(_oqmd_delta_e=True))), "_oqmd_delta_e is True, no number"),
    (provider(lambda at: page(at, None, entry(_oqmd_delta_e={"value": 1}))), "no number"),
    (provider(lambda at: page(at, None, entry(_oqmd_delta_e=float("nan")))), "_oqmd_delta_e is nan, no finite number"),
    (provider(lambda at: page(at, None, entry(_oqmd_delta_e=10**400))), "no finite number"),
    (provider(lambda at: page(at, None, entry(chemical_formula_reduced=["Nb"]))), "no short text"),
    (provider(lambda at: page(at, None, entry(chemical_formula_reduced="Xx2"))), "unknown element 'Xx'"),
    (provider(lambda at: page(at, None, entry(chemical_formula_reduced=None))), "neither chemical_formula_reduced nor"),
    (provider(lambda at: page(at, None, entry(chemical_formula_reduced="TaW"))), "Ta50W50 was not asked for"),
    (provider(lambda at: page(at, None, entry(elements=["Nb"], elements_ratios=0.5))), "no lists of one length"),
    (provider(lambda at: page(at, None, entry(elements=["Nb", "Nb"], elements_ratios=[0.5, 0.5]))), "names one twice"),
    (provider(lambda at: page(at, None, entry(elements=["Nb"], elements_ratios=[0.5]))), "sum to 0.5, not 1"),
    (provider(lambda at: page(at, None, {**entry(), "id": None})), "id is None, no short text"),
    (provider(lambda at: page(at, None, {**entry(), "id": "a\0b"})), "no short text"),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "why"), NONSENSE, ids=[why[:40] for _, why in NONSENSE])
def test_nonsense_is_refused_with_its_reason(answer: Answer, why: str) -> None:
    with answering(answer) as address, pytest.raises(WorkError) as refused:
        asked(address)
    assert why in str(refused.value)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 500


def test_entries_that_are_wrong_are_left_out_beside_those_that_are_right() -> None:
    wrong = entry(1, _oqmd_delta_e="high")
    with answering(provider(lambda at: page(at, None, entry(0), wrong, {**entry(2), "id": 2}))) as address:
        found = asked(address)
    assert [point.source for point in found.points] == ["oqmd:e0", "oqmd:2"]
    assert found.left_out == (("e1", "_oqmd_delta_e is 'high', no number"),)
    assert {source.licence for source in found.sources} == {"CC-BY-4.0"}


@pytest.mark.parametrize(
    "info",
    [{}, {"available_licenses": "free"}, {"available_licenses": [None, {}, "a\0\ud800", " "]}, {"license": 7}, None],
)
def test_a_licence_that_is_not_stated_is_unknown(info: Any) -> None:
    said = {"meta": {}, "data": {"attributes": info}}
    with answering(provider(page, info=said)) as address:
        found = asked(address)
    assert [(source.name, source.licence) for source in found.sources] == [("127.0.0.1:e0", "")]


def test_a_server_that_fails_now_and_then_is_asked_again() -> None:
    seen: list[str] = []

    def answer(path: str) -> tuple[int, dict[str, str], bytes]:
        seen.append(path)
        return (502, {}, b"oops") if len(seen) % 3 else provider(page)(path)

    with answering(answer) as address:
        assert len(asked(address).points) == 1
    assert len(seen) == 9


def test_pages_that_never_end_end_at_the_limit() -> None:
    with answering(provider(lambda at: page(at, f"/v1/structures?at={at + 1}"))) as address:
        found = asked(address, limit=5)
    assert (found.entries, len(found.points), found.more) == (5, 5, True)


def test_a_redirect_within_the_server_is_followed() -> None:
    right = provider(page)
    with answering(lambda p: (302, {"Location": f"/v1{p}"}, b"") if p.startswith("/old") else right(p)) as address:
        assert len(asked(f"{address}").points) == 1
    with answering(lambda p: (307, {"Location": p[4:]}, b"") if p.startswith("/old") else right(p)) as address:
        assert len(asked(f"{address}/old").points) == 1


def test_an_answer_of_many_megabytes_is_refused() -> None:
    huge = (200, {}, b"[" + b" " * (65 * 2**20) + b"]")
    with answering(provider(lambda _: huge)) as address, pytest.raises(WorkError, match="more than 64 MiB at once"):
        asked(address)


@contextmanager
def dripping(start: bytes, letters: bytes) -> Iterator[str]:
    """A server that begins to answer, and sends some letters now and then for ever."""
    done = threading.Event()

    def serve(listener: socket.socket) -> None:
        with suppress(OSError), listener.accept()[0] as talk:
            talk.sendall(start)
            while not done.wait(0.05):
                talk.sendall(letters)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            done.set()
            thread.join(10)


_OK, _LONG = b"HTTP/1.1 200 OK\r\n", b"Content-Length: 1000000\r\n\r\n"


@pytest.mark.parametrize(
    ("start", "letters"),
    [
        (b"", b""),
        (b"HTTP/1.1 2", b"0"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (_OK + b"X: ", b"a"),
        (_OK + _LONG, b" "),
        (_OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
        (b"HTTP/1.1 404 Not Found\r\n" + _LONG, b" "),
        (b"HTTP/1.1 302 Found\r\nLocation: /v1/x\r\n" + _LONG, b" "),
    ],
    ids=["silent", "status", "continue", "header", "body", "chunk", "error", "redirect"],
)
def test_a_slow_server_is_given_up(start: bytes, letters: bytes) -> None:
    began = time.monotonic()
    with dripping(start, letters) as address:
        with pytest.raises(WorkError, match=r"does not answer: it took longer than 0\.3 s"):
            asked(address, timeout=0.3)
        assert time.monotonic() - began < 5


@pytest.mark.parametrize("rest", [_LONG, b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"])
def test_an_error_whose_document_breaks_off_is_told(rest: bytes) -> None:
    def serve(listener: socket.socket) -> None:
        with listener.accept()[0] as talk:
            talk.recv(2**16)
            talk.sendall(b"HTTP/1.1 404 Not Found\r\n" + rest)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        with pytest.raises(WorkError, match="/v1/info answers 404 Not Found"):
            asked(f"http://127.0.0.1:{listener.getsockname()[1]}")


def test_a_server_that_is_down_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(WorkError, match=f"http://127.0.0.1:{port}/v1/info does not answer: .*refused"):
        asked(f"http://127.0.0.1:{port}")


@pytest.mark.parametrize(
    "address",
    [
        "ftp://example.org",
        "http://",
        "http://127.0.0.1:0/x",
        "http://127.0.0.1:70000",
        "http://me:secret@127.0.0.1/",
        "x",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(InputError, match="an OPTIMADE address is such as https"):
        asked(address)


def test_a_database_of_which_nothing_is_known_names_its_fields() -> None:
    listed = {"data": {"properties": {"elements": {}, "_nmd_energy": {}, "nsites": {}}}}
    with answering(provider(page, listed=listed)) as address, pytest.raises(InputError) as refused:
        asked(address)
    assert "name one with --field _PREFIX_FIELD=PROPERTY:UNIT; it has _nmd_energy" in str(refused.value)


def test_json_that_is_cut_off_is_refused() -> None:
    whole = json.dumps(page(0)).encode()
    with answering(provider(lambda _: (200, {}, whole[:-9]))) as address, pytest.raises(WorkError, match="no JSON"):
        asked(address)
