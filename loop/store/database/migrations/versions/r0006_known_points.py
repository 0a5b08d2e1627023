"""What the materials table said when a campaign began.

Revision ID: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"


def upgrade() -> None:
    """Makes a table."""
    op.create_table(
        "known_points",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("property", sa.Text, primary_key=True),
        sa.Column("design", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("point", sa.Text, nullable=False),
    )
    op.create_index("ix_known_points_answer", "known_points", ["design", "source"])
