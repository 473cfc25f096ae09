"""
Overrides asked for, and what a second person of another role said of each.
"""

import sqlalchemy as sa
from alembic import op

from busops.storage.migrations.start.columns import BIG, table, text

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Requests and verdicts have their tables."""
    table(
        "override_request",
        sa.Column("school_id", text(), nullable=False),
        sa.Column("override_id", text(), nullable=False),
        sa.Column("run_id", text(), nullable=False),
        sa.Column("kind", text(), nullable=False),
        sa.Column("finding_key", text(), nullable=False),
        sa.Column("reason", text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("asked_by", text(), nullable=False),
        sa.Column("asked_role", text(), nullable=False),
        sa.Column("asked_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "override_id", name=op.f("pk_override_request")),
        sa.ForeignKeyConstraint(
            ["school_id", "run_id"],
            ["run.school_id", "run.run_id"],
            name=op.f("fk_override_request_school_id_run_id"),
        ),
        sa.CheckConstraint(
            "kind IN ('count', 'no_show', 'list', 'stranger')", name=op.f("ck_override_request_kind")
        ),
        sa.CheckConstraint(
            "reason IN ('counted_again', 'crew_confirmed', 'guardian_confirmed', 'school_confirmed',"
            " 'stood_in', 'tablet_fault', 'road_or_police')",
            name=op.f("ck_override_request_reason"),
        ),
        sa.CheckConstraint("note <> '' AND asked_by <> ''", name=op.f("ck_override_request_told")),
    )
    op.create_index("ix_override_request_run", "override_request", ["school_id", "run_id"])
    table(
        "override_verdict",
        sa.Column("school_id", text(), nullable=False),
        sa.Column("override_id", text(), nullable=False),
        sa.Column("verdict", text(), nullable=False),
        sa.Column("decided_by", text(), nullable=False),
        sa.Column("decided_role", text(), nullable=False),
        sa.Column("decided_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "override_id", name=op.f("pk_override_verdict")),
        sa.ForeignKeyConstraint(
            ["school_id", "override_id"],
            ["override_request.school_id", "override_request.override_id"],
            name=op.f("fk_override_verdict_school_id_override_id"),
        ),
        sa.CheckConstraint("verdict IN ('approved', 'refused')", name=op.f("ck_override_verdict_verdict")),
        sa.CheckConstraint("decided_by <> ''", name=op.f("ck_override_verdict_decided_by")),
    )


def downgrade() -> None:
    """They are gone, with every override ever asked for."""
    op.drop_table("override_verdict")
    op.drop_table("override_request")
