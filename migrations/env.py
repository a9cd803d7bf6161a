"""Runs the migrations on the database the program was told of, one transaction a migration."""

from alembic import context
from sqlalchemy import create_engine, event

from app.core.db import UtcDateTime
from app.domain.tables import METADATA

url = context.config.attributes["database_url"]
engine = create_engine(url)

if engine.dialect.name == "sqlite":

    @event.listens_for(engine, "connect")
    def _explicit_transactions(connection, _record):  # type: ignore[no-untyped-def]
        # The driver would commit before each statement that changes the schema.
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys=OFF").close()
        connection.execute("PRAGMA journal_mode=WAL").close()
        connection.execute("PRAGMA synchronous=FULL").close()

    @event.listens_for(engine, "begin")
    def _begin(connection):  # type: ignore[no-untyped-def]
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _plain_types(kind, value, _context):  # type: ignore[no-untyped-def]
    """A migration must not change when our own column types do."""
    return "sa.DateTime(timezone=True)" if isinstance(value, UtcDateTime) else False


with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        transaction_per_migration=True,
        render_as_batch=True,
        render_item=_plain_types,
        compare_type=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
