"""
Vehicles say what a check must show, runs keep it, tags come from secrets, and photos are known.

Vehicles and runs that stand already stay at E1: their buses have the rear and row tags only.
"""

import sqlalchemy as sa
from alembic import op

from busops.storage.migrations.start.columns import DAY, MOMENT, table, text

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The level is a column of vehicles and runs; the table of secrets stands."""
    for name in ("vehicle", "run"):
        op.add_column(name, sa.Column("evidence", text(2), nullable=False, server_default="E1"))
    table(
        "vehicle_secret",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("plate", text(32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("valid_from", DAY, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "plate", "version", name=op.f("pk_vehicle_secret")),
        sa.CheckConstraint("version >= 1 AND length(secret) >= 32", name=op.f("ck_vehicle_secret_secret")),
    )
    table(
        "run_photo",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("photo_id", text(64), nullable=False),
        sa.Column("run_id", text(64), nullable=False),
        sa.Column("digest", text(64), nullable=False),
        sa.Column("dev", sa.Integer(), nullable=False),
        sa.Column("taken_by", text(64), nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "photo_id", name=op.f("pk_run_photo")),
        sa.UniqueConstraint("school_id", "run_id", "digest", name=op.f("uq_run_photo_once")),
        sa.CheckConstraint("length(digest) = 64", name=op.f("ck_run_photo_digest")),
    )
    op.create_index(op.f("ix_run_photo_received_at"), "run_photo", ["received_at"])


def downgrade() -> None:
    """They are gone; what runs still ask for stands in their tags."""
    op.drop_table("run_photo")
    op.drop_table("vehicle_secret")
    for name in ("run", "vehicle"):
        op.drop_column(name, "evidence")
