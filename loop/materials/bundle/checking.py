"""Checks a bundle: its digests, its metadata as `mlcroissant` judges them, and its records against its tables."""

from __future__ import annotations

import csv
import hashlib
import json
import logging
import math
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alloys.errors import InputError
from alloys.points.exported import read_exported
from loop.materials.bundle.croissant import TABLES, columns
from loop.materials.bundle.writing import MANIFEST, METADATA


@dataclass(frozen=True, slots=True)
class CheckedBundle:
    """What a check found.

    Attributes:
        points: how many were read.
        records: how many `mlcroissant` read, of all tables.
        problems: all that is wrong.
        warnings: what `mlcroissant` would like to have.
    """

    points: int
    records: int
    problems: tuple[str, ...]
    warnings: tuple[str, ...]


def check_bundle(folder: Path) -> CheckedBundle:
    """Looks whether a bundle is what it says.

    Raises:
        InputError: if it is no bundle.
    """
    if not (folder / MANIFEST).is_file() or not (folder / METADATA).is_file():
        raise InputError(f"{folder} is no bundle: it has no {MANIFEST} or no {METADATA}")
    problems = list(_digest_problems(folder))
    if problems:
        return CheckedBundle(0, 0, tuple(problems), ())
    points = _points(folder, problems)
    records, warnings = _croissant(folder, problems)
    return CheckedBundle(points, records, tuple(problems), tuple(warnings))


def _digest_problems(folder: Path) -> Iterator[str]:
    lines = (folder / MANIFEST).read_text("utf-8", "replace").splitlines()
    told = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()} - {MANIFEST}
    yield from (f"{name} is in {MANIFEST}, and not there" for name in sorted(told.keys() - there))
    yield from (f"{name} is there, and not in {MANIFEST}" for name in sorted(there - told.keys()))
    for name in sorted(told.keys() & there):
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != told[name]:
            yield f"{name} was changed: its sha256 is not that of {MANIFEST}"


def _points(folder: Path, problems: list[str]) -> int:
    """How many points are there; their digest is that of the table they come from."""
    read = read_exported(folder / TABLES["points"])
    if read is None:
        problems.append(f"{TABLES['points']} is no table of points")
        return 0
    found = hashlib.sha256(b"".join(bytes.fromhex(point.key) for point in read.points)).hexdigest()
    if found != json.loads((folder / "digests.json").read_bytes()).get("digest"):
        problems.append("the digest of the points is not that of digests.json")
    return len(read.points)


def _croissant(folder: Path, problems: list[str]) -> tuple[int, list[str]]:
    """How many records `mlcroissant` reads, and its warnings."""
    logging.getLogger("absl").setLevel(logging.ERROR)
    import mlcroissant  # late: with pandas and rdflib

    if not _stays_here(folder / METADATA):
        problems.append(f"{METADATA}: its files are not {' and '.join(TABLES.values())} of this folder")
        return 0, []
    records = 0
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of libraries below it
            dataset = mlcroissant.Dataset(jsonld=folder / METADATA)
            for name, path in TABLES.items():
                for number, differences in enumerate(_compared(dataset.records(name), name, folder / path), 1):
                    records += 1
                    problems += [f"{path}, record {number}: {what}" for what in differences]
    except Exception as error:  # it raises whatever its libraries do
        problems.append(f"{METADATA}: {type(error).__name__}: {' '.join(str(error).split())[:500]}")
        return records, []
    return records, sorted(dataset.metadata.ctx.issues.warnings)


def _stays_here(metadata: Path) -> bool:
    """Whether the metadata names the tables alone: `mlcroissant` would fetch others, from anywhere."""
    try:
        document = json.loads(metadata.read_bytes())
        named = [file["contentUrl"] for file in document["distribution"]]
    except (ValueError, LookupError, TypeError, RecursionError):
        return False
    return isinstance(document.get("@context"), dict) and sorted(named) == sorted(TABLES.values())


def _compared(records: Iterable[Mapping[str, Any]], name: str, path: Path) -> Iterator[list[str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        for record, row in zip(records, csv.DictReader(stream), strict=True):
            yield list(_differences(name, record, row))


def _differences(table: str, record: Mapping[str, Any], row: Mapping[str, str]) -> Iterator[str]:
    """Columns in which a record is not what the line says."""
    for column in columns():
        if column["file"] == table:
            name = column["column"]
            if not _same(record.get(f"{table}/{name}"), row[name], column["type"]):
                yield f"{name} is {record.get(f'{table}/{name}')!r}, and the line says {row[name]!r}"


def _same(value: Any, cell: str, kind: str) -> bool:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return cell == "" or kind == "sc:Text"  # pandas takes words such as NA for nothing
    if kind == "sc:Text":
        return (value.decode() if isinstance(value, bytes) else str(value)) == cell
    return cell != "" and math.isclose(float(value), float(cell), rel_tol=1e-14)
