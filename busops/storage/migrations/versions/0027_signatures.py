"""
Three people give a lost tablet up in sessions of their own, and two take in what was kept apart: who searched
the bus, and which records an override is about.
"""

import sqlalchemy as sa
from alembic import op

from busops.storage.migrations.start.columns import BIG, table, text

KINDS_BEFORE = "kind IN ('count', 'no_show', 'list', 'stranger', 'unclosed', 'evidence', 'swap')"
KINDS = KINDS_BEFORE.removesuffix(")") + ", 'device', 'admission')"
REASONS_BEFORE = (
    "reason IN ('counted_again', 'crew_confirmed', 'guardian_confirmed', 'school_confirmed',"
    " 'stood_in', 'tablet_fault', 'road_or_police', 'tag_damaged', 'vehicle_fault')"
)
REASONS = REASONS_BEFORE.replace("'tablet_fault', ", "'tablet_fault', 'tablet_lost', ")
revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Searches and records have their tables; overrides know both kinds."""
    _overrides(KINDS, REASONS)
    table(
        "override_search",
        sa.Column("school_id", text(), nullable=False),
        sa.Column("override_id", text(), nullable=False),
        sa.Column("searched_by", text(), nullable=False),
        sa.Column("searched_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "override_id", name=op.f("pk_override_search")),
        _of_a_request("override_search"),
        sa.CheckConstraint("searched_by <> ''", name=op.f("ck_override_search_searched_by")),
    )
    table(
        "override_record",
        sa.Column("school_id", text(), nullable=False),
        sa.Column("override_id", text(), nullable=False),
        sa.Column("quarantine_id", text(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "override_id", "quarantine_id", name=op.f("pk_override_record")),
        _of_a_request("override_record"),
        sa.ForeignKeyConstraint(
            ["school_id", "quarantine_id"],
            ["quarantine.school_id", "quarantine.quarantine_id"],
            name=op.f("fk_override_record_school_id_quarantine_id"),
        ),
    )


def downgrade() -> None:
    """They are gone, with the requests of the two kinds; what was decided by them stays in the log."""
    op.drop_table("override_record")
    op.drop_table("override_search")
    _overrides(KINDS_BEFORE, REASONS_BEFORE)


def _of_a_request(name: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["school_id", "override_id"],
        ["override_request.school_id", "override_request.override_id"],
        name=op.f(f"fk_{name}_school_id_override_id"),
    )


def _overrides(kinds: str, reasons: str) -> None:
    """Requests may be of these kinds and reasons; others are gone, with what was said of them."""
    asked = sa.table("override_request", sa.column("override_id"))
    said = sa.table("override_verdict", sa.column("override_id"))
    others = sa.text(f"NOT ({kinds} AND {reasons})")
    op.execute(sa.delete(said).where(said.c.override_id.in_(sa.select(asked.c.override_id).where(others))))
    op.execute(sa.delete(asked).where(others))
    rules = {"ck_override_request_kind": kinds, "ck_override_request_reason": reasons}
    with op.batch_alter_table("override_request", table_kwargs={"sqlite_strict": True}) as altered:
        for constraint, rule in rules.items():
            altered.drop_constraint(op.f(constraint), type_="check")
            altered.create_check_constraint(op.f(constraint), rule)
