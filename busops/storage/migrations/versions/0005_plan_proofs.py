"""
What is proved about a plan after it was made stands beside it.
"""

import sqlalchemy as sa
from alembic import op

from busops.storage.migrations.start.columns import BIG, MOMENT, table, text

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Later proofs have their table."""
    table(
        "plan_proof",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("plan_id", text(64), nullable=False),
        sa.Column("lower_bound_fen", BIG, nullable=False),
        sa.Column("bound_model", sa.Text(), nullable=False),
        sa.Column("proved_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "plan_id", "lower_bound_fen", name=op.f("pk_plan_proof")),
        sa.ForeignKeyConstraint(
            ["school_id", "plan_id"],
            ["plan.school_id", "plan.plan_id"],
            name=op.f("fk_plan_proof_school_id_plan_id"),
        ),
        sa.CheckConstraint("lower_bound_fen > 0", name=op.f("ck_plan_proof_amount")),
    )


def downgrade() -> None:
    """They are gone; the plans keep what was proved when they were made."""
    op.drop_table("plan_proof")
