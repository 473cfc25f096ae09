"""
Incidents that open by themselves, whom somebody told first, and by which fact one fell away.
"""

import sqlalchemy as sa
from alembic import op

from busops.storage.migrations.start.columns import BIG, table, text

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Incidents and what was said of them have their tables."""
    table(
        "incident",
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
        sa.CheckConstraint(
            "kind IN ('overload', 'non_designated', 'papers', 'defect')", name=op.f("ck_incident_kind")
        ),
        sa.CheckConstraint("severity IN ('P0', 'P1', 'P2', 'P3')", name=op.f("ck_incident_severity")),
    )
    op.create_index("ix_incident_run", "incident", ["school_id", "run_id"])
    table(
        "incident_word",
        sa.Column("school_id", text(), nullable=False),
        sa.Column("incident_id", text(), nullable=False),
        sa.Column("word", text(), nullable=False),
        sa.Column("made_ms", BIG, nullable=False),
        sa.Column("by_user", text(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("event_id", text(), nullable=True),
        sa.PrimaryKeyConstraint("school_id", "incident_id", "word", name=op.f("pk_incident_word")),
        sa.ForeignKeyConstraint(
            ["school_id", "incident_id"],
            ["incident.school_id", "incident.incident_id"],
            name=op.f("fk_incident_word_school_id_incident_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "event_id"],
            ["run_event.school_id", "run_event.event_id"],
            name=op.f("fk_incident_word_school_id_event_id"),
        ),
        sa.CheckConstraint("word IN ('reported', 'withdrawn')", name=op.f("ck_incident_word_word")),
        sa.CheckConstraint(
            "word <> 'reported' OR (told <> '' AND by_user <> '')", name=op.f("ck_incident_word_told")
        ),
        sa.CheckConstraint(
            "(word = 'withdrawn') = (event_id IS NOT NULL)", name=op.f("ck_incident_word_evidence")
        ),
    )


def downgrade() -> None:
    """They are gone, with every incident ever opened."""
    op.drop_table("incident_word")
    op.drop_table("incident")
