"""
What bills say beyond day and amount: kind, order code, payer's digest, fee, the payment a refund
goes back on; how a school reads sheets of its own; originals longer than one row may hold.
"""

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

from busops.storage.migrations.start.columns import BIG, JSON, MOMENT, table, text

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

FILE_KEY = "fk_receipt_school_id_file_id"
FACTS = ("kind", "code", "payer_key", "fee_fen", "refund_of")


def upgrade() -> None:
    """Receipts on record are payments, or refunds where money went back; their other facts are not known."""
    with op.batch_alter_table("receipt", table_kwargs={"sqlite_strict": True}) as receipt:
        receipt.add_column(sa.Column("kind", text(16), nullable=False, server_default="PAYMENT"))
        receipt.add_column(sa.Column("code", sa.Text(), nullable=False, server_default=""))
        receipt.add_column(sa.Column("payer_key", text(64), nullable=False, server_default=""))
        receipt.add_column(sa.Column("fee_fen", BIG, nullable=False, server_default="0"))
        receipt.add_column(sa.Column("refund_of", sa.Text(), nullable=False, server_default=""))
        receipt.create_check_constraint(op.f("ck_receipt_kind"), "kind IN ('PAYMENT', 'REFUND', 'REVOKED')")
        _file_key(receipt, is_late=True)
    known = sa.table("receipt", sa.column("kind"), sa.column("amount_fen"))
    op.execute(sa.update(known).where(known.c.amount_fen < 0).values(kind="REFUND"))
    table(
        "sheet_mapping",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("header_key", text(64), nullable=False),
        sa.Column("name", text(64), nullable=False),
        sa.Column("header", JSON, nullable=False),
        sa.Column("columns", JSON, nullable=False),
        sa.Column("unit", text(8), nullable=False),
        sa.Column("made_by", text(64), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "header_key", name=op.f("pk_sheet_mapping")),
        sa.UniqueConstraint("school_id", "name", name=op.f("uq_sheet_mapping_school_id_name")),
        sa.CheckConstraint("unit IN ('yuan', 'fen')", name=op.f("ck_sheet_mapping_unit")),
    )
    table(
        "bill_part",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("sha256", text(64), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "sha256", "n", name=op.f("pk_bill_part")),
        sa.ForeignKeyConstraint(
            ["school_id", "sha256"],
            ["bill_original.school_id", "bill_original.sha256"],
            name=op.f("fk_bill_part_school_id_sha256"),
        ),
        sa.CheckConstraint("n >= 1 AND length(content) <= 10485760", name=op.f("ck_bill_part_content")),
    )


def downgrade() -> None:
    """They are gone; day, amount and words of each receipt stay, and of long originals the beginning."""
    op.drop_table("bill_part")
    op.drop_table("sheet_mapping")
    with op.batch_alter_table("receipt", table_kwargs={"sqlite_strict": True}) as receipt:
        receipt.drop_constraint(op.f("ck_receipt_kind"), type_="check")
        for name in FACTS:
            receipt.drop_column(name)
        _file_key(receipt, is_late=False)


def _file_key(receipt: BatchOperations, *, is_late: bool) -> None:
    """A file of any length is counted while its lines are written, so its own row may come last."""
    late = {"deferrable": True, "initially": "DEFERRED"} if is_late else {}
    receipt.drop_constraint(op.f(FILE_KEY), type_="foreignkey")
    receipt.create_foreign_key(
        op.f(FILE_KEY), "receipt_file", ["school_id", "file_id"], ["school_id", "file_id"], **late
    )
