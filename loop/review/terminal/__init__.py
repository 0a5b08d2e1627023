"""What a campaign shows on a terminal, and how tables fit one of any width."""

from __future__ import annotations

from enum import StrEnum


class Log(StrEnum):
    """How much a run tells: what it does now, overwritten; a line for each stage; or only what goes wrong."""

    LIVE = "live"
    PLAIN = "plain"
    QUIET = "quiet"
