"""
The schema of the first release: every store's tables and the guards.

It follows the stores' own tables until the first release is out; from then on it is frozen
and every change is a revision of its own.
"""

from alembic import op

from busops.storage import guards, schema
from busops.storage.database import Base

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every table and guard stands."""
    schema.load_tables()
    Base.metadata.create_all(op.get_bind())
    guards.install(op.get_bind())


def downgrade() -> None:
    """Nothing of ours is left in the database."""
    schema.load_tables()
    guards.remove(op.get_bind())
    Base.metadata.drop_all(op.get_bind())
