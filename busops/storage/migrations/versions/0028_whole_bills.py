"""A bill whose lines come in slice by slice is not whole until the last is there; all before are."""

import sqlalchemy as sa
from alembic import op

from busops.storage.migrations.start.columns import FLAG

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every bill of the books is whole."""
    op.add_column("receipt_file", sa.Column("is_whole", FLAG, nullable=False, server_default=sa.true()))


def downgrade() -> None:
    """What had not come in whole is gone, the others stand."""
    op.execute(
        "DELETE FROM receipt WHERE EXISTS (SELECT 1 FROM receipt_file f WHERE f.school_id = receipt.school_id"
        " AND f.file_id = receipt.file_id AND NOT f.is_whole)"
    )
    op.execute("DELETE FROM receipt_file WHERE NOT is_whole")
    op.drop_column("receipt_file", "is_whole")
