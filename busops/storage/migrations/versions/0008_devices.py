"""
Tablets that belong to a vehicle: offers to enrol them, the crew's PINs; who searched the bus of a lost one.
"""

import sqlalchemy as sa
from alembic import op

from busops.storage.migrations.start.columns import MOMENT, table, text

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A device says whose it is and whether it was confirmed; offers and PINs have their tables."""
    op.add_column("run_decision", sa.Column("checked_by", text(), nullable=True))
    op.add_column("device", sa.Column("plate", text(), nullable=True))
    op.add_column("device", sa.Column("role", text(), nullable=True))
    op.add_column("device", sa.Column("state", text(), nullable=False, server_default="active"))
    table(
        "enrolment",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("enrolment_id", text(64), nullable=False),
        sa.Column("code_hash", text(64), nullable=False),
        sa.Column("plate", text(64), nullable=False),
        sa.Column("role", text(16), nullable=False),
        sa.Column("made_by", text(64), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.Column("dev", sa.Integer(), nullable=True),
        sa.Column("check_code", text(16), nullable=True),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        sa.Column("confirmed_by", text(64), nullable=True),
        sa.PrimaryKeyConstraint("school_id", "enrolment_id", name=op.f("pk_enrolment")),
        sa.UniqueConstraint("school_id", "code_hash", name=op.f("uq_enrolment_school_id_code_hash")),
        sa.ForeignKeyConstraint(
            ["school_id", "dev"], ["device.school_id", "device.dev"], name=op.f("fk_enrolment_school_id_dev")
        ),
        sa.CheckConstraint("role IN ('DRIVER', 'ATTENDANT')", name=op.f("ck_enrolment_role")),
        sa.CheckConstraint(
            "(used_at IS NULL) = (dev IS NULL) AND (used_at IS NULL) = (check_code IS NULL)",
            name=op.f("ck_enrolment_used"),
        ),
        sa.CheckConstraint(
            "(confirmed_at IS NULL) = (confirmed_by IS NULL)"
            " AND (confirmed_at IS NULL OR used_at IS NOT NULL)",
            name=op.f("ck_enrolment_confirmed"),
        ),
    )
    table(
        "crew_pin",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("crew_id", text(64), nullable=False),
        sa.Column("pin_hash", sa.Text(), nullable=False),
        sa.Column("made_by", text(64), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "crew_id", name=op.f("pk_crew_pin")),
        sa.CheckConstraint("failures >= 0", name=op.f("ck_crew_pin_failures")),
    )


def downgrade() -> None:
    """They are gone; every device belongs to nobody again."""
    for name in ("crew_pin", "enrolment"):
        op.drop_table(name)
    for name in ("state", "role", "plate"):
        op.drop_column("device", name)
    op.drop_column("run_decision", "checked_by")
