"""
The goal of a term as it was frozen: basis, target and fee regime, with who chose and who agreed.

What the school's row says already is frozen with the upgrade.
"""

import sqlalchemy as sa
from alembic import op

from busops.storage.migrations.start.columns import DAY, FLAG, MOMENT, table, text

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every change of the goal has a row; the present goal is the first."""
    table(
        "term_goal",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("term_id", text(64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("basis", text(16), nullable=False),
        sa.Column("target_bp", sa.Integer(), nullable=False),
        sa.Column("fee_regime", text(24), nullable=False),
        sa.Column("starts_on", DAY, nullable=False),
        sa.Column("asked_on", DAY, nullable=False),
        sa.Column("is_before_term", FLAG, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by", text(64), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "term_id", "number", name=op.f("pk_term_goal")),
        sa.ForeignKeyConstraint(
            ["school_id", "term_id"],
            ["term.school_id", "term.term_id"],
            name=op.f("fk_term_goal_school_id_term_id"),
        ),
        sa.CheckConstraint("number >= 1", name=op.f("ck_term_goal_number")),
        sa.CheckConstraint("target_bp >= 0", name=op.f("ck_term_goal_target")),
        sa.CheckConstraint(
            "basis IN ('ACCRUAL', 'CASH_NET', 'CASH_GROSS')"
            " AND fee_regime IN ('MARKET', 'SERVICE_CHARGE', 'AGENCY_COLLECTION')",
            name=op.f("ck_term_goal_known"),
        ),
        sa.CheckConstraint("asked_by <> '' AND reason <> ''", name=op.f("ck_term_goal_told")),
    )
    table(
        "term_goal_consent",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("term_id", text(64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("agreed_by", text(64), nullable=False),
        sa.Column("agreed_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "term_id", "number", name=op.f("pk_term_goal_consent")),
        sa.ForeignKeyConstraint(
            ["school_id", "term_id", "number"],
            ["term_goal.school_id", "term_goal.term_id", "term_goal.number"],
            name=op.f("fk_term_goal_consent_school_id_term_id_number"),
        ),
        sa.CheckConstraint("agreed_by <> ''", name=op.f("ck_term_goal_consent_told")),
    )
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    now = "strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')" if is_sqlite else "now()"
    today = "date('now', '+8 hours')" if is_sqlite else "(now() AT TIME ZONE 'Asia/Shanghai')::date"
    columns = "school_id, term_id, basis, target_bp, fee_regime"
    op.execute(
        f"INSERT INTO term_goal ({columns}, number, reason, asked_by, starts_on, asked_on,"  # noqa: S608
        f" is_before_term, asked_at) SELECT s.{columns.replace(', ', ', s.')}, 1, 'upgrade', 'system',"
        f" t.starts_on, {today}, t.starts_on > {today}, {now}"
        " FROM school s JOIN term t ON t.school_id = s.school_id AND t.term_id = s.term_id"
    )


def downgrade() -> None:
    """The school's row says the goal alone again."""
    op.drop_table("term_goal_consent")
    op.drop_table("term_goal")
