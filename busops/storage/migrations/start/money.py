"""Money: charges, costs, the ledger, receipts and what they are set against."""

import sqlalchemy as sa
from alembic import op

from busops.storage.migrations.start.columns import BIG, DAY, FLAG, MOMENT, table, text

TABLES = ("period", "ledger_txn", "posting", "charge", "cost_line", "receipt_file", "receipt", "allocation")


def create() -> None:
    """These tables stand, empty."""
    table(
        "period",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("period", text(16), nullable=False),
        sa.Column("locked", FLAG, nullable=False),
        sa.Column("digest", text(64), nullable=False),
        sa.Column("locked_at", MOMENT, nullable=True),
        sa.Column("locked_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "period", name=op.f("pk_period")),
    )
    table(
        "ledger_txn",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("txn_id", text(64), nullable=False),
        sa.Column("period", text(16), nullable=False),
        sa.Column("kind", text(32), nullable=False),
        sa.Column("booked_on", DAY, nullable=False),
        sa.Column("source", text(64), nullable=False),
        sa.Column("row_key", text(200), nullable=False),
        sa.Column("made_by", text(64), nullable=False),
        sa.Column("approved_by", text(64), nullable=True),
        sa.Column("reverses", text(64), nullable=True),
        sa.Column("posted", FLAG, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "txn_id", name=op.f("pk_ledger_txn")),
        sa.ForeignKeyConstraint(
            ["school_id", "period"],
            ["period.school_id", "period.period"],
            name=op.f("fk_ledger_txn_school_id_period"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "reverses"],
            ["ledger_txn.school_id", "ledger_txn.txn_id"],
            name=op.f("fk_ledger_txn_school_id_reverses"),
        ),
        sa.UniqueConstraint(
            "school_id", "source", "row_key", name=op.f("uq_ledger_txn_school_id_source_row_key")
        ),
        sa.UniqueConstraint("school_id", "reverses", name=op.f("uq_ledger_txn_school_id_reverses")),
        sa.CheckConstraint(
            "approved_by IS NULL OR approved_by <> made_by", name=op.f("ck_ledger_txn_two_people")
        ),
    )
    table(
        "posting",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("txn_id", text(64), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("account", text(16), nullable=False),
        sa.Column("fen", BIG, nullable=False),
        sa.Column("rider_id", text(64), nullable=True),
        sa.PrimaryKeyConstraint("school_id", "txn_id", "n", name=op.f("pk_posting")),
        sa.ForeignKeyConstraint(
            ["school_id", "txn_id"],
            ["ledger_txn.school_id", "ledger_txn.txn_id"],
            name=op.f("fk_posting_school_id_txn_id"),
        ),
        sa.CheckConstraint("fen <> 0 AND abs(fen) <= 100000000000", name=op.f("ck_posting_fen")),
        sa.CheckConstraint(
            "account IN ('1002', '1012', '1122', '1602', '2202', '2203', '2241', '2242', '4201', '5401')",
            name=op.f("ck_posting_account"),
        ),
    )
    table(
        "charge",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("charge_id", text(64), nullable=False),
        sa.Column("rider_id", text(64), nullable=False),
        sa.Column("unit_key", text(64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("unit", text(16), nullable=False),
        sa.Column("from_on", DAY, nullable=False),
        sa.Column("to_on", DAY, nullable=False),
        sa.Column("band", text(32), nullable=False),
        sa.Column("list_fen", BIG, nullable=False),
        sa.Column("waived_fen", BIG, nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("txn_id", text(64), nullable=True),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "charge_id", name=op.f("pk_charge")),
        sa.UniqueConstraint(
            "school_id",
            "rider_id",
            "unit_key",
            "revision",
            name=op.f("uq_charge_school_id_rider_id_unit_key_revision"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "txn_id"],
            ["ledger_txn.school_id", "ledger_txn.txn_id"],
            name=op.f("fk_charge_school_id_txn_id"),
        ),
        sa.CheckConstraint("list_fen >= waived_fen AND waived_fen >= 0", name=op.f("ck_charge_waived")),
        sa.CheckConstraint("revision >= 1", name=op.f("ck_charge_revision")),
    )
    table(
        "cost_line",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("cost_id", text(64), nullable=False),
        sa.Column("cost_on", DAY, nullable=False),
        sa.Column("code", text(8), nullable=False),
        sa.Column("fen", BIG, nullable=False),
        sa.Column("plate", text(32), nullable=False),
        sa.Column("run", text(64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("document", text(128), nullable=False),
        sa.Column("is_estimate", FLAG, nullable=False),
        sa.Column("row_key", text(64), nullable=False),
        sa.Column("reverses", text(64), nullable=True),
        sa.Column("txn_id", text(64), nullable=False),
        sa.Column("made_by", text(64), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "cost_id", name=op.f("pk_cost_line")),
        sa.UniqueConstraint("school_id", "row_key", name=op.f("uq_cost_line_school_id_row_key")),
        sa.UniqueConstraint("school_id", "reverses", name=op.f("uq_cost_line_school_id_reverses")),
        sa.ForeignKeyConstraint(
            ["school_id", "reverses"],
            ["cost_line.school_id", "cost_line.cost_id"],
            name=op.f("fk_cost_line_school_id_reverses"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "txn_id"],
            ["ledger_txn.school_id", "ledger_txn.txn_id"],
            name=op.f("fk_cost_line_school_id_txn_id"),
        ),
        sa.CheckConstraint(
            "code IN ('C01', 'C02', 'C03', 'C04', 'C05', 'C06', 'C07', 'C08', 'C09', 'C10', 'C11', "
            "'C12', 'C13', 'C14', 'C15', 'C16', 'C90')",
            name=op.f("ck_cost_line_code"),
        ),
        sa.CheckConstraint("fen <> 0", name=op.f("ck_cost_line_fen")),
    )
    table(
        "receipt_file",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("file_id", text(64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", text(64), nullable=False),
        sa.Column("channel", text(16), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("total_fen", BIG, nullable=False),
        sa.Column("stated_total_fen", BIG, nullable=True),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("known_rows", sa.Integer(), nullable=False),
        sa.Column("reader", text(64), nullable=False),
        sa.Column("imported_by", text(64), nullable=False),
        sa.Column("imported_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "file_id", name=op.f("pk_receipt_file")),
        sa.UniqueConstraint("school_id", "sha256", name=op.f("uq_receipt_file_school_id_sha256")),
    )
    table(
        "receipt",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("receipt_id", text(64), nullable=False),
        sa.Column("file_id", text(64), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("cell", sa.Text(), nullable=False),
        sa.Column("paid_on", DAY, nullable=False),
        sa.Column("amount_fen", BIG, nullable=False),
        sa.Column("payer", sa.Text(), nullable=False),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("rider_hint", sa.Text(), nullable=False),
        sa.Column("row_key", text(64), nullable=False),
        sa.Column("channel", text(16), nullable=False),
        sa.Column("txn_id", text(64), nullable=True),
        sa.Column("status", text(16), nullable=False),
        sa.Column("tier", text(4), nullable=False),
        sa.Column("rider_id", text(64), nullable=True),
        sa.Column("unit_key", text(64), nullable=True),
        sa.Column("flags", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("decided_by", text(64), nullable=False),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("school_id", "receipt_id", name=op.f("pk_receipt")),
        sa.UniqueConstraint("school_id", "row_key", name=op.f("uq_receipt_school_id_row_key")),
        sa.ForeignKeyConstraint(
            ["school_id", "file_id"],
            ["receipt_file.school_id", "receipt_file.file_id"],
            name=op.f("fk_receipt_school_id_file_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "txn_id"],
            ["ledger_txn.school_id", "ledger_txn.txn_id"],
            name=op.f("fk_receipt_school_id_txn_id"),
        ),
        sa.CheckConstraint(
            "status IN ('MATCHED', 'PARTIAL', 'UNIDENTIFIED', 'DUPLICATE', 'NOT_BUS_FEE', "
            "'REFUND_LINE', 'REVERSED', 'IGNORED')",
            name=op.f("ck_receipt_status"),
        ),
    )
    table(
        "allocation",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("allocation_id", text(64), nullable=False),
        sa.Column("receipt_id", text(64), nullable=False),
        sa.Column("rider_id", text(64), nullable=False),
        sa.Column("unit_key", text(64), nullable=False),
        sa.Column("fen", BIG, nullable=False),
        sa.Column("tier", text(4), nullable=False),
        sa.Column("flags", sa.Text(), nullable=False),
        sa.Column("txn_id", text(64), nullable=False),
        sa.Column("reverses", text(64), nullable=True),
        sa.Column("made_by", text(64), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "allocation_id", name=op.f("pk_allocation")),
        sa.UniqueConstraint("school_id", "reverses", name=op.f("uq_allocation_school_id_reverses")),
        sa.ForeignKeyConstraint(
            ["school_id", "receipt_id"],
            ["receipt.school_id", "receipt.receipt_id"],
            name=op.f("fk_allocation_school_id_receipt_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "reverses"],
            ["allocation.school_id", "allocation.allocation_id"],
            name=op.f("fk_allocation_school_id_reverses"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "txn_id"],
            ["ledger_txn.school_id", "ledger_txn.txn_id"],
            name=op.f("fk_allocation_school_id_txn_id"),
        ),
        sa.CheckConstraint("fen <> 0", name=op.f("ck_allocation_fen")),
    )
