"""The files of a campaign that begins from a pandas frame: the frame as a table, and a configuration around it."""

from __future__ import annotations

import io
import logging
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from alloys.composition import Composition, composition_of
from alloys.errors import InputError, first_line
from alloys.files import write_atomic
from alloys.intake.drafting import Draft, draft
from alloys.intake.guessing import Guess, guess
from alloys.intake.spaces import space_around
from alloys.intake.tables import read_table
from alloys.physics.registry import get_physics
from loop.config.reading import check_config
from loop.config.schema import valid_name

log = logging.getLogger(__name__)

_HEAD = "# Begun from a frame by Campaign.from_frame; docs/reference/config.md explains every key.\n"
_PHYSICS = "generic"


def write_campaign(
    table: pd.DataFrame,
    goals: Sequence[tuple[str, str]],
    constraints: Sequence[str],
    name: str,
    directory: Path,
    balance: str | None,
    settings: Mapping[str, Any],
) -> tuple[Path, list[Path]]:
    """Writes ``table.csv`` and ``campaign.yaml`` into the folder of a campaign, unless they are there.

    Args:
        table: results: formulas or amounts, and properties.
        goals: as `alloys.intake.drafting.draft` takes them.
        constraints: such as ``hardness >= 300``.
        name: of the campaign.
        directory: where campaigns lie.
        balance: the element that takes the rest to 100 %, if a person says so.
        settings: further keys of the configuration.

    Returns:
        the path of the configuration, and the files that were not there before.

    Raises:
        InputError: if the frame cannot be understood, the configuration would be none, or the campaign is there and
            began otherwise. Nothing is written then.
    """
    folder = directory / valid_name(name)
    data, config = folder / "table.csv", folder / "campaign.yaml"
    rows = _text(table)
    drafted, found = _drafted(rows, goals, constraints, data, balance)
    document = {**_document(drafted), "name": name, "directory": str(directory), **settings}
    contents = {data: rows.encode(), config: _yaml(document).encode()}
    if config.exists():
        if any(not path.exists() or path.read_bytes() != content for path, content in contents.items()):
            raise InputError(
                f"the campaign {name!r} in {directory} began with another table or other settings; give another name, "
                f"or go on with Campaign.open({str(config)!r})"
            )
        return config, []
    if folder.exists():
        raise InputError(f"there is a campaign {name!r} in {directory} already; give another name")
    _write(contents, config)
    _tell(drafted, found)
    return config, list(contents)


def _yaml(document: Mapping[str, Any]) -> str:
    stream = io.StringIO(_HEAD)
    stream.seek(0, io.SEEK_END)
    try:
        YAML(typ="safe").dump(document, stream)
    except YAMLError as error:
        raise InputError(f"settings must be plain values, lists and mappings: {first_line(error)}") from error
    return stream.getvalue()


def _text(table: pd.DataFrame) -> str:
    """The frame as the text of a table."""
    if not isinstance(table, pd.DataFrame):
        raise InputError(f"from_frame takes a pandas DataFrame, got {type(table).__name__}")
    if table.empty or table.columns.nlevels > 1:
        raise InputError("the frame has no rows, or several rows of column names; give one row of names, and results")
    named = [name for name in table.index.names if name is not None and name not in table.columns]
    plain = table.reset_index(level=named) if named else table.copy()
    for place, column in enumerate(plain.dtypes):
        if pd.api.types.is_object_dtype(column):
            cells = [_written(cell) for cell in plain.iloc[:, place]]
            plain.isetitem(place, pd.Series(cells, plain.index, dtype=object).array)
    return plain.to_csv(index=False)


def _written(cell: Any) -> Any:
    """A cell as a table's text has it: a composition of pymatgen's as a formula that says it exactly."""
    composition = None if isinstance(cell, Composition) else composition_of(cell)
    return cell if composition is None else composition.exactly()


def _drafted(
    rows: str, goals: Sequence[tuple[str, str]], constraints: Sequence[str], data: Path, balance: str | None
) -> tuple[Draft, Guess]:
    if not goals and not constraints:
        raise InputError("name a goal: maximize, minimize or match a property of the frame, or constraints alone")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / data.name
        path.write_text(rows, "utf-8")
        raw = read_table(path)
    found = guess(raw, "", balance)
    drafted = draft(raw, found, goals, constraints, get_physics(_PHYSICS), "the frame")
    return replace(drafted, entry=drafted.entry.model_copy(update={"file": str(data)})), found


def _document(drafted: Draft) -> dict[str, Any]:
    """The keys of the configuration."""
    compositions = [row.design.composition for row in drafted.intake.rows]
    space = space_around(compositions, by_weight=drafted.entry.basis == "wt.%", varied=bool(drafted.variables)).keys
    return {
        "physics": _PHYSICS,
        "space": space | ({"variables": drafted.variables} if drafted.variables else {}),
        "properties": {name: dict(own) for name, own in drafted.properties.items()},
        "data": [drafted.entry.model_dump(exclude_defaults=True)],
        "objectives": list(drafted.objectives),
        "constraints": list(drafted.constraints),
        "validator": {"name": "human"},
        "start": {"from_table": 0.0},
        "cluster": {"executor": "local"},
        "tracking": {"enabled": False},
    }


def _tell(drafted: Draft, found: Guess) -> None:
    """What was assumed of the frame, and which rows are not read for it; others are told as they are recorded."""
    for told in found.amounts.assumed if found.amounts else ():
        log.warning("assumed: %s", told)
    for name, each in drafted.processing.variables.items():
        log.warning("column %r is the variable %s of the space", each.column, name)
    for column, why in drafted.processing.left_out:
        log.warning("column %r is no variable: %s", column, why)
    for column, kept, others in drafted.fixed:
        log.warning("rows with %s in column %r are read, %d with others are not", " or ".join(kept), column, others)
    for column in drafted.mixed:
        log.warning("column %r is taken for a condition of the test; rows that differ in it are read alike", column)


def _write(contents: Mapping[Path, bytes], config: Path) -> None:
    """Writes all files, or none if the configuration is wrong."""
    try:
        for path, content in contents.items():
            write_atomic(path, content, mode=0o644)
        _, mistakes = check_config(config)
        if mistakes:
            raise InputError("the frame and the settings make no campaign: " + "; ".join(mistakes))
    except BaseException as error:
        remove(list(contents))
        if isinstance(error, OSError):
            raise InputError(f"cannot write into {config.parent}: {error.strerror or error}") from error
        raise


def remove(files: Sequence[Path]) -> None:
    """Removes files of a campaign that could not begin, and its folder if nothing else is in it."""
    for path in files:
        path.unlink(missing_ok=True)
    with suppress(OSError):
        files[0].parent.rmdir()
