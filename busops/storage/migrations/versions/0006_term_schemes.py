"""
Schemes of lines for a whole term, from draft to the authority's approval.
"""

import sqlalchemy as sa
from alembic import op

from busops.storage.migrations.start.columns import BIG, DAY, JSON, MOMENT, table, text

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The table of term schemes stands."""
    table(
        "term_scheme",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("scheme_id", text(64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("term_id", text(64), nullable=False),
        sa.Column("state", text(16), nullable=False),
        sa.Column("document", JSON, nullable=False),
        sa.Column("notices", JSON, nullable=False),
        sa.Column("percentile", sa.Integer(), nullable=False),
        sa.Column("from_on", DAY, nullable=False),
        sa.Column("to_on", DAY, nullable=False),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.Column("cost_fen", BIG, nullable=False),
        sa.Column("lower_bound_fen", BIG, nullable=False),
        sa.Column("left_out", sa.Integer(), nullable=False),
        sa.Column("violation_count", sa.Integer(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("submitted_at", MOMENT, nullable=True),
        sa.Column("submitted_by", sa.Text(), nullable=False),
        sa.Column("approved_at", MOMENT, nullable=True),
        sa.Column("approved_by", sa.Text(), nullable=False),
        sa.Column("approved_on", DAY, nullable=True),
        sa.Column("document_no", sa.Text(), nullable=False),
        sa.Column("adopted_at", MOMENT, nullable=True),
        sa.Column("adopted_by", sa.Text(), nullable=False),
        sa.Column("retired_at", MOMENT, nullable=True),
        sa.Column("retired_by", sa.Text(), nullable=False),
        sa.Column("retired_why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "scheme_id", name=op.f("pk_term_scheme")),
        sa.UniqueConstraint("school_id", "number", name=op.f("uq_term_scheme_school_id_number")),
        sa.CheckConstraint("number >= 1", name=op.f("ck_term_scheme_number")),
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'approved', 'retired')", name=op.f("ck_term_scheme_state")
        ),
        sa.CheckConstraint("percentile BETWEEN 1 AND 100", name=op.f("ck_term_scheme_percentile")),
        sa.CheckConstraint("from_on <= to_on", name=op.f("ck_term_scheme_days_in_order")),
        sa.CheckConstraint(
            "cost_fen >= 0 AND lower_bound_fen >= 0 AND left_out >= 0 AND violation_count >= 0",
            name=op.f("ck_term_scheme_amounts"),
        ),
        sa.CheckConstraint(
            "violation_count = 0 OR state IN ('draft', 'retired')",
            name=op.f("ck_term_scheme_no_violation_submitted"),
        ),
        sa.CheckConstraint(
            "state <> 'approved' OR (submitted_by <> '' AND approved_by <> '' AND approved_by <> submitted_by"
            " AND document_no <> '' AND approved_on IS NOT NULL)",
            name=op.f("ck_term_scheme_approved_by_two"),
        ),
        sa.CheckConstraint(
            "adopted_at IS NULL OR approved_by <> ''", name=op.f("ck_term_scheme_adopted_after_approval")
        ),
    )


def downgrade() -> None:
    """It is gone, with the schemes in it."""
    op.drop_table("term_scheme")
