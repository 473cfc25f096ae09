"""
Days on which the clocks run shorter, the channels that notices of alarms go to, and the notices.
"""

import sqlalchemy as sa
from alembic import op

from busops.storage.migrations.start.columns import DAY, FLAG, JSON, MOMENT, table, text

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The three tables stand."""
    table(
        "day_mark",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("marked_on", DAY, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("weather", text(8), nullable=False),
        sa.Column("made_by", text(64), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("school_id", "marked_on", "number", name=op.f("pk_day_mark")),
        sa.CheckConstraint("weather IN ('plain', 'hot', 'cold')", name=op.f("ck_day_mark_weather")),
        sa.CheckConstraint("number >= 1", name=op.f("ck_day_mark_number")),
    )
    table(
        "notice_channel",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("channel_id", text(64), nullable=False),
        sa.Column("kind", text(16), nullable=False),
        sa.Column("name", text(80), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("levels", JSON, nullable=False),
        sa.Column("language", text(8), nullable=False),
        sa.Column("is_on", FLAG, nullable=False),
        sa.Column("since_at", MOMENT, nullable=False),
        sa.Column("made_by", text(64), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("tried_at", MOMENT, nullable=True),
        sa.Column("result", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "channel_id", name=op.f("pk_notice_channel")),
        sa.UniqueConstraint("school_id", "name", name=op.f("uq_notice_channel_school_id_name")),
        sa.CheckConstraint(
            "kind IN ('smtp', 'webhook', 'wecom', 'dingtalk')", name=op.f("ck_notice_channel_kind")
        ),
        sa.CheckConstraint("name <> '' AND target <> ''", name=op.f("ck_notice_channel_named")),
    )
    table(
        "notice",
        sa.Column("school_id", text(64), nullable=False),
        sa.Column("notice_id", text(64), nullable=False),
        sa.Column("alarm_id", text(), nullable=False),
        sa.Column("channel_id", text(64), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("state", text(16), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("next_at", MOMENT, nullable=False),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "notice_id", name=op.f("pk_notice")),
        sa.UniqueConstraint("school_id", "alarm_id", "channel_id", name=op.f("uq_notice_once")),
        sa.ForeignKeyConstraint(
            ["school_id", "alarm_id"], ["alarm.school_id", "alarm.alarm_id"], name=op.f("fk_notice_alarm")
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "channel_id"],
            ["notice_channel.school_id", "notice_channel.channel_id"],
            name=op.f("fk_notice_channel"),
        ),
        sa.CheckConstraint("state IN ('waiting', 'sent', 'dead', 'dropped')", name=op.f("ck_notice_state")),
        sa.CheckConstraint("tries >= 0", name=op.f("ck_notice_tries")),
    )
    op.create_index(op.f("ix_notice_due"), "notice", ["school_id", "state", "next_at"], unique=False)


def downgrade() -> None:
    """They are gone, with what was sent and to whom."""
    op.drop_index(op.f("ix_notice_due"), table_name="notice")
    op.drop_table("notice")
    op.drop_table("notice_channel")
    op.drop_table("day_mark")
