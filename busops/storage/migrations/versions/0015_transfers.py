"""
Riders go over from the bus of one run into that of another: facts and manifests name the other run.

A bus that goes no further is an incident of its own kind.
"""

import sqlalchemy as sa
from alembic import op

from busops.storage.migrations.start.columns import BIG, table, text

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

COLUMNS = {"run_event": "other_run_id", "manifest_rider": "from_run_id"}
KINDS = "'overload', 'non_designated', 'papers', 'defect'"
KEPT = "school_id, incident_id, run_id, kind, severity, finding_key, opened_ms"


def upgrade() -> None:
    """Both tables have a column for the other run; nothing that stands names one."""
    for name, column in COLUMNS.items():
        op.add_column(name, sa.Column(column, text(), nullable=True))
    _allow_kinds(f"{KINDS}, 'stranded'")


def downgrade() -> None:
    """The columns are gone, and buses that went no further are defects; what was sent stays in the log."""
    for name, column in COLUMNS.items():
        op.drop_column(name, column)
    op.execute("UPDATE incident SET kind = 'defect' WHERE kind = 'stranded'")
    _allow_kinds(KINDS)


def _allow_kinds(kinds: str) -> None:
    """An incident is of one of these kinds; SQLite keeps a condition for as long as the table."""
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(op.f("ck_incident_kind"), "incident", type_="check")
        op.create_check_constraint(op.f("ck_incident_kind"), "incident", f"kind IN ({kinds})")
        return
    table(
        "incident_new",
        sa.Column("school_id", text(), nullable=False),
        sa.Column("incident_id", text(), nullable=False),
        sa.Column("run_id", text(), nullable=False),
        sa.Column("kind", text(), nullable=False),
        sa.Column("severity", text(), nullable=False),
        sa.Column("finding_key", text(), nullable=False),
        sa.Column("opened_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "incident_id", name=op.f("pk_incident")),
        sa.ForeignKeyConstraint(
            ["school_id", "run_id"],
            ["run.school_id", "run.run_id"],
            name=op.f("fk_incident_school_id_run_id"),
        ),
        sa.CheckConstraint(f"kind IN ({kinds})", name=op.f("ck_incident_kind")),
        sa.CheckConstraint("severity IN ('P0', 'P1', 'P2', 'P3')", name=op.f("ck_incident_severity")),
    )
    op.execute(f"INSERT INTO incident_new ({KEPT}) SELECT {KEPT} FROM incident")  # noqa: S608 - our own words
    op.drop_table("incident")
    op.rename_table("incident_new", "incident")
    op.create_index("ix_incident_run", "incident", ["school_id", "run_id"])
