"""
${message}

Follows ${down_revision | comma,n}; made on ${create_date}.
"""

from alembic import op
import sqlalchemy as sa
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    """The schema is one step further."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """The schema is as it was before."""
    ${downgrades if downgrades else "pass"}
