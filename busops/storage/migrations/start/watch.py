"""What stands beside the runs: quarantine, alarms, tags, tablets."""

import sqlalchemy as sa
from alembic import op

from busops.storage.migrations.start.columns import BIG, FLAG, MOMENT, table, text

TABLES = ("quarantine", "alarm", "vehicle_tag", "device", "device_token")


def create() -> None:
    """These tables stand, empty."""
    table(
        "quarantine",
        sa.Column("school_id", text(), nullable=False),
        sa.Column("quarantine_id", text(), nullable=False),
        sa.Column("dev", sa.Integer(), nullable=True),
        sa.Column("seq", sa.Integer(), nullable=True),
        sa.Column("event_id", text(), nullable=True),
        sa.Column("run_id", text(), nullable=True),
        sa.Column("digest", text(), nullable=False),
        sa.Column("why", text(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("received_ms", BIG, nullable=False),
        sa.Column("state", text(), nullable=False),
        sa.Column("settled_by", text(), nullable=True),
        sa.Column("second_user", text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "quarantine_id", name=op.f("pk_quarantine")),
        sa.CheckConstraint("state IN ('open', 'admitted', 'dismissed')", name=op.f("ck_quarantine_state")),
        sa.CheckConstraint(
            "state = 'open' OR (settled_by IS NOT NULL AND second_user IS NOT NULL AND settled_by "
            "<> second_user)",
            name=op.f("ck_quarantine_two_people"),
        ),
    )
    op.create_index(op.f("ix_quarantine_dev"), "quarantine", ["school_id", "dev", "seq"], unique=False)
    op.create_index(op.f("ix_quarantine_run"), "quarantine", ["school_id", "run_id", "state"], unique=False)
    table(
        "alarm",
        sa.Column("school_id", text(), nullable=False),
        sa.Column("alarm_id", text(), nullable=False),
        sa.Column("run_id", text(), nullable=False),
        sa.Column("kind", text(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("occasion", text(), nullable=False),
        sa.Column("state", text(), nullable=False),
        sa.Column("raised_at", MOMENT, nullable=False),
        sa.Column("acked_at", MOMENT, nullable=True),
        sa.Column("acked_by", text(), nullable=True),
        sa.Column("resolved_at", MOMENT, nullable=True),
        sa.Column("resolved_by", text(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "alarm_id", name=op.f("pk_alarm")),
        sa.UniqueConstraint("school_id", "run_id", "kind", "level", "occasion", name=op.f("uq_alarm_once")),
        sa.ForeignKeyConstraint(
            ["school_id", "run_id"], ["run.school_id", "run.run_id"], name=op.f("fk_alarm_school_id_run_id")
        ),
        sa.CheckConstraint("state IN ('raised', 'acked', 'resolved')", name=op.f("ck_alarm_state")),
    )
    op.create_index(op.f("ix_alarm_state"), "alarm", ["school_id", "state"], unique=False)
    table(
        "vehicle_tag",
        sa.Column("school_id", text(), nullable=False),
        sa.Column("plate", text(), nullable=False),
        sa.Column("place", text(), nullable=False),
        sa.Column("code", text(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "plate", "place", name=op.f("pk_vehicle_tag")),
    )
    table(
        "device",
        sa.Column("school_id", text(), nullable=False),
        sa.Column("dev", sa.Integer(), nullable=False),
        sa.Column("name", text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=True),
        sa.Column("enrolled_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=True),
        sa.Column("app", text(), nullable=False),
        sa.Column("is_frozen", FLAG, nullable=False),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("school_id", "dev", name=op.f("pk_device")),
    )
    table(
        "device_token",
        sa.Column("school_id", text(), nullable=False),
        sa.Column("token_hash", text(), nullable=False),
        sa.Column("dev", sa.Integer(), nullable=False),
        sa.Column("user_id", text(), nullable=False),
        sa.Column("crew_id", text(), nullable=True),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("school_id", "token_hash", name=op.f("pk_device_token")),
        sa.ForeignKeyConstraint(
            ["school_id", "dev"],
            ["device.school_id", "device.dev"],
            name=op.f("fk_device_token_school_id_dev"),
        ),
    )
    op.create_index(op.f("ix_device_token_dev"), "device_token", ["dev"], unique=False)
