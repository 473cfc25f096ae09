"""
A run's facts and decisions are found by the run, however many weekends the school has kept.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

INDEXES = (
    ("ix_run_event_order", "run_event", ["school_id", "run_id", "srv"]),
    ("ix_run_event_dev", "run_event", ["school_id", "run_id", "dev"]),
    ("ix_run_decision_order", "run_decision", ["school_id", "run_id", "number"]),
)


def upgrade() -> None:
    """The three indexes are there."""
    for name, table, columns in INDEXES:
        op.create_index(name, table, columns)


def downgrade() -> None:
    """They are gone."""
    for name, table, _columns in INDEXES:
        op.drop_index(name, table_name=table)
