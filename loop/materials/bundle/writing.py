"""Writes a bundle: a folder that is there whole or not at all, and the same for the same points."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from alloys.errors import InputError
from alloys.files import UNFINISHED, write_atomic
from alloys.points.exported import points_csv
from loop.materials.bundle.contents import BundleFacts, Counted, citation, sources_csv, unknown_licences
from loop.materials.bundle.croissant import TABLES, column_names, croissant
from loop.materials.query import PointQuery
from loop.materials.table import MaterialsTable
from loop.store.files import usual_mode

MANIFEST = "manifest-sha256.txt"
"""The digests of all other files, as ``sha256sum --check`` reads them."""
METADATA = "croissant.json"
TITLE = "Points about materials"

_README = """\
# {title}

{description}

| file | what it is |
|---|---|
| `data/points.csv` | the points; columns are explained in `croissant.json` |
| `data/sources.csv` | where they come from: DOI, title, year, licence or `unknown`, number of points |
| `croissant.json` | metadata in Croissant 1.1: `mlcroissant validate --jsonld croissant.json` |
| `digests.json` | the question that chose these points, and the digest of the answer |
| `manifest-sha256.txt` | digests of all files: `sha256sum --check manifest-sha256.txt` |
| `CITATION.cff` | how to cite |
{campaigns}
Licences: {licences}. A source whose licence is unknown is not thereby free to use: ask its publisher.

Read again by `alloyloop materials add data/points.csv`; checked by `alloyloop materials export --check FOLDER`.
"""


@dataclass(frozen=True, slots=True)
class BundledCampaign:
    """A campaign whose configuration goes along.

    Attributes:
        name: of the campaign.
        config: its configuration, as `alloyloop run` takes it.
        digest: of what decides what it finds.
    """

    name: str
    config: Mapping[str, Any]
    digest: str


@dataclass(frozen=True, slots=True)
class WrittenBundle:
    """What was written: how many points of how many sources, and the digest of the manifest."""

    points: int
    sources: int
    unknown_licences: int
    digest: str


def write_bundle(
    table: MaterialsTable,
    query: PointQuery,
    out: Path,
    *,
    title: str = TITLE,
    campaigns: Sequence[BundledCampaign] = (),
) -> WrittenBundle:
    """Writes the points that match as a bundle.

    Args:
        table: where they are.
        query: which; the last point that may match is pinned.
        out: the folder, which must not be there.
        title: of the data.
        campaigns: whose configurations go along.

    Raises:
        InputError: if no point matches, or the folder is there.
        OSError: if it cannot be written; nothing is left of it.
    """
    if out.exists() or out.is_symlink():
        raise InputError(f"{out} is there already; name a folder that is not")
    if not title.strip() or not title.isprintable():
        raise InputError(f"a title is a line of text, got {title!r}")
    last = table.last()
    query = replace(query, until=min(query.until or last, last))
    counted, known = Counted(), table.sources()
    files = {TABLES["points"]: points_csv(counted.passing(table.points(query)), known)}
    if not counted.sources:
        raise InputError("no point of the table matches, so there is nothing to export")
    files[TABLES["sources"]] = sources_csv(counted, known, column_names("sources"))
    facts = BundleFacts.of(title.strip(), query.until or 0, counted, known)
    files |= {f"campaigns/{one.name}.yaml": _yaml(one.config) for one in campaigns}
    files["digests.json"] = _json(_digests(query, counted, table.digest(query), campaigns))
    files["CITATION.cff"] = _yaml(citation(facts))
    files["README.md"] = _readme(facts, campaigns)
    files[METADATA] = _json(croissant(facts, {path: _sha256(files[path]) for path in TABLES.values()}))
    manifest = "".join(f"{_sha256(files[path])}  {path}\n" for path in sorted(files)).encode()
    _write(out, {**files, MANIFEST: manifest})
    unknown = unknown_licences(counted.sources, known)
    return WrittenBundle(counted.sources.total(), len(counted.sources), unknown, _sha256(manifest))


def _digests(query: PointQuery, counted: Counted, digest: str, campaigns: Sequence[BundledCampaign]) -> dict[str, Any]:
    return {
        "query": query.to_json(),
        "points": counted.sources.total(),
        "digest": digest,
        "campaigns": {one.name: one.digest for one in campaigns},
        "alloyloop": version("alloyloop"),
    }


def _readme(facts: BundleFacts, campaigns: Sequence[BundledCampaign]) -> bytes:
    told = "".join(
        f"| `campaigns/{one.name}.yaml` | the configuration of the campaign {one.name} |\n" for one in campaigns
    )
    licences = "; ".join(facts.licences)
    text = _README.format(title=facts.title, description=facts.description, campaigns=told, licences=licences)
    return text.encode()


def _json(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False).encode() + b"\n"


def _yaml(document: Mapping[str, Any]) -> bytes:
    stream, yaml = io.BytesIO(), YAML()
    yaml.width = 4096
    yaml.dump(document, stream)
    return stream.getvalue()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _write(out: Path, files: Mapping[str, bytes]) -> None:
    """Writes the files of a folder, which is there when all of them are."""
    out.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=out.parent, prefix=UNFINISHED))
    try:
        for name, content in files.items():
            write_atomic(folder / name, content, mode=usual_mode(folder / name))
        folder.chmod(0o755)
        folder.rename(out)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
