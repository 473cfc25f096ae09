"""
Costs with their tax, line, span, bill and second person; proposals, papers, trips for others, depreciation.

Costs of before are as they were: no tax told, their own day, nobody's agreement.
"""

import sqlalchemy as sa
from alembic import op

from busops.storage.migrations.start.columns import BIG, DAY, FLAG, MOMENT, table, text

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

CODES = ", ".join(f"'C{number:02d}'" for number in (*range(1, 17), 90))
COVERS = "(covers_from IS NULL) = (covers_to IS NULL) AND (covers_from IS NULL OR covers_from <= covers_to)"
STRICT = {"sqlite_strict": True}


def upgrade() -> None:
    """A cost says all of itself; what is large waits for a second person."""
    with op.batch_alter_table("cost_line", table_kwargs=STRICT) as cost:
        cost.add_column(sa.Column("line", text(64), nullable=False, server_default=""))
        cost.add_column(sa.Column("tax_fen", BIG, nullable=False, server_default="0"))
        cost.add_column(sa.Column("covers_from", DAY, nullable=True))
        cost.add_column(sa.Column("covers_to", DAY, nullable=True))
        cost.add_column(sa.Column("replaces", text(64), nullable=True))
        cost.add_column(sa.Column("approved_by", text(64), nullable=True))
        cost.create_check_constraint(op.f("ck_cost_line_tax"), "abs(tax_fen) <= abs(fen)")
        cost.create_check_constraint(op.f("ck_cost_line_covers"), COVERS)
        cost.create_check_constraint(
            op.f("ck_cost_line_two_people"), "approved_by IS NULL OR approved_by <> made_by"
        )
        cost.create_unique_constraint(op.f("uq_cost_line_school_id_replaces"), ["school_id", "replaces"])
        cost.create_foreign_key(
            op.f("fk_cost_line_school_id_replaces"),
            "cost_line",
            ["school_id", "replaces"],
            ["school_id", "cost_id"],
        )
    _proposals()
    _papers()
    _other_use()
    _depreciation()


def downgrade() -> None:
    """The release before knows costs without these."""
    for name in ("depreciation_month", "depreciation_plan", "other_use", "cost_document", "cost_word"):
        op.drop_table(name)
    op.drop_table("cost_proposal")
    with op.batch_alter_table("cost_line", table_kwargs=STRICT) as cost:
        cost.drop_constraint(op.f("fk_cost_line_school_id_replaces"), type_="foreignkey")
        cost.drop_constraint(op.f("uq_cost_line_school_id_replaces"), type_="unique")
        for name in ("two_people", "covers", "tax"):
            cost.drop_constraint(op.f(f"ck_cost_line_{name}"), type_="check")
        for name in ("approved_by", "replaces", "covers_to", "covers_from", "tax_fen", "line"):
            cost.drop_column(name)


