"""
What classes answer after a school-bound run, and the numbers of their links.
"""

import sqlalchemy as sa
from alembic import op

from busops.storage.migrations.start.columns import DAY, MOMENT, table, text

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Answers and links have their tables."""
    table(
        "rollcall_mark",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("mark_id", text(64), nullable=False),
        sa.Column("run_id", text(64), nullable=False),
        sa.Column("rider_id", text(64), nullable=False),
        sa.Column("class_name", sa.Text(), nullable=False),
        sa.Column("answer", text(16), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("by_user", text(64), nullable=False),
        sa.Column("link_number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "mark_id", name=op.f("pk_rollcall_mark")),
        sa.ForeignKeyConstraint(
            ["school_id", "run_id"],
            ["run.school_id", "run.run_id"],
            name=op.f("fk_rollcall_mark_school_id_run_id"),
        ),
        sa.CheckConstraint(
            "answer IN ('in_class', 'in_dormitory', 'with_guardian', 'sickroom', 'not_here')",
            name=op.f("ck_rollcall_mark_answer"),
        ),
        sa.CheckConstraint("by_name <> ''", name=op.f("ck_rollcall_mark_by_name")),
    )
    op.create_index("ix_rollcall_mark_run", "rollcall_mark", ["school_id", "run_id"])
    table(
        "rollcall_link",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("run_on", DAY, nullable=False),
        sa.Column("class_name", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("made_by", text(64), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "run_on", "class_name", "number", name=op.f("pk_rollcall_link")),
        sa.CheckConstraint("number >= 1", name=op.f("ck_rollcall_link_number")),
    )


def downgrade() -> None:
    """They are gone, with every answer in them."""
    op.drop_table("rollcall_link")
    op.drop_table("rollcall_mark")
