"""The files of results that a campaign begins with, as its configuration maps them."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from alloys.errors import InputError, MistakesError
from alloys.intake.mapping import PropertyColumn, TableMap
from alloys.intake.reading import Intake, read_mapped
from alloys.intake.tables import read_table
from alloys.properties import Property
from alloys.records import Observation


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file that was read.

    Attributes:
        entry: how.
        sha256: of its content.
        intake: its rows, and what was left out.
    """

    entry: TableMap
    sha256: str
    intake: Intake

    @property
    def rows(self) -> list[Observation]:
        """Its rows as observations; one without a source is the file's."""
        name = Path(self.entry.file).name
        return [Observation(row.design, row.values, row.source or name, None, row.stds) for row in self.intake.rows]

    @property
    def notes(self) -> list[str]:
        """What was left out of it: each kind of reason with its first lines; the most frequent one first."""
        kinds: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
        for line, why in sorted([*self.intake.dropped, *self.intake.unread]):
            kinds[why.partition(":")[0]].append((line, why))
        return [
            f"{self.entry.file}, line{'s' * (len(found) > 1)} {', '.join(str(line) for line, _ in found[:5])}"
            f"{f' and {len(found) - 5} more' if len(found) > 5 else ''}: {found[0][1]}"
            for found in sorted(kinds.values(), key=lambda found: -len(found))
        ]


def read_data(entries: Sequence[TableMap], properties: Mapping[str, Property]) -> list[DataFile]:
    """Reads the files of a configuration.

    Raises:
        MistakesError: naming each that cannot be read by its map, or has no row.
    """
    files, mistakes = [], []
    for i, entry in enumerate(entries):
        try:
            files.append(_read(entry, properties))
        except InputError as error:
            mistakes.append(((i,), str(error)))
    if mistakes:
        raise MistakesError(mistakes)
    return files


def _read(entry: TableMap, properties: Mapping[str, Property]) -> DataFile:
    intake = read_mapped(entry, properties)
    if not intake.rows:
        first = f"; line {intake.dropped[0][0]}: {intake.dropped[0][1]}" if intake.dropped else ""
        raise InputError(f"{entry.file}: no row has an alloy with a value{first}")
    with Path(entry.file).open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return DataFile(entry, digest, intake)


_COLUMN = re.compile(r"\s*(?P<name>[a-z0-9_]+?)(?P<std>_std)?\s*(?:[\[(]\s*(?P<unit>.+?)\s*[\])])?\s*")


def map_for(path: Path, entries: Sequence[TableMap], properties: Mapping[str, Property]) -> TableMap:
    """How a file is read: as the entry for a file of that name says, else by heads that name properties.

    Such a file has a column ``formula``, ``NAME [UNIT]`` for properties, and ``NAME_std`` for standard deviations.

    Raises:
        InputError: if it has none of them.
    """
    for entry in entries:
        if Path(entry.file).name == path.name:
            return entry.model_copy(update={"file": str(path)})
    header = read_table(path).header
    heads = {head: found for head in header if (found := _COLUMN.fullmatch(head)) and found["name"] in properties}
    stds = {found["name"]: head for head, found in heads.items() if found["std"]}
    columns = {
        found["name"]: PropertyColumn(column=head, unit=found["unit"], std=stds.get(found["name"]))
        for head, found in heads.items()
        if not found["std"]
    }
    if "formula" not in header or not columns:
        raise InputError(
            f"{path}: needs a column 'formula' and columns named after properties, or an entry in `data` for a file of "
            f"this name; it has {', '.join(map(repr, header[:12]))}"
        )
    return TableMap(file=str(path), formula="formula", properties=columns)
