"""
What was kept apart is admitted by two people, in a decision of the run that takes it in.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TWO = "('resolved', 'device_released', 'finding_settled', 'admitted')"
TWO_BEFORE = "('resolved', 'device_released', 'finding_settled')"


def upgrade() -> None:
    """A decision to admit needs two people."""
    _need_two(TWO)


def downgrade() -> None:
    """It is gone; what was admitted stays in the log of the run that took it in."""
    decision = sa.table("run_decision", sa.column("kind"))
    op.execute(sa.delete(decision).where(decision.c.kind == "admitted"))
    _need_two(TWO_BEFORE)


def _need_two(kinds: str) -> None:
    """Decisions of these kinds name two different people."""
    rule = f"kind NOT IN {kinds} OR (second_user IS NOT NULL AND second_user <> by_user)"
    with op.batch_alter_table("run_decision", table_kwargs={"sqlite_strict": True}) as altered:
        altered.drop_constraint(op.f("ck_run_decision_two_people"), type_="check")
        altered.create_check_constraint(op.f("ck_run_decision_two_people"), rule)
