"""Where a campaign's files go when Ray runs it from an uploaded folder, which Ray throws away."""

from __future__ import annotations

import os
from pathlib import Path

from alloys.errors import InputError
from loop.config.schema import CampaignConfig

HOME = "ALLOYLOOP_HOME"
"""The environment variable that names the folder which relative paths begin from in such a job."""

_UPLOADED = ("runtime_resources", "working_dir_files")
"""Parts of the path of every folder that Ray unpacks an uploaded working directory into."""


def thrown_away(folder: Path) -> bool:
    """Whether a folder lies where Ray unpacks what was uploaded, and is lost when the job ends."""
    parts = folder.absolute().parts
    return any(parts[i : i + 2] == _UPLOADED for i in range(len(parts) - 1))


def folders_of(config: CampaignConfig) -> dict[str, str]:
    """The folders, and the materials table, that a campaign writes to, by the key that names each."""
    tracking = {"tracking.folder": config.tracking.folder} if config.tracking.enabled else {}
    table = "" if config.materials is None else config.materials.table
    materials = {"materials.table": table} if table and "://" not in table else {}
    return {"directory": config.directory, **tracking, **materials}


def may_be_home(home: str) -> bool:
    """Whether relative paths may begin from a folder: it is absolute, and there when the job is submitted again."""
    return Path(home).is_absolute() and not thrown_away(Path(home))


def lasting(config: CampaignConfig) -> CampaignConfig:
    """The configuration with folders that are there when the job is submitted again.

    Outside an uploaded folder it is the same. There, relative folders begin from ``ALLOYLOOP_HOME``.

    Raises:
        InputError: if a folder would be thrown away.
    """
    home = os.environ.get(HOME, "")
    kept = {key: _kept(key, Path(folder), home) for key, folder in folders_of(config).items()}
    changes: dict[str, object] = {"directory": kept["directory"]}
    if "tracking.folder" in kept:
        changes["tracking"] = config.tracking.model_copy(update={"folder": kept["tracking.folder"]})
    if config.materials is not None and "materials.table" in kept:
        changes["materials"] = config.materials.model_copy(update={"table": kept["materials.table"]})
    return config.model_copy(update=changes)


def _kept(key: str, folder: Path, home: str) -> str:
    if not thrown_away(folder):
        return str(folder)
    if home and not folder.is_absolute():
        if not may_be_home(home):
            raise InputError(f"{HOME} must be an absolute path outside Ray's session folder, got {home!r}")
        return str(Path(home) / folder)
    raise InputError(
        f"{key}: {str(folder)!r} lies in the folder that Ray unpacked this job into and throws away, so nothing would "
        f"be left to go on from; give an absolute path (--set {key}=/data/{folder.name}), or set {HOME} to the folder "
        "that relative paths begin from, where `ray start` runs or in the job's environment"
    )
