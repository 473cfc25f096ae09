"""What a tablet says of its own store: whether its browser keeps it, and who accepts that it may not."""

import sqlalchemy as sa
from alembic import op

from busops.storage.migrations.start.columns import FLAG, MOMENT, table, text

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The table stands, empty: no tablet has said anything yet."""
    table(
        "device_keeping",
        sa.Column("school_id", text(), nullable=False),
        sa.Column("dev", sa.Integer(), nullable=False),
        sa.Column("is_kept", FLAG, nullable=False),
        sa.Column("told_at", MOMENT, nullable=False),
        sa.Column("accepted_by", text(), nullable=True),
        sa.Column("accepted_at", MOMENT, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("school_id", "dev", name=op.f("pk_device_keeping")),
        sa.ForeignKeyConstraint(
            ["school_id", "dev"],
            ["device.school_id", "device.dev"],
            name=op.f("fk_device_keeping_school_id_dev"),
        ),
    )


def downgrade() -> None:
    """It is gone; the tablets say it again."""
    op.drop_table("device_keeping")
