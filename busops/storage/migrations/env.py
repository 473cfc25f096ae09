"""
How Alembic reaches the database: through our own engine, with every store's tables known.

``schema.upgrade(url)`` hands a connection over; the ``flask db`` commands and the plain
``alembic`` command give a URL in ``sqlalchemy.url``.
"""

from alembic import context
from sqlalchemy import Connection

from busops.storage import schema
from busops.storage.database import Base


def run(connection: Connection) -> None:
    """The wanted migrations run in one transaction on this connection, and end with every guard."""
    schema.load_tables()
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
    )
    with context.begin_transaction(), schema.guarded_anew(connection):
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with schema.migrating(str(context.config.get_main_option("sqlalchemy.url"))) as connection:
        run(connection)
