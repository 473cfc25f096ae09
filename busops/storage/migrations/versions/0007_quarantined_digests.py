"""
What waits in quarantine under a number of a device carries the event's own hash beside the row's.

The row's ``digest`` is of the whole that was kept and finds it again; the chain of the device
knows only the event's. A tablet that compares what the server acknowledges needs the latter.
"""

import hashlib

import sqlalchemy as sa
from alembic import op

from busops.storage.migrations.start.columns import text

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

QUARANTINE = sa.table(
    "quarantine",
    *(sa.column(name) for name in ("school_id", "quarantine_id", "seq", "raw", "event_digest")),
)


def upgrade() -> None:
    """The column stands, filled for what came before: an event was kept in its canonical form."""
    op.add_column("quarantine", sa.Column("event_digest", text(), nullable=True))
    here = op.get_bind()
    claimed = sa.select(QUARANTINE).where(QUARANTINE.c.seq.is_not(None))
    for row in here.execute(claimed).mappings().all():
        here.execute(
            QUARANTINE.update()
            .where(QUARANTINE.c.school_id == row["school_id"])
            .where(QUARANTINE.c.quarantine_id == row["quarantine_id"])
            .values(event_digest=hashlib.sha256(row["raw"].encode()).hexdigest())
        )


def downgrade() -> None:
    """It is gone; what was kept stays."""
    op.drop_column("quarantine", "event_digest")
