"""
Indexes by which the money of a period, of a receipt or of a rider is found without reading all of it.

The receipts that are not plainly matched, and the transactions that are not posted, are few: an index
holds only them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0028"
branch_labels = None
depends_on = None

_INDEXES = (
    ("ix_allocation_unit", "allocation", ["school_id", "unit_key"], None),
    ("ix_allocation_receipt", "allocation", ["school_id", "receipt_id"], None),
    ("ix_allocation_rider", "allocation", ["school_id", "rider_id"], None),
    ("ix_posting_rider", "posting", ["school_id", "rider_id"], "rider_id IS NOT NULL"),
    ("ix_charge_begins", "charge", ["school_id", "unit", "from_on"], None),
    ("ix_receipt_open", "receipt", ["school_id", "status"], "status <> 'MATCHED'"),
    ("ix_ledger_txn_unposted", "ledger_txn", ["school_id"], "NOT posted"),
)


def upgrade() -> None:
    """The indexes stand."""
    for name, table, columns, only in _INDEXES:
        where = None if only is None else sa.text(only)
        op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """They are gone; nothing that is on record changes."""
    for name, table, _, _ in reversed(_INDEXES):
        op.drop_index(name, table_name=table)
