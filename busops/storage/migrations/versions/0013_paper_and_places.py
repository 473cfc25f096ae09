"""
Manifests filled in on paper, with what a second person said; and where a run's stops are.
"""

import sqlalchemy as sa
from alembic import op

from busops.storage.migrations.start.columns import JSON, MOMENT, table, text

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Typed sheets and verdicts have their tables."""
    table(
        "paper_entry",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("entry_id", text(64), nullable=False),
        sa.Column("run_id", text(64), nullable=False),
        sa.Column("dev", sa.Integer(), nullable=False),
        sa.Column("sheet", JSON, nullable=False),
        sa.Column("scan_sha256", text(64), nullable=False),
        sa.Column("scan_type", text(32), nullable=False),
        sa.Column("typed_by", text(64), nullable=False),
        sa.Column("typed_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "entry_id", name=op.f("pk_paper_entry")),
        sa.ForeignKeyConstraint(
            ["school_id", "run_id"],
            ["run.school_id", "run.run_id"],
            name=op.f("fk_paper_entry_school_id_run_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "dev"],
            ["device.school_id", "device.dev"],
            name=op.f("fk_paper_entry_school_id_dev"),
        ),
        sa.UniqueConstraint("school_id", "dev", name="uq_paper_entry_dev"),
        sa.CheckConstraint("length(scan_sha256) = 64", name=op.f("ck_paper_entry_scan_sha256")),
        sa.CheckConstraint("typed_by <> ''", name=op.f("ck_paper_entry_typed_by")),
    )
    op.create_index("ix_paper_entry_run", "paper_entry", ["school_id", "run_id"])
    table(
        "paper_verdict",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("entry_id", text(64), nullable=False),
        sa.Column("verdict", text(16), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("event_ids", JSON, nullable=False),
        sa.Column("decided_by", text(64), nullable=False),
        sa.Column("decided_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "entry_id", name=op.f("pk_paper_verdict")),
        sa.ForeignKeyConstraint(
            ["school_id", "entry_id"],
            ["paper_entry.school_id", "paper_entry.entry_id"],
            name=op.f("fk_paper_verdict_school_id_entry_id"),
        ),
        sa.CheckConstraint("verdict IN ('confirmed', 'rejected')", name=op.f("ck_paper_verdict_verdict")),
        sa.CheckConstraint("decided_by <> ''", name=op.f("ck_paper_verdict_decided_by")),
    )
    table(
        "run_place",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("run_id", text(64), nullable=False),
        sa.Column("stop_id", text(64), nullable=False),
        sa.Column("lat6", sa.Integer(), nullable=False),
        sa.Column("lon6", sa.Integer(), nullable=False),
        sa.Column("radius_m", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "run_id", "stop_id", name=op.f("pk_run_place")),
        sa.ForeignKeyConstraint(
            ["school_id", "run_id"],
            ["run.school_id", "run.run_id"],
            name=op.f("fk_run_place_school_id_run_id"),
        ),
        sa.CheckConstraint("radius_m > 0", name=op.f("ck_run_place_radius_m")),
    )


def downgrade() -> None:
    """They are gone; the facts that came of them stay in the log."""
    op.drop_table("run_place")
    op.drop_table("paper_verdict")
    op.drop_table("paper_entry")
