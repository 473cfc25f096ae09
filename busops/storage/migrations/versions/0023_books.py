"""
The head of finance; months signed by two people, with what they said; corrections
that name the month; refunds by different hands; allowances and numbered receipts.
"""

import sqlalchemy as sa
from alembic import op

from busops.storage.migrations.start.columns import BIG, JSON, MOMENT, table, text

ROLES_BEFORE = "role IN ('dispatcher', 'attendant', 'driver', 'finance', 'supervisor', 'admin')"
ROLES = ROLES_BEFORE.replace("'finance', ", "'finance', 'finance_lead', ")
TRIGGERS = (
    "'SCHOOL_CANCELLED', 'LEAVE_IN_TIME', 'LEAVE_LATE', 'PICKUP_IN_TIME', 'LEFT_SERVICE', 'SCHOOL_FAULT',"
    " 'EXPELLED', 'OVERPAID'"
)
STEPS = "'CHECKED', 'APPROVED', 'PAID', 'RECONCILED', 'REFUSED'"
revision = "0023"
down_revision = "0022"
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
    _refunds()
    _accounts()


def downgrade() -> None:
    """They are gone; months that were closed stay closed, the head of finance is finance again."""
    op.drop_table("fare_receipt")
    op.drop_table("allowance_verdict")
    op.drop_table("allowance")
    op.drop_table("refund_policy")
    op.drop_table("refund_step")
    op.drop_table("refund")
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


