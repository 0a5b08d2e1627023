"""The tables that revision 0003 made anew, as they were then; whatever comes later stands in later revisions."""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()
_STATES = "'held', 'queued', 'running', 'retry_wait', 'needs_review', 'awaiting_human', 'done', 'failed', 'cancelled'"

sa.Table("iterations", metadata, sa.Column("index", sa.Integer, primary_key=True))  # referred to, not made


def _iteration_key(table: str) -> sa.ForeignKey:
    return sa.ForeignKey("iterations.index", name=f"fk_{table}_iteration")


facts = sa.Table(
    "facts",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("last_iteration", sa.Integer),
    sa.Column("reference_point", sa.Text),
    sa.Column("code_versions", sa.Text, nullable=False),
    sa.CheckConstraint("id = 1", name="ck_facts_one_row"),
)

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("design", sa.Text, nullable=False),
    sa.Column("validator", sa.Text, nullable=False),
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("nonce", sa.Text, nullable=False),
    sa.Column("by_hand", sa.Boolean, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("retries", sa.Integer, nullable=False),
    sa.Column("deaths", sa.Integer, nullable=False),
    sa.Column("not_before", sa.Float),
    sa.Column("error_class", sa.Text),
    sa.Column("message", sa.Text),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("updated", sa.Float, nullable=False),
    sa.Column("verdict", sa.Text),
    sa.Column("conflicts", sa.Integer, nullable=False),
    sa.Column("waits", sa.Integer, nullable=False),
    sa.Column("raises", sa.Integer, nullable=False),
    sa.Column("corrections", sa.Integer, nullable=False),
    sa.Column("adjustment", sa.Text, nullable=False),
    sa.Column("iteration", sa.Integer),
    sa.Column("rank", sa.Integer),
    sa.CheckConstraint(f"state IN ({_STATES})", name="ck_jobs_state"),
    sa.CheckConstraint(
        "attempts >= 0 AND retries >= 0 AND deaths >= 0 AND conflicts >= 0 AND waits >= 0 AND raises >= 0 "
        "AND corrections >= 0",
        name="ck_jobs_counts",
    ),
    sa.CheckConstraint("(state = 'retry_wait') = (not_before IS NOT NULL)", name="ck_jobs_retry_wait"),
    sa.CheckConstraint("NOT (state IN ('done', 'failed')) OR verdict IS NOT NULL", name="ck_jobs_answered"),
)
sa.Index("ix_jobs_state", jobs.c.state, jobs.c.iteration, jobs.c.rank)
sa.Index("uq_jobs_place", jobs.c.iteration, jobs.c.rank, unique=True)
sa.Index(
    "ix_jobs_conflicts",
    jobs.c.key,
    sqlite_where=sa.text("conflicts > 0"),
    postgresql_where=sa.text("conflicts > 0"),
)

proposals = sa.Table(
    "proposals",
    metadata,
    sa.Column("iteration", sa.Integer, _iteration_key("proposals"), primary_key=True, autoincrement=False),
    sa.Column("rank", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("design", sa.Text, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("score", sa.Float, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("prediction", sa.Text),
    sa.Column("job_key", sa.Text, sa.ForeignKey("jobs.key", name="fk_proposals_job"), nullable=False),
    sa.Column("tier", sa.Integer, nullable=False, server_default="0"),
    sa.UniqueConstraint("design", "tier", name="uq_proposals_design"),
    sa.UniqueConstraint("job_key", name="uq_proposals_job"),
    sa.CheckConstraint("tier >= 0", name="ck_proposals_tier"),
)
sa.Index(
    "ix_proposals_promoted",
    proposals.c.iteration,
    sqlite_where=sa.text("tier > 0"),
    postgresql_where=sa.text("tier > 0"),
)

job_events = sa.Table(
    "job_events",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("key", sa.Text, sa.ForeignKey("jobs.key", name="fk_job_events_job"), nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("from_state", sa.Text),
    sa.Column("to_state", sa.Text, nullable=False),
    sa.Column("owner", sa.Text),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("error_class", sa.Text),
    sa.CheckConstraint(f"from_state IN ({_STATES})", name="ck_job_events_from"),
    sa.CheckConstraint(f"to_state IN ({_STATES})", name="ck_job_events_to"),
)
sa.Index("ix_job_events_key", job_events.c.key, job_events.c.id)

observations = sa.Table(
    "observations",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("job_key", sa.Text, sa.ForeignKey("jobs.key", name="fk_observations_job")),
    sa.Column("iteration", sa.Integer, _iteration_key("observations")),
    sa.Column("design", sa.Text, nullable=False),
    sa.Column("values", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("failure", sa.Text),
    sa.Column("stds", sa.Text),
    sa.Column("replicate", sa.Boolean, nullable=False),
    sa.Column("conflict", sa.Text),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("tier", sa.Integer),
    sa.CheckConstraint("(\"values\" = '{}') = (failure IS NOT NULL)", name="ck_observations_content"),
    sa.CheckConstraint("conflict IS NULL OR replicate", name="ck_observations_conflict"),
    sa.CheckConstraint("tier IS NULL OR (tier >= 0 AND job_key IS NULL)", name="ck_observations_tier"),
)
sa.Index(
    "uq_observations_accepted",
    observations.c.job_key,
    unique=True,
    sqlite_where=sa.text("job_key IS NOT NULL AND NOT replicate"),
    postgresql_where=sa.text("job_key IS NOT NULL AND NOT replicate"),
)
sa.Index("ix_observations_design", observations.c.design)
sa.Index("ix_observations_iteration", observations.c.iteration, observations.c.replicate)
