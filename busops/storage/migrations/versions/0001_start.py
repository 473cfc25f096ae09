"""
The schema of the first release, written out.

Frozen: a later change of a store's table is a revision of its own, and this one stays.
"""

from alembic import op

from busops.storage.migrations.start import money, register, runs, watch, weekends

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

AREAS = (register, weekends, runs, watch, money)


def upgrade() -> None:
    """Every table stands. A run and its closure name each other, so one key comes last where it can."""
    for area in AREAS:
        area.create()
    if op.get_context().dialect.name == "postgresql":
        op.create_foreign_key(
            op.f("fk_run_closure"),
            "run",
            "closure",
            ["school_id", "run_id", "closure_v"],
            ["school_id", "run_id", "version"],
        )
        op.execute("CREATE SEQUENCE run_event_srv")
        op.execute("CREATE SEQUENCE run_decision_number")


def downgrade() -> None:
    """Nothing of ours is left in the database."""
    if op.get_context().dialect.name == "postgresql":
        op.drop_constraint(op.f("fk_run_closure"), "run", type_="foreignkey")
        op.execute("DROP SEQUENCE run_event_srv")
        op.execute("DROP SEQUENCE run_decision_number")
    for area in reversed(AREAS):
        for name in reversed(area.TABLES):
            op.drop_table(name)
