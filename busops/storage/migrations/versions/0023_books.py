"""
The head of finance; months signed by two people, with what they said; corrections that name the month.
"""

import sqlalchemy as sa
from alembic import op

from busops.storage.migrations.start.columns import MOMENT, table, text

ROLES_BEFORE = "role IN ('dispatcher', 'attendant', 'driver', 'finance', 'supervisor', 'admin')"
ROLES = ROLES_BEFORE.replace("'finance', ", "'finance', 'finance_lead', ")
revision = "0023"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Months have two signatures, corrections their month; the role is known."""
    _roles(ROLES)
    op.add_column("period", sa.Column("prepared_by", text(64), nullable=False, server_default=""))
    op.add_column("period", sa.Column("prepared_at", MOMENT, nullable=True))
    with op.batch_alter_table("ledger_txn", table_kwargs={"sqlite_strict": True}) as altered:
        altered.add_column(sa.Column("adjusts", text(16), nullable=True))
        altered.create_foreign_key(
            op.f("fk_ledger_txn_school_id_adjusts"),
            "period",
            ["school_id", "adjusts"],
            ["school_id", "period"],
        )
        altered.create_check_constraint(op.f("ck_ledger_txn_adjusts"), "adjusts IS NULL OR adjusts <> period")
    table(
        "period_statement",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("period", text(16), nullable=False),
        sa.Column("digest", text(64), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "period", "digest", name=op.f("pk_period_statement")),
        sa.ForeignKeyConstraint(
            ["school_id", "period"],
            ["period.school_id", "period.period"],
            name=op.f("fk_period_statement_school_id_period"),
        ),
        sa.CheckConstraint("length(digest) = 64 AND content <> ''", name=op.f("ck_period_statement_digest")),
    )
    table(
        "disposal",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("period", text(16), nullable=False),
        sa.Column("subject", text(200), nullable=False),
        sa.Column("state", text(64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("made_by", text(64), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "period", "subject", "state", name=op.f("pk_disposal")),
        sa.CheckConstraint("made_by <> '' AND note <> ''", name=op.f("ck_disposal_told")),
    )


def downgrade() -> None:
    """They are gone; months that were closed stay closed, the head of finance is finance again."""
    op.drop_table("disposal")
    op.drop_table("period_statement")
    with op.batch_alter_table("ledger_txn", table_kwargs={"sqlite_strict": True}) as altered:
        altered.drop_constraint(op.f("ck_ledger_txn_adjusts"), type_="check")
        altered.drop_constraint(op.f("fk_ledger_txn_school_id_adjusts"), type_="foreignkey")
        altered.drop_column("adjusts")
    op.drop_column("period", "prepared_at")
    op.drop_column("period", "prepared_by")
    person = sa.table("app_user", sa.column("role"))
    op.execute(sa.update(person).where(person.c.role == "finance_lead").values(role="finance"))
    _roles(ROLES_BEFORE)


def _roles(rule: str) -> None:
    """Accounts may have these roles."""
    with op.batch_alter_table("app_user", table_kwargs={"sqlite_strict": True}) as altered:
        altered.drop_constraint(op.f("ck_app_user_role"), type_="check")
        altered.create_check_constraint(op.f("ck_app_user_role"), rule)
