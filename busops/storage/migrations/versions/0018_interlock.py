"""
Defects of vehicles, as drivers reported them and somebody cleared them; more gates to
override; incidents that are told to the authorities; the school's own safety policy; and signed addenda.
"""

import sqlalchemy as sa
from alembic import op

from busops.storage.migrations.start.columns import BIG, FLAG, JSON, MOMENT, table, text

KINDS = "kind IN ('count', 'no_show', 'list', 'stranger', 'unclosed', 'evidence', 'swap')"
KINDS_BEFORE = "kind IN ('count', 'no_show', 'list', 'stranger')"
REASONS_BEFORE = (
    "reason IN ('counted_again', 'crew_confirmed', 'guardian_confirmed', 'school_confirmed',"
    " 'stood_in', 'tablet_fault', 'road_or_police')"
)
REASONS = REASONS_BEFORE.removesuffix(")") + ", 'tag_damaged', 'vehicle_fault')"
revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Reports and clearances have their tables; overrides know every kind."""
    _overrides(KINDS, REASONS)
    _incident_words("word IN ('reported', 'authority', 'withdrawn')", "word = 'withdrawn'")
    table(
        "vehicle_defect",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("defect_id", text(64), nullable=False),
        sa.Column("plate", text(32), nullable=False),
        sa.Column("run_id", text(64), nullable=False),
        sa.Column("items", JSON, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("is_critical", FLAG, nullable=False),
        sa.Column("reported_by", text(64), nullable=False),
        sa.Column("reported_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "defect_id", name=op.f("pk_vehicle_defect")),
        sa.ForeignKeyConstraint(
            ["school_id", "run_id"],
            ["run.school_id", "run.run_id"],
            name=op.f("fk_vehicle_defect_school_id_run_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "defect_id"],
            ["run_event.school_id", "run_event.event_id"],
            name=op.f("fk_vehicle_defect_school_id_defect_id"),
        ),
    )
    op.create_index("ix_vehicle_defect_plate", "vehicle_defect", ["school_id", "plate"])
    table(
        "defect_clearance",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("defect_id", text(64), nullable=False),
        sa.Column("cleared_by", text(64), nullable=False),
        sa.Column("cleared_ms", BIG, nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "defect_id", name=op.f("pk_defect_clearance")),
        sa.ForeignKeyConstraint(
            ["school_id", "defect_id"],
            ["vehicle_defect.school_id", "vehicle_defect.defect_id"],
            name=op.f("fk_defect_clearance_school_id_defect_id"),
        ),
        sa.CheckConstraint("cleared_by <> '' AND how <> ''", name=op.f("ck_defect_clearance_told")),
    )
    table(
        "closure_amendment",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("run_id", text(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("event_ids", JSON, nullable=False),
        sa.Column("digest", text(64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("signed_by", text(64), nullable=False),
        sa.Column("signed_role", text(16), nullable=False),
        sa.Column("second_by", text(64), nullable=False),
        sa.Column("second_role", text(16), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint(
            "school_id", "run_id", "version", "number", name=op.f("pk_closure_amendment")
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "run_id", "version"],
            ["closure.school_id", "closure.run_id", "closure.version"],
            name=op.f("fk_closure_amendment_school_id_run_id_version"),
        ),
        sa.CheckConstraint("number >= 1 AND length(digest) = 64", name=op.f("ck_closure_amendment_number")),
        sa.CheckConstraint(
            "signed_by <> second_by AND signed_role <> second_role",
            name=op.f("ck_closure_amendment_two_roles"),
        ),
        sa.CheckConstraint(
            "signed_by <> '' AND second_by <> '' AND note <> ''", name=op.f("ck_closure_amendment_told")
        ),
    )
    table(
        "safety_policy",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("clocks", JSON, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_by", text(64), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "number", name=op.f("pk_safety_policy")),
        sa.CheckConstraint("number >= 1", name=op.f("ck_safety_policy_number")),
        sa.CheckConstraint("made_by <> '' AND reason <> ''", name=op.f("ck_safety_policy_told")),
    )


def downgrade() -> None:
    """They are gone; what the look-overs told stays in the log, and so do the kinds known before."""
    _overrides(KINDS_BEFORE, REASONS_BEFORE)
    _incident_words("word IN ('reported', 'withdrawn')", "word <> 'reported'")
    op.drop_table("safety_policy")
    op.drop_table("closure_amendment")
    op.drop_table("defect_clearance")
    op.drop_table("vehicle_defect")


def _overrides(kinds: str, reasons: str) -> None:
    """Requests may be of these kinds and reasons; others are gone, with what was said of them."""
    asked = sa.table("override_request", sa.column("override_id"))
    said = sa.table("override_verdict", sa.column("override_id"))
    others = sa.text(f"NOT ({kinds} AND {reasons})")
    op.execute(sa.delete(said).where(said.c.override_id.in_(sa.select(asked.c.override_id).where(others))))
    op.execute(sa.delete(asked).where(others))
    _check("override_request", {"ck_override_request_kind": kinds, "ck_override_request_reason": reasons})


def _incident_words(words: str, untold: str) -> None:
    """Of an incident these words may be said, each with whom was told unless ``untold``."""
    said = sa.table("incident_word", sa.column("word"))
    op.execute(sa.delete(said).where(sa.text(f"NOT ({words})")))
    told = untold + " OR (told <> '' AND by_user <> '')"
    _check("incident_word", {"ck_incident_word_word": words, "ck_incident_word_told": told})


def _check(name: str, rules: dict[str, str]) -> None:
    """The table holds these rules in place of those of the same names."""
    with op.batch_alter_table(name, table_kwargs={"sqlite_strict": True}) as altered:
        for constraint, rule in rules.items():
            altered.drop_constraint(op.f(constraint), type_="check")
            altered.create_check_constraint(op.f(constraint), rule)
