"""
Defects of vehicles, as drivers reported them and somebody cleared them.
"""

import sqlalchemy as sa
from alembic import op

from busops.storage.migrations.start.columns import BIG, FLAG, JSON, table, text

revision = "0018"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Reports and clearances have their tables."""
    table(
        "vehicle_defect",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("defect_id", text(64), nullable=False),
        sa.Column("plate", text(32), nullable=False),
        sa.Column("run_id", text(64), nullable=False),
        sa.Column("items", JSON, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("is_critical", FLAG, nullable=False),
        sa.Column("reported_by", text(64), nullable=False),
        sa.Column("reported_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "defect_id", name=op.f("pk_vehicle_defect")),
        sa.ForeignKeyConstraint(
            ["school_id", "run_id"],
            ["run.school_id", "run.run_id"],
            name=op.f("fk_vehicle_defect_school_id_run_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "defect_id"],
            ["run_event.school_id", "run_event.event_id"],
            name=op.f("fk_vehicle_defect_school_id_defect_id"),
        ),
    )
    op.create_index("ix_vehicle_defect_plate", "vehicle_defect", ["school_id", "plate"])
    table(
        "defect_clearance",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("defect_id", text(64), nullable=False),
        sa.Column("cleared_by", text(64), nullable=False),
        sa.Column("cleared_ms", BIG, nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "defect_id", name=op.f("pk_defect_clearance")),
        sa.ForeignKeyConstraint(
            ["school_id", "defect_id"],
            ["vehicle_defect.school_id", "vehicle_defect.defect_id"],
            name=op.f("fk_defect_clearance_school_id_defect_id"),
        ),
        sa.CheckConstraint("cleared_by <> '' AND how <> ''", name=op.f("ck_defect_clearance_told")),
    )


def downgrade() -> None:
    """They are gone; what the look-overs told stays in the log."""
    op.drop_table("defect_clearance")
    op.drop_table("vehicle_defect")
