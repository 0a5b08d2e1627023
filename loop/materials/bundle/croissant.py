"""The Croissant metadata of a bundle: which files it has, and what their columns mean.

The form is that of version 1.1 of the specification, https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from alloys.files import packaged_rows, packaged_text
from loop.materials.bundle.contents import BundleFacts

VERSION = "http://mlcommons.org/croissant/1.1"
TABLES = {"points": "data/points.csv", "sources": "data/sources.csv"}
_KEYS = {"sources": "source"}
"""The column whose cells tell rows of a table apart."""


def croissant(facts: BundleFacts, digests: Mapping[str, str]) -> dict[str, Any]:
    """The metadata of a bundle.

    Args:
        facts: what the bundle says of itself.
        digests: sha256 of the tables by their paths.
    """
    return {
        "@context": json.loads(packaged_text("loop.materials.bundle", "croissant_context.json")),
        "@type": "sc:Dataset",
        "conformsTo": VERSION,
        "name": facts.title,
        "description": facts.description,
        "version": facts.version,
        "datePublished": facts.date,
        "license": facts.licences,
        "creator": [{"@type": "sc:Organization", "name": who} for who in facts.authors],
        "citeAs": facts.cite_as,
        "keywords": ["materials", "alloys", *facts.properties],
        "distribution": [_file(name, path, digests[path]) for name, path in TABLES.items()],
        "recordSet": [_record_set(name, path) for name, path in TABLES.items()],
    }


def column_names(table: str) -> list[str]:
    """The columns of one of the tables, in their order."""
    return [row["column"] for row in columns() if row["file"] == table]


@cache
def columns() -> Sequence[Mapping[str, str]]:
    """What the columns of the tables mean (``columns.csv``)."""
    return tuple(packaged_rows("loop.materials.bundle", "columns.csv"))


def _file(name: str, path: str, digest: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": path,
        "name": path,
        "description": f"the {name}, one a line",
        "contentUrl": path,
        "encodingFormat": "text/csv",
        "sha256": digest,
    }


def _record_set(name: str, path: str) -> dict[str, Any]:
    fields = [
        {
            "@type": "cr:Field",
            "@id": f"{name}/{row['column']}",
            "name": row["column"],
            "description": row["description"],
            "dataType": row["type"],
            "source": {"fileObject": {"@id": path}, "extract": {"column": row["column"]}},
        }
        for row in columns()
        if row["file"] == name
    ]
    key = {"key": {"@id": f"{name}/{_KEYS[name]}"}} if name in _KEYS else {}
    return {"@type": "cr:RecordSet", "@id": name, "name": name, **key, "field": fields}