def _refunds() -> None:
    """Refunds, their steps and their policy have their tables."""
    table(
        "refund",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("refund_id", text(64), nullable=False),
        sa.Column("rider_id", text(64), nullable=False),
        sa.Column("unit_key", text(64), nullable=False),
        sa.Column("receipt_id", text(64), nullable=False),
        sa.Column("trigger_code", text(32), nullable=False),
        sa.Column("fen", BIG, nullable=False),
        sa.Column("charge_fen", BIG, nullable=False),
        sa.Column("row_key", text(200), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("requested_by", text(64), nullable=False),
        sa.Column("requested_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "refund_id", name=op.f("pk_refund")),
        sa.ForeignKeyConstraint(
            ["school_id", "receipt_id"],
            ["receipt.school_id", "receipt.receipt_id"],
            name=op.f("fk_refund_school_id_receipt_id"),
        ),
        sa.UniqueConstraint("school_id", "row_key", name=op.f("uq_refund_school_id_row_key")),
        sa.CheckConstraint(f"trigger_code IN ({TRIGGERS})", name=op.f("ck_refund_trigger_code")),
        sa.CheckConstraint("fen > 0 AND charge_fen >= 0 AND charge_fen <= fen", name=op.f("ck_refund_fen")),
        sa.CheckConstraint("requested_by <> ''", name=op.f("ck_refund_told")),
    )
    table(
        "refund_step",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("refund_id", text(64), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("state", text(16), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("reference", text(128), nullable=False),
        sa.Column("txn_id", text(64), nullable=True),
        sa.Column("seen_receipt_id", text(64), nullable=True),
        sa.Column("by_user", text(64), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "refund_id", "n", name=op.f("pk_refund_step")),
        *(
            sa.ForeignKeyConstraint(
                ["school_id", column],
                [f"{target}.school_id", f"{target}.{key}"],
                name=op.f(f"fk_refund_step_school_id_{column}"),
            )
            for column, target, key in (
                ("refund_id", "refund", "refund_id"),
                ("txn_id", "ledger_txn", "txn_id"),
                ("seen_receipt_id", "receipt", "receipt_id"),
            )
        ),
        sa.UniqueConstraint(
            "school_id", "seen_receipt_id", name=op.f("uq_refund_step_school_id_seen_receipt_id")
        ),
        sa.UniqueConstraint("school_id", "txn_id", name=op.f("uq_refund_step_school_id_txn_id")),
        sa.CheckConstraint(f"state IN ({STEPS})", name=op.f("ck_refund_step_state")),
        sa.CheckConstraint(
            "by_user <> '' AND (state <> 'REFUSED' OR note <> '')", name=op.f("ck_refund_step_told")
        ),
        sa.CheckConstraint("state <> 'PAID' OR reference <> ''", name=op.f("ck_refund_step_reference")),
        sa.CheckConstraint(
            "(txn_id IS NOT NULL) = (state IN ('APPROVED', 'PAID', 'RECONCILED'))",
            name=op.f("ck_refund_step_booked"),
        ),
        sa.CheckConstraint(
            "(seen_receipt_id IS NOT NULL) = (state = 'RECONCILED')", name=op.f("ck_refund_step_seen")
        ),
    )
    table(
        "refund_policy",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("rules", JSON, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_by", text(64), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "number", name=op.f("pk_refund_policy")),
        sa.CheckConstraint(
            "number >= 1 AND made_by <> '' AND reason <> ''", name=op.f("ck_refund_policy_told")
        ),
    )


def _accounts() -> None:
    """Allowances, the words on them and numbered receipts have their tables."""
    table(
        "allowance",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("allowance_id", text(64), nullable=False),
        sa.Column("rider_id", text(64), nullable=False),
        sa.Column("unit_key", text(64), nullable=False),
        sa.Column("kind", text(16), nullable=False),
        sa.Column("fen", BIG, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("proposed_by", text(64), nullable=False),
        sa.Column("proposed_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "allowance_id", name=op.f("pk_allowance")),
        sa.CheckConstraint(
            "kind IN ('SIBLING', 'HARDSHIP', 'JOINED_LATE', 'BAD_DEBT')", name=op.f("ck_allowance_kind")
        ),
        sa.CheckConstraint("fen > 0", name=op.f("ck_allowance_fen")),
        sa.CheckConstraint("proposed_by <> '' AND note <> ''", name=op.f("ck_allowance_told")),
    )
    table(
        "allowance_verdict",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("allowance_id", text(64), nullable=False),
        sa.Column("verdict", text(16), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("txn_id", text(64), nullable=True),
        sa.Column("by_user", text(64), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "allowance_id", name=op.f("pk_allowance_verdict")),
        *(
            sa.ForeignKeyConstraint(
                ["school_id", column],
                [f"{target}.school_id", f"{target}.{column}"],
                name=op.f(f"fk_allowance_verdict_school_id_{column}"),
            )
            for column, target in (("allowance_id", "allowance"), ("txn_id", "ledger_txn"))
        ),
        sa.UniqueConstraint("school_id", "txn_id", name=op.f("uq_allowance_verdict_school_id_txn_id")),
        sa.CheckConstraint("verdict IN ('APPROVED', 'REFUSED')", name=op.f("ck_allowance_verdict_verdict")),
        sa.CheckConstraint(
            "(txn_id IS NOT NULL) = (verdict = 'APPROVED')", name=op.f("ck_allowance_verdict_booked")
        ),
        sa.CheckConstraint(
            "by_user <> '' AND (verdict = 'APPROVED' OR note <> '')",
            name=op.f("ck_allowance_verdict_told"),
        ),
    )
    table(
        "fare_receipt",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("rider_id", text(64), nullable=False),
        sa.Column("fen", BIG, nullable=False),
        sa.Column("payments", JSON, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("voids", sa.Integer(), nullable=True),
        sa.Column("issued_by", text(64), nullable=False),
        sa.Column("issued_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "number", name=op.f("pk_fare_receipt")),
        sa.UniqueConstraint("school_id", "voids", name=op.f("uq_fare_receipt_school_id_voids")),
        sa.ForeignKeyConstraint(
            ["school_id", "voids"],
            ["fare_receipt.school_id", "fare_receipt.number"],
            name=op.f("fk_fare_receipt_school_id_voids"),
        ),
        sa.CheckConstraint("number >= 1 AND issued_by <> ''", name=op.f("ck_fare_receipt_number")),
        sa.CheckConstraint("fen <> 0 AND (fen < 0) = (voids IS NOT NULL)", name=op.f("ck_fare_receipt_fen")),
    )


def _roles(rule: str) -> None:
    """Accounts may have these roles."""
    with op.batch_alter_table("app_user", table_kwargs={"sqlite_strict": True}) as altered:
        altered.drop_constraint(op.f("ck_app_user_role"), type_="check")
        altered.create_check_constraint(op.f("ck_app_user_role"), rule)
