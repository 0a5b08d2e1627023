"""A campaign's database: made with its configuration, and opened again only with the same one."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from alloys.design import Design
from alloys.errors import InputError
from alloys.files import write_atomic
from alloys.records import digest_of
from loop import ROOMS
from loop.config.schema import CampaignConfig
from loop.store import CampaignExists, CampaignStore
from loop.store.database.postgresql import parse_url, url_in
from validation.tier import Tier

DATABASE = "campaign.db"
URL = "campaign.url"
"""The file that names the server of a campaign that is not in a file."""
MAY_CHANGE = (
    "iterations, validation, stop, schedule, cluster, tracking, directory, materials.table, validator.settings.run and "
    "validator.cost"
)
"""What of a configuration may change while a campaign goes on: where and how long it runs, not what it finds."""

log = logging.getLogger(__name__)


_ROOT = Path(__file__).resolve().parents[2]


@cache
def code_version() -> str:
    """The version of the program, and twelve digits of the digest of its source, as in ``0.1.0+3f5a0c2b9d1e``."""
    try:
        number = version("alloyloop")
    except PackageNotFoundError:
        number = "unknown"
    sources = sorted(path for room in ROOMS for path in (_ROOT / room).rglob("*.py"))
    content = [[str(path.relative_to(_ROOT)), hashlib.sha256(path.read_bytes()).hexdigest()] for path in sources]
    return f"{number}+{digest_of(content)[:12]}"


def open_store(
    config: CampaignConfig,
    tiers: Sequence[Tier],
    table: Sequence[Design],
    clock: Callable[[], float] = time.time,
    *,
    data: Sequence[str] = (),
) -> CampaignStore:
    """Makes the database of a campaign, or opens it.

    Args:
        config: its configuration.
        tiers: its validators.
        table: the start table.
        data: digests of the files that it begins with; a campaign that is there keeps those that it was made with.
        clock: gives unix seconds.

    Raises:
        InputError: if the campaign began with another configuration, naming what differs.
    """
    path, identity = _place(config), _identity(config, tiers, table) | ({"data": list(data)} if data else {})
    try:
        # Also where a first attempt ended before anything was written.
        return CampaignStore.create(
            path, name=config.name, config=identity, seed=config.seed, code_version=code_version(), clock=clock
        )
    except CampaignExists:
        store = CampaignStore.open(path, clock)
    try:
        _refuse_change(store.campaign().config, identity, config.name)
        _tell_version(store)
    except BaseException:
        store.close()
        raise
    return store


def _identity(config: CampaignConfig, tiers: Sequence[Tier], table: Sequence[Design]) -> dict[str, Any]:
    """What a campaign is known by; a single ``validator`` is written as itself, not as a list of one."""
    fingerprints = [tier.fingerprint for tier in tiers]
    identity: dict[str, Any] = {
        "science": config.science(),
        "validator": fingerprints if config.validators else fingerprints[0],
        "table": digest_of([design.canonical() for design in table]),
    }
    content = config.space.content_digest()
    if content is not None:
        identity["candidates"] = content
    return identity | ({"tiers": [tier.to_json() for tier in tiers]} if config.validators else {})


def _tell_version(store: CampaignStore) -> None:
    """Records the version of the program that goes on with the campaign, and says so where it is another one."""
    before = store.go_on_with(code_version())
    if before is not None:
        log.warning(
            "the campaign was driven by version %s of the program so far, and is by %s from now on, which is recorded; "
            "everything known stays, but a resumed campaign ends as one left alone only under one version",
            before,
            code_version(),
        )


def state_url(config: CampaignConfig) -> sa.URL | None:
    """Where the campaign's database is on a server, or None where it is a file.

    Raises:
        InputError: if ``state`` is not such a URL.
    """
    return parse_url(config.state, schema=config.name) if config.state is not None else None


def _place(config: CampaignConfig) -> Path:
    """The campaign's database file, or the file that names its server, which is written once.

    Raises:
        InputError: if the campaign is elsewhere than the configuration says.
    """
    file, pointer, url = config.folder / DATABASE, config.folder / URL, state_url(config)
    there = url_in(pointer)
    if there is not None and there != url:
        raise InputError(f"state: the campaign {config.name!r} is at {there}, got {url or 'nothing'}")
    if url is None:
        return file
    if file.exists():
        raise InputError(f"state: the campaign {config.name!r} is in {file}, not on a server")
    if there is None:
        write_atomic(pointer, f"{url}\n".encode())
    return pointer


def _refuse_change(stored: Mapping[str, Any], given: Mapping[str, Any], name: str) -> None:
    changes = _differences(stored["science"], given["science"])
    if stored["validator"] != given["validator"] and not changes:
        was, now = stored["validator"], given["validator"]
        changes = [f"validator: its version or its database changed since the campaign began: was {was!r}, now {now!r}"]
    if stored.get("candidates") != given.get("candidates") and not changes:
        changes = ["space.file: what it says changed since the campaign began"]
    if stored["table"] != given["table"] and not changes:
        was, now = stored["table"][:12], given["table"][:12]
        changes = [f"start.table: the table of known alloys changed since the campaign began: was {was}, now {now}"]
    if changes:
        raise InputError(
            f"the campaign {name!r} was begun with another configuration:\n  "
            + "\n  ".join(changes)
            + f"\nOnly {MAY_CHANGE} may change. Take it back, or use --name for a new campaign"
        )


def _differences(old: Any, new: Any, path: str = "") -> list[str]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        keys: Sequence[str] = sorted({*old, *new})
        return [
            line for key in keys for line in _differences(old.get(key), new.get(key), f"{path}.{key}" if path else key)
        ]
    if old == new:
        return []
    if isinstance(old, list) and isinstance(new, list) and old and new:
        gone, more = [item for item in old if item not in new], [item for item in new if item not in old]
        if gone or more:
            parts = [f"without {item!r}" for item in gone] + [f"with {item!r}" for item in more]
            return [f"{path}: now {', '.join(parts)}"]
    return [f"{path}: was {_said(old)}, now {_said(new)}"]


def _said(value: Any) -> str:
    return "not set" if value is None or value == {} else repr(value)
