"""Weekends, rosters, plans, jobs and the record of who did what."""

import sqlalchemy as sa
from alembic import op

from busops.storage.migrations.start.columns import BIG, DAY, FLAG, JSON, MOMENT, table, text

TABLES = (
    "weekend",
    "roster_entry",
    "roster_version",
    "roster_version_entry",
    "plan",
    "job",
    "app_user",
    "app_session",
    "signin_attempt",
    "audit_entry",
)


def create() -> None:
    """These tables stand, empty."""
    table(
        "weekend",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("weekend_on", DAY, nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "weekend_on", name=op.f("pk_weekend")),
    )
    table(
        "roster_entry",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("weekend_on", DAY, nullable=False),
        sa.Column("rider_id", text(64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rides_homeward", FLAG, nullable=False),
        sa.Column("rides_return", FLAG, nullable=False),
        sa.Column("stop_id", text(64), nullable=True),
        sa.Column("reason", text(32), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "weekend_on", "rider_id", name=op.f("pk_roster_entry")),
        sa.ForeignKeyConstraint(
            ["school_id", "weekend_on"],
            ["weekend.school_id", "weekend.weekend_on"],
            name=op.f("fk_roster_entry_school_id_weekend_on"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "rider_id"],
            ["rider.school_id", "rider.rider_id"],
            name=op.f("fk_roster_entry_school_id_rider_id"),
        ),
    )
    table(
        "roster_version",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("weekend_on", DAY, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("locked_at", MOMENT, nullable=False),
        sa.Column("locked_by", sa.Text(), nullable=False),
        sa.Column("approval", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "weekend_on", "version", name=op.f("pk_roster_version")),
        sa.ForeignKeyConstraint(
            ["school_id", "weekend_on"],
            ["weekend.school_id", "weekend.weekend_on"],
            name=op.f("fk_roster_version_school_id_weekend_on"),
        ),
        sa.CheckConstraint("version >= 1", name=op.f("ck_roster_version_version")),
    )
    table(
        "roster_version_entry",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("weekend_on", DAY, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rider_id", text(64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rides_homeward", FLAG, nullable=False),
        sa.Column("rides_return", FLAG, nullable=False),
        sa.Column("stop_id", text(64), nullable=True),
        sa.Column("reason", text(32), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "school_id", "weekend_on", "version", "rider_id", name=op.f("pk_roster_version_entry")
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "weekend_on", "version"],
            ["roster_version.school_id", "roster_version.weekend_on", "roster_version.version"],
            name=op.f("fk_roster_version_entry_school_id_weekend_on_version"),
        ),
    )
    table(
        "plan",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("plan_id", text(64), nullable=False),
        sa.Column("weekend_on", DAY, nullable=False),
        sa.Column("on", DAY, nullable=False),
        sa.Column("direction", text(16), nullable=False),
        sa.Column("state", text(16), nullable=False),
        sa.Column("roster_version", sa.Integer(), nullable=False),
        sa.Column("document", JSON, nullable=False),
        sa.Column("cost_fen", BIG, nullable=False),
        sa.Column("lower_bound_fen", BIG, nullable=False),
        sa.Column("fares_fen", BIG, nullable=False),
        sa.Column("trip_count", sa.Integer(), nullable=False),
        sa.Column("served_count", sa.Integer(), nullable=False),
        sa.Column("unserved_count", sa.Integer(), nullable=False),
        sa.Column("violation_count", sa.Integer(), nullable=False),
        sa.Column("notices", JSON, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "plan_id", name=op.f("pk_plan")),
        sa.CheckConstraint("direction IN ('homeward', 'return')", name=op.f("ck_plan_direction")),
        sa.CheckConstraint(
            "state IN ('draft', 'approved', 'released', 'discarded')", name=op.f("ck_plan_state")
        ),
        sa.CheckConstraint(
            "cost_fen >= 0 AND lower_bound_fen >= 0 AND violation_count >= 0", name=op.f("ck_plan_amounts")
        ),
        sa.CheckConstraint(
            "violation_count = 0 OR state IN ('draft', 'discarded')",
            name=op.f("ck_plan_no_violation_approved"),
        ),
    )
    op.create_index(op.f("ix_plan_weekend"), "plan", ["school_id", "weekend_on", "direction"], unique=False)
    table(
        "job",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("job_id", text(64), nullable=False),
        sa.Column("kind", text(32), nullable=False),
        sa.Column("arguments", JSON, nullable=False),
        sa.Column("state", text(16), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("facts", JSON, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("cancel_asked", FLAG, nullable=False),
        sa.Column("submitted_by", sa.Text(), nullable=False),
        sa.Column("submitted_at", MOMENT, nullable=False),
        sa.Column("beat_at", MOMENT, nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("result", JSON, nullable=True),
        sa.Column("error_code", text(64), nullable=True),
        sa.Column("error_facts", JSON, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "job_id", name=op.f("pk_job")),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'done', 'failed', 'cancelled')", name=op.f("ck_job_state")
        ),
        sa.CheckConstraint("done >= 0 AND total >= 0 AND tries >= 0", name=op.f("ck_job_counts")),
        sa.CheckConstraint(
            "(state IN ('done', 'failed', 'cancelled')) = (ended_at IS NOT NULL)", name=op.f("ck_job_ended")
        ),
    )
    op.create_index(op.f("ix_job_state"), "job", ["school_id", "state"], unique=False)
    table(
        "app_user",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("user_id", text(64), nullable=False),
        sa.Column("username", text(64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", text(16), nullable=False),
        sa.Column("crew_id", text(64), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("must_change", FLAG, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_signin_at", MOMENT, nullable=True),
        sa.Column("disabled_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("school_id", "user_id", name=op.f("pk_app_user")),
        sa.UniqueConstraint("school_id", "username", name=op.f("uq_app_user_school_id_username")),
        sa.CheckConstraint(
            "role IN ('dispatcher', 'attendant', 'driver', 'finance', 'supervisor', 'admin')",
            name=op.f("ck_app_user_role"),
        ),
    )
    table(
        "app_session",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("key_hash", text(64), nullable=False),
        sa.Column("user_id", text(64), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("school_id", "key_hash", name=op.f("pk_app_session")),
        sa.ForeignKeyConstraint(
            ["school_id", "user_id"],
            ["app_user.school_id", "app_user.user_id"],
            name=op.f("fk_app_session_school_id_user_id"),
        ),
    )
    op.create_index(op.f("ix_app_session_user"), "app_session", ["school_id", "user_id"], unique=False)
    table(
        "signin_attempt",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("subject", text(96), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.Column("locked_until_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("school_id", "subject", name=op.f("pk_signin_attempt")),
        sa.CheckConstraint("failures >= 0", name=op.f("ck_signin_attempt_failures")),
    )
    table(
        "audit_entry",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("entry_no", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("user_id", text(64), nullable=True),
        sa.Column("role", text(16), nullable=True),
        sa.Column("act", text(64), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("facts", JSON, nullable=False),
        sa.Column("prev_hash", text(64), nullable=False),
        sa.Column("entry_hash", text(64), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "entry_no", name=op.f("pk_audit_entry")),
        sa.CheckConstraint("entry_no >= 1", name=op.f("ck_audit_entry_entry_no")),
        sa.CheckConstraint(
            "length(prev_hash) = 64 AND length(entry_hash) = 64", name=op.f("ck_audit_entry_hashes")
        ),
    )
    op.create_index(op.f("ix_audit_entry_subject"), "audit_entry", ["school_id", "subject"], unique=False)
