"""Tables and triggers of the campaign database.

A new database is made of these; `migrations/` is how an older one gets there, and a test holds the two equal. Times
are unix seconds; JSON is canonical text; a design is its canonical text.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from loop.store.database.triggers import refuse_changes
from loop.store.states import ANSWERED, MOVES, ActKind, DataEventKind, IterationState, JobState, move_text

metadata = sa.MetaData()


def _among(column: str, values: Iterable[str]) -> str:
    return f"{column} IN ({', '.join(repr(str(value)) for value in values)})"


def _iteration_key(table: str) -> sa.ForeignKey:
    return sa.ForeignKey("iterations.index", name=f"fk_{table}_iteration")


campaign = sa.Table(
    "campaign",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("config", sa.Text, nullable=False),
    sa.Column("config_digest", sa.Text, nullable=False),
    sa.Column("seed", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
    sa.Column("code_version", sa.Text, nullable=False),
    sa.Column("created", sa.Float, nullable=False),
    sa.CheckConstraint("id = 1", name="ck_campaign_one_row"),
)

facts = sa.Table(
    "facts",  # what becomes known of the campaign as it goes on
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("last_iteration", sa.Integer),
    sa.Column("reference_point", sa.Text),
    sa.Column("code_versions", sa.Text, nullable=False),
    sa.CheckConstraint("id = 1", name="ck_facts_one_row"),
)

iterations = sa.Table(
    "iterations",
    metadata,
    sa.Column("index", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("started", sa.Float, nullable=False),
    sa.Column("finished", sa.Float),
    sa.Column("notes", sa.Text, nullable=False),
    sa.CheckConstraint('"index" >= 0', name="ck_iterations_index"),
    sa.CheckConstraint(_among("state", IterationState), name="ck_iterations_state"),
    sa.CheckConstraint("(state = 'closed') = (finished IS NOT NULL)", name="ck_iterations_finished"),
)

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("design", sa.Text, nullable=False),
    sa.Column("validator", sa.Text, nullable=False),
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("nonce", sa.Text, nullable=False),  # of this round of asking; a person's answer must name it
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
    sa.Column("conflicts", sa.Integer, nullable=False),  # results that differ, which nobody has looked at
    sa.Column("waits", sa.Integer, nullable=False),
    sa.Column("raises", sa.Integer, nullable=False),
    sa.Column("corrections", sa.Integer, nullable=False),
    sa.Column("adjustment", sa.Text, nullable=False),  # what the next try is given
    sa.Column("iteration", sa.Integer),  # as in `proposals`: a queue of any length is worked on in order by its index
    sa.Column("rank", sa.Integer),
    sa.CheckConstraint(_among("state", JobState), name="ck_jobs_state"),
    sa.CheckConstraint(
        "attempts >= 0 AND retries >= 0 AND deaths >= 0 AND conflicts >= 0 AND waits >= 0 AND raises >= 0 "
        "AND corrections >= 0",
        name="ck_jobs_counts",
    ),
    sa.CheckConstraint("(state = 'retry_wait') = (not_before IS NOT NULL)", name="ck_jobs_retry_wait"),
    sa.CheckConstraint(f"NOT ({_among('state', ANSWERED)}) OR verdict IS NOT NULL", name="ck_jobs_answered"),
)

sa.Index("ix_jobs_state", jobs.c.state, jobs.c.iteration, jobs.c.rank)
sa.Index("uq_jobs_place", jobs.c.iteration, jobs.c.rank, unique=True)
sa.Index(
    "ix_jobs_conflicts",
    jobs.c.key,
    sqlite_where=sa.text("conflicts > 0"),
    postgresql_where=sa.text("conflicts > 0"),
)

validators = sa.Table(
    "validators",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),  # of the machinery, in a row
    sa.Column("pauses", sa.Integer, nullable=False),
    sa.Column("paused", sa.Boolean, nullable=False),
    sa.Column("until", sa.Float),  # a pause without an end waits for a person
    sa.Column("message", sa.Text),
    sa.CheckConstraint("failures >= 0 AND pauses >= 0", name="ck_validators_counts"),
    sa.CheckConstraint("paused OR until IS NULL", name="ck_validators_until"),
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
    sa.Column("tier", sa.Integer, nullable=False, server_default="0"),  # of the validator that is asked; 0 the cheapest
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
    sa.Column("owner", sa.Text),  # the run that works on the job
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("error_class", sa.Text),  # of the failure that led to this move
    sa.CheckConstraint(_among("from_state", JobState), name="ck_job_events_from"),
    sa.CheckConstraint(_among("to_state", JobState), name="ck_job_events_to"),
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
    sa.Column("conflict", sa.Text),  # how a replicate differs from what was accepted
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("tier", sa.Integer),  # which of several validators said it, where no job has it as its own
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

data_events = sa.Table(
    "data_events",  # what people and files did to the data beside the queue
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.CheckConstraint(_among("kind", DataEventKind), name="ck_data_events_kind"),
)

_SEEN = sa.ForeignKey("observations.id", name="fk_withdrawals_observation")
withdrawals = sa.Table(
    "withdrawals",  # values that no longer count; the observation stays as it is
    metadata,
    sa.Column("observation", sa.Integer, _SEEN, primary_key=True, autoincrement=False),
    sa.Column("property", sa.Text, primary_key=True),  # empty for a failure
    sa.Column("event", sa.Integer, sa.ForeignKey("data_events.id", name="fk_withdrawals_event"), nullable=False),
)

known_points = sa.Table(
    "known_points",  # what the materials table said when the campaign began; it never changes for the campaign
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),  # of the point in the materials table
    sa.Column("property", sa.Text, primary_key=True),  # of the campaign; empty for an answer of one of its validators
    sa.Column("design", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("point", sa.Text, nullable=False),
)
sa.Index("ix_known_points_answer", known_points.c.design, known_points.c.source)

acts = sa.Table(
    "acts",  # what people did to the campaign as it goes on
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.CheckConstraint(_among("kind", ActKind), name="ck_acts_kind"),
)

metrics = sa.Table(
    "metrics",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("iteration", sa.Integer, _iteration_key("metrics")),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("step", sa.Integer, nullable=False),
    sa.Column("value", sa.Float),  # NULL is SQLite's not-a-number
    sa.Column("at", sa.Float, nullable=False),
)
sa.Index(
    "uq_metrics",
    sa.text("coalesce(iteration, -1)"),
    metrics.c.name,
    metrics.c.step,
    unique=True,
)

artifacts = sa.Table(
    "artifacts",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("iteration", sa.Integer, _iteration_key("artifacts")),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.CheckConstraint("length(sha256) = 64", name="ck_artifacts_sha256"),
)
sa.Index("uq_artifacts", sa.text("coalesce(iteration, -1)"), artifacts.c.name, unique=True)


# Triggers ---------------------------------------------------------------------------------------------------

_KEPT = ("campaign", "proposals", "job_events", "observations", "data_events", "withdrawals", "known_points", "acts")
"""What was recorded stays: nothing in these tables is changed or removed."""


def make_triggers(connection: sa.Connection) -> None:
    """What only triggers can hold: rows that stay as they are, and the table of moves."""
    moves = ", ".join(
        f"'{move_text(source, target)}'" for source in MOVES if source for target in sorted(MOVES[source])
    )
    kept = [
        (table, verb, f"{table} rows are never changed or removed") for table in _KEPT for verb in ("UPDATE", "DELETE")
    ]
    refused = [
        *((f"tr_{table}_no_{verb.lower()}", f"{verb} ON {table}", "", said) for table, verb, said in kept),
        ("tr_jobs_no_delete", "DELETE ON jobs", "", "jobs are never removed"),
        (
            "tr_jobs_moves",
            "UPDATE OF state ON jobs",
            f"OLD.state || '>' || NEW.state NOT IN ({moves})",
            "a job cannot make that move",
        ),
    ]
    refuse_changes(connection, refused)
