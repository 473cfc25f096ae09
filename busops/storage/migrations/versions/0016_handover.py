"""
Who may pick a rider up, one-time codes for a run, and the cards that riders carry.
"""

import sqlalchemy as sa
from alembic import op

from busops.storage.migrations.start.columns import JSON, MOMENT, table, text

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

NOBODY = '{"next": 1, "listed": []}'


def upgrade() -> None:
    """Riders have a list of persons, empty at first; codes and cards have their tables."""
    op.add_column("rider", sa.Column("persons", JSON, nullable=False, server_default=NOBODY))
    table(
        "pickup_code",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("run_id", text(64), nullable=False),
        sa.Column("rider_id", text(64), nullable=False),
        sa.Column("salt", text(32), nullable=False),
        sa.Column("rounds", sa.Integer(), nullable=False),
        sa.Column("proof", text(64), nullable=False),
        sa.Column("made_by", text(64), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "run_id", "rider_id", name=op.f("pk_pickup_code")),
        sa.ForeignKeyConstraint(
            ["school_id", "run_id"],
            ["run.school_id", "run.run_id"],
            name=op.f("fk_pickup_code_school_id_run_id"),
        ),
        sa.CheckConstraint("length(proof) = 64 AND rounds > 0", name=op.f("ck_pickup_code_proof")),
    )
    table(
        "rider_card",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("card_no", text(16), nullable=False),
        sa.Column("rider_id", text(64), nullable=False),
        sa.Column("made_by", text(64), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("voided_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("school_id", "card_no", name=op.f("pk_rider_card")),
        sa.ForeignKeyConstraint(
            ["school_id", "rider_id"],
            ["rider.school_id", "rider.rider_id"],
            name=op.f("fk_rider_card_school_id_rider_id"),
        ),
        sa.CheckConstraint("length(card_no) = 16", name=op.f("ck_rider_card_card_no")),
    )
    op.create_index("ix_rider_card_rider", "rider_card", ["school_id", "rider_id"])


def downgrade() -> None:
    """They are gone; who was handed over to whom stays in the log, by number."""
    op.drop_table("rider_card")
    op.drop_table("pickup_code")
    op.drop_column("rider", "persons")
