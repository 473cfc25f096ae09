"""
Who may be aboard which run of a day has a table, by which a rider on two buses at once is found.
"""

import sqlalchemy as sa
from alembic import op

from busops.storage.migrations.start.columns import DAY, table, text

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

EACH_ABOARD = {
    "sqlite": "json_each(run.progress, '$.aboard_ids') AS shown",
    "postgresql": "json_array_elements_text(run.progress -> 'aboard_ids') AS shown(value)",
}


def upgrade() -> None:
    """It is there, and says what the runs' own rows say."""
    table(
        "rider_aboard",
        sa.Column("school_id", text(), nullable=False),
        sa.Column("run_on", DAY, nullable=False),
        sa.Column("rider_id", text(), nullable=False),
        sa.Column("run_id", text(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "run_on", "rider_id", "run_id", name=op.f("pk_rider_aboard")),
        sa.ForeignKeyConstraint(
            ["school_id", "run_id"],
            ["run.school_id", "run.run_id"],
            name=op.f("fk_rider_aboard_school_id_run_id"),
        ),
    )
    op.create_index("ix_rider_aboard_run", "rider_aboard", ["school_id", "run_id"])
    each = EACH_ABOARD[op.get_bind().dialect.name]
    op.execute(
        "INSERT INTO rider_aboard (school_id, run_on, rider_id, run_id)"  # noqa: S608 - no foreign text
        f" SELECT run.school_id, run.run_on, shown.value, run.run_id FROM run, {each} WHERE run.aboard > 0"
    )


def downgrade() -> None:
    """It is gone; the runs' rows still say who is aboard."""
    op.drop_table("rider_aboard")
