"""Jobs know their place, so that the next ones are found by an index however many are queued.

Revision ID: 0002
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Adds iteration and rank to the jobs, as their proposals have them, and the indexes."""
    op.add_column("jobs", sa.Column("iteration", sa.Integer))
    op.add_column("jobs", sa.Column("rank", sa.Integer))
    op.execute("UPDATE jobs SET iteration = p.iteration, rank = p.rank FROM proposals AS p WHERE p.job_key = jobs.key")
    op.drop_index("ix_jobs_state", "jobs")
    op.create_index("ix_jobs_state", "jobs", ["state", "iteration", "rank"])
    op.create_index("uq_jobs_place", "jobs", ["iteration", "rank"], unique=True)
