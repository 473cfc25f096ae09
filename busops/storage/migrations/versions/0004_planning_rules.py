"""
What people ask of every plan has a table: siblings together, riders apart, vehicles and stops.
"""

import sqlalchemy as sa
from alembic import op

from busops.storage.migrations.start.columns import DAY, JSON, MOMENT, table, text

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KINDS = "'together', 'apart', 'not_stops', 'only_stops', 'only_vehicles', 'away'"


def upgrade() -> None:
    """The table stands."""
    table(
        "planning_rule",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("rule_id", text(64), nullable=False),
        sa.Column("kind", text(16), nullable=False),
        sa.Column("rider_ids", JSON, nullable=False),
        sa.Column("plates", JSON, nullable=False),
        sa.Column("stop_ids", JSON, nullable=False),
        sa.Column("ready_min", sa.Integer(), nullable=True),
        sa.Column("from_on", DAY, nullable=False),
        sa.Column("to_on", DAY, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_by", text(64), nullable=False),
        sa.Column("made_at", MOMENT, nullable=True),
        sa.Column("ended_by", text(64), nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("school_id", "rule_id", name=op.f("pk_planning_rule")),
        sa.CheckConstraint(f"kind IN ({KINDS})", name=op.f("ck_planning_rule_kind")),
        sa.CheckConstraint(
            "to_on IS NULL OR to_on >= from_on OR ended_at IS NOT NULL", name=op.f("ck_planning_rule_days")
        ),
        sa.CheckConstraint(
            "ready_min IS NULL OR (kind = 'away' AND ready_min > 0)", name=op.f("ck_planning_rule_ready_min")
        ),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_planning_rule_reason")),
    )


def downgrade() -> None:
    """It is gone, with the rules."""
    op.drop_table("planning_rule")
