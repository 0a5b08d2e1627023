"""The first schema: no database of it is made any more, those there are go on from here.

Revision ID: 0001
"""

from __future__ import annotations

revision: str = "0001"
down_revision: str | None = None


def upgrade() -> None:
    """Nothing: a database of this revision is there already."""
