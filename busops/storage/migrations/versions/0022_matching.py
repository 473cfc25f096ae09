"""
Payers known from before, payment codes, refused proposals, reviews of matches and the rules of matching.
"""

import sqlalchemy as sa
from alembic import op

from busops.storage.migrations.start.columns import BIG, FLAG, MOMENT, table, text

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The tables stand."""
    table(
        "payer_link",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("payer_key", text(128), nullable=False),
        sa.Column("rider_id", text(64), nullable=False),
        sa.Column("payer", sa.Text(), nullable=False),
        sa.Column("receipt_id", text(64), nullable=False),
        sa.Column("made_by", text(64), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "payer_key", "rider_id", name=op.f("pk_payer_link")),
        sa.CheckConstraint("payer_key <> '' AND made_by <> ''", name=op.f("ck_payer_link_told")),
    )
    table(
        "payment_code",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("rider_id", text(64), nullable=False),
        sa.Column("code", text(8), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "rider_id", name=op.f("pk_payment_code")),
        sa.UniqueConstraint("school_id", "code", name=op.f("uq_payment_code_school_id_code")),
    )
    table(
        "match_refusal",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("receipt_id", text(64), nullable=False),
        sa.Column("riders_digest", text(64), nullable=False),
        sa.Column("refused_by", text(64), nullable=False),
        sa.Column("refused_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "receipt_id", "riders_digest", name=op.f("pk_match_refusal")),
        _of_receipt("match_refusal"),
    )
    table(
        "match_review",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("receipt_id", text(64), nullable=False),
        sa.Column("is_right", FLAG, nullable=False),
        sa.Column("tier", text(4), nullable=False),
        sa.Column("reviewed_by", text(64), nullable=False),
        sa.Column("reviewed_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "receipt_id", name=op.f("pk_match_review")),
        _of_receipt("match_review"),
        sa.CheckConstraint("reviewed_by <> ''", name=op.f("ck_match_review_reviewed_by")),
    )
    table(
        "match_policy",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("two_people_from_fen", BIG, nullable=False),
        sa.Column("reviewed_percent", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_by", text(64), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "number", name=op.f("pk_match_policy")),
        sa.CheckConstraint("number >= 1", name=op.f("ck_match_policy_number")),
        sa.CheckConstraint("two_people_from_fen > 0", name=op.f("ck_match_policy_two_people")),
        sa.CheckConstraint("reviewed_percent BETWEEN 1 AND 100", name=op.f("ck_match_policy_reviewed")),
        sa.CheckConstraint("made_by <> '' AND reason <> ''", name=op.f("ck_match_policy_told")),
    )


def downgrade() -> None:
    """They are gone; what was matched stays matched."""
    for name in ("match_policy", "match_review", "match_refusal", "payment_code", "payer_link"):
        op.drop_table(name)


def _of_receipt(name: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["school_id", "receipt_id"],
        ["receipt.school_id", "receipt.receipt_id"],
        name=op.f(f"fk_{name}_school_id_receipt_id"),
    )
