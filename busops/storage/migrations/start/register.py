"""The register: the school, its riders, stops, vehicles, crew, lines, tariff and imports."""

import sqlalchemy as sa
from alembic import op

from busops.storage.migrations.start.columns import BIG, DAY, FLAG, JSON, MOMENT, table, text

TABLES = (
    "term",
    "school",
    "stop",
    "travel_time",
    "vehicle",
    "approved_line",
    "line_stop",
    "crew_member",
    "crew_plate",
    "rider",
    "tariff_rate",
    "import_batch",
)


def create() -> None:
    """These tables stand, empty."""
    table(
        "term",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("term_id", text(64), nullable=False),
        sa.Column("starts_on", DAY, nullable=False),
        sa.Column("ends_on", DAY, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "term_id", name=op.f("pk_term")),
        sa.CheckConstraint("starts_on <= ends_on", name=op.f("ck_term_in_order")),
    )
    table(
        "school",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("timezone", text(64), nullable=False),
        sa.Column("term_id", text(64), nullable=False),
        sa.Column("campus_lat_nano", BIG, nullable=False),
        sa.Column("campus_lon_nano", BIG, nullable=False),
        sa.Column("executor", sa.Text(), nullable=False),
        sa.Column("responsible", sa.Text(), nullable=False),
        sa.Column("supervisor", sa.Text(), nullable=False),
        sa.Column("max_ride_min", sa.Integer(), nullable=False),
        sa.Column("ride_factor_milli", sa.Integer(), nullable=False),
        sa.Column("max_stops", sa.Integer(), nullable=False),
        sa.Column("dwell_base_s", sa.Integer(), nullable=False),
        sa.Column("dwell_rider_s", sa.Integer(), nullable=False),
        sa.Column("returns_to_campus", FLAG, nullable=False),
        sa.Column("detour_factor_milli", sa.Integer(), nullable=False),
        sa.Column("basis", text(16), nullable=False),
        sa.Column("target_bp", sa.Integer(), nullable=False),
        sa.Column("fee_regime", text(24), nullable=False),
        sa.PrimaryKeyConstraint("school_id", name=op.f("pk_school")),
        sa.ForeignKeyConstraint(
            ["school_id", "term_id"],
            ["term.school_id", "term.term_id"],
            name=op.f("fk_school_school_id_term_id"),
        ),
        sa.CheckConstraint("target_bp >= 0", name=op.f("ck_school_target")),
    )
    table(
        "stop",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("stop_id", text(64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("lat_nano", BIG, nullable=False),
        sa.Column("lon_nano", BIG, nullable=False),
        sa.Column("kind", text(24), nullable=False),
        sa.Column("designated_from", DAY, nullable=False),
        sa.Column("designated_to", DAY, nullable=True),
        sa.Column("radius_m", sa.Integer(), nullable=False),
        sa.Column("band", text(64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("retired_on", DAY, nullable=True),
        sa.PrimaryKeyConstraint("school_id", "stop_id", name=op.f("pk_stop")),
        sa.CheckConstraint(
            "kind IN ('SCHOOL_BUS_STOP', 'BUS_PLATFORM', 'SCHOOL')", name=op.f("ck_stop_kind")
        ),
        sa.CheckConstraint(
            "designated_to IS NULL OR designated_from <= designated_to", name=op.f("ck_stop_in_order")
        ),
        sa.CheckConstraint("radius_m > 0", name=op.f("ck_stop_radius")),
    )
    table(
        "travel_time",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("origin_id", text(64), nullable=False),
        sa.Column("target_id", text(64), nullable=False),
        sa.Column("distance_m", sa.Integer(), nullable=False),
        sa.Column("duration_s", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "origin_id", "target_id", name=op.f("pk_travel_time")),
        sa.CheckConstraint("distance_m >= 0 AND duration_s >= 0", name=op.f("ck_travel_time_amounts")),
    )
    table(
        "vehicle",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("plate", text(32), nullable=False),
        sa.Column("vehicle_class", text(24), nullable=False),
        sa.Column("approved_students", sa.Integer(), nullable=False),
        sa.Column("approved_total", sa.Integer(), nullable=False),
        sa.Column("seat_rows", sa.Integer(), nullable=False),
        sa.Column("fixed_fen", BIG, nullable=False),
        sa.Column("per_km_fen", BIG, nullable=False),
        sa.Column("permit_to", DAY, nullable=True),
        sa.Column("inspection_to", DAY, nullable=True),
        sa.Column("plate_to", DAY, nullable=True),
        sa.Column("insurance_to", DAY, nullable=True),
        sa.Column("max_trips", sa.Integer(), nullable=False),
        sa.Column("retired_on", DAY, nullable=True),
        sa.PrimaryKeyConstraint("school_id", "plate", name=op.f("pk_vehicle")),
        sa.CheckConstraint(
            "vehicle_class IN ('LICENSED_SCHOOL_BUS', 'CHARTER_COACH')", name=op.f("ck_vehicle_vehicle_class")
        ),
        sa.CheckConstraint(
            "approved_students > 0 AND approved_students <= approved_total AND seat_rows >= 0",
            name=op.f("ck_vehicle_seats"),
        ),
        sa.CheckConstraint(
            "fixed_fen >= 0 AND per_km_fen >= 0 AND max_trips >= 1", name=op.f("ck_vehicle_amounts")
        ),
    )
    table(
        "approved_line",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("line_id", text(64), nullable=False),
        sa.Column("plate", text(32), nullable=False),
        sa.Column("retired_on", DAY, nullable=True),
        sa.PrimaryKeyConstraint("school_id", "line_id", name=op.f("pk_approved_line")),
        sa.ForeignKeyConstraint(
            ["school_id", "plate"],
            ["vehicle.school_id", "vehicle.plate"],
            name=op.f("fk_approved_line_school_id_plate"),
        ),
    )
    table(
        "line_stop",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("line_id", text(64), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("stop_id", text(64), nullable=False),
        sa.Column("departs_min", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("school_id", "line_id", "seq", name=op.f("pk_line_stop")),
        sa.ForeignKeyConstraint(
            ["school_id", "line_id"],
            ["approved_line.school_id", "approved_line.line_id"],
            name=op.f("fk_line_stop_school_id_line_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "stop_id"],
            ["stop.school_id", "stop.stop_id"],
            name=op.f("fk_line_stop_school_id_stop_id"),
        ),
    )
    table(
        "crew_member",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("crew_id", text(64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", text(16), nullable=False),
        sa.Column("born_on", DAY, nullable=True),
        sa.Column("qualified_to", DAY, nullable=True),
        sa.Column("audit_to", DAY, nullable=True),
        sa.Column("retired_on", DAY, nullable=True),
        sa.PrimaryKeyConstraint("school_id", "crew_id", name=op.f("pk_crew_member")),
        sa.CheckConstraint("role IN ('DRIVER', 'ATTENDANT')", name=op.f("ck_crew_member_role")),
    )
    table(
        "crew_plate",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("crew_id", text(64), nullable=False),
        sa.Column("plate", text(32), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "crew_id", "plate", name=op.f("pk_crew_plate")),
        sa.ForeignKeyConstraint(
            ["school_id", "crew_id"],
            ["crew_member.school_id", "crew_member.crew_id"],
            name=op.f("fk_crew_plate_school_id_crew_id"),
        ),
    )
    table(
        "rider",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("rider_id", text(64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("class_name", sa.Text(), nullable=False),
        sa.Column("stop_id", text(64), nullable=False),
        sa.Column("other_stops", JSON, nullable=False),
        sa.Column("guardian", sa.Text(), nullable=False),
        sa.Column("handover", text(8), nullable=False),
        sa.Column("waiver", sa.Text(), nullable=False),
        sa.Column("retired_on", DAY, nullable=True),
        sa.PrimaryKeyConstraint("school_id", "rider_id", name=op.f("pk_rider")),
        sa.ForeignKeyConstraint(
            ["school_id", "stop_id"],
            ["stop.school_id", "stop.stop_id"],
            name=op.f("fk_rider_school_id_stop_id"),
        ),
        sa.CheckConstraint("handover IN ('SELF', 'LISTED')", name=op.f("ck_rider_handover")),
    )
    op.create_index(op.f("ix_rider_class"), "rider", ["school_id", "grade", "class_name"], unique=False)
    table(
        "tariff_rate",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("band", text(64), nullable=False),
        sa.Column("unit", text(8), nullable=False),
        sa.Column("from_on", DAY, nullable=False),
        sa.Column("to_on", DAY, nullable=True),
        sa.Column("fen", BIG, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "band", "unit", "from_on", name=op.f("pk_tariff_rate")),
        sa.CheckConstraint("fen >= 0", name=op.f("ck_tariff_rate_fare")),
        sa.CheckConstraint("to_on IS NULL OR from_on <= to_on", name=op.f("ck_tariff_rate_in_order")),
        sa.CheckConstraint("unit IN ('TRIP', 'WEEKEND', 'MONTH', 'TERM')", name=op.f("ck_tariff_rate_unit")),
    )
    table(
        "import_batch",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("batch_id", text(64), nullable=False),
        sa.Column("kind", text(32), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("sha256", text(64), nullable=False),
        sa.Column("weekend_on", DAY, nullable=True),
        sa.Column("state", text(16), nullable=False),
        sa.Column("block_count", sa.Integer(), nullable=False),
        sa.Column("warn_count", sa.Integer(), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("findings", JSON, nullable=False),
        sa.Column("values", JSON, nullable=False),
        sa.Column("sheet", JSON, nullable=False),
        sa.Column("counts", JSON, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "batch_id", name=op.f("pk_import_batch")),
        sa.CheckConstraint(
            "state IN ('previewed', 'accepted', 'discarded')", name=op.f("ck_import_batch_state")
        ),
    )
    op.create_index(
        op.f("ix_import_batch_digest"), "import_batch", ["school_id", "kind", "sha256"], unique=False
    )
