"""
Two more things the books rest on: large claims with a second person's word, and bills as they came.

Bills that were accepted before have no original here; nothing can bring it back.
"""

import sqlalchemy as sa
from alembic import op

from busops.storage.migrations.start.columns import BIG, JSON, MOMENT, table, text

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Proposals, their verdicts and the originals of bills have their tables."""
    table(
        "claim_proposal",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("proposal_id", text(64), nullable=False),
        sa.Column("receipt_id", text(64), nullable=False),
        sa.Column("shares", JSON, nullable=False),
        sa.Column("fen", BIG, nullable=False),
        sa.Column("grounds", JSON, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("proposed_by", text(64), nullable=False),
        sa.Column("proposed_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "proposal_id", name=op.f("pk_claim_proposal")),
        sa.ForeignKeyConstraint(
            ["school_id", "receipt_id"],
            ["receipt.school_id", "receipt.receipt_id"],
            name=op.f("fk_claim_proposal_school_id_receipt_id"),
        ),
        sa.CheckConstraint("fen > 0", name=op.f("ck_claim_proposal_fen")),
        sa.CheckConstraint("proposed_by <> ''", name=op.f("ck_claim_proposal_proposed_by")),
    )
    table(
        "claim_verdict",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("proposal_id", text(64), nullable=False),
        sa.Column("verdict", text(16), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("decided_by", text(64), nullable=False),
        sa.Column("decided_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "proposal_id", name=op.f("pk_claim_verdict")),
        sa.ForeignKeyConstraint(
            ["school_id", "proposal_id"],
            ["claim_proposal.school_id", "claim_proposal.proposal_id"],
            name=op.f("fk_claim_verdict_school_id_proposal_id"),
        ),
        sa.CheckConstraint(
            "verdict IN ('approved', 'rejected', 'withdrawn')", name=op.f("ck_claim_verdict_verdict")
        ),
        sa.CheckConstraint("decided_by <> ''", name=op.f("ck_claim_verdict_decided_by")),
    )
    table(
        "bill_original",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("sha256", text(64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("kept_by", text(64), nullable=False),
        sa.Column("kept_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "sha256", name=op.f("pk_bill_original")),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_bill_original_sha256")),
        sa.CheckConstraint("length(content) <= 10485760", name=op.f("ck_bill_original_content")),
    )


def downgrade() -> None:
    """They are gone, with what stood in them."""
    for name in ("bill_original", "claim_verdict", "claim_proposal"):
        op.drop_table(name)
