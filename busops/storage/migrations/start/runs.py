"""Runs, their events and decisions, their closures."""

import sqlalchemy as sa
from alembic import op

from busops.storage.migrations.start.columns import BIG, DAY, FLAG, JSON, MOMENT, table, text

TABLES = (
    "run",
    "run_stop",
    "manifest",
    "manifest_rider",
    "run_crew",
    "run_tag",
    "run_device",
    "run_event",
    "run_decision",
    "closure",
    "closure_addendum",
)


def create() -> None:
    """These tables stand, empty."""
    table(
        "run",
        sa.Column("school_id", text(), nullable=False),
        sa.Column("run_id", text(), nullable=False),
        sa.Column("plan_id", text(), nullable=True),
        sa.Column("trip_no", sa.Integer(), nullable=False),
        sa.Column("wave", sa.Integer(), nullable=False),
        sa.Column("run_on", DAY, nullable=False),
        sa.Column("direction", text(), nullable=False),
        sa.Column("plate", text(), nullable=False),
        sa.Column("vehicle_rows", sa.Integer(), nullable=False),
        sa.Column("approved_students", sa.Integer(), nullable=False),
        sa.Column("approved_total", sa.Integer(), nullable=False),
        sa.Column("terminal", text(), nullable=False),
        sa.Column("designated", JSON, nullable=False),
        sa.Column("departs_at", MOMENT, nullable=False),
        sa.Column("arrives_at", MOMENT, nullable=False),
        sa.Column("distance_m", BIG, nullable=False),
        sa.Column("cost_fen", BIG, nullable=False),
        sa.Column("roster_v", sa.Integer(), nullable=False),
        sa.Column("phase", text(), nullable=False),
        sa.Column("integrity", text(), nullable=False),
        sa.Column("aboard", sa.Integer(), nullable=False),
        sa.Column("closure_v", sa.Integer(), nullable=True),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("reopened_ms", BIG, nullable=True),
        sa.Column("progress", JSON, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "run_id", name=op.f("pk_run")),
        sa.CheckConstraint(
            "phase IN ('planned', 'ready', 'underway', 'arrived', 'checked', 'closed', "
            "'cancelled', 'reopened')",
            name=op.f("ck_run_phase"),
        ),
        sa.CheckConstraint("direction IN ('homeward', 'return')", name=op.f("ck_run_direction")),
        sa.CheckConstraint("integrity IN ('clean', 'amended', 'challenged')", name=op.f("ck_run_integrity")),
        sa.CheckConstraint("aboard >= 0", name=op.f("ck_run_aboard")),
        sa.CheckConstraint(
            "(phase = 'closed') = (closure_v IS NOT NULL) AND (phase = 'closed') = (closed_at IS "
            "NOT NULL) AND (phase <> 'closed' OR aboard = 0)",
            name=op.f("ck_run_closed"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "run_id", "closure_v"],
            ["closure.school_id", "closure.run_id", "closure.version"],
            name=op.f("fk_run_closure"),
            use_alter=True,
        ),
    )
    op.create_index(op.f("ix_run_run_on"), "run", ["run_on"], unique=False)
    table(
        "run_stop",
        sa.Column("school_id", text(), nullable=False),
        sa.Column("run_id", text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("stop_id", text(), nullable=False),
        sa.Column("arrives_at", MOMENT, nullable=False),
        sa.Column("leaves_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "run_id", "seq", name=op.f("pk_run_stop")),
        sa.ForeignKeyConstraint(
            ["school_id", "run_id"],
            ["run.school_id", "run.run_id"],
            name=op.f("fk_run_stop_school_id_run_id"),
        ),
    )
    table(
        "manifest",
        sa.Column("school_id", text(), nullable=False),
        sa.Column("run_id", text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", text(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "run_id", "version", name=op.f("pk_manifest")),
        sa.ForeignKeyConstraint(
            ["school_id", "run_id"],
            ["run.school_id", "run.run_id"],
            name=op.f("fk_manifest_school_id_run_id"),
        ),
    )
    table(
        "manifest_rider",
        sa.Column("school_id", text(), nullable=False),
        sa.Column("run_id", text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rider_id", text(), nullable=False),
        sa.Column("stop_id", text(), nullable=False),
        sa.Column("other_stops", JSON, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "run_id", "version", "rider_id", name=op.f("pk_manifest_rider")),
        sa.ForeignKeyConstraint(
            ["school_id", "run_id", "version"],
            ["manifest.school_id", "manifest.run_id", "manifest.version"],
            name=op.f("fk_manifest_rider_school_id_run_id_version"),
        ),
    )
    op.create_index(op.f("ix_manifest_rider_rider_id"), "manifest_rider", ["rider_id"], unique=False)
    table(
        "run_crew",
        sa.Column("school_id", text(), nullable=False),
        sa.Column("run_id", text(), nullable=False),
        sa.Column("crew_id", text(), nullable=False),
        sa.Column("role", text(), nullable=False),
        sa.Column("since_at", MOMENT, nullable=False),
        sa.Column("until_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint(
            "school_id", "run_id", "crew_id", "role", "since_at", name=op.f("pk_run_crew")
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "run_id"],
            ["run.school_id", "run.run_id"],
            name=op.f("fk_run_crew_school_id_run_id"),
        ),
        sa.CheckConstraint("role IN ('DRIVER', 'ATTENDANT')", name=op.f("ck_run_crew_role")),
    )
    op.create_index(op.f("ix_run_crew_crew_id"), "run_crew", ["crew_id"], unique=False)
    table(
        "run_tag",
        sa.Column("school_id", text(), nullable=False),
        sa.Column("run_id", text(), nullable=False),
        sa.Column("place", text(), nullable=False),
        sa.Column("code", text(), nullable=False),
        sa.Column("asks_attendant", FLAG, nullable=False),
        sa.Column("asks_driver", FLAG, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "run_id", "place", name=op.f("pk_run_tag")),
        sa.ForeignKeyConstraint(
            ["school_id", "run_id"], ["run.school_id", "run.run_id"], name=op.f("fk_run_tag_school_id_run_id")
        ),
    )
    table(
        "run_device",
        sa.Column("school_id", text(), nullable=False),
        sa.Column("run_id", text(), nullable=False),
        sa.Column("dev", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "run_id", "dev", name=op.f("pk_run_device")),
        sa.ForeignKeyConstraint(
            ["school_id", "run_id"],
            ["run.school_id", "run.run_id"],
            name=op.f("fk_run_device_school_id_run_id"),
        ),
    )
    op.create_index(op.f("ix_run_device_dev"), "run_device", ["dev"], unique=False)
    table(
        "run_event",
        sa.Column("school_id", text(), nullable=False),
        sa.Column("event_id", text(), nullable=False),
        sa.Column("run_id", text(), nullable=False),
        sa.Column("dev", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("prev", text(), nullable=False),
        sa.Column("digest", text(), nullable=False),
        sa.Column("kind", text(), nullable=False),
        sa.Column("rider_id", text(), nullable=True),
        sa.Column("stop_id", text(), nullable=True),
        sa.Column("n", sa.Integer(), nullable=True),
        sa.Column("refs", JSON, nullable=False),
        sa.Column("codes", JSON, nullable=False),
        sa.Column("reason", text(), nullable=True),
        sa.Column("crew_id", text(), nullable=False),
        sa.Column("roster_v", sa.Integer(), nullable=False),
        sa.Column("boot", text(), nullable=False),
        sa.Column("mono_ms", BIG, nullable=False),
        sa.Column("wall_ms", BIG, nullable=False),
        sa.Column("lo_ms", BIG, nullable=False),
        sa.Column("hi_ms", BIG, nullable=False),
        sa.Column("received_ms", BIG, nullable=False),
        sa.Column("srv", BIG, nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "event_id", name=op.f("pk_run_event")),
        sa.UniqueConstraint("school_id", "dev", "seq", name=op.f("uq_run_event_dev_seq")),
        sa.UniqueConstraint("school_id", "srv", name=op.f("uq_run_event_srv")),
        sa.ForeignKeyConstraint(
            ["school_id", "run_id"],
            ["run.school_id", "run.run_id"],
            name=op.f("fk_run_event_school_id_run_id"),
        ),
        sa.CheckConstraint("lo_ms <= hi_ms AND hi_ms <= received_ms", name=op.f("ck_run_event_interval")),
        sa.CheckConstraint("seq >= 1 AND dev >= 1", name=op.f("ck_run_event_sequence")),
        sa.CheckConstraint(
            "kind NOT IN ('board', 'alight', 'absent') OR rider_id IS NOT NULL",
            name=op.f("ck_run_event_rider"),
        ),
    )
    op.create_index(
        op.f("ix_run_event_run"), "run_event", ["school_id", "run_id", "kind", "rider_id"], unique=False
    )
    table(
        "run_decision",
        sa.Column("school_id", text(), nullable=False),
        sa.Column("decision_id", text(), nullable=False),
        sa.Column("run_id", text(), nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("kind", text(), nullable=False),
        sa.Column("made_ms", BIG, nullable=False),
        sa.Column("by_user", text(), nullable=False),
        sa.Column("second_user", text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("rider_id", text(), nullable=True),
        sa.Column("says", text(), nullable=True),
        sa.Column("covers", JSON, nullable=False),
        sa.Column("dev", sa.Integer(), nullable=True),
        sa.Column("upto_seq", sa.Integer(), nullable=True),
        sa.Column("body", JSON, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "decision_id", name=op.f("pk_run_decision")),
        sa.UniqueConstraint("school_id", "number", name=op.f("uq_run_decision_number")),
        sa.ForeignKeyConstraint(
            ["school_id", "run_id"],
            ["run.school_id", "run.run_id"],
            name=op.f("fk_run_decision_school_id_run_id"),
        ),
        sa.CheckConstraint(
            "kind NOT IN ('resolved', 'device_released', 'finding_settled') OR (second_user IS NOT "
            "NULL AND second_user <> by_user)",
            name=op.f("ck_run_decision_two_people"),
        ),
        sa.CheckConstraint(
            "kind <> 'resolved' OR (rider_id IS NOT NULL AND says IS NOT NULL)",
            name=op.f("ck_run_decision_resolved"),
        ),
    )
    op.create_index(
        op.f("ix_run_decision_run"), "run_decision", ["school_id", "run_id", "kind"], unique=False
    )
    table(
        "closure",
        sa.Column("school_id", text(), nullable=False),
        sa.Column("run_id", text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("closed_at", MOMENT, nullable=False),
        sa.Column("closed_ms", BIG, nullable=False),
        sa.Column("closed_by", text(), nullable=False),
        sa.Column("attendant_id", text(), nullable=False),
        sa.Column("driver_id", text(), nullable=False),
        sa.Column("attendant_check", text(), nullable=False),
        sa.Column("driver_check", text(), nullable=False),
        sa.Column("parked", text(), nullable=False),
        sa.Column("snapshot", JSON, nullable=False),
        sa.Column("digest", text(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "run_id", "version", name=op.f("pk_closure")),
        sa.ForeignKeyConstraint(
            ["school_id", "run_id"], ["run.school_id", "run.run_id"], name=op.f("fk_closure_school_id_run_id")
        ),
        sa.CheckConstraint("attendant_id <> driver_id", name=op.f("ck_closure_two_people")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_closure_version")),
        sa.ForeignKeyConstraint(
            ["school_id", "attendant_check"],
            ["run_event.school_id", "run_event.event_id"],
            name=op.f("fk_closure_school_id_attendant_check"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "driver_check"],
            ["run_event.school_id", "run_event.event_id"],
            name=op.f("fk_closure_school_id_driver_check"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "parked"],
            ["run_event.school_id", "run_event.event_id"],
            name=op.f("fk_closure_school_id_parked"),
        ),
    )
    table(
        "closure_addendum",
        sa.Column("school_id", text(), nullable=False),
        sa.Column("run_id", text(), nullable=False),
        sa.Column("event_id", text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", text(), nullable=False),
        sa.Column("received_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "run_id", "event_id", name=op.f("pk_closure_addendum")),
        sa.ForeignKeyConstraint(
            ["school_id", "run_id", "version"],
            ["closure.school_id", "closure.run_id", "closure.version"],
            name=op.f("fk_closure_addendum_school_id_run_id_version"),
        ),
    )