def _proposals() -> None:
    table(
        "cost_proposal",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("cost_id", text(64), nullable=False),
        sa.Column("cost_on", DAY, nullable=False),
        sa.Column("code", text(8), nullable=False),
        sa.Column("fen", BIG, nullable=False),
        sa.Column("plate", text(32), nullable=False),
        sa.Column("run", text(64), nullable=False),
        sa.Column("line", text(64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("document", text(128), nullable=False),
        sa.Column("is_estimate", FLAG, nullable=False),
        sa.Column("tax_fen", BIG, nullable=False),
        sa.Column("covers_from", DAY, nullable=True),
        sa.Column("covers_to", DAY, nullable=True),
        sa.Column("reverses", text(64), nullable=True),
        sa.Column("replaces", text(64), nullable=True),
        sa.Column("made_by", text(64), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "cost_id", name=op.f("pk_cost_proposal")),
        *(
            sa.ForeignKeyConstraint(
                ["school_id", name],
                ["cost_line.school_id", "cost_line.cost_id"],
                name=op.f(f"fk_cost_proposal_school_id_{name}"),
            )
            for name in ("reverses", "replaces")
        ),
        sa.CheckConstraint(f"code IN ({CODES})", name=op.f("ck_cost_proposal_code")),
        sa.CheckConstraint("fen <> 0 AND abs(tax_fen) <= abs(fen)", name=op.f("ck_cost_proposal_fen")),
        sa.CheckConstraint(COVERS, name=op.f("ck_cost_proposal_covers")),
        sa.CheckConstraint(
            "made_by <> '' AND (fen > 0) = (reverses IS NULL)", name=op.f("ck_cost_proposal_told")
        ),
    )
    table(
        "cost_word",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("cost_id", text(64), nullable=False),
        sa.Column("word", text(16), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("said_by", text(64), nullable=False),
        sa.Column("said_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "cost_id", name=op.f("pk_cost_word")),
        sa.ForeignKeyConstraint(
            ["school_id", "cost_id"],
            ["cost_proposal.school_id", "cost_proposal.cost_id"],
            name=op.f("fk_cost_word_school_id_cost_id"),
        ),
        sa.CheckConstraint("word IN ('APPROVED', 'REFUSED', 'WITHDRAWN')", name=op.f("ck_cost_word_word")),
        sa.CheckConstraint(
            "said_by <> '' AND (word <> 'REFUSED' OR note <> '')", name=op.f("ck_cost_word_told")
        ),
    )


def _papers() -> None:
    table(
        "cost_document",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("cost_id", text(64), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("kind", text(8), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("given_sha256", text(64), nullable=False),
        sa.Column("sha256", text(64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("kept_by", text(64), nullable=False),
        sa.Column("kept_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "cost_id", "n", name=op.f("pk_cost_document")),
        sa.CheckConstraint("kind IN ('pdf', 'ofd', 'jpeg', 'png')", name=op.f("ck_cost_document_kind")),
        sa.CheckConstraint(
            "length(given_sha256) = 64 AND length(sha256) = 64", name=op.f("ck_cost_document_digests")
        ),
        sa.CheckConstraint("n >= 1 AND length(content) <= 5242880", name=op.f("ck_cost_document_content")),
        sa.CheckConstraint("kept_by <> ''", name=op.f("ck_cost_document_told")),
    )


def _other_use() -> None:
    table(
        "other_use",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("use_id", text(64), nullable=False),
        sa.Column("driven_on", DAY, nullable=False),
        sa.Column("counts_on", DAY, nullable=False),
        sa.Column("plate", text(32), nullable=False),
        sa.Column("distance_m", sa.Integer(), nullable=False),
        sa.Column("duration_s", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("undoes", text(64), nullable=True),
        sa.Column("made_by", text(64), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "use_id", name=op.f("pk_other_use")),
        sa.UniqueConstraint("school_id", "undoes", name=op.f("uq_other_use_school_id_undoes")),
        sa.ForeignKeyConstraint(
            ["school_id", "undoes"],
            ["other_use.school_id", "other_use.use_id"],
            name=op.f("fk_other_use_school_id_undoes"),
        ),
        sa.CheckConstraint("plate <> '' AND purpose <> '' AND made_by <> ''", name=op.f("ck_other_use_told")),
        sa.CheckConstraint("distance_m > 0 AND duration_s > 0", name=op.f("ck_other_use_driven")),
        sa.CheckConstraint("counts_on >= driven_on", name=op.f("ck_other_use_counts")),
    )


def _depreciation() -> None:
    table(
        "depreciation_plan",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("plate", text(32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("bought_on", DAY, nullable=False),
        sa.Column("cost_fen", BIG, nullable=False),
        sa.Column("residual_fen", BIG, nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("starts", text(7), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("made_by", text(64), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "plate", "number", name=op.f("pk_depreciation_plan")),
        sa.CheckConstraint(
            "residual_fen >= 0 AND residual_fen <= cost_fen AND cost_fen > 0",
            name=op.f("ck_depreciation_plan_cost"),
        ),
        sa.CheckConstraint("months >= 1 AND months <= 480", name=op.f("ck_depreciation_plan_months")),
        sa.CheckConstraint(
            "number >= 1 AND plate <> '' AND made_by <> ''", name=op.f("ck_depreciation_plan_told")
        ),
    )
    table(
        "depreciation_month",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("plate", text(32), nullable=False),
        sa.Column("month", text(7), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("fen", BIG, nullable=False),
        sa.Column("cost_id", text(64), nullable=False),
        sa.Column("made_by", text(64), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "plate", "month", "n", name=op.f("pk_depreciation_month")),
        sa.UniqueConstraint("school_id", "cost_id", name=op.f("uq_depreciation_month_school_id_cost_id")),
        sa.ForeignKeyConstraint(
            ["school_id", "plate", "number"],
            ["depreciation_plan.school_id", "depreciation_plan.plate", "depreciation_plan.number"],
            name=op.f("fk_depreciation_month_school_id_plate_number"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "cost_id"],
            ["cost_line.school_id", "cost_line.cost_id"],
            name=op.f("fk_depreciation_month_school_id_cost_id"),
            deferrable=True,
            initially="DEFERRED",
        ),
        sa.CheckConstraint("n >= 1 AND fen > 0 AND made_by <> ''", name=op.f("ck_depreciation_month_told")),
    )
