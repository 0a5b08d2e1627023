"""Fetches points from an OPTIMADE database, page by page: all that was asked for, or nothing and the reason."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard
from urllib.parse import urlencode, urlsplit

from alloys.errors import InputError
from alloys.points.point import Point, PointSource
from loop.materials.exchange.entries import COMPOSITION, PHASE, Wanted, points_of
from loop.materials.exchange.http import JsonClient, ProviderError, one_line
from loop.materials.exchange.providers import Provider, ProviderField, known_fields

_PAGE = 100
"""Entries that are asked for at once; every database gives so many."""
_VERSIONED = re.compile(r"/v[0-9]+(\.[0-9]+)*$")
_PREFIX = re.compile(r"[a-z0-9_]{1,40}")


@dataclass(frozen=True, slots=True)
class FetchedPoints:
    """What a database told.

    Attributes:
        points: of its entries.
        sources: of the points, one for each entry, with the licence that the database states; empty where it states
            none.
        entries: how many were read.
        left_out: entries that give no point, with the reason.
        more: whether the database has more than were asked for.
    """

    points: tuple[Point, ...]
    sources: tuple[PointSource, ...]
    entries: int
    left_out: tuple[tuple[str, str], ...]
    more: bool


def fetch(
    provider: Provider,
    elements: Sequence[str],
    *,
    only: bool,
    limit: int,
    own_fields: Sequence[ProviderField] = (),
    timeout: float = 60.0,
    tell: Callable[[int], None] = lambda _: None,
) -> FetchedPoints:
    """Asks a database for the materials of some elements.

    Args:
        provider: the database.
        elements: that a material has to hold, or that it may hold.
        only: whether it may hold no others.
        limit: entries to read at most.
        own_fields: fields of the database and what they mean, beside those that are known.
        timeout: seconds that an answer may take.
        tell: is told how many entries have been read.

    Raises:
        InputError: for what is no element, or a database of which no field is known.
        ProviderError: if the database is down or slow, or its answers make no sense.
    """
    wanted = Wanted.of(elements, only=only)
    if limit < 1 or not timeout > 0:
        raise InputError(f"a limit is 1 or more and a timeout above 0 s, got {limit} and {timeout:g}")
    client = JsonClient(_versioned(provider.base_url), timeout)
    database = _Database.ask(client, provider, own_fields)
    return _gathered(database, wanted, _Pages(client, limit, tell))


def _gathered(database: _Database, wanted: Wanted, pages: _Pages) -> FetchedPoints:
    """The points of every entry."""
    points: list[Point] = []
    left_out: list[tuple[str, str]] = []
    sources: dict[str, PointSource] = {}
    for identity, attributes in pages.entries(database.first_page(wanted, pages.limit)):
        try:
            found = list(points_of(identity, attributes, database.fields, wanted, database.prefix))
            if not found:
                raise InputError("it has no value of a known field")
        except InputError as error:
            left_out.append((one_line(str(identity)[:80]), one_line(str(error))))
            continue
        points += found
        sources[found[0].source] = database.source(found[0].source)
    if left_out and not points:
        first = ": ".join(left_out[0])
        raise ProviderError(f"{pages.client.base}: none of {pages.read} entries gives a point; {first}")
    return FetchedPoints(tuple(points), tuple(sources.values()), pages.read, tuple(left_out), pages.more)


@dataclass(frozen=True, slots=True)
class _Database:
    """What a database says of itself."""

    client: JsonClient
    title: str
    licence: str
    prefix: str
    fields: tuple[ProviderField, ...]
    columns: tuple[str, ...]

    @classmethod
    def ask(cls, client: JsonClient, provider: Provider, own: Sequence[ProviderField]) -> _Database:
        info = client.get(f"{client.base}/info")
        told = _object(info, "meta", client.base).get("provider")
        prefix = told.get("prefix") if isinstance(told, Mapping) else None
        if not (isinstance(prefix, str) and _PREFIX.fullmatch(prefix)):
            prefix = urlsplit(client.base).hostname or ""
        listed = _object(client.get(f"{client.base}/info/structures"), "data", client.base).get("properties")
        if not isinstance(listed, Mapping):
            raise ProviderError(f"{client.base}/info/structures lists no properties")
        known = {(field.path, field.property_name): field for field in (*known_fields(), *own)}
        fields = tuple(field for field in known.values() if field.column in listed)
        lacking = sorted(field.column for field in own if field.column not in listed)
        if not fields or lacking:
            there = sorted(str(name) for name in listed if str(name).startswith("_"))
            raise InputError(
                f"{client.base} has no field {lacking[0] if lacking else 'whose meaning is known'}; name one with "
                f"--field _PREFIX_FIELD=PROPERTY:UNIT; it has {', '.join(there)[:1000] or 'none of its own'}"
            )
        columns = dict.fromkeys((*COMPOSITION, *(PHASE,) * (PHASE in listed), *(field.column for field in fields)))
        data = _object(info, "data", client.base).get("attributes")
        title = f"{provider.title}{f' (doi {provider.doi})' if provider.doi else ''}"
        return cls(client, title, _licence(data), provider.name or prefix, fields, tuple(columns))

    def first_page(self, wanted: Wanted, limit: int) -> str:
        """The address of the first page."""
        asked = {
            "filter": wanted.filter(),
            "response_fields": ",".join(self.columns),
            "page_limit": min(_PAGE, limit),
        }
        return f"{self.client.base}/structures?{urlencode(asked)}"

    def source(self, name: str) -> PointSource:
        """The source of an entry's points."""
        return PointSource(name, title=f"{self.title}, entry {name.partition(':')[2]}", licence=self.licence)


