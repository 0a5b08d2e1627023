"""The first schema.

Revision ID: 0001
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_STATES = (
    "('held', 'queued', 'leased', 'retry_wait', 'needs_review', 'awaiting_human', 'submitting', 'external', "
    "'retrieving', 'done', 'failed', 'cancelled')"
)
_MOVES = """
    held>queued held>awaiting_human held>cancelled
    queued>leased queued>awaiting_human queued>cancelled
    leased>done leased>failed leased>retry_wait leased>needs_review leased>queued leased>submitting leased>cancelled
    retry_wait>queued retry_wait>awaiting_human retry_wait>cancelled
    submitting>external submitting>failed submitting>retry_wait submitting>needs_review submitting>cancelled
    external>retrieving external>failed external>retry_wait external>needs_review external>cancelled
    retrieving>done retrieving>failed retrieving>retry_wait retrieving>needs_review retrieving>cancelled
    awaiting_human>awaiting_human awaiting_human>done awaiting_human>failed awaiting_human>cancelled
    needs_review>queued needs_review>awaiting_human needs_review>failed needs_review>done needs_review>cancelled
    done>done failed>failed cancelled>cancelled
"""


def upgrade() -> None:
    """Makes every table, index and trigger."""
    _campaign_and_iterations()
    _jobs()
    _validators()
    _proposals_and_events()
    _observations()
    _outbox()
    _triggers()


def _campaign_and_iterations() -> None:
    op.create_table(
        "campaign",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("config", sa.Text, nullable=False),
        sa.Column("config_digest", sa.Text, nullable=False),
        sa.Column("seed", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("code_version", sa.Text, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        sa.CheckConstraint("id = 1", name="ck_campaign_one_row"),
    )
    op.create_table(
        "iterations",
        sa.Column("index", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("started", sa.Float, nullable=False),
        sa.Column("finished", sa.Float),
        sa.Column("info", sa.Text, nullable=False),
        sa.CheckConstraint('"index" >= 0', name="ck_iterations_index"),
        sa.CheckConstraint("state IN ('proposing', 'validating', 'closed')", name="ck_iterations_state"),
        sa.CheckConstraint("(state = 'closed') = (finished IS NOT NULL)", name="ck_iterations_finished"),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("composition", sa.Text, nullable=False),
        sa.Column("validator", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("nonce", sa.Text, nullable=False),
        sa.Column("by_hand", sa.Boolean, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("retries", sa.Integer, nullable=False),
        sa.Column("deaths", sa.Integer, nullable=False),
        sa.Column("token", sa.Text),
        sa.Column("owner", sa.Text),
        sa.Column("lease_until", sa.Float),
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
        sa.UniqueConstraint("token", name="uq_jobs_token"),
        sa.CheckConstraint(f"state IN {_STATES}", name="ck_jobs_state"),
        sa.CheckConstraint(
            "attempts >= 0 AND retries >= 0 AND deaths >= 0 AND conflicts >= 0 AND waits >= 0 AND raises >= 0 "
            "AND corrections >= 0",
            name="ck_jobs_counts",
        ),
        sa.CheckConstraint(
            "state <> 'leased' OR (token IS NOT NULL AND owner IS NOT NULL AND lease_until IS NOT NULL)",
            name="ck_jobs_leased",
        ),
        sa.CheckConstraint(
            "NOT (state IN ('held', 'queued', 'retry_wait', 'awaiting_human', 'cancelled')) "
            "OR (token IS NULL AND owner IS NULL AND lease_until IS NULL)",
            name="ck_jobs_unheld",
        ),
        sa.CheckConstraint("(state = 'retry_wait') = (not_before IS NOT NULL)", name="ck_jobs_retry_wait"),
        sa.CheckConstraint("NOT (state IN ('done', 'failed')) OR verdict IS NOT NULL", name="ck_jobs_answered"),
    )
    op.create_index("ix_jobs_state", "jobs", ["state"])
    some = sa.text("conflicts > 0")
    op.create_index("ix_jobs_conflicts", "jobs", ["key"], sqlite_where=some, postgresql_where=some)


def _validators() -> None:
    op.create_table(
        "validators",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("pauses", sa.Integer, nullable=False),
        sa.Column("paused", sa.Boolean, nullable=False),
        sa.Column("until", sa.Float),
        sa.Column("message", sa.Text),
        sa.CheckConstraint("failures >= 0 AND pauses >= 0", name="ck_validators_counts"),
        sa.CheckConstraint("paused OR until IS NULL", name="ck_validators_until"),
    )


def _proposals_and_events() -> None:
    op.create_table(
        "proposals",
        sa.Column(
            "iteration",
            sa.Integer,
            sa.ForeignKey("iterations.index", name="fk_proposals_iteration"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("rank", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("composition", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("score", sa.Float, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("prediction", sa.Text),
        sa.Column("job_key", sa.Text, sa.ForeignKey("jobs.key", name="fk_proposals_job"), nullable=False),
        sa.Column("tier", sa.Integer, nullable=False, server_default="0"),
        sa.UniqueConstraint("composition", "tier", name="uq_proposals_composition"),
        sa.UniqueConstraint("job_key", name="uq_proposals_job"),
        sa.CheckConstraint("tier >= 0", name="ck_proposals_tier"),
    )
    op.create_index(
        "ix_proposals_promoted",
        "proposals",
        ["iteration"],
        sqlite_where=sa.text("tier > 0"),
        postgresql_where=sa.text("tier > 0"),
    )
    op.create_table(
        "job_events",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("key", sa.Text, sa.ForeignKey("jobs.key", name="fk_job_events_job"), nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("from_state", sa.Text),
        sa.Column("to_state", sa.Text, nullable=False),
        sa.Column("owner", sa.Text),
        sa.Column("token", sa.Text),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("error_class", sa.Text),
        sa.CheckConstraint(f"from_state IN {_STATES}", name="ck_job_events_from"),
        sa.CheckConstraint(f"to_state IN {_STATES}", name="ck_job_events_to"),
    )
    op.create_index("ix_job_events_key", "job_events", ["key", "id"])


def _observations() -> None:
    op.create_table(
        "observations",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("job_key", sa.Text, sa.ForeignKey("jobs.key", name="fk_observations_job")),
        sa.Column("token", sa.Text),
        sa.Column("iteration", sa.Integer, sa.ForeignKey("iterations.index", name="fk_observations_iteration")),
        sa.Column("composition", sa.Text, nullable=False),
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
    op.create_index(
        "uq_observations_accepted",
        "observations",
        ["job_key"],
        unique=True,
        sqlite_where=sa.text("job_key IS NOT NULL AND NOT replicate"),
        postgresql_where=sa.text("job_key IS NOT NULL AND NOT replicate"),
    )
    op.create_index("ix_observations_composition", "observations", ["composition"])
    op.create_index("ix_observations_iteration", "observations", ["iteration", "replicate"])


def _outbox() -> None:
    op.create_table(
        "metrics",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("iteration", sa.Integer, sa.ForeignKey("iterations.index", name="fk_metrics_iteration")),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("value", sa.Float),
        sa.Column("at", sa.Float, nullable=False),
    )
    op.create_index("uq_metrics", "metrics", [sa.text("coalesce(iteration, -1)"), "name", "step"], unique=True)
    op.create_table(
        "artifacts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("iteration", sa.Integer, sa.ForeignKey("iterations.index", name="fk_artifacts_iteration")),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.CheckConstraint("length(sha256) = 64", name="ck_artifacts_sha256"),
    )
    op.create_index("uq_artifacts", "artifacts", [sa.text("coalesce(iteration, -1)"), "name"], unique=True)


_KEPT = ("campaign", "proposals", "job_events", "observations")


def _triggers() -> None:
    moves = ", ".join(f"'{move}'" for move in _MOVES.split())
    if op.get_bind().dialect.name == "postgresql":
        _postgresql_triggers(moves)
        return
    # What was recorded stays: nothing in these tables is changed or removed.
    for table in _KEPT:
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER tr_{table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} rows are never changed or removed'); END"
            )
    op.execute(
        "CREATE TRIGGER tr_jobs_moves BEFORE UPDATE OF state ON jobs "
        f"WHEN OLD.state || '>' || NEW.state NOT IN ({moves}) "
        "BEGIN SELECT RAISE(ABORT, 'a job cannot make that move'); END"
    )
    op.execute(
        "CREATE TRIGGER tr_jobs_no_delete BEFORE DELETE ON jobs "
        "BEGIN SELECT RAISE(ABORT, 'jobs are never removed'); END"
    )


def _postgresql_triggers(moves: str) -> None:
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    for table in _KEPT:
        op.execute(
            f"CREATE TRIGGER tr_{table}_kept BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW "
            f"EXECUTE FUNCTION refuse_change('{table} rows are never changed or removed')"
        )
    op.execute(
        "CREATE TRIGGER tr_jobs_moves BEFORE UPDATE OF state ON jobs FOR EACH ROW "
        f"WHEN (OLD.state || '>' || NEW.state NOT IN ({moves})) "
        "EXECUTE FUNCTION refuse_change('a job cannot make that move')"
    )
    op.execute(
        "CREATE TRIGGER tr_jobs_no_delete BEFORE DELETE ON jobs FOR EACH ROW "
        "EXECUTE FUNCTION refuse_change('jobs are never removed')"
    )
