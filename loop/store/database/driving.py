"""Who drives a campaign whose database is a file."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


def driver_of(campaign_dir: Path) -> str | None:
    """Which process of this host drives the campaign in a folder; None where none does."""
    try:
        fd = os.open(campaign_dir / "driver.lock", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.read(fd, 1000).decode(errors="replace").strip() or "another process"
    finally:
        os.close(fd)  # lets go of it
    return None


def other_driver(campaign_dir: Path) -> str | None:
    """Which other process drives the campaign in a folder of this host; None where none does, or this one."""
    owner = driver_of(campaign_dir)
    return None if owner is None or f" pid {os.getpid()} " in owner else owner
