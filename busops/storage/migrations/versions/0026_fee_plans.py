"""
Approved refunds may be taken back; who joined late or left; subsidies; consents to prices; the whole
price of a charge that is owed in part; refund lines found by the payment they go back on.

Whoever was charged before counts as having agreed to the price of his term.
"""

import sqlalchemy as sa
from alembic import op

from busops.storage.migrations.start.columns import BIG, DAY, MOMENT, table, text

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

STEPS_BEFORE = {
    "state": "state IN ('CHECKED', 'APPROVED', 'PAID', 'RECONCILED', 'REFUSED')",
    "told": "by_user <> '' AND (state <> 'REFUSED' OR note <> '')",
    "booked": "(txn_id IS NOT NULL) = (state IN ('APPROVED', 'PAID', 'RECONCILED'))",
}
STEPS = {
    "state": "state IN ('CHECKED', 'APPROVED', 'PAID', 'RECONCILED', 'REFUSED', 'RETURNING', 'RETURNED')",
    "told": "by_user <> '' AND (state NOT IN ('REFUSED', 'RETURNING') OR note <> '')",
    "booked": "(txn_id IS NOT NULL) = (state IN ('APPROVED', 'PAID', 'RECONCILED', 'RETURNED'))",
}
NAMED = sa.text("refund_of <> ''")


def upgrade() -> None:
    """The tables stand; steps of refunds go further."""
    _steps(STEPS)
    op.add_column("charge", sa.Column("price_fen", BIG, nullable=True))
    op.create_index(
        "ix_receipt_refund_of",
        "receipt",
        ["school_id", "refund_of"],
        sqlite_where=NAMED,
        postgresql_where=NAMED,
    )
    table(
        "rider_service",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("rider_id", text(64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("joined_on", DAY, nullable=True),
        sa.Column("left_on", DAY, nullable=True),
        *_told("rider_service"),
        sa.PrimaryKeyConstraint("school_id", "rider_id", "number", name=op.f("pk_rider_service")),
        sa.CheckConstraint("joined_on <= left_on", name=op.f("ck_rider_service_order")),
    )
    table(
        "price_consent",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("rider_id", text(64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("term_id", text(64), nullable=False),
        sa.Column("way", text(16), nullable=False),
        sa.Column("given_on", DAY, nullable=False),
        *_told("price_consent"),
        sa.PrimaryKeyConstraint("school_id", "rider_id", "number", name=op.f("pk_price_consent")),
        sa.CheckConstraint("way IN ('WRITTEN', 'ONLINE', 'WITHDRAWN')", name=op.f("ck_price_consent_way")),
    )
    table(
        "subsidy",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("subsidy_id", text(64), nullable=False),
        sa.Column("received_on", DAY, nullable=False),
        sa.Column("rider_id", text(64), nullable=True),
        sa.Column("fen", BIG, nullable=False),
        sa.Column("giver", sa.Text(), nullable=False),
        sa.Column("undoes", text(64), nullable=True),
        *_told("subsidy"),
        sa.PrimaryKeyConstraint("school_id", "subsidy_id", name=op.f("pk_subsidy")),
        sa.UniqueConstraint("school_id", "undoes", name=op.f("uq_subsidy_school_id_undoes")),
        sa.ForeignKeyConstraint(
            ["school_id", "undoes"],
            ["subsidy.school_id", "subsidy.subsidy_id"],
            name=op.f("fk_subsidy_school_id_undoes"),
        ),
        sa.CheckConstraint(
            "fen <> 0 AND (fen < 0) = (undoes IS NOT NULL) AND giver <> ''", name=op.f("ck_subsidy_fen")
        ),
    )
    _charged_agreed()


def downgrade() -> None:
    """They are gone; an approval that was taken back reads as a refusal, a wish to do so is forgotten."""
    op.drop_table("subsidy")
    op.drop_table("price_consent")
    op.drop_table("rider_service")
    op.drop_index("ix_receipt_refund_of", "receipt")
    op.drop_column("charge", "price_fen")
    step = sa.table("refund_step", *(sa.column(name) for name in ("state", "txn_id", "note")))
    op.execute(sa.delete(step).where(step.c.state == "RETURNING"))
    with op.batch_alter_table("refund_step", table_kwargs={"sqlite_strict": True}) as altered:
        for name in STEPS:
            altered.drop_constraint(op.f(f"ck_refund_step_{name}"), type_="check")
    op.execute(
        sa.update(step)
        .where(step.c.state == "RETURNED")
        .values(state="REFUSED", txn_id=None, note="returned")
    )
    with op.batch_alter_table("refund_step", table_kwargs={"sqlite_strict": True}) as altered:
        for name, rule in STEPS_BEFORE.items():
            altered.create_check_constraint(op.f(f"ck_refund_step_{name}"), rule)


def _told(name: str) -> tuple[sa.schema.SchemaItem, ...]:
    """Why, by whom and when."""
    return (
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("made_by", text(64), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.CheckConstraint("made_by <> '' AND note <> ''", name=op.f(f"ck_{name}_told")),
    )


def _steps(rules: dict[str, str]) -> None:
    with op.batch_alter_table("refund_step", table_kwargs={"sqlite_strict": True}) as altered:
        for name, rule in rules.items():
            altered.drop_constraint(op.f(f"ck_refund_step_{name}"), type_="check")
            altered.create_check_constraint(op.f(f"ck_refund_step_{name}"), rule)


def _charged_agreed() -> None:
    """Where the price needs a consent, whoever was charged in this term has given it."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    now = "strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')" if is_sqlite else "now()"
    op.execute(
        "INSERT INTO price_consent"  # noqa: S608
        " (school_id, rider_id, number, term_id, way, given_on, note, made_by, made_at)"
        f" SELECT c.school_id, c.rider_id, 1, s.term_id, 'WRITTEN', min(c.from_on), 'upgrade', 'system',"
        f" {now}"
        " FROM charge c JOIN school s ON s.school_id = c.school_id"
        " JOIN term t ON t.school_id = s.school_id AND t.term_id = s.term_id"
        " WHERE s.fee_regime = 'SERVICE_CHARGE' AND c.list_fen > 0 AND c.from_on <= t.ends_on"
        " AND c.to_on >= t.starts_on GROUP BY c.school_id, c.rider_id, s.term_id"
    )
