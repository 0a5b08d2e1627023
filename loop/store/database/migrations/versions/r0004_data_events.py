"""Data brought, withdrawn and corrected by hand, as events; withdrawn values are marked, and stay.

Revision ID: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"


def upgrade() -> None:
    """Makes two tables."""
    op.create_table(
        "data_events",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.CheckConstraint("kind IN ('start', 'campaign', 'add', 'withdraw', 'correct')", name="ck_data_events_kind"),
    )
    observation = sa.ForeignKey("observations.id", name="fk_withdrawals_observation")
    op.create_table(
        "withdrawals",
        sa.Column("observation", sa.Integer, observation, primary_key=True, autoincrement=False),
        sa.Column("property", sa.Text, primary_key=True),
        sa.Column("event", sa.Integer, sa.ForeignKey("data_events.id", name="fk_withdrawals_event"), nullable=False),
    )
