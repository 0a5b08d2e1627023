"""Spaces: which designs may be asked for. One protocol, `base.Space`, and one file for each kind."""

from __future__ import annotations

from alloys.space.alloy import AlloySpace, Limit
from alloys.space.base import Bools, Floats, Points, Space
from alloys.space.table import TableSpace

__all__ = ["AlloySpace", "Bools", "Floats", "Limit", "Points", "Space", "TableSpace"]
