"""Asks a server for JSON: only there, for no longer and no more than allowed; what is wrong is said in one line."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from functools import partial
from http.client import HTTPException, HTTPResponse
from queue import Empty, Queue
from typing import Any
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from alloys.errors import InputError, WorkError

_PAGE_BYTES = 64 * 2**20
"""The most that one answer may have."""
_CHUNK = 2**16
_PASSING = (429, 500, 502, 503, 504)
"""Statuses of a server that may answer a moment later."""
PAUSES = (1.0, 4.0)
"""Seconds before such a server is asked again."""
_HEADERS = {"Accept": "application/vnd.api+json, application/json", "User-Agent": "alloyloop"}


class ProviderError(WorkError):
    """What a provider did wrong: it is down, too slow, or what it says makes no sense."""

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


class _PassingError(ProviderError):
    """An error that may be gone a moment later."""


def one_line(text: str) -> str:
    """What a server said, as a terminal may show it."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


class JsonClient:
    """Asks one server by http or https, which no link and no redirect may leave.

    Args:
        base: the address that all others begin with.
        timeout: seconds that an answer may take as a whole.

    Raises:
        InputError: if the address is none of http or https.
    """

    def __init__(self, base: str, timeout: float) -> None:
        parts = urlsplit(base)
        try:
            named = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
        except ValueError:
            named = False
        if not named or parts.username or parts.query or parts.fragment:
            raise InputError(f"an OPTIMADE address is such as https://example.org/optimade, got {base!r}")
        self.base = base.rstrip("/")
        self._timeout = timeout
        self._opener = urllib.request.build_opener(_Staying(self))

    def within(self, link: str, seen_at: str) -> str:
        """A link of an answer as an address of this server.

        Raises:
            ProviderError: if it leads elsewhere.
        """
        try:
            written = quote(link, safe="%/:?=&#~+!$,;'@()*[]")  # as an address has to be
            there, here = urlsplit(urljoin(seen_at, written)), urlsplit(self.base)
        except ValueError as error:
            raise ProviderError(f"{self.base} leads to what is no address, {link[:80]!r}") from error
        if here.scheme == "https" and there.scheme == "http" and _port(there) == 80:
            there = there._replace(scheme="https", netloc=there.hostname or "")  # written by a server behind a proxy
        if (there.scheme, there.hostname, _port(there)) != (here.scheme, here.hostname, _port(here)):
            raise ProviderError(
                f"{self.base} leads to another server, {there.scheme}://{there.netloc}; nothing is taken"
            )
        return urlunsplit(there)

    def get(self, url: str) -> dict[str, Any]:
        """The document at an address.

        Raises:
            ProviderError: if there is none, naming the address and the reason.
        """
        where, pauses = one_line(url.partition("?")[0]), iter(PAUSES)
        while True:
            try:
                content = _in_time(partial(self._content, url, where), self._timeout)
                break
            except TimeoutError as error:
                raise ProviderError(f"{where} does not answer: it took longer than {self._timeout:g} s") from error
            except _PassingError as error:
                pause = next(pauses, None)
                if pause is None:
                    raise ProviderError(str(error)) from error
                time.sleep(pause)
        try:
            document = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise ProviderError(f"{where} answers no JSON: {content[:60]!r}") from error
        if not isinstance(document, dict):
            raise ProviderError(f"{where} answers {type(document).__name__}, and OPTIMADE answers an object")
        return document

    def _content(self, url: str, where: str) -> bytes:
        deadline = time.monotonic() + self._timeout
        try:
            request = urllib.request.Request(url, headers=_HEADERS)  # noqa: S310
            with self._opener.open(request, timeout=self._timeout) as answer:
                return self._read(answer, deadline, where)
        except urllib.error.HTTPError as error:
            kind = _PassingError if error.code in _PASSING else ProviderError
            raise kind(f"{where} answers {error.code} {error.reason[:200]}{_said(error)}") from error
        except (urllib.error.URLError, HTTPException, OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            if isinstance(reason, TimeoutError):
                raise TimeoutError from error
            why = str(reason)[:200] or type(reason).__name__
            raise ProviderError(f"{where} does not answer: {why}") from error

    def _read(self, answer: HTTPResponse, deadline: float, where: str) -> bytes:
        parts, size = [], 0
        while part := answer.read1(_CHUNK):
            parts.append(part)
            size += len(part)
            if size > _PAGE_BYTES:
                raise ProviderError(f"{where} answers more than {_PAGE_BYTES // 2**20} MiB at once; nothing is taken")
            if time.monotonic() > deadline:
                raise TimeoutError
        return b"".join(parts)


class _Staying(urllib.request.HTTPRedirectHandler):
    """Follows redirects on the same server alone."""

    max_redirections = 5

    def __init__(self, client: JsonClient) -> None:
        self._client = client

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        fp.close()  # whatever else is said there is not waited for
        there = self._client.within(newurl, req.full_url)
        return super().redirect_request(req, fp, code, msg, headers, there)


def _port(parts: Any) -> int | None:
    try:
        return parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None


def _said(error: urllib.error.HTTPError) -> str:
    """What an error's document says of itself, for a message; nothing where it does not come."""
    try:
        with error:
            first = json.loads(error.read(_CHUNK))["errors"][0]
        return f": {str(first.get('detail') or first.get('title'))[:200]}"
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, HTTPException, OSError):
        return ""


def _in_time(ask: Callable[[], bytes], seconds: float) -> bytes:
    """What a question gives, or its error: sooner than a server that sends a letter now and then would end.

    A socket's own timeout begins anew with every letter, and the look for a host's address has none.

    Raises:
        TimeoutError: if it takes longer; the question is left to itself, and keeps no process alive.
    """
    told: Queue[bytes | Exception] = Queue()

    def answer() -> None:
        try:
            told.put(ask())
        except Exception as error:
            told.put(error)

    threading.Thread(target=answer, daemon=True).start()
    try:
        found = told.get(timeout=seconds)
    except Empty:
        raise TimeoutError from None
    if isinstance(found, Exception):
        raise found
    return found