@dataclass(slots=True)
class _Pages:
    """Reads pages, and sees whether they come to an end."""

    client: JsonClient
    limit: int
    tell: Callable[[int], None]
    read: int = 0
    more: bool = False

    def entries(self, first: str) -> Iterator[tuple[Any, Mapping[str, Any]]]:
        """The identity and the attributes of each entry.

        Raises:
            ProviderError: if the pages make no sense, or never end.
        """
        link: str | None = first
        addresses: set[str] = set()
        identities: set[str] = set()
        while link is not None:
            if link in addresses:
                raise ProviderError(f"{self.client.base}: its pages go round in a circle, after {self.read} entries")
            addresses.add(link)
            page = self.client.get(link)
            following = self._following(page, link)
            for entry in self._data(page, following):
                if self.read == self.limit:
                    self.more = True
                    return
                identity, attributes = self._entry(entry)
                if str(identity) in identities:
                    raise ProviderError(
                        f"{self.client.base} tells entry {str(identity)[:80]!r} twice; its pages may never end"
                    )
                identities.add(str(identity))
                self.read += 1
                yield identity, attributes
            self.tell(self.read)
            self.more = following is not None and self.read == self.limit
            link = None if self.more else following

    def _data(self, page: Mapping[str, Any], following: str | None) -> list[Any]:
        data = page.get("data")
        if not isinstance(data, list):
            raise ProviderError(f"{self.client.base}/structures has no list of entries, but {data!r:.60}")
        if not data and following:
            raise ProviderError(f"{self.client.base}: an empty page that another one follows; its pages may never end")
        return data

    def _following(self, page: Mapping[str, Any], here: str) -> str | None:
        """The address of the next page; None after the last."""
        links = page.get("links")
        link = links.get("next") if isinstance(links, Mapping) else None
        if isinstance(link, Mapping):
            link = link.get("href")
        if link is None:
            meta = page.get("meta")
            if isinstance(meta, Mapping) and meta.get("more_data_available") is True:
                raise ProviderError(f"{self.client.base} has more entries after {self.read}, and no link to them")
            return None
        if not isinstance(link, str):
            raise ProviderError(f"{self.client.base}: the link to the next page is {link!r:.60}")
        return self.client.within(link, here)

    def _entry(self, entry: Any) -> tuple[Any, Mapping[str, Any]]:
        attributes = entry.get("attributes") if isinstance(entry, Mapping) else None
        if not isinstance(attributes, Mapping):
            raise ProviderError(f"{self.client.base}/structures has an entry without attributes: {entry!r:.60}")
        return entry.get("id"), attributes


def _versioned(base: str) -> str:
    base = base.rstrip("/")
    return base if _VERSIONED.search(base) else f"{base}/v1"


def _object(document: Mapping[str, Any], name: str, base: str) -> Mapping[str, Any]:
    found = document.get(name)
    if not isinstance(found, Mapping):
        raise ProviderError(f"{base} is no OPTIMADE server: its answer has no object {name!r}")
    return found


def _licence(attributes: Any) -> str:
    """The licence that a database states for its data; empty where it states none."""
    said = attributes if isinstance(attributes, Mapping) else {}
    for name in ("available_licenses_for_entries", "available_licenses"):
        listed = said.get(name)
        names = [one[:80] for one in listed[:5] if _is_line(one)] if isinstance(listed, list) else []
        if names:
            return " OR ".join(names)
    link = said.get("license")
    link = link.get("href") if isinstance(link, Mapping) else link
    return link[:200] if _is_line(link) else ""


def _is_line(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and value.isprintable() and bool(value.strip())
