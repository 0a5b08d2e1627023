"""What a bundle says of itself: title, authors, licences, and the sources of its points."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from alloys.errors import InputError
from alloys.points.csv_cells import escape
from alloys.points.doi import doi_of
from alloys.points.point import Point, PointKind, PointSource
from loop.materials.records import StoredPoint

UNKNOWN = "unknown"
"""What stands for a licence that nobody stated."""
_DATABASE = re.compile(r"\(doi (10\.[0-9]{4,9}/\S+)\), entry ")
"""How the source of a database's entry names the database's paper."""


@dataclass(slots=True)
class Counted:
    """What is counted of points as they pass."""

    sources: Counter[str] = field(default_factory=Counter)
    kinds: Counter[PointKind] = field(default_factory=Counter)
    properties: Counter[str] = field(default_factory=Counter)
    authors: set[str] = field(default_factory=set)
    at: float = 0.0

    def passing(self, points: Iterable[StoredPoint]) -> Iterator[Point]:
        """The points, counted."""
        for stored in points:
            self.sources[stored.point.source] += 1
            self.kinds[stored.point.kind] += 1
            self.properties[stored.point.property_name] += 1
            self.authors.add(stored.who)
            self.at = max(self.at, stored.at)
            yield stored.point


@dataclass(frozen=True, slots=True)
class BundleFacts:
    """What a bundle says of itself.

    Attributes:
        title: of the data.
        until: number of the last point of the table that may be in it.
        date: of its newest point, as ``2026-11-30``.
        authors: who added the points.
        properties: that there are points of.
        licences: that sources state, and how many state none.
        description: in a few sentences.
    """

    title: str
    until: int
    date: str
    authors: tuple[str, ...]
    properties: tuple[str, ...]
    licences: tuple[str, ...]
    description: str

    @classmethod
    def of(cls, title: str, until: int, counted: Counted, sources: Mapping[str, PointSource]) -> BundleFacts:
        """The facts of points that were counted."""
        named = [source_of(name, sources) for name in sorted(counted.sources)]
        unknown = unknown_licences(counted.sources, sources)
        stated = sorted({source.licence for source in named if source.licence})
        told = [f"{UNKNOWN} for {unknown} of {len(named)} sources, see data/sources.csv"] if unknown else []
        kinds = ", ".join(f"{number} of kind {kind}" for kind, number in sorted(counted.kinds.items()))
        properties = tuple(sorted(name for name in counted.properties if name))
        text = (
            f"{counted.kinds.total()} points about materials ({kinds}) from {len(named)} sources, each one value of "
            "one property under its conditions. Nothing is averaged; predicted points are no measurements. Properties: "
            f"{', '.join(properties) or 'none'}."
        )
        date = datetime.fromtimestamp(counted.at, UTC).date().isoformat()
        return cls(title, until, date, tuple(sorted(counted.authors)), properties, (*stated, *told), text)

    @property
    def version(self) -> str:
        """A version as others write it, of how much the table held."""
        return f"{self.until}.0.0"

    @property
    def cite_as(self) -> str:
        """The bundle as an entry of BibTeX."""
        words = {"title": self.title, "author": " and ".join(f"{{{who}}}" for who in self.authors)}
        words |= {"year": self.date[:4], "version": self.version}
        inside = ", ".join(f"{name} = {{{text}}}" for name, text in words.items())
        return f"@misc{{points{self.until}, {inside}}}"


def source_of(name: str, sources: Mapping[str, PointSource]) -> PointSource:
    """What is known of a source: its name alone, if nothing else."""
    return sources.get(name, PointSource(name))


def unknown_licences(names: Iterable[str], sources: Mapping[str, PointSource]) -> int:
    """Of how many sources nobody stated the licence."""
    return sum(not source_of(name, sources).licence for name in names)


def doi_in(source: PointSource) -> str:
    """The DOI of a source, or of the database that it is an entry of; empty where none is said."""
    try:
        return doi_of(source.name)
    except InputError:
        found = _DATABASE.search(source.title)
        return found[1] if found else ""


def sources_csv(counted: Counted, sources: Mapping[str, PointSource], head: list[str]) -> bytes:
    """The sources as CSV, one a line, by name; a licence that nobody stated is said as unknown."""
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow(head)
    for name in sorted(counted.sources):
        source = source_of(name, sources)
        rows.writerow(
            [
                escape(name),
                doi_in(source),
                escape(source.title),
                "" if source.year is None else source.year,
                escape(source.licence) or UNKNOWN,
                counted.sources[name],
            ]
        )
    return text.getvalue().encode()


def citation(facts: BundleFacts) -> dict[str, Any]:
    """The document of ``CITATION.cff`` (version 1.2.0 of the Citation File Format)."""
    return {
        "cff-version": "1.2.0",
        "message": "If you use these data, please cite them and the sources of the points you use: data/sources.csv.",
        "type": "dataset",
        "title": facts.title,
        "abstract": facts.description,
        "version": facts.version,
        "date-released": facts.date,
        "authors": [{"name": who} for who in facts.authors],
        "keywords": list(facts.properties) or ["materials"],
    }
